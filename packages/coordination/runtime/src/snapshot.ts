/** A consistent view of all rows as of one position: a catalogue, and the store's versions up to there. */

import {
  type KernelState,
  type ReservedTable,
  type StoredRow,
  USER_TABLE_ID_MIN,
  reservedTable,
} from '@veritydb/kernel';
import type { KeyAccess } from '@veritydb/query';
import type { Store } from '@veritydb/store';
import type { Offset, Row, TableSchema } from '@veritydb/types';

import { type RowVersion, getRow, rowVersions, scanRows } from './rows.ts';

export interface Snapshot {
  readonly position: Offset;
  /** The catalogue as of the position. */
  table(name: string): TableSchema | undefined;
  reserved(name: ReservedTable): TableSchema;
  /** Names of the users' tables, sorted. */
  tableNames(): readonly string[];
  get(table: TableSchema, key: Row): StoredRow | undefined;
  /**
   * @param wanted indexes of the columns whose values a scan or a range reads, the others are left NULL;
   *   all unless told
   */
  scan(table: TableSchema, access: KeyAccess, wanted?: ReadonlySet<number>): Iterable<StoredRow>;
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

  versions(table: TableSchema): readonly RowVersion[] {
    return rowVersions(this.#store, table, this.position);
  }
}
