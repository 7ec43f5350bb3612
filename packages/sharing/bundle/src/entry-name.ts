/** Names of a bundle's entries. */

export const README = 'README.txt';
export const CHECKPOINT = 'checkpoint';
export const CONSISTENCY = 'consistency.json';
export const MANIFEST = 'manifest.json';
export const POLICY = 'policy.yaml';
export const RECORDS = 'proofs/records.json';

/** The two records of reserved tables that a bundle opens in full. */
export type ProvenRecord = 'export' | 'policy';

export function dataName(table: string): string {
  return `data/${table}.ndjson`;
}

export function disclosuresName(table: string): string {
  return `disclosures/${table}.ndjson`;
}

export function openingName(record: ProvenRecord): string {
  return `proofs/${record}.json`;
}

export function tlogProofName(record: ProvenRecord): string {
  return `proofs/${record}.tlog-proof`;
}

/** Names of the files that the manifest lists with their digests, sorted. */
export function listedNames(tables: readonly string[]): readonly string[] {
  return [
    README,
    POLICY,
    ...tables.flatMap((table) => [dataName(table), disclosuresName(table)]),
  ].toSorted(compareNames);
}

/** Names of all entries of a bundle, sorted. */
export function entryNames(tables: readonly string[], consistency: boolean): readonly string[] {
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
