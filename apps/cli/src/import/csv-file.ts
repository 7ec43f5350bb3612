/** A CSV file as a source of rows. */

import { basename } from 'node:path';

import { CsvReader, type CsvRow } from './csv.ts';
import { tableNameOf } from './names.ts';
import { type RowChunk, type Source, type SourceRow, readText } from './source.ts';

export function csvSource(path: string): Source {
  const name = basename(path);
  return {
    path,
    table: tableNameOf(path),
    placeOf: (line) => `${name}:${line}`,
    chunks: () => readCsvChunks(path),
  };
}

/** Reads a file's rows, the header being the first. */
async function* readCsvChunks(path: string): AsyncGenerator<RowChunk, string> {
  const name = basename(path);
  const reader = new CsvReader(name);
  const chunks = readText(path, () => `${name}:${reader.line}`);
  let isHeader = true;
  const rowsOf = (rows: readonly CsvRow[]): readonly SourceRow[] =>
    rows.map((row) => {
      if (!isHeader) return { line: row.line, fields: row.fields.map(fieldOf) };
      isHeader = false;
      return row;
    });
  let bytesRead = 0;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      yield { rows: rowsOf(reader.finish()), bytesRead };
      return next.value;
    }
    ({ bytesRead } = next.value);
    yield { rows: rowsOf(reader.push(next.value.text)), bytesRead };
  }
}

/** CSV has no NULL: an empty field stands for it. */
function fieldOf(text: string): string | null {
  return text === '' ? null : text;
}
