/** Names of a bundle's entries. */

export const README = 'README.txt';
export const CONSENT = 'consent.ndjson';
export const CHECKPOINT = 'checkpoint';
export const CONSISTENCY = 'consistency.json';
export const MANIFEST = 'manifest.json';
export const POLICY = 'policy.yaml';
export const RECEIPT = 'proofs/export.cose';
export const RECORDS = 'proofs/records.bin';
export const STATEMENT = 'statement.dsse.json';
export const TIME_STAMP = 'timestamp.tsr';

/** The two records of reserved tables that a bundle opens in full. */
export type ProvenRecord = 'export' | 'policy';

export function dataName(table: string): string {
  return `data/${table}.ndjson`;
}

export function csvName(table: string): string {
  return `data/${table}.csv`;
}

export function parquetName(table: string): string {
  return `data/${table}.parquet`;
}

export function dictionaryName(table: string): string {
  return `data/${table}.csv-metadata.json`;
}

export function disclosuresName(table: string): string {
  return `disclosures/${table}.bin`;
}

/** Says of a table that is released under a model which level each column left at, and the risk. */
export function releaseName(table: string): string {
  return `release/${table}.json`;
}

export function openingName(record: ProvenRecord): string {
  return `proofs/${record}.json`;
}

export function tlogProofName(record: ProvenRecord): string {
  return `proofs/${record}.tlog-proof`;
}

/** What is needed of a table to name its files. */
export interface NamedTable {
  readonly name: string;
  readonly csv: boolean;
}

/** What is needed of a manifest to name all entries. */
export interface NamedBundle {
  readonly files: readonly { readonly name: string }[];
  readonly heldTreeSize: number | null;
  readonly tables: readonly NamedTable[];
}

/**
 * Names of the files that the manifest lists with their digests, sorted.
 *
 * @param found names that the list has: files that need not be there are those that it names
 */
export function listedNames(
  tables: readonly NamedTable[],
  found: Iterable<string>,
): readonly string[] {
  const listed = new Set(found);
  return [
    README,
    POLICY,
    ...(listed.has(CONSENT) ? [CONSENT] : []),
    ...tables.map(({ name }) => releaseName(name)).filter((name) => listed.has(name)),
    ...tables.flatMap(({ csv, name }) => [
      dataName(name),
      disclosuresName(name),
      ...(csv ? [csvName(name), dictionaryName(name)] : []),
    ]),
    ...tables.map(({ name }) => parquetName(name)).filter((name) => listed.has(name)),
  ].toSorted(compareNames);
}

/** Names of all entries that a bundle must have, sorted. */
export function entryNames({ files, heldTreeSize, tables }: NamedBundle): readonly string[] {
  const proofs = (['export', 'policy'] as const).flatMap((record) => [
    openingName(record),
    tlogProofName(record),
  ]);
  const listed = listedNames(
    tables,
    files.map(({ name }) => name),
  );
  const names = [...listed, CHECKPOINT, MANIFEST, RECORDS, ...proofs];
  if (heldTreeSize !== null) names.push(CONSISTENCY);
  return names.toSorted(compareNames);
}

/** Order of names in the zip: by bytes, which for ASCII is the order of UTF-16 units. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
