/**
 * The values of a row in canonical form: canonical([value …]) in schema order. They are written once and
 * used three times: in the log, in the store, and in the commitments of the row's fields.
 */

import { type CanonicalReader, CanonicalWriter } from './canonical.ts';
import { assert } from './error.ts';
import type { TableDefinition } from './schema.ts';
import { type Row, type Value, readValue, writeValue } from './value.ts';

export interface EncodedRow {
  readonly bytes: Uint8Array;
  /** Of each value where it begins in the bytes, and last where they end. */
  readonly starts: readonly number[];
}

/** @param writer that the row is written to: its bytes are a view of what was written */
export function encodeRow(
  { columns }: TableDefinition,
  values: Row,
  writer: CanonicalWriter = new CanonicalWriter(),
): EncodedRow {
  assert(values.length === columns.length, 'row has another number of values than columns');
  const start = writer.size;
  writer.array(columns.length);
  const starts: number[] = [];
  for (let index = 0; index < columns.length; index += 1) {
    starts.push(writer.size - start);
    writeValue(writer, (columns[index] as (typeof columns)[number]).type, values[index] as Value);
  }
  starts.push(writer.size - start);
  return { bytes: writer.view(start), starts };
}

/**
 * @param wanted indexes of the columns whose values are read; the others are left NULL, and are not looked
 *   at. All unless told.
 * @throws {TypesError} ERR_TYPES_CANONICAL when what stands next is no row of the table
 */
export function readRow(
  reader: CanonicalReader,
  { columns }: TableDefinition,
  wanted?: ReadonlySet<number>,
): Row {
  reader.arrayOf(columns.length);
  if (wanted === undefined) return columns.map((column) => readValue(reader, column.type));
  return columns.map((column, index) => {
    if (wanted.has(index)) return readValue(reader, column.type);
    reader.skip();
    return null;
  });
}
