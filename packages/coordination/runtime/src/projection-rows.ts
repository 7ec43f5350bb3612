/**
 * Rows of the tables that projections rest on, as they were before a command and as they are after it.
 *
 * What a command changes is read off its writes to the store: those of a record that is made and those of a
 * record that is read back are the same, and a row that is erased is in neither state.
 */

import { type Projection, uniqueKey } from '@veritydb/kernel';
import { type JoinRows, type KeyAccess, type Lookup, rowKey } from '@veritydb/query';
import type { Store, StoreWrite } from '@veritydb/store';
import {
  type ColumnType,
  type IndexSchema,
  type Row,
  type TableId,
  type TableSchema,
  type Value,
  assert,
  bytesToHex,
  toTableId,
} from '@veritydb/types';

import { getStoredRow, isRowKey, readKeptRow, scanRows } from './rows.ts';

/** A row before a command and after it: null where there is none. */
export interface ChangedRow {
  readonly before: Row | null;
  readonly after: Row | null;
}

/** By table what a command changes, by key. */
export type ChangedRows = ReadonlyMap<TableId, ReadonlyMap<string, ChangedRow>>;

/** What writes change of the tables that projections rest on. */
export function changedRows(
  store: Store,
  projections: Iterable<Projection>,
  writes: readonly StoreWrite[],
): ChangedRows {
  const tables = new Map<number, TableSchema>();
  for (const { bound } of projections) {
    for (const { table } of bound.levels) tables.set(table.id, table);
  }
  // A command may end a row and make another under its key: the last write counts.
  const last = new Map<string, StoreWrite>();
  for (const write of writes) {
    if (!tables.has(write.tree) || !isRowKey(write.key[0])) continue;
    last.set(`${write.tree} ${bytesToHex(write.key)}`, write);
  }
  const changed = new Map<TableId, Map<string, ChangedRow>>();
  for (const { key, tree, value } of last.values()) {
    const table = tables.get(tree) as TableSchema;
    const before = getStoredRow(store, table, key)?.values ?? null;
    const after = value === null ? null : readKeptRow(table, key, value);
    const row = before ?? after;
    if (row === null) continue;
    let rows = changed.get(table.id);
    if (rows === undefined) {
      rows = new Map();
      changed.set(table.id, rows);
    }
    rows.set(keyText(table, row), { before, after });
  }
  return changed;
}

export function keyText(table: TableSchema, values: Row): string {
  const key = uniqueKey(table, table.keyIndexes, values);
  assert(key !== null, 'a key is null');
  return key;
}

/** A tree of a projection as an index of the table whose rows it finds. */
export function lookupIndex(projection: Projection, lookup: Lookup): IndexSchema {
  assert(lookup.tree !== null, 'a lookup by the key has no tree');
  const id = toTableId(projection.id + 1 + lookup.tree);
  return { id, name: projection.name, columns: lookup.columns, isUnique: false };
}

/** The state before the command, which is that of the store. */
export class RowsBefore implements JoinRows {
  readonly #store: Store;
  readonly #projection: Projection;

  constructor(store: Store, projection: Projection) {
    this.#store = store;
    this.#projection = projection;
  }

  *find(lookup: Lookup, values: Row): Iterable<Row> {
    const { table, tree } = lookup;
    const access: KeyAccess =
      tree === null
        ? { kind: 'range', prefix: values }
        : {
            kind: 'range',
            index: lookupIndex(this.#projection, lookup),
            prefix: values,
            order: 'index',
          };
    for (const row of scanRows(this.#store, table, access, this.#store.appliedPosition)) {
      if (!row.erased) yield row.values;
    }
  }
}

/** The state after the command: the one before, less what it ends, and with what it makes. */
export class RowsAfter implements JoinRows {
  readonly #before: JoinRows;
  readonly #changed: ChangedRows;
  readonly #made = new Map<Lookup, ReadonlyMap<string, readonly Row[]>>();

  constructor(before: JoinRows, changed: ChangedRows) {
    this.#before = before;
    this.#changed = changed;
  }

  *find(lookup: Lookup, values: Row): Iterable<Row> {
    const changed = this.#changed.get(lookup.table.id);
    for (const row of this.#before.find(lookup, values)) {
      if (changed?.has(keyText(lookup.table, row)) !== true) yield row;
    }
    if (changed === undefined) return;
    let made = this.#made.get(lookup);
    if (made === undefined) {
      const rows = [...changed.values()].flatMap(({ after }) => (after === null ? [] : [after]));
      made = byLookup(lookup, rows);
      this.#made.set(lookup, made);
    }
    yield* made.get(valuesText(lookup, values)) ?? [];
  }
}

/** Rows by the values that a lookup looks for. */
function byLookup(lookup: Lookup, rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const values = lookup.columns.map((column) => row[column] as Value);
    if (values.includes(null)) continue;
    const text = valuesText(lookup, values);
    const same = found.get(text);
    if (same === undefined) found.set(text, [row]);
    else same.push(row);
  }
  return found;
}

export function valuesText({ columns, table }: Lookup, values: Row): string {
  const types = columns.map((column) => table.definition.columns[column]?.type as ColumnType);
  return rowKey(types, values);
}
