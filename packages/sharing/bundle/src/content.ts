/** What goes into a bundle: an answer with what opens its rows, and by which right it leaves. */

import type { RowOpening } from '@veritydb/crypto';
import type { ColumnType, Offset, Row, TableSchema, TenantId } from '@veritydb/types';

export interface ColumnContent {
  /** Name in the data file. */
  readonly name: string;
  readonly type: ColumnType;
  /** What the policy did to it, for people. */
  readonly transform: string;
  /** The committed level that it shows, or null where its values are computed. */
  readonly source: { readonly column: string; readonly level: number } | null;
}

export interface RowContent {
  /** Values in the order of the columns, as the recipient sees them. */
  readonly values: Row;
  /** What opens the source row. Only fields that a column shows unchanged are disclosed. */
  readonly opening: RowOpening;
  /** Index of the row in its record. */
  readonly row: number;
}

export interface TableContent {
  readonly schema: TableSchema;
  readonly truncated: boolean;
  /** Whether the rows are wanted as CSV, too. */
  readonly csv: boolean;
  /** Whether they are wanted as Parquet, too. */
  readonly parquet?: boolean;
  readonly columns: readonly ColumnContent[];
  /** What is said of the model that the table is released under, as JSON; nothing without one. */
  readonly release?: Uint8Array | null;
  /** In the order of the answer; read once. */
  readonly rows: Iterable<RowContent>;
}

export interface ContentInput {
  readonly origin: string;
  readonly tenant: TenantId;
  readonly exportId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly legalBasis: string | null;
  readonly tokenId: string;
  /** SHA-256 of the statement's fingerprint text. */
  readonly statementSha256: Uint8Array;
  readonly policy: {
    readonly name: string;
    readonly version: number;
    /** Canonical hash, as in the activation record. */
    readonly sha256: Uint8Array;
    /** Text as activated. */
    readonly document: string;
  };
  readonly position: Offset;
  /** From 1; null where the recipient named none. */
  readonly heldTreeSize: number | null;
  readonly tables: readonly TableContent[];
  /** Names of the data subjects who permitted it, in order, each once; nothing where nobody was asked. */
  readonly consent?: readonly string[] | null;
}
