/**
 * What an import will do, decided before it does anything: for each source its table, and whether that
 * exists, is declared in the schema file, or is made from the values. Every row of every file has been
 * checked once there is a plan.
 */

import { basename } from 'node:path';

import { type TableDefinition, assert } from '@veritydb/types';

import { CliError } from '../error.ts';
import type { CatalogueTable } from './catalogue.ts';
import { type Reject, RowCheck, type SeenKeys } from './check-rows.ts';
import { TableGuess, formatCreateTable } from './infer.ts';
import { type ColumnMapping, mapColumns } from './mapping.ts';
import { columnNamesOf } from './names.ts';
import type { DeclaredTable } from './schema-file.ts';
import type { Source, SourceRow } from './source.ts';

export interface FilePlan {
  readonly source: Source;
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
  /** Rows that do not fit: with any there is nothing to do. */
  readonly rejects: readonly Reject[];
}

export interface PlanInput {
  readonly sources: readonly Source[];
  readonly declared: ReadonlyMap<string, DeclaredTable>;
  readonly existing: ReadonlyMap<string, CatalogueTable>;
}

/** Reads every file to its end and plans the import. */
export async function planImport(input: PlanInput): Promise<ImportPlan> {
  const { declared, existing } = input;
  const creations = [...declared]
    .filter(([name]) => !existing.has(name))
    .map(([table, { statement }]) => ({ table, statement }));
  const files: FilePlan[] = [];
  const rejects: Reject[] = [];
  for (const [name, sources] of byTable(input.sources)) {
    const known = existing.get(name) ?? declared.get(name);
    const definition = known?.definition ?? (await inferTable(sources, name));
    if (known === undefined) {
      creations.push({ table: name, statement: formatCreateTable(definition) });
    }
    const origin = existing.has(name) ? 'existing' : known === undefined ? 'inferred' : 'declared';
    const seen: SeenKeys = new Map();
    for (const source of sources) {
      const { check, ...checked } = await checkSource(source, definition, seen);
      rejects.push(...check.rejects);
      files.push({ source, origin, rowCount: check.rowCount, ...checked });
    }
    assertNumberedOnce(files.filter(({ source }) => source.table === name));
  }
  return { creations, files, rejects };
}

function byTable(sources: readonly Source[]): ReadonlyMap<string, readonly Source[]> {
  const tables = new Map<string, Source[]>();
  for (const source of sources) {
    tables.set(source.table, [...(tables.get(source.table) ?? []), source]);
  }
  return tables;
}

async function inferTable(sources: readonly Source[], name: string): Promise<TableDefinition> {
  let guess: TableGuess | null = null;
  let header = '';
  for (const source of sources) {
    let isHeader = true;
    for await (const { rows } of source.chunks()) {
      for (const row of rows) {
        if (!isHeader) guess?.see(row.fields);
        else {
          isHeader = false;
          const names = headerOf(source, row);
          if (guess === null) [guess, header] = [new TableGuess(names), names.join()];
          else if (names.join() !== header) throw otherHeader(sources[0] as Source, source);
        }
      }
    }
    if (guess === null) throw emptyFile(source);
  }
  assert(guess !== null, 'a table has a source');
  return guess.definition(name);
}

async function checkSource(source: Source, table: TableDefinition, seen: SeenKeys) {
  let header: SourceRow | null = null;
  let mappings: readonly ColumnMapping[] = [];
  let check = new RowCheck(source.placeOf, table, mappings, seen);
  let sizeBytes = 0;
  const chunks = source.chunks();
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      if (header === null) throw emptyFile(source);
      return { check, mappings, sizeBytes, sha256: next.value };
    }
    sizeBytes = next.value.bytesRead;
    for (const row of next.value.rows) {
      if (header === null) {
        header = row;
        mappings = mapColumns(headerOf(source, row), table, source.path);
        check = new RowCheck(source.placeOf, table, mappings, seen);
      } else check.see(row);
    }
  }
}

function headerOf(source: Source, { fields }: SourceRow): readonly string[] {
  const names = fields.map((field) => field ?? '');
  return columnNamesOf(names, source.path);
}

/** Rows of two files would get the same numbers. */
function assertNumberedOnce(files: readonly FilePlan[]): void {
  const numbered = files.filter(({ mappings }) =>
    mappings.some(({ source }) => source === 'row-number'),
  );
  const [first, second] = numbered;
  if (first === undefined || second === undefined) return;
  const both = `rows of ${first.source.path} and ${second.source.path} have no key of their own`;
  throw new CliError('expectation', 'ERR_CLI_FILE', `${both}, and go into one table`, {
    hint: 'Write them into one file, or give them a column of the table’s key.',
  });
}

function otherHeader(first: Source, second: Source): CliError {
  const both = `${first.path} and ${second.path} are for one table and have other columns`;
  return new CliError('expectation', 'ERR_CLI_SCHEMA', both, {
    hint: 'Declare the table in a file of CREATE TABLE statements, and name it with --schema.',
  });
}

function emptyFile({ path }: Source): CliError {
  return new CliError('format', 'ERR_CLI_CSV', `${basename(path)}:1: the header is missing`, {
    hint: 'The first line names the columns.',
  });
}
