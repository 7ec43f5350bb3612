/** The kernel's state: the catalogue and the active policies. Rows live in the store, read by a port. */

import type { Crypto } from '@veritydb/crypto';
import type { Hash, IndexSchema, Offset, Row, TableId, TableSchema } from '@veritydb/types';

import type { Projection } from './apply-projection.ts';
import { type ReservedTable, USER_TABLE_ID_MIN, reservedSchemas } from './reserved.ts';

export interface ActivePolicy {
  readonly name: string;
  readonly version: number;
  readonly sha256: Hash;
}

/** Immutable: a change makes a new state that shares what did not change. */
export interface KernelState {
  readonly reserved: ReadonlyMap<ReservedTable, TableSchema>;
  readonly tablesByName: ReadonlyMap<string, TableSchema>;
  /** All tables that ever were, so that the past stays readable. */
  readonly tablesById: ReadonlyMap<TableId, TableSchema>;
  /** Of each definition that a table was altered to, the table. */
  readonly definitions: ReadonlyMap<TableId, TableId>;
  /** Those that stand, by name: never one of a table. Their rows are no part of the log. */
  readonly projections: ReadonlyMap<string, Projection>;
  /** Of tables, their definitions, indexes and the trees of projections. */
  readonly nextTableId: number;
  /** Counts changes of the catalogue. */
  readonly schemaVersion: number;
  /** Newest version of each policy, by name. */
  readonly policies: ReadonlyMap<string, ActivePolicy>;
  /** Counts changes of the consent ledger. */
  readonly consentChanges: number;
  /** Legal holds in force: the MACs of its data subject in hex, by the hold's id. */
  readonly holds: ReadonlyMap<string, readonly string[]>;
}

/** A row as the store has it, with the record that wrote it and its place among that record's rows. */
export interface StoredRow {
  /** All NULL where the row was erased. */
  readonly values: Row;
  /** Whether the key of the row's data subject was destroyed: met when the past is read, never by key. */
  readonly erased: boolean;
  readonly offset: Offset;
  readonly rowIndex: number;
}

/** The port to rows: the state after the command before this one. */
export interface RowReader {
  get(table: TableSchema, key: Row): StoredRow | undefined;
}

/** The port to rows by what is not their key. */
export interface TableReader extends RowReader {
  /** The row with these values in the columns of a unique index; none of them is NULL. */
  find(table: TableSchema, index: IndexSchema, values: Row): StoredRow | undefined;
  /** All rows that can be read. */
  scan(table: TableSchema): Iterable<StoredRow>;
}

export function initialState(crypto: Crypto): KernelState {
  const reserved = reservedSchemas(crypto);
  return {
    reserved,
    tablesByName: new Map([...reserved.values()].map((table) => [table.definition.name, table])),
    tablesById: new Map([...reserved.values()].map((table) => [table.id, table])),
    projections: new Map(),
    definitions: new Map(),
    nextTableId: USER_TABLE_ID_MIN,
    schemaVersion: 0,
    policies: new Map(),
    consentChanges: 0,
    holds: new Map(),
  };
}
