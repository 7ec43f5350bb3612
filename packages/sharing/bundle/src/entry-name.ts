/** Names of a bundle's entries. */

export const README = 'README.txt';
export const CHECKPOINT = 'checkpoint';
export const CONSISTENCY = 'consistency.json';
export const MANIFEST = 'manifest.json';
export const POLICY = 'policy.yaml';
export const RECORDS = 'proofs/records.bin';
export const TIME_STAMP = 'timestamp.tsr';

/** The two records of reserved tables that a bundle opens in full. */
export type ProvenRecord = 'export' | 'policy';

export function dataName(table: string): string {
  return `data/${table}.ndjson`;
}

export function csvName(table: string): string {
  return `data/${table}.csv`;
}

export function dictionaryName(table: string): string {
  return `data/${table}.csv-metadata.json`;
}

export function disclosuresName(table: string): string {
  return `disclosures/${table}.bin`;
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

/** Names of the files that the manifest lists with their digests, sorted. */
export function listedNames(tables: readonly NamedTable[]): readonly string[] {
  return [
    README,
    POLICY,
    ...tables.flatMap(({ csv, name }) => [
      dataName(name),
      disclosuresName(name),
      ...(csv ? [csvName(name), dictionaryName(name)] : []),
    ]),
  ].toSorted(compareNames);
}

/** Names of all entries that a bundle must have, sorted. */
export function entryNames(tables: readonly NamedTable[], consistency: boolean): readonly string[] {
  const proofs = (['export', 'policy'] as const).flatMap((record) => [
    openingName(record),
    tlogProofName(record),
  ]);
  const names = [...listedNames(tables), CHECKPOINT, MANIFEST, RECORDS, ...proofs];
  if (consistency) names.push(CONSISTENCY);
  return names.toSorted(compareNames);
}

/** Order of names in the zip: by bytes, which for ASCII is the order of UTF-16 units. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
