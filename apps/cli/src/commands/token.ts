/** `verity token issue`, `list`, `revoke`: who may ask what, for how long. */

import type { JsonObject, JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { objectsOf, textOf } from '../answer.ts';
import {
  type TableGrants,
  addRowCondition,
  addTableGrant,
  parseActions,
  parseCount,
  parseDuration,
  parseOffset,
} from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { writeSecretFile } from '../secret-file.ts';
import { formatTable } from '../table.ts';
import { readTextFile } from '../text-file.ts';

interface IssueOptions {
  readonly recipient: string;
  readonly purpose: string;
  readonly policy: string;
  readonly allow: readonly string[];
  readonly table: TableGrants;
  readonly lifetime: number;
  readonly maxRows?: number;
  readonly maxExports?: number;
  readonly maxQueries?: number;
  readonly where?: Readonly<Record<string, JsonObject>>;
  readonly from?: string;
  readonly before?: string;
  readonly asOf?: number;
  readonly aggregateOnly?: boolean;
  readonly keyThumbprint?: string;
  readonly reason?: string;
  readonly approvedBy?: readonly string[];
  readonly out: string;
}

export function addTokenCommands(program: Command, context: CommandContext): void {
  const token = program.command('token').description('Tokens: who may ask what, for how long');
  addIssueCommand(token, context);
  addReadCommands(token, context);
  addKeyCommands(token, context);

  addExamples(token.command('list').description('List tokens and their state, never their text'), [
    'verity token list',
  ]).action(async () => {
    await context.connect(async (connection) => {
      const answer = await connection.json({ method: 'GET', path: '/admin/v1/tokens' });
      const members = ['token_id', 'recipient', 'purpose', 'policy', 'state', 'expires_at'];
      const rows = objectsOf(answer, 'tokens').map((entry) =>
        [...members, 'exports'].map((member) => entry[member] ?? null),
      );
      const headings = ['token', 'recipient', 'purpose', 'policy', 'state', 'expires', 'exports'];
      context.show(answer, () => formatTable(headings, rows));
    });
  });

  addExamples(
    token
      .command('revoke')
      .argument('<id>', 'id of the token, as `verity token list` shows it')
      .requiredOption('--reason <text>', 'why: goes into the log')
      .description('Refuse a token from now on'),
    ['verity token revoke 5f2c… --reason "the study has ended"'],
  ).action(async (id: string, { reason }: { readonly reason: string }) => {
    await context.connect(async (connection) => {
      const path = `/admin/v1/tokens/${encodeURIComponent(id)}/revoke`;
      const answer = await connection.json({ method: 'POST', path, body: { reason } });
      if (context.isJson) context.show(answer, () => '');
      context.say(`Revoked ${escapeControls(id)}: its next use is refused.`);
    });
  });
}

function addKeyCommands(token: Command, context: CommandContext): void {
  addExamples(
    token
      .command('renew-key')
      .option('--retire', 'end every token that was signed before, at once')
      .description('Sign tokens with a new key from now on; those before hold unless retired'),
    ['verity token renew-key', 'verity token renew-key --retire'],
  ).action(async ({ retire = false }: { readonly retire?: boolean }) => {
    await context.connect(async (connection) => {
      const call = {
        method: 'POST',
        path: '/admin/v1/tokens/renew-key',
        body: { retire },
      } as const;
      const answer = await connection.json(call);
      context.show(answer, () =>
        objectsOf(answer, 'keys')
          .map((key) => textOf(key, 'kid'))
          .join('\n'),
      );
      context.say(
        retire ? 'Only the first of these signs and holds.' : 'The first of these signs.',
      );
    });
  });
}

function addReadCommands(token: Command, context: CommandContext): void {
  addExamples(
    token
      .command('explain')
      .argument('<file>', 'file that holds the token')
      .description('Say what a token would see now: tables, columns, how many rows'),
    ['verity token explain token.jwt'],
  ).action(async (path: string) => {
    const body = { token: (await readTextFile(path)).trim() };
    await context.connect(async (connection) => {
      const call = { method: 'POST', path: '/admin/v1/tokens/explain', body } as const;
      const answer = await connection.json(call);
      const rows = objectsOf(answer, 'tables').flatMap((table) =>
        objectsOf(table, 'columns').map(({ name, type, transform, operations }) =>
          [table['name'], table['rows'], name, type, transform, operations].map(
            (cell) => cell ?? null,
          ),
        ),
      );
      const headings = ['table', 'rows', 'column', 'type', 'leaves as', 'may be asked'];
      context.show(answer, () => formatTable(headings, rows));
      const facts = ['recipient', 'purpose', 'answers', 'expires_at'].map((each) =>
        textOf(answer, each),
      );
      context.say(escapeControls(facts.join(', ')));
    });
  });

  addExamples(
    token
      .command('introspect')
      .argument('<file>', 'file that holds the token')
      .description('Say whether a token may be used now, and what it says (RFC 7662)'),
    ['verity token introspect token.jwt'],
  ).action(async (path: string) => {
    const body = { token: (await readTextFile(path)).trim() };
    await context.connect(async (connection) => {
      const call = { method: 'POST', path: '/admin/v1/tokens/introspect', body } as const;
      const answer = await connection.json(call);
      context.show(answer, () =>
        Object.entries(answer)
          .map(([member, value]) =>
            escapeControls(
              `${member.padEnd(12)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
            ),
          )
          .join('\n'),
      );
      context.exitCode = answer['active'] === true ? 0 : 1;
    });
  });
}

function addIssueCommand(token: Command, context: CommandContext): void {
  const issue = token
    .command('issue')
    .requiredOption('--recipient <name>', 'who gets the token')
    .requiredOption('--purpose <id>', 'what for: one of the purposes of the policy')
    .requiredOption('--policy <name>', 'active policy that rules what leaves')
    .requiredOption('--allow <actions>', 'some of schema,query,export,verify,audit', parseActions)
    .requiredOption(
      '--table <table:columns>',
      "table and columns, '*' for all that the policy lets out; once for each table",
      addTableGrant,
    )
    .requiredOption('--lifetime <duration>', '30m, 1h, 7d', parseDuration)
    .option('--max-rows <count>', 'rows of one answer', parseCount)
    .option('--max-exports <count>', 'exports in all; 1 is a one-time token', parseCount)
    .option('--max-queries <count>', 'questions in all', parseCount)
    .option(
      '--where <table:condition>',
      'which rows, as in \'patients:{"column":"state","equals":"Vermont"}\'',
      addRowCondition,
    )
    .option('--from <date>', 'rows from this day on, of the period that the policy names')
    .option('--before <date>', 'rows before this day')
    .option(
      '--as-of <offset>',
      'the data as of this position of the log, and no other',
      parseOffset,
    )
    .option('--aggregate-only', 'statistics, no rows')
    .option('--key-thumbprint <jkt>', 'bind the token to a key of its holder (RFC 9449)')
    .option('--reason <text>', 'why, where the policy breaks the glass: goes into the log')
    .option('--approved-by <text...>', 'who approved it, by role: goes into the log')
    .requiredOption('--out <file>', 'new file for the token, readable by you alone')
    .description(
      'Issue a token. Its text goes into a file: never to the screen, never into a flag.',
    );
  addExamples(issue, [
    'verity token issue --recipient "Northfield University" --purpose dpv:ScientificResearch \\',
    "    --policy hipaa-safe-harbor --allow schema,query,export --table 'patients:*' \\",
    "    --table 'encounters:id,start' --lifetime 1h --max-exports 1 --out token.jwt",
  ]).action(async (options: IssueOptions) => {
    await issueToken(context, options);
  });
}

/** What narrows the token further, as the API takes it. */
function restrictions(options: IssueOptions): JsonObject {
  const { from, before } = options;
  const period = {
    ...(from === undefined ? {} : { from }),
    ...(before === undefined ? {} : { before }),
  };
  const members: Readonly<Record<string, JsonValue | undefined>> = {
    max_queries: options.maxQueries,
    rows: options.where,
    period: Object.keys(period).length === 0 ? undefined : period,
    as_of: options.asOf,
    aggregate_only: options.aggregateOnly,
    key_thumbprint: options.keyThumbprint,
    reason: options.reason,
    approvals: options.approvedBy,
  };
  return Object.fromEntries(
    Object.entries(members).flatMap(([member, value]) =>
      value === undefined ? [] : [[member, value]],
    ),
  );
}

async function issueToken(context: CommandContext, options: IssueOptions): Promise<void> {
  const { recipient, purpose, policy, maxRows, maxExports } = options;
  const body = {
    recipient,
    purpose,
    policy,
    actions: options.allow,
    tables: options.table,
    lifetime_seconds: options.lifetime,
    ...(maxRows === undefined ? {} : { max_rows: maxRows }),
    ...(maxExports === undefined ? {} : { max_exports: maxExports }),
    ...restrictions(options),
  };
  const issued = await context.connect((connection) =>
    writeSecretFile(options.out, async () => {
      const answer = await connection.json({ method: 'POST', path: '/admin/v1/tokens', body });
      return {
        secret: textOf(answer, 'token'),
        id: textOf(answer, 'token_id'),
        expiresAt: textOf(answer, 'expires_at'),
      };
    }),
  );
  const { id, expiresAt } = issued;
  context.show({ token_id: id, expires_at: expiresAt, file: options.out }, () =>
    escapeControls(`${id} expires ${expiresAt}, in ${options.out}`),
  );
  context.say(`Next: verity mcp config --token-file ${options.out}`);
}
