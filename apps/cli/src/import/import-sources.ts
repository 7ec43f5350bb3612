/** Checks all rows of all sources, creates the tables that are missing, and loads. */

import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Connection } from '../connection.ts';
import { CliError } from '../error.ts';
import { ProgressBar } from '../progress.ts';
import { reasonOf } from '../secret-file.ts';
import { formatRowCount } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { readCatalogue } from './catalogue.ts';
import { type Reject, assertNoRejects } from './check-rows.ts';
import { loadFile } from './load.ts';
import { type FilePlan, type ImportPlan, planImport } from './plan.ts';
import type { DeclaredTable } from './schema-file.ts';
import type { Source } from './source.ts';

const IMPORT_PURPOSE = 'import';

export interface ImportInput {
  readonly connection: Connection;
  readonly sources: readonly Source[];
  readonly declared: ReadonlyMap<string, DeclaredTable>;
  /** New file for the rows that do not fit; null: they are told alone. */
  readonly rejects: string | null;
  /** For bars of progress. */
  readonly terminal: Terminal;
  /** Told as it happens: tables made, files loaded. */
  readonly say: (text: string) => void;
}

export interface Imported {
  readonly plan: ImportPlan;
  /** Of the last record; null where nothing was written. */
  readonly position: number | null;
}

/** @throws {CliError} ERR_CLI_ROWS when any row is bad: nothing is loaded then */
export async function importSources(input: ImportInput): Promise<Imported> {
  const { connection, declared, say, sources } = input;
  const existing = await readCatalogue(connection, IMPORT_PURPOSE);
  const plan = await planImport({ sources, declared, existing });
  if (plan.rejects.length > 0 && input.rejects !== null) {
    await writeRejects(input.rejects, plan.rejects);
  }
  assertNoRejects(plan.rejects, input.rejects);
  for (const { statement, table } of plan.creations) {
    const body = { sql: statement, parameters: [], purpose: IMPORT_PURPOSE };
    await connection.json({ method: 'POST', path: '/admin/v1/sql', body });
    say(`Created table ${table}.`);
  }
  const catalogue =
    plan.creations.length === 0 ? existing : await readCatalogue(connection, IMPORT_PURPOSE);
  let position: number | null = null;
  for (const file of plan.files) {
    const { table } = file.source;
    const tableId = catalogue.get(table)?.id;
    if (tableId === undefined) throw lostTable(table);
    position = (await loadOne(input, file, tableId)) ?? position;
    say(`${table}: ${formatRowCount(file.rowCount)} of ${basename(file.source.path)}.`);
  }
  return { plan, position };
}

async function loadOne(
  { connection, terminal }: ImportInput,
  file: FilePlan,
  tableId: number,
): Promise<number | null> {
  const bar = new ProgressBar(terminal, file.source.table, file.sizeBytes);
  const onProgress = (bytesRead: number): void => {
    bar.update(bytesRead);
  };
  try {
    return await loadFile({ connection, plan: file, tableId, onProgress });
  } finally {
    bar.clear();
  }
}

/** NDJSON: place and reason of each. It holds no value of a row. */
async function writeRejects(path: string, rejects: readonly Reject[]): Promise<void> {
  const text = rejects.map((reject) => `${JSON.stringify(reject)}\n`).join('');
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new CliError('conflict', 'ERR_CLI_FILE', `cannot create ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file that does not exist yet, in a folder that does.',
    });
  }
}

function lostTable(table: string): CliError {
  return new CliError('conflict', 'ERR_CLI_SCHEMA', `table ${table} is gone`, {
    hint: 'Somebody dropped it meanwhile: run the import again.',
  });
}
