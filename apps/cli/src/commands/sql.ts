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

function showAnswer(context: CommandContext, answer: JsonObject): void {
  const position = numberOf(answer, 'position');
  if (answer['changed'] !== null) {
    const changed = numberOf(answer, 'changed');
    if (context.isJson) context.show(answer, () => '');
    context.say(`${formatRowCount(changed)} written, position ${position}.`);
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
