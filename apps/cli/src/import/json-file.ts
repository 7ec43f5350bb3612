/** JSON files as sources of rows: flat NDJSON by its own members, anything else through a mapping. */

import { basename } from 'node:path';

import type { JsonObject } from '@veritydb/types';

import { CliError } from '../error.ts';
import { readRecords, recordPlace } from './json-records.ts';
import { scalarText } from './json-text.ts';
import { type Mapping, type MappedTable, rowsOfRecord } from './mapping-file.ts';
import { tableNameOf } from './names.ts';
import type { RowChunk, Source, SourceRow } from './source.ts';

/** NDJSON whose objects have no depth: a column for each member, a table named like the file. */
export function ndjsonSource(path: string): Source {
  return {
    path,
    table: tableNameOf(path),
    placeOf: (line) => recordPlace(path, line),
    chunks: async function* chunks() {
      const members = await membersOf(path);
      return yield* rowsOf(path, members, (value, line) => [
        members.map((member) => fieldOf(path, line, member, value)),
      ]);
    },
  };
}

/** Rows of every table of a mapping that the file has records for, and what no table takes. */
export async function mappedSources(
  path: string,
  mapping: Mapping,
): Promise<{ readonly sources: readonly Source[]; readonly leftOut: ReadonlyMap<string, number> }> {
  const used = new Set<MappedTable>();
  const leftOut = new Map<string, number>();
  for await (const { records } of readRecords(path)) {
    for (const { line, value } of records) {
      const tables = mapping.tables.filter(
        (table) => rowsOfRecord(table, value, recordPlace(path, line)).length > 0,
      );
      for (const table of tables) used.add(table);
      if (tables.length > 0) continue;
      const kind = value['resourceType'];
      const name = typeof kind === 'string' ? kind : basename(path);
      leftOut.set(name, (leftOut.get(name) ?? 0) + 1);
    }
  }
  const sources = mapping.tables
    .filter((table) => used.has(table))
    .map((table): Source => {
      const placeOf = (line: number): string => recordPlace(path, line);
      return {
        path,
        table: table.name,
        placeOf,
        chunks: () =>
          rowsOf(
            path,
            table.columns.map(({ name }) => name),
            (value, line) => rowsOfRecord(table, value, placeOf(line)),
          ),
      };
    });
  return { sources, leftOut };
}

async function* rowsOf(
  path: string,
  header: readonly string[],
  toRows: (value: JsonObject, line: number) => readonly SourceRow['fields'][],
): AsyncGenerator<RowChunk, string> {
  yield { rows: [{ line: 1, fields: header }], bytesRead: 0 };
  const chunks = readRecords(path);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return next.value;
    const { bytesRead, records } = next.value;
    const rows = records.flatMap(({ line, value }) =>
      toRows(value, line).map((fields) => ({ line, fields })),
    );
    yield { rows, bytesRead };
  }
}

/** Every member that any object of the file has, in the order of their first appearance. */
async function membersOf(path: string): Promise<readonly string[]> {
  const members = new Set<string>();
  for await (const { records } of readRecords(path)) {
    for (const { value } of records) for (const name of Object.keys(value)) members.add(name);
  }
  return [...members];
}

function fieldOf(path: string, line: number, member: string, value: JsonObject): string | null {
  const text = Object.hasOwn(value, member) ? scalarText(value[member] ?? null) : null;
  if (text !== undefined) return text;
  const message = `${recordPlace(path, line)}: a member holds a list or an object`;
  throw new CliError('format', 'ERR_CLI_JSON', message, {
    hint: 'Say with --map FILE which of its parts go into which columns.',
  });
}
