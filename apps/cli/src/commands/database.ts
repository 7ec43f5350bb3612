/** `verity init`, `verity start`, `verity status`: the database itself. */

import type { Command } from 'commander';

import { numberOf, textsOf } from '../answer.ts';
import { parsePort } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { initDatabase } from '../in-process.ts';
import { runSibling } from '../sibling.ts';

interface StartOptions {
  readonly port?: number;
  readonly witnessPolicy?: string;
}

export function addDatabaseCommands(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('init')
      .argument('<dir>', 'folder to create')
      .option('--origin <name>', 'name of the database in its signed checkpoints')
      .description('Create a database: keys, operator secret, an empty log'),
    ['verity init .verity', 'verity init /var/lib/verity --origin clinic.example/verity'],
  ).action(async (folder: string, { origin }: { readonly origin?: string }) => {
    await initDatabase(folder, origin, context.terminal.environment);
    if (context.isJson) context.show({ folder }, () => '');
    context.say(`Created ${folder}. The keys in it are the only ones: back them up.`);
    context.say(`Next: verity --data ${folder} import FILES   or   verity --data ${folder} start`);
  });

  addExamples(
    program
      .command('start')
      .option('--port <port>', 'port to listen on; 0 for any that is free', parsePort)
      .option(
        '--witness-policy <file>',
        'which witnesses cosign what is published (C2SP tlog-policy)',
      )
      .description('Run the server of a database until it is stopped'),
    ['verity start', 'verity --data .verity start --port 8080'],
  ).action(async ({ port, witnessPolicy }: StartOptions) => {
    const args = ['--data', context.folder];
    if (port !== undefined) args.push('--port', String(port));
    if (witnessPolicy !== undefined) args.push('--witness-policy', witnessPolicy);
    context.exitCode = await runSibling('server', args);
  });

  addExamples(
    program.command('status').description('Say what the database holds, and up to which position'),
    ['verity status', 'verity status --json'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const status = await connection.json({ method: 'GET', path: '/admin/v1/status' });
      context.show(status, () => {
        const listed = (member: string): string =>
          textsOf(status, member).map(escapeControls).join(', ') || '(none)';
        return [
          `tenant    ${numberOf(status, 'tenant')}`,
          `position  ${numberOf(status, 'position')}`,
          `tables    ${listed('tables')}`,
          `projections ${listed('projections')}`,
        ].join('\n');
      });
    });
  });
}
