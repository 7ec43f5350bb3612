/**
 * Indexes in the store: a tree each, moved in the same batch as the rows.
 *
 * The key of an entry is the row's values in the index's columns, in SQL order, and then the key of its
 * row, which is the entry's value too. A row whose key was destroyed has no entries: an erasure makes the
 * store anew, and nobody can read what they would be of.
 */

import type { KernelState, RowChange } from '@veritydb/kernel';
import { type Store, type StoreWrite, copyEntry } from '@veritydb/store';
import {
  type IndexSchema,
  type Row,
  type TableSchema,
  type Value,
  bytesEqual,
  concatBytes,
} from '@veritydb/types';

import { getRow, scanRows, toStoreWrite } from './rows.ts';
import { indexPrefix, rowStoreKey } from './store-key.ts';

/** The key of a row's entry in an index: values of the index's columns, then the row's key. */
export function entryKey(table: TableSchema, index: IndexSchema, values: Row): Uint8Array {
  const picked = index.columns.map((column) => values[column] as Value);
  return concatBytes(indexPrefix(table, index, picked), rowStoreKey(table, values));
}

/**
 * What a change does to the store: its row, and the indexes of its table.
 *
 * @param entry what the store keeps of the row; null to end it
 */
export function changeWrites(
  store: Store,
  change: RowChange,
  entry: Uint8Array | null,
): readonly StoreWrite[] {
  const { table, values } = change;
  const row = toStoreWrite(change, entry);
  if (table.indexes.length === 0) return [row];
  const key = table.keyIndexes.map((index) => values[index] as Value);
  const before = getRow(store, table, key, store.appliedPosition);
  return [...changedEntries(change, before?.values), row];
}

/**
 * What a change of a row does to the indexes of its table. `before` is the row that it takes the place
 * of, as the store has it before the command.
 */
function changedEntries(
  { table, event, values }: Pick<RowChange, 'table' | 'event' | 'values'>,
  before: Row | undefined,
): readonly StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (const index of table.indexes) {
    const old = before === undefined ? undefined : entryKey(table, index, before);
    const key = event === 'delete' ? undefined : entryKey(table, index, values);
    // An update is of a row that the command has not touched yet, so its entry stands.
    const isKept = event === 'update' && old !== undefined && key !== undefined;
    if (isKept && bytesEqual(old, key)) continue;
    if (old !== undefined) writes.push({ tree: index.id, key: old, value: null });
    if (key === undefined) continue;
    writes.push({ tree: index.id, key, value: rowStoreKey(table, values) });
  }
  return writes;
}

/** What making or dropping indexes does to the store: entries for all rows, or for none. */
export function indexWrites(
  store: Store,
  before: KernelState,
  after: KernelState,
): readonly StoreWrite[] {
  if (before.tablesById === after.tablesById) return [];
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
        const key = entryKey(table, index, row.values);
        writes.push({ tree: index.id, key, value: rowStoreKey(table, row.values) });
      }
    }
  }
  return writes;
}

function hasIndex(table: TableSchema, index: IndexSchema): boolean {
  return table.indexes.some(({ id }) => id === index.id);
}
