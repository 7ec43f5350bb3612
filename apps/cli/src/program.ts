/** The commands of `verity`, and how their ends become exit codes. */

import { Command, CommanderError } from 'commander';

import { addAuditCommand } from './commands/audit.ts';
import { addBackupCommands } from './commands/backup.ts';
import { addBundleCommands } from './commands/bundle.ts';
import { addClassifyCommand } from './commands/classify.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addConsentCommands } from './commands/consent.ts';
import { addDatabaseCommands } from './commands/database.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEraseCommands } from './commands/erase.ts';
import { addExportCommand } from './commands/export.ts';
import { addFsckCommand } from './commands/fsck.ts';
import { addImportCommand } from './commands/import.ts';
import { addLogCommands } from './commands/log.ts';
import { addMcpCommand } from './commands/mcp.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addReportCommands } from './commands/report.ts';
import { addSqlCommand } from './commands/sql.ts';
import { addTokenCommands } from './commands/token.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { addWitnessCommands } from './commands/witness.ts';
import { CommandContext, type ExitCode, type GlobalOptions } from './context.ts';
import { addExamples } from './examples.ts';
import { type Terminal, printError } from './terminal.ts';

const EXAMPLES = [
  'verity init .verity --template health',
  'verity import data/ --schema schema.sql',
  'verity policy activate policies/hipaa-safe-harbor.yaml',
  'verity token issue --help',
  'verity start',
  'verity verify bundle.zip --key-file log.key',
  'verity doctor',
];

const EXIT_CODES = `
Exit codes: 0 done; 1 refused or failed, with a code and what to do; 2 no such command, flag or
value; 3 a bundle that cannot be read. Data goes to standard output, all else to standard error.
Secrets are never flags: they come from files that only their owner can read.`;

/** Runs one command line; never throws. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = new Command('verity');
  const context = new CommandContext(terminal, () => program.opts<GlobalOptions>());
  configure(program, terminal);
  addDatabaseCommands(program, context);
  addImportCommand(program, context);
  addClassifyCommand(program, context);
  addSqlCommand(program, context);
  addPolicyCommands(program, context);
  addTokenCommands(program, context);
  addConsentCommands(program, context);
  addExportCommand(program, context);
  addVerifyCommand(program, context);
  addBundleCommands(program, context);
  addAuditCommand(program, context);
  addReportCommands(program, context);
  addLogCommands(program, context);
  addEraseCommands(program, context);
  addFsckCommand(program, context);
  addBackupCommands(program, context);
  addMcpCommand(program, context);
  addWitnessCommands(program, context);
  addDoctorCommand(program, context);
  addCompletionCommand(program, context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Help that was asked for ends with 0; commander has told everything else it refuses.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(terminal, error, context.isJson);
    return 1;
  }
}

/** Settings that the commands inherit: made before them. */
function configure(program: Command, terminal: Terminal): void {
  program
    .description(
      'The command line of VerityDB: everything an operator, a data officer or an auditor does.',
    )
    .option('--data <dir>', 'data folder (default: $VERITYD_DATA, or .verity)')
    .option('--json', 'answer in JSON, errors too')
    .option('--ca <file>', "authority of the server's certificate, PEM (default: $VERITY_CA)")
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showHelpAfterError('→ The same with --help shows examples.')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        terminal.writeOut(text);
      },
      writeErr: (text) => {
        terminal.writeError(text);
      },
    })
    .exitOverride();
  addExamples(program, EXAMPLES);
  program.addHelpText('after', EXIT_CODES);
}
