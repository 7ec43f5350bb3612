/** `verity sql`: statements of the operator, recorded like anybody's: one, or a shell of them. */

import { type JsonObject, type JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { listOf, numberOf, objectsOf, textOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { runShell } from '../shell/run-shell.ts';
import { formatRowCount, formatTable } from '../table.ts';

export function addSqlCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('sql')
    .argument('[statement]', 'one SQL statement; a shell where none is given')
    .option('--purpose <text>', 'why: goes into the access record', 'administration')
    .description('Execute one statement, or open a shell: history, completion, many lines');
  addExamples(command, [
    'verity sql "SELECT id, city FROM patients LIMIT 5"',
    'verity sql "SELECT COUNT(*) FROM encounters" --purpose "quarterly report" --json',
    'verity sql',
  ]).action(async (sql: string | undefined, { purpose }: { readonly purpose: string }) => {
    const show = (answer: JsonObject): void => {
      showAnswer(context, answer);
    };
    if (sql === undefined) {
      if (!process.stdin.isTTY)
        command.error('error: expected a statement: a shell needs a terminal');
      await runShell(context, purpose, show);
      return;
    }
    await context.connect(async (connection) => {
      const body = { sql, parameters: [], purpose };
      show(await connection.json({ method: 'POST', path: '/admin/v1/sql', body }));
    });
  });
}

const CATALOGUE_VERBS: ReadonlyMap<string, string> = new Map([
  ['create', 'created'],
  ['alter', 'altered'],
  ['drop', 'dropped'],
]);

/** `Index created`, or how many rows were written. */
function writtenText(answer: JsonObject): string {
  const { statement } = answer;
  const [verb = '', what = ''] = typeof statement === 'string' ? statement.split('-') : [];
  const done = CATALOGUE_VERBS.get(verb);
  if (done === undefined) return `${formatRowCount(numberOf(answer, 'changed'))} written`;
  return `${what.slice(0, 1).toUpperCase()}${what.slice(1)} ${done}`;
}

function showAnswer(context: CommandContext, answer: JsonObject): void {
  // Rows that the shell made of what it knows are of no position.
  const position = answer['position'] === null ? null : numberOf(answer, 'position');
  if (answer['changed'] !== null) {
    if (context.isJson) context.show(answer, () => '');
    context.say(`${writtenText(answer)}, position ${String(position)}.`);
    return;
  }
  const headings = objectsOf(answer, 'columns').map((column) => textOf(column, 'name'));
  const erased = new Set(listOf(answer, 'erased'));
  const rows = (listOf(answer, 'rows') as readonly (readonly JsonValue[])[]).map((row, place) =>
    erased.has(place) ? row.map(() => 'erased') : row,
  );
  context.show(answer, () => formatTable(headings, rows));
  if (position !== null) {
    context.say(`${formatRowCount(rows.length)} as of position ${position}.`);
  }
}
