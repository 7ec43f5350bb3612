/** `verity sql`: one statement of the operator, recorded like anybody's. */

import { type JsonObject, type JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { listOf, numberOf, objectsOf, textOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { formatRowCount, formatTable } from '../table.ts';

export function addSqlCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('sql')
      .argument('<statement>', 'one SQL statement')
      .option('--purpose <text>', 'why: goes into the access record', 'administration')
      .description('Execute one statement'),
    [
      'verity sql "SELECT id, city FROM patients LIMIT 5"',
      'verity sql "SELECT COUNT(*) FROM encounters" --purpose "quarterly report" --json',
    ],
  ).action(async (sql: string, { purpose }: { readonly purpose: string }) => {
    await context.connect(async (connection) => {
      const body = { sql, parameters: [], purpose };
      const answer = await connection.json({ method: 'POST', path: '/admin/v1/sql', body });
      showAnswer(context, answer);
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
  const position = numberOf(answer, 'position');
  if (answer['changed'] !== null) {
    if (context.isJson) context.show(answer, () => '');
    context.say(`${writtenText(answer)}, position ${position}.`);
    return;
  }
  const headings = objectsOf(answer, 'columns').map((column) => textOf(column, 'name'));
  const erased = new Set(listOf(answer, 'erased'));
  const rows = (listOf(answer, 'rows') as readonly (readonly JsonValue[])[]).map((row, place) =>
    erased.has(place) ? row.map(() => 'erased') : row,
  );
  context.show(answer, () => formatTable(headings, rows));
  context.say(`${formatRowCount(rows.length)} as of position ${position}.`);
}
