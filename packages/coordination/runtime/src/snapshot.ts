/** A consistent view of all rows as of one position: a catalogue, and the store's versions up to there. */

import {
  type KernelState,
  type Projection,
  type ReservedTable,
  type StoredRow,
  USER_TABLE_ID_MIN,
  reservedTable,
} from '@veritydb/kernel';
import type { KeyAccess } from '@veritydb/query';
import type { Store } from '@veritydb/store';
import type { Offset, Row, TableSchema } from '@veritydb/types';

import { type RowOrder, rowsInOrder } from './row-order.ts';
import { type RowVersion, getRow, rowVersions, scanRows } from './rows.ts';

export interface Snapshot {
  readonly position: Offset;
  /** The catalogue as of the position. */
  table(name: string): TableSchema | undefined;
  reserved(name: ReservedTable): TableSchema;
  /** A projection of that name, in the catalogue as of the position. */
  projection(name: string): Projection | undefined;
  /** Names of the projections, sorted. */
  projectionNames(): readonly string[];
  /** Names of the users' tables, sorted. */
  tableNames(): readonly string[];
  get(table: TableSchema, key: Row): StoredRow | undefined;
  /**
   * @param wanted indexes of the columns whose values a scan or a range reads, the others are left NULL;
   *   all unless told
   */
  scan(table: TableSchema, access: KeyAccess, wanted?: ReadonlySet<number>): Iterable<StoredRow>;
  /** All rows in another order than that of their keys; equal places stand in that of their keys. */
  scanInOrder(table: TableSchema, order: RowOrder): Iterable<StoredRow>;
  /** All versions of a table's rows that were made up to the position, as they stood then. */
  versions(table: TableSchema): readonly RowVersion[];
}

/** The snapshot of a store: two words and a number, as one is taken for every statement. */
export class StoreSnapshot implements Snapshot {
  readonly position: Offset;
  readonly #state: KernelState;
  readonly #store: Store;

  constructor(position: Offset, state: KernelState, store: Store) {
    this.position = position;
    this.#state = state;
    this.#store = store;
  }

  table(name: string): TableSchema | undefined {
    return this.#state.tablesByName.get(name);
  }

  reserved(name: ReservedTable): TableSchema {
    return reservedTable(this.#state, name);
  }

  projection(name: string): Projection | undefined {
    return this.#state.projections.get(name);
  }

  projectionNames(): readonly string[] {
    return [...this.#state.projections.keys()].toSorted();
  }

  tableNames(): readonly string[] {
    return [...this.#state.tablesByName.values()]
      .filter((table) => table.id >= USER_TABLE_ID_MIN)
      .map((table) => table.definition.name)
      .toSorted();
  }

  get(table: TableSchema, key: Row): StoredRow | undefined {
    return getRow(this.#store, table, key, this.position);
  }

  scan(table: TableSchema, access: KeyAccess, wanted?: ReadonlySet<number>): Iterable<StoredRow> {
    return scanRows(this.#store, table, access, this.position, wanted);
  }

  scanInOrder(table: TableSchema, order: RowOrder): Iterable<StoredRow> {
    return rowsInOrder(this.#store, table, order, this.position);
  }

  versions(table: TableSchema): readonly RowVersion[] {
    return rowVersions(this.#store, table, this.position);
  }
}
