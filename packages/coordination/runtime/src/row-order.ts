/**
 * Rows in an order of somebody's own, remembered while their table stands as it is: of a table that is
 * asked again and again the rows that an answer needs are read, and no others.
 */

import type { StoredRow } from '@veritydb/kernel';
import type { Store } from '@veritydb/store';
import { type TableSchema, assert } from '@veritydb/types';

import { ByteList } from './byte-list.ts';
import { rowReaderOf } from './rows.ts';

export interface RowOrder {
  /** Tells it from all other orders of the same table. */
  readonly name: string;
  /** Where a row stands: by these bytes, lexicographically. */
  readonly place: (row: StoredRow) => Uint8Array;
}

/** Keys that all orders of a store remember together: of uuids some 5 MB. */
const KEYS_MAX = 200_000;

interface Remembered {
  /** Of the table, when it was read. */
  readonly changedAt: number;
  readonly keys: OrderedKeys;
}

/** Keys of rows, and their indexes in the order. */
interface OrderedKeys {
  readonly keys: ByteList;
  readonly order: Uint32Array;
}

class Orders {
  #byName = new Map<string, Remembered>();
  #keyCount = 0;

  find(name: string, changedAt: number): OrderedKeys | undefined {
    const found = this.#byName.get(name);
    return found?.changedAt === changedAt ? found.keys : undefined;
  }

  remember(name: string, order: Remembered): void {
    const count = order.keys.order.length;
    if (count > KEYS_MAX) return;
    this.#keyCount += count - (this.#byName.get(name)?.keys.order.length ?? 0);
    if (this.#keyCount > KEYS_MAX) {
      this.#byName = new Map();
      this.#keyCount = count;
    }
    this.#byName.set(name, order);
  }
}

/** By store: an erasure makes the store anew, and with the old one goes what was remembered of it. */
const orders = new WeakMap<Store, Orders>();

/** All rows of a table as of a position, in an order. */
export function rowsInOrder(
  store: Store,
  table: TableSchema,
  { name, place }: RowOrder,
  position: number,
): Iterable<StoredRow> {
  const known = orders.get(store) ?? new Orders();
  orders.set(store, known);
  const named = `${table.id} ${name}`;
  const changedAt = store.changedAt(table.id);
  const isCurrent = position >= changedAt;
  const remembered = isCurrent ? known.find(named, changedAt) : undefined;
  if (remembered !== undefined) return rowsOf(store, table, remembered, position);
  const entries = entriesInOrder(store, table, place, position);
  if (isCurrent)
    known.remember(named, { changedAt, keys: { keys: entries.keys, order: entries.order } });
  return rowsOfEntries(table, entries);
}

/** Entries as they were read, in an order: in one block, where rows would be many objects each. */
interface OrderedEntries extends OrderedKeys {
  readonly values: ByteList;
  readonly positions: readonly number[];
}

function entriesInOrder(
  store: Store,
  table: TableSchema,
  place: RowOrder['place'],
  position: number,
): OrderedEntries {
  const read = rowReaderOf(table);
  const keys = new ByteList();
  const places = new ByteList();
  const values = new ByteList();
  const positions: number[] = [];
  const rows = store.scanAt(table.id, {}, position, (entry) => {
    keys.push(entry.keyBytes, entry.keyStart, entry.keyEnd);
    values.push(entry.valueBytes, entry.valueStart, entry.valueEnd);
    positions.push(entry.position);
    return read(entry);
  });
  for (const row of rows) places.push(place(row));
  assert(places.length === keys.length, 'a key was read that is of no row');
  // The sort is stable (ECMA-262, 23.2.3.29).
  const order = Uint32Array.from({ length: keys.length }, (_, index) => index).toSorted((a, b) =>
    places.compare(a, b),
  );
  return { keys, order, values, positions };
}

/** Each row is made when it is wanted, and read from the store no second time. */
function* rowsOfEntries(
  table: TableSchema,
  { keys, order, positions, values }: OrderedEntries,
): Generator<StoredRow> {
  const read = rowReaderOf(table);
  for (const index of order) {
    const [key, value] = [keys.at(index), values.at(index)];
    yield read({
      position: positions[index] as number,
      keyBytes: key,
      keyStart: 0,
      keyEnd: key.length,
      valueBytes: value,
      valueStart: 0,
      valueEnd: value.length,
    });
  }
}

function* rowsOf(
  store: Store,
  table: TableSchema,
  { keys, order }: OrderedKeys,
  position: number,
): Generator<StoredRow> {
  const read = rowReaderOf(table);
  for (const index of order) {
    const row = store.getAt(table.id, keys.at(index), position, read);
    assert(row !== undefined, 'a row is gone from a table that has not changed');
    yield row;
  }
}
