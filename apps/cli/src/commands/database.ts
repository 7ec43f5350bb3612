/** `verity init`, `verity start`, `verity status`: the database itself. */

import { basename } from 'node:path';

import { type Command, Option } from 'commander';

import { numberOf, textsOf } from '../answer.ts';
import { parsePort } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { initDatabase } from '../in-process.ts';
import { runSibling } from '../sibling.ts';
import { formatRowCount } from '../table.ts';
import { applyTemplate } from '../templates/apply-template.ts';
import { TEMPLATES, type Template, type TemplateName } from '../templates/template.ts';

interface StartOptions {
  readonly port?: number;
  readonly witnessPolicy?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

interface InitOptions {
  readonly origin?: string;
  readonly template?: TemplateName;
}

export function addDatabaseCommands(program: Command, context: CommandContext): void {
  addInit(program, context);

  addExamples(
    program
      .command('start')
      .option('--port <port>', 'port to listen on; 0 for any that is free', parsePort)
      .option(
        '--witness-policy <file>',
        'which witnesses cosign what is published (C2SP tlog-policy)',
      )
      .option('--tls-cert <file>', 'certificate to listen with (PEM), then those up to its root')
      .option('--tls-key <file>', 'its private key (PEM)')
      .description('Run the server of a database until it is stopped'),
    ['verity start', 'verity --data .verity start --port 8080'],
  ).action(async ({ port, tlsCert, tlsKey, witnessPolicy }: StartOptions) => {
    const args = ['--data', context.folder];
    if (port !== undefined) args.push('--port', String(port));
    if (witnessPolicy !== undefined) args.push('--witness-policy', witnessPolicy);
    if (tlsCert !== undefined) args.push('--tls-cert', tlsCert);
    if (tlsKey !== undefined) args.push('--tls-key', tlsKey);
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

function addInit(program: Command, context: CommandContext): void {
  const template = new Option(
    '--template <name>',
    'with tables, a policy and invented rows',
  ).choices(Object.keys(TEMPLATES));
  const titles = Object.entries(TEMPLATES).map(
    ([name, { title }]) => `  ${name.padEnd(11)} ${title}`,
  );
  addExamples(
    program
      .command('init')
      .argument('<dir>', 'folder to create')
      .option('--origin <name>', 'name of the database in its signed checkpoints')
      .addOption(template)
      .description('Create a database: keys, operator secret, an empty log')
      .addHelpText('after', `\nTemplates:\n${titles.join('\n')}`),
    [
      'verity init .verity',
      'verity init clinic/ --template health',
      'verity init /var/lib/verity --origin clinic.example/verity',
    ],
  ).action(async (folder: string, { origin, template: name }: InitOptions) => {
    const { environment } = context.terminal;
    await initDatabase(folder, origin, environment);
    context.say(`Created ${folder}. The keys in it are the only ones: back them up.`);
    if (name === undefined) {
      if (context.isJson) context.show({ folder }, () => '');
      context.say(
        `Next: verity --data ${folder} import FILES   or   verity --data ${folder} start`,
      );
      return;
    }
    const chosen = TEMPLATES[name];
    const rows = await context.connect(
      async (connection) => applyTemplate(connection, chosen, context.terminal),
      folder,
    );
    if (context.isJson) context.show({ folder, template: name, rows }, () => '');
    sayTemplate(context, folder, chosen, rows);
  });
}

function sayTemplate(
  context: CommandContext,
  folder: string,
  template: Template,
  rows: Readonly<Record<string, number>>,
): void {
  for (const [table, count] of Object.entries(rows))
    context.say(`${table}: ${formatRowCount(count)}.`);
  const policy = basename(template.policy, '.yaml');
  const grants = template.tables.map((table) => `--table '${table}:*'`).join(' ');
  context.say(
    [
      `Its schema is that of ${template.schema}; ${template.policy} is in force. The rows are invented.`,
      `Next, a token for somebody who may ask under it:`,
      `  verity --data ${folder} token issue --recipient "${template.recipient}" \\`,
      `    --purpose ${template.purpose} --policy ${policy} \\`,
      `    --allow schema,query,export,verify,audit ${grants} --lifetime 1h --out token.jwt`,
      `  verity --data ${folder} token explain token.jwt`,
    ].join('\n'),
  );
}
