/** `verity classify`: what the columns of a file or a table seem to hold, before anybody shares them. */

import { type ColumnSuggestion, suggestClass } from '@veritydb/privacy';
import type { JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { listOf, objectsOf, textOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { readCsvChunks } from '../import/csv-file.ts';
import { formatTable } from '../table.ts';

/** Rows that are looked at. */
const SAMPLE_COUNT = 200;
const TABLE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

interface Sample {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function addClassifyCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('classify')
      .argument('<source>', 'a CSV file with a header, or a table of the database')
      .description(
        'Suggest a data class and a rule for each column, from its name and its first 200 values. ' +
          'A suggestion is a guess: what it calls non-personal may be personal.',
      ),
    ['verity classify patients.csv', 'verity classify patients --json'],
  ).action(async (source: string) => {
    const sample = TABLE_NAME.test(source)
      ? await readTable(context, source)
      : await readFile(source);
    showSuggestions(context, sample);
  });
}

async function readFile(path: string): Promise<Sample> {
  const rows: (readonly string[])[] = [];
  for await (const chunk of readCsvChunks(path)) {
    for (const { fields } of chunk.rows) rows.push(fields);
    if (rows.length > SAMPLE_COUNT) break;
  }
  const [columns, ...values] = rows;
  if (columns === undefined) {
    throw new CliError('format', 'ERR_CLI_CSV', `${path}: there is no header`, {
      hint: 'Give a file whose first line names its columns.',
    });
  }
  return { columns, rows: values.slice(0, SAMPLE_COUNT) };
}

async function readTable(context: CommandContext, table: string): Promise<Sample> {
  return context.connect(async (connection) => {
    const body = {
      sql: `SELECT * FROM ${table} LIMIT ${SAMPLE_COUNT}`,
      parameters: [],
      purpose: 'classification',
    };
    const answer = await connection.json({ method: 'POST', path: '/admin/v1/sql', body });
    const rows = listOf(answer, 'rows') as readonly (readonly JsonValue[])[];
    return {
      columns: objectsOf(answer, 'columns').map((column) => textOf(column, 'name')),
      rows: rows.map((row) =>
        row.map((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))),
      ),
    };
  });
}

function showSuggestions(context: CommandContext, { columns, rows }: Sample): void {
  const suggestions = columns.map((name, index): ColumnSuggestion & { readonly name: string } => ({
    name,
    ...suggestClass(
      name,
      rows.map((row) => row[index] ?? ''),
    ),
  }));
  const asJson = suggestions.map(({ name, dataClass, use, confidence, because }) => ({
    column: name,
    class: dataClass,
    use,
    confidence,
    because,
  }));
  context.show({ columns: asJson }, () =>
    formatTable(
      ['column', 'class', 'use', 'sure', 'because'],
      asJson.map(({ column, class: dataClass, use, confidence, because }) => [
        column,
        dataClass,
        use,
        `${Math.round(100 * confidence)} %`,
        because,
      ]),
    ),
  );
  context.say('Guesses: read every line before a policy says so.');
}
