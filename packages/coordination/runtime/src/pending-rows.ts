/**
 * Rows as they are after what was written so far and is not committed yet.
 *
 * What statements do to one row comes to one write: what was inserted and then changed is inserted as it
 * is in the end, and what was inserted and deleted was never there.
 */

import { type RowWrite, type StoredRow, checkNewRow, keyExists, uniqueKey } from '@veritydb/kernel';
import type { KeyAccess } from '@veritydb/query';
import { type IndexSchema, type Row, type TableSchema, type Value, assert } from '@veritydb/types';

import type { Snapshot } from './snapshot.ts';

/** A row that was written. */
interface Touched {
  readonly table: TableSchema;
  /** As it was first written: its key is that of the row. */
  readonly first: Row;
  /** As it is committed; undefined where it is not. */
  readonly before: StoredRow | undefined;
  /** As it is now; null where it was deleted. */
  now: Row | null;
}

/** A row that is there, and what it becomes. */
export interface Version {
  readonly before: Row;
  readonly now: Row;
}

export class PendingRows {
  readonly #snapshot: Snapshot;
  /** By key, for each table, in the order of the first write. */
  readonly #touched = new Map<TableSchema, Map<string, Touched>>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** Rows that an access finds, and all that were written before: a condition tests them anyway. */
  *scan(table: TableSchema, access: KeyAccess): Iterable<Row> {
    const touched = this.#of(table);
    for (const { erased, values } of this.#snapshot.scan(table, access)) {
      // Of an erased row nothing is left to change. One is current only where a restored copy holds it.
      if (!erased && !touched.has(keyText(table, values))) yield values;
    }
    for (const { now } of touched.values()) if (now !== null) yield now;
  }

  /** The row with the same values in columns that are unique together, if there is one. */
  find(table: TableSchema, unique: IndexSchema | null, values: Row): Row | undefined {
    const columns = unique === null ? table.keyIndexes : unique.columns;
    const key = uniqueKey(table, columns, values);
    if (key === null) return undefined;
    const touched = this.#of(table);
    if (unique === null) {
      const known = touched.get(key);
      return known === undefined ? this.#stored(table, values)?.values : (known.now ?? undefined);
    }
    for (const { now } of touched.values()) {
      if (now !== null && uniqueKey(table, columns, now) === key) return now;
    }
    const keys = [columns.map((column) => values[column] as Value)];
    for (const row of this.#snapshot.scan(table, { kind: 'keys', index: unique, keys })) {
      if (!touched.has(keyText(table, row.values))) return row.values;
    }
    return undefined;
  }

  /**
   * Writes a new row. Whether its key is free among committed rows is for the kernel to say, so that a
   * statement that is sent again comes to the same command.
   *
   * @throws {KernelError} ERR_KERNEL_KEY_EXISTS where a row that was written before has its key
   */
  insert(table: TableSchema, values: Row): void {
    const rows = this.#of(table);
    const key = keyText(table, values);
    const known = rows.get(key);
    if (known === undefined)
      rows.set(key, { table, first: values, before: undefined, now: values });
    else if (known.now === null) known.now = values;
    else throw keyExists(table);
  }

  /**
   * Writes other versions of rows that are there. Where the key changes, the row ends and another begins:
   * all of them end first, so that rows may take each other's keys.
   *
   * @throws {KernelError} ERR_KERNEL_KEY_EXISTS where a row that was written before has a new key
   */
  update(table: TableSchema, versions: readonly Version[]): void {
    const isMoved = ({ before, now }: Version): boolean =>
      keyText(table, before) !== keyText(table, now);
    const moved = versions.filter(isMoved);
    for (const { before } of moved) this.delete(table, before);
    for (const version of versions) {
      if (!isMoved(version)) this.#touch(table, version.now).now = version.now;
    }
    for (const { now } of moved) this.insert(table, now);
  }

  delete(table: TableSchema, values: Row): void {
    this.#touch(table, values).now = null;
  }

  /**
   * What it all comes to.
   *
   * @throws {KernelError} ERR_KERNEL_KEY_EXISTS where a row was inserted and deleted whose key is taken: of
   *   it the kernel never hears
   */
  writes(): readonly RowWrite[] {
    const writes: RowWrite[] = [];
    for (const rows of this.#touched.values()) {
      for (const row of rows.values()) {
        const isGone = row.before === undefined && row.now === null;
        if (isGone && this.#stored(row.table, row.first) !== undefined) throw keyExists(row.table);
        writes.push(...toWrite(row));
      }
    }
    return writes;
  }

  #of(table: TableSchema): Map<string, Touched> {
    const known = this.#touched.get(table);
    if (known !== undefined) return known;
    const rows = new Map<string, Touched>();
    this.#touched.set(table, rows);
    return rows;
  }

  #touch(table: TableSchema, values: Row): Touched {
    const rows = this.#of(table);
    const key = keyText(table, values);
    let row = rows.get(key);
    if (row === undefined) {
      row = { table, first: values, before: this.#stored(table, values), now: null };
      rows.set(key, row);
    }
    return row;
  }

  #stored(table: TableSchema, values: Row): StoredRow | undefined {
    const key = table.keyIndexes.map((index) => values[index] as Value);
    return this.#snapshot.get(table, key);
  }
}

/** @throws {KernelError} ERR_KERNEL_NOT_NULL */
function keyText(table: TableSchema, values: Row): string {
  const key = uniqueKey(table, table.keyIndexes, values);
  if (key === null) checkNewRow(table, values);
  assert(key !== null, 'a key is null');
  return key;
}

function toWrite({ table: { definitionId: table }, before, now }: Touched): readonly RowWrite[] {
  if (before === undefined) return now === null ? [] : [{ event: 'insert', table, values: now }];
  const { offset: expected, values } = before;
  return now === null
    ? [{ event: 'delete', table, values, expected }]
    : [{ event: 'update', table, values: now, expected }];
}
