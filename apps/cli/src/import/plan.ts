/**
 * What an import will do, decided before it does anything: for each file its table, and whether that
 * exists, is declared in the schema file, or is made from the file's own values. Every row of every
 * file has been checked once there is a plan.
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { TableDefinition } from '@veritydb/types';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';
import type { CatalogueTable } from './catalogue.ts';
import { RowCheck } from './check-rows.ts';
import { readCsvChunks } from './csv-file.ts';
import type { CsvRow } from './csv.ts';
import { TableGuess, formatCreateTable } from './infer.ts';
import { type ColumnMapping, mapColumns } from './mapping.ts';
import { columnNamesOf, tableNameOf } from './names.ts';
import type { DeclaredTable } from './schema-file.ts';

export interface FilePlan {
  readonly path: string;
  readonly table: string;
  readonly origin: 'existing' | 'declared' | 'inferred';
  readonly mappings: readonly ColumnMapping[];
  readonly rowCount: number;
  readonly sizeBytes: number;
  /** SHA-256 of the file, hexadecimal: what was checked is what will be sent. */
  readonly sha256: string;
}

export interface ImportPlan {
  /** Statements for tables that do not exist yet, in order. */
  readonly creations: readonly { readonly table: string; readonly statement: string }[];
  readonly files: readonly FilePlan[];
}

export interface PlanInput {
  readonly paths: readonly string[];
  readonly declared: ReadonlyMap<string, DeclaredTable>;
  readonly existing: ReadonlyMap<string, CatalogueTable>;
}

/** The CSV files that the arguments name: files as they are, of folders every `*.csv`, by name. */
export async function findCsvFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) {
        const names = (await readdir(path)).filter((name) => /\.csv$/i.test(name)).toSorted();
        files.push(...names.map((name) => join(path, name)));
      } else files.push(path);
    } catch (error) {
      throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
        hint: 'Name CSV files, or folders that hold them.',
      });
    }
  }
  if (files.length > 0) return files;
  throw new CliError('expectation', 'ERR_CLI_FILE', 'no CSV file was found', {
    hint: 'Name CSV files, or folders that hold files whose names end in .csv.',
  });
}

/** Reads every file to its end and plans the import. */
export async function planImport(input: PlanInput): Promise<ImportPlan> {
  const creations = [...input.declared]
    .filter(([name]) => !input.existing.has(name))
    .map(([table, { statement }]) => ({ table, statement }));
  const files: FilePlan[] = [];
  for (const path of input.paths) {
    const name = tableNameOf(path);
    const other = files.find(({ table }) => table === name);
    if (other !== undefined) {
      const both = `${other.path} and ${path} are both for table ${name}`;
      throw new CliError('expectation', 'ERR_CLI_FILE', both, {
        hint: 'Import them one after the other.',
      });
    }
    const known = input.existing.get(name) ?? input.declared.get(name);
    const definition = known?.definition ?? (await inferTable(path, name));
    if (known === undefined) {
      creations.push({ table: name, statement: formatCreateTable(definition) });
    }
    const isExisting = input.existing.has(name);
    const origin = isExisting ? 'existing' : known === undefined ? 'inferred' : 'declared';
    files.push({ path, table: name, origin, ...(await checkFile(path, definition)) });
  }
  return { creations, files };
}

async function inferTable(path: string, name: string): Promise<TableDefinition> {
  let guess: TableGuess | null = null;
  for await (const { rows } of readCsvChunks(path)) {
    for (const row of rows) {
      if (guess === null) guess = new TableGuess(columnNamesOf(row.fields, path));
      else guess.see(row.fields);
    }
  }
  if (guess === null) throw emptyFile(path);
  return guess.definition(name);
}

async function checkFile(
  path: string,
  table: TableDefinition,
): Promise<Pick<FilePlan, 'mappings' | 'rowCount' | 'sizeBytes' | 'sha256'>> {
  let header: CsvRow | null = null;
  let mappings: readonly ColumnMapping[] = [];
  let check = new RowCheck(basename(path), table, mappings);
  let sizeBytes = 0;
  const chunks = readCsvChunks(path);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      if (header === null) throw emptyFile(path);
      check.finish();
      return { mappings, rowCount: check.rowCount, sizeBytes, sha256: next.value };
    }
    sizeBytes = next.value.bytesRead;
    for (const row of next.value.rows) {
      if (header === null) {
        header = row;
        mappings = mapColumns(columnNamesOf(row.fields, path), table, path);
        check = new RowCheck(basename(path), table, mappings);
      } else check.see(row);
    }
  }
}

function emptyFile(path: string): CliError {
  return new CliError('format', 'ERR_CLI_CSV', `${basename(path)}:1: the header is missing`, {
    hint: 'The first line names the columns.',
  });
}
