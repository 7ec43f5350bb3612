/**
 * The manifest: what a bundle is, for whom, by which right, and what each file and column is.
 *
 * Written as RFC 8785 canonical JSON. Its SHA-256 is in the export record of the log, so nothing that
 * it says can be changed after the export without the log's key. Members are those below, no more and
 * no fewer, at every level.
 */

import { type ColumnType, type JsonValue, canonicalJson, utf8Encode } from '@veritydb/types';

export const BUNDLE_FORMAT = 'veritydb.dev/bundle/v1';

/** As many digests as a row of the widest table has: each column, and the levels of its ladder. */
export const DIGESTS_COUNT_MAX = 1024;

/**
 * - `public`: the value is a committed one, and anyone can check it.
 * - `auditor`: the value was computed on the way out; the operator answers for it.
 */
export type ProofClass = 'public' | 'auditor';

export interface ManifestPolicy {
  readonly name: string;
  readonly version: number;
  /** Canonical hash of the policy, as its activation record holds it; hexadecimal. */
  readonly sha256: string;
}

export interface ManifestFile {
  readonly name: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface ManifestColumn {
  /** Name in the data file. */
  readonly name: string;
  readonly type: ColumnType;
  /** What the policy did to the column, for people: `none`, `generalise …`, `mask …`. */
  readonly transform: string;
  readonly proof: ProofClass;
  /** How many rows of this column are not proved by a commitment. */
  readonly attested: number;
  /**
   * Index among a row's digests of the level that is disclosed; null for `auditor`. Rows of a schema with
   * `digests` have it elsewhere.
   */
  readonly digest: number | null;
}

/** One digest of a row that is disclosed in at least some rows. */
export interface ManifestDigest {
  /** Column of the source table. */
  readonly column: string;
  /** 0 for the value itself, 1 and up for the levels of its ladder. */
  readonly level: number;
  readonly type: ColumnType;
}

export interface ManifestSchema {
  /** Schema digest that rows of this schema are committed under; hexadecimal. */
  readonly digest: string;
  /** One item a digest of a row; null where the digest is withheld in every row. */
  readonly layout: readonly (ManifestDigest | null)[];
  /**
   * For each column of the table its `digest` in rows of this schema, null where they have none: of a table
   * that was altered, where it is another one than the column's.
   */
  readonly digests?: readonly (number | null)[];
}

/** For each column the index of its digest in the rows of a schema. */
export function shownDigests(
  { columns }: Pick<ManifestTable, 'columns'>,
  { digests }: ManifestSchema,
): readonly (number | null)[] {
  return digests ?? columns.map(({ digest }) => digest);
}

export interface ManifestTable {
  readonly name: string;
  readonly rows: number;
  /** Whether rows beyond a limit were left out. */
  readonly truncated: boolean;
  /** Whether the rows stand once more as CSV, with a data dictionary. */
  readonly csv: boolean;
  /** Reserved for proofs that no row was left out: this version of the format has none. */
  readonly completeness: null;
  readonly columns: readonly ManifestColumn[];
  readonly schemas: readonly ManifestSchema[];
}

/** Decisions on consent: of the data subjects whose rows are here. */
export interface ManifestConsent {
  readonly permits: number;
  /** RFC 6962 root over the lines of consent.ndjson, without their line feeds; hexadecimal. */
  readonly root: string;
}

export interface Manifest {
  readonly format: typeof BUNDLE_FORMAT;
  /** Origin of the log's checkpoints. */
  readonly origin: string;
  readonly tenant: number;
  readonly exportId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly legalBasis: string | null;
  readonly tokenId: string;
  /** SHA-256 of the statement's fingerprint text; hexadecimal. */
  readonly statement: string;
  readonly policy: ManifestPolicy;
  /** Position in the log at which the statement was answered. */
  readonly position: number;
  /** Tree size of a checkpoint that the recipient holds; consistency.json starts there. */
  readonly heldTreeSize: number | null;
  readonly files: readonly ManifestFile[];
  readonly tables: readonly ManifestTable[];
  /** What this bundle does not prove, in plain words. */
  readonly notProved: readonly string[];
  /** What consent.ndjson comes to; null where the policy asked nobody. */
  readonly consent: ManifestConsent | null;
}

/** The manifest's bytes. */
export function formatManifest(manifest: Manifest): Uint8Array {
  return utf8Encode(canonicalJson(manifest as unknown as JsonValue));
}
