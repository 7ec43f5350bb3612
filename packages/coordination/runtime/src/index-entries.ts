/**
 * Indexes in the store: a tree each, moved in the same batch as the rows.
 *
 * The key of an entry is the row's values in the index's columns, in SQL order, and then the key of its
 * row, which is the entry's value too. A row whose key was destroyed has no entries: an erasure makes the
 * store anew, and nobody can read what they would be of.
 */

import type { KernelState } from '@veritydb/kernel';
import { type Store, type StoreWrite, copyEntry } from '@veritydb/store';
import {
  type IndexSchema,
  type Row,
  type TableId,
  type TableSchema,
  type Value,
  bytesEqual,
  bytesToHex,
  concatBytes,
} from '@veritydb/types';

import { isRowKey, scanRows, writtenValues } from './rows.ts';
import { indexPrefix, rowStoreKey } from './store-key.ts';

function entryKey(
  table: TableSchema,
  index: IndexSchema,
  values: Row,
  rowKey: Uint8Array,
): Uint8Array {
  const picked = index.columns.map((column) => values[column] as Value);
  return concatBytes(indexPrefix(table, index, picked), rowKey);
}

const NOTHING: readonly StoreWrite[] = [];

/** What writes of rows, of one command, do to the indexes of their tables. */
export function entryWrites(
  store: Store,
  tables: KernelState['tablesById'],
  writes: readonly StoreWrite[],
): readonly StoreWrite[] {
  const isIndexed = ({ tree }: StoreWrite): boolean =>
    (tables.get(tree as TableId)?.indexes.length ?? 0) > 0;
  if (!writes.some(isIndexed)) return NOTHING;
  const entries: StoreWrite[] = [];
  const touched = new Set<string>();
  for (const { tree, key, value } of writes) {
    const table = tables.get(tree as TableId);
    if (table === undefined || table.indexes.length === 0 || !isRowKey(tree, key[0])) continue;
    const name = `${tree} ${bytesToHex(key)}`;
    const before = store.get(tree, key, copyEntry);
    const old = before === undefined ? undefined : writtenValues(table, before.value);
    const now = value === null ? undefined : writtenValues(table, value);
    for (const { id, keyOf } of keysOf(table, key)) {
      const from = old === undefined ? undefined : keyOf(old);
      const to = now === undefined ? undefined : keyOf(now);
      // Of a row that the command wrote twice the entry may be gone already.
      const isKept = from !== undefined && to !== undefined && bytesEqual(from, to);
      if (isKept && !touched.has(name)) continue;
      if (from !== undefined) entries.push({ tree: id, key: from, value: null });
      if (to !== undefined) entries.push({ tree: id, key: to, value: key });
    }
    touched.add(name);
  }
  return entries;
}

/** For each index of a table the keys of the entries of a row, by its values. */
function keysOf(
  table: TableSchema,
  rowKey: Uint8Array,
): readonly { readonly id: number; readonly keyOf: (values: Row) => Uint8Array }[] {
  return table.indexes.map((index) => ({
    id: index.id,
    keyOf: (values) => entryKey(table, index, values, rowKey),
  }));
}

/** What making or dropping indexes does to the store: entries for all rows, or for none. */
export function indexWrites(
  store: Store,
  before: KernelState,
  after: KernelState,
): readonly StoreWrite[] {
  if (before.tablesById === after.tablesById) return NOTHING;
  const writes: StoreWrite[] = [];
  for (const [id, table] of after.tablesById) {
    const known = before.tablesById.get(id);
    if (known === undefined || known === table) continue;
    for (const index of known.indexes.filter((each) => !hasIndex(table, each))) {
      for (const { key } of store.scan(index.id, {}, copyEntry)) {
        writes.push({ tree: index.id, key, value: null });
      }
    }
    const made = table.indexes.filter((each) => !hasIndex(known, each));
    if (made.length === 0) continue;
    for (const row of scanRows(store, known, { kind: 'scan' }, store.appliedPosition)) {
      if (row.erased) continue;
      for (const index of made) {
        const rowKey = rowStoreKey(table, row.values);
        const key = entryKey(table, index, row.values, rowKey);
        writes.push({ tree: index.id, key, value: rowKey });
      }
    }
  }
  return writes;
}

function hasIndex(table: TableSchema, index: IndexSchema): boolean {
  return table.indexes.some(({ id }) => id === index.id);
}
