/** `verity classify`: what the columns of a file or a table seem to hold, before anybody shares them. */

import { suggestClass } from '@veritydb/privacy';
import type { JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { listOf, objectsOf, textOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { findFiles, findSources } from '../import/find-sources.ts';
import { formatTable } from '../table.ts';

/** Rows that are looked at. */
const SAMPLE_COUNT = 200;
const TABLE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

interface Sample {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function addClassifyCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('classify')
      .argument('<source>', 'a file of rows (CSV, NDJSON, FHIR), or a table of the database')
      .description(
        'Suggest a data class and a rule for each column, from its name and its first 200 values. ' +
          'A suggestion is a guess: what it calls non-personal may be personal.',
      ),
    ['verity classify patients.csv', 'verity classify patients --json'],
  ).action(async (source: string) => {
    const samples = TABLE_NAME.test(source)
      ? [await readTable(context, source)]
      : await readFile(source);
    showSuggestions(context, samples);
  });
}

async function readFile(path: string): Promise<readonly Sample[]> {
  const { sources } = await findSources(await findFiles([path]), null);
  const samples: Sample[] = [];
  for (const source of sources) {
    const rows: (readonly string[])[] = [];
    for await (const chunk of source.chunks()) {
      for (const { fields } of chunk.rows) rows.push(fields.map((field) => field ?? ''));
      if (rows.length > SAMPLE_COUNT) break;
    }
    const [columns, ...values] = rows;
    if (columns === undefined) {
      throw new CliError('format', 'ERR_CLI_CSV', `${path}: there is no header`, {
        hint: 'Give a file whose first line names its columns.',
      });
    }
    samples.push({ table: source.table, columns, rows: values.slice(0, SAMPLE_COUNT) });
  }
  return samples;
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
      table,
      columns: objectsOf(answer, 'columns').map((column) => textOf(column, 'name')),
      rows: rows.map((row) =>
        row.map((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? ''))),
      ),
    };
  });
}

function showSuggestions(context: CommandContext, samples: readonly Sample[]): void {
  const found = samples.flatMap(({ columns, rows, table }) =>
    columns.map((name, index) => {
      const values = rows.map((row) => row[index] ?? '');
      const { because, confidence, dataClass, use } = suggestClass(name, values);
      return { table, column: name, class: dataClass, use, confidence, because };
    }),
  );
  context.show({ columns: found }, () =>
    formatTable(
      ['table', 'column', 'class', 'use', 'sure', 'because'],
      found.map(({ because, class: dataClass, column, confidence, table, use }) => [
        table,
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
