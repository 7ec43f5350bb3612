/** `verity erase`, `erasures`, `hold` and `keys`: who is to be forgotten, or must not be, and the keys. */

import type { JsonObject } from '@veritydb/types';
import type { Command } from 'commander';

import { numberOf, objectsOf, textOf } from '../answer.ts';
import { confirmDanger } from '../confirm.ts';
import type { Connection } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { SUBJECT_ARGUMENT, readSubject } from '../subject.ts';
import { formatTable } from '../table.ts';

interface EraseOptions {
  readonly basis: string;
  readonly approvedBy: readonly string[];
  readonly confirm?: string;
}

/** The name under which the log signs: what stands before the first `+` of its key (C2SP signed-note). */
async function databaseName(connection: Connection): Promise<string> {
  const key = await connection.text({ method: 'GET', path: '/v1/log-key', credential: null });
  return key.split('+')[0] ?? '';
}

export function addEraseCommands(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('erase')
      .argument('<subject>', SUBJECT_ARGUMENT)
      .requiredOption('--basis <text>', 'the law that asks for it: goes into the log')
      .requiredOption('--approved-by <text...>', 'role or case number: goes into the log')
      .option('--confirm <name>', 'name of the database, as `verity log key` begins')
      .description('Erase a data subject in every past. There is no way back.'),
    [
      'verity erase @subject.txt --basis "GDPR Art. 17(1)(b)" --approved-by "data protection officer" \\',
      '  --confirm clinic.example/verity',
    ],
  ).action(async (argument: string, { approvedBy, basis, confirm }: EraseOptions) => {
    const subject = readSubject(argument);
    await context.connect(async (connection) => {
      await confirmDanger(context, {
        what: 'one data subject is erased in every past, and there is no way back',
        name: await databaseName(connection),
        given: confirm,
      });
      const body = { subject, legal_basis: basis, approvals: approvedBy };
      const path = '/admin/v1/erasures';
      const answer = await connection.json({ method: 'POST', path, body });
      showErasures(context, answer);
      const [first] = objectsOf(answer, 'erasures');
      context.say(
        'Nothing of it can be opened any more: every record was read again and tried. ' +
          'Old proofs stay valid.',
      );
      if (first === undefined) return;
      context.say('Copies and backups still hold the key: destroy it there too.');
    });
  });

  addExamples(program.command('erasures').description('List erasures with their receipts'), [
    'verity erasures',
  ]).action(async () => {
    await context.connect(async (connection) => {
      showErasures(context, await connection.json({ method: 'GET', path: '/admin/v1/erasures' }));
    });
  });
  addHoldCommands(program, context);
  const keys = program.command('keys').description('The keys that everything is sealed under');
  addExamples(
    keys.command('rotate').description('Wrap every key anew; nothing is encrypted again'),
    ['verity keys rotate'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const answer = await connection.json({ method: 'POST', path: '/admin/v1/keys/rotate' });
      if (context.isJson) context.show(answer, () => '');
      context.say('Every key is wrapped under a new key-encryption key.');
    });
  });
}

function addHoldCommands(program: Command, context: CommandContext): void {
  const hold = program.command('hold').description('Legal holds: who must not be erased yet');
  addExamples(
    hold
      .command('place')
      .argument('<subject>', SUBJECT_ARGUMENT)
      .requiredOption('--reason <text>', 'role or case number: goes into the log')
      .description('Keep a data subject from being erased'),
    ['verity hold place @subject.txt --reason "case 2026-118"'],
  ).action(async (subject: string, { reason }: { readonly reason: string }) => {
    await context.connect(async (connection) => {
      const body = { subject: readSubject(subject), reason };
      const answer = await connection.json({ method: 'POST', path: '/admin/v1/holds', body });
      context.show(answer, () => escapeControls(textOf(answer, 'hold_id')));
    });
  });

  addExamples(hold.command('list').description('List legal holds'), ['verity hold list']).action(
    async () => {
      await context.connect(async (connection) => {
        const answer = await connection.json({ method: 'GET', path: '/admin/v1/holds' });
        const members = ['hold_id', 'reason', 'state', 'changed_at', 'offset'];
        const rows = objectsOf(answer, 'holds').map((entry) =>
          members.map((member) => entry[member] ?? null),
        );
        context.show(answer, () =>
          formatTable(['hold', 'reason', 'state', 'changed', 'offset'], rows),
        );
      });
    },
  );

  addExamples(
    hold
      .command('release')
      .argument('<id>', 'id of the hold, as `verity hold list` shows it')
      .description('Release a legal hold'),
    ['verity hold release 5f2c…'],
  ).action(async (id: string) => {
    await context.connect(async (connection) => {
      const path = `/admin/v1/holds/${encodeURIComponent(id)}/release`;
      const answer = await connection.json({ method: 'POST', path });
      if (context.isJson) context.show(answer, () => '');
      context.say(`Released ${escapeControls(id)}, at offset ${numberOf(answer, 'offset')}.`);
    });
  });
}

function showErasures(context: CommandContext, answer: JsonObject): void {
  const members = ['key_id', 'state', 'legal_basis', 'completed_at', 'records', 'rows', 'offset'];
  const headings = ['key', 'state', 'legal basis', 'completed', 'records', 'rows', 'receipt at'];
  const rows = objectsOf(answer, 'erasures').map((entry) =>
    members.map((member) => entry[member] ?? null),
  );
  context.show(answer, () => formatTable(headings, rows));
}
