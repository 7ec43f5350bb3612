/** Keys of rows and of entries of indexes in the store, and ranges of them. */

import { type ScanRange, encodeKey, keyAfter, keyToSeek } from '@veritydb/store';
import {
  type ColumnType,
  type IndexSchema,
  type Row,
  type TableSchema,
  assert,
} from '@veritydb/types';

/** Types of a table's key columns, which every read and write of a row needs. */
const keyTypesOf = new WeakMap<TableSchema, readonly ColumnType[]>();

function keyTypes(table: TableSchema): readonly ColumnType[] {
  const known = keyTypesOf.get(table);
  if (known !== undefined) return known;
  const types = table.keyIndexes.map((index) => {
    const column = table.definition.columns[index];
    assert(column !== undefined, 'key column is not a column');
    return column.type;
  });
  keyTypesOf.set(table, types);
  return types;
}

export function storeKey(table: TableSchema, key: Row): Uint8Array {
  const types = keyTypes(table);
  return encodeKey(key.length === types.length ? types : types.slice(0, key.length), key);
}

/** The key of a row, to look it up: good until the next key is encoded. */
export function storeKeyToSeek(table: TableSchema, key: Row): Uint8Array {
  return keyToSeek(keyTypes(table), key);
}

/** The beginning of the keys of entries with these values in the first columns of an index. */
export function indexPrefix(
  { definition }: TableSchema,
  { columns }: IndexSchema,
  values: Row,
): Uint8Array {
  const types = columns
    .slice(0, values.length)
    .map((index) => definition.columns[index]?.type as ColumnType);
  return encodeKey(types, values);
}

/** The key of a whole row. */
export function rowStoreKey(table: TableSchema, values: Row): Uint8Array {
  const key = table.keyIndexes.map((index) => values[index] ?? null);
  return encodeKey(keyTypes(table), key);
}

/** Everything that begins with some bytes. */
export function rangeOf(prefix: Uint8Array): ScanRange {
  const to = keyAfter(prefix);
  return to === undefined ? { from: prefix } : { from: prefix, to };
}

/** Where keys begin that are from one on, or beyond those that begin with it. */
export function keysFrom(beyond: boolean, key: Uint8Array): Uint8Array {
  return beyond ? (keyAfter(key) ?? key) : key;
}
