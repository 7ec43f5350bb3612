/** A small export out of a synthetic log, with places to lie at. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Offset,
  type Row,
  type TableDefinition,
  type TableSchema,
  bytesToHex,
  concatBytes,
  utf8Encode,
} from '@veritydb/types';

import { type BundleContent, buildContent, sealBundle } from '../src/build.ts';
import type { ColumnContent, ContentInput, TableContent } from '../src/content.ts';
import { MANIFEST } from '../src/entry-name.ts';
import { BundleError } from '../src/error.ts';
import { type Manifest, formatManifest } from '../src/manifest.ts';
import { type Report, type Verdict } from '../src/report.ts';
import { statementOf } from '../src/statement.ts';
import { verifyBundle } from '../src/verify.ts';
import { type ZipEntry, buildZip, parseZip } from '../src/zip.ts';
import { SyntheticLog, type SyntheticRecord, schemaOf } from './synthetic-log.ts';

function definition(
  name: string,
  columns: readonly (readonly [string, TableDefinition['columns'][number]['type'], string?])[],
): TableDefinition {
  return {
    name,
    columns: columns.map(([column, type, ladder]) => ({
      name: column,
      type,
      notNull: column === 'id',
      dataClass: null,
      ladder: (ladder ?? null) as TableDefinition['columns'][number]['ladder'],
    })),
    primaryKey: ['id'],
    subject: null,
  };
}

export const PATIENTS: TableSchema = schemaOf(
  1000,
  definition('patients', [
    ['id', 'integer'],
    ['name', 'text'],
    ['born', 'date', 'date'],
    ['zip', 'text', 'us-zip-2020'],
    ['weight', 'decimal'],
  ]),
);

/** The same table before `weight` was added. */
const PATIENTS_BEFORE: TableSchema = schemaOf(
  1000,
  definition('patients', [
    ['id', 'integer'],
    ['name', 'text'],
    ['born', 'date', 'date'],
    ['zip', 'text', 'us-zip-2020'],
  ]),
);

export const POLICIES: TableSchema = schemaOf(3, {
  ...definition('verity_policies', [
    ['id', 'integer'],
    ['name', 'text'],
    ['version', 'integer'],
    ['sha256', 'bytes'],
    ['document', 'text'],
  ]),
});

const EXPORTS = schemaOf(6, {
  ...definition('verity_exports', [
    ['id', 'integer'],
    ['export_id', 'text'],
    ['token_id', 'text'],
    ['recipient', 'text'],
    ['purpose', 'text'],
    ['position', 'bigint'],
    ['rows', 'integer'],
    ['manifest_sha256', 'bytes'],
  ]),
});

export const POLICY_TEXT = 'name: research\ncolumns:\n  name: withhold\n  café: keep\n';
export const POLICY_SHA256 = new Uint8Array(32).fill(0xab);

/** id, shown as it is; the birth year and ZIP3, generalised; an initial, computed; weight as it is. */
export const COLUMNS: readonly ColumnContent[] = [
  { name: 'id', type: 'integer', transform: 'none', source: { column: 'id', level: 0 } },
  {
    name: 'birth_year',
    type: 'text',
    transform: 'generalise to year',
    source: { column: 'born', level: 2 },
  },
  {
    name: 'zip3',
    type: 'text',
    transform: 'generalise to zip3',
    source: { column: 'zip', level: 1 },
  },
  { name: 'initial', type: 'text', transform: 'mask', source: null },
  { name: 'weight', type: 'decimal', transform: 'none', source: { column: 'weight', level: 0 } },
];

export interface PatientRow {
  readonly values: Row;
  readonly shown: Row;
}

export const PATIENT_ROWS: readonly PatientRow[] = [
  patient(1, 'Ada', 3650, '02139', 6250n),
  patient(2, 'Bjørn', -400, '10001', 8125n),
  patient(3, 'Ω', 20_000, '94305', 7000n),
  patient(4, 'Dee', 0, 'nowhere', 5000n),
  patient(5, 'Eve', 12_345, '60601', 9000n),
];

function patient(id: number, name: string, born: number, zip: string, weight: bigint): PatientRow {
  const year = new Date(born * 86_400_000).getUTCFullYear();
  const zip3 = /^[0-9]{5}$/.test(zip) ? zip.slice(0, 3) : null;
  const kilograms = { unscaled: weight, scale: 2 };
  return {
    values: [id, name, born, zip, kilograms],
    shown: [id, String(year), zip3, name.slice(0, 1), kilograms],
  };
}

interface Place {
  readonly offset: Offset;
  readonly row: number;
  readonly shown: Row;
}

export interface ExportOptions {
  readonly heldTreeSize?: number | null;
  readonly input?: Partial<ContentInput>;
  /** What the operator changes before the export record is written: an insider's lie. */
  readonly corrupt?: (content: BundleContent) => BundleContent;
  readonly columns?: readonly ColumnContent[];
  /** What the recipient sees of a row instead. */
  readonly show?: (shown: Row) => Row;
  /** What the export record holds instead of the truth. */
  readonly exportRow?: Partial<Record<string, Row[number]>>;
  readonly policyRow?: Partial<Record<string, Row[number]>>;
  readonly csv?: boolean;
  readonly parquet?: boolean;
  /** What is said of the model that the table is released under. */
  readonly release?: Uint8Array;
}

export interface Exported {
  readonly log: SyntheticLog;
  readonly content: BundleContent;
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** A log with the patients in two records, a checkpoint record and an older schema; and its export. */
export function exportPatients(options: ExportOptions = {}): Exported {
  const log = new SyntheticLog();
  const policyValues: Record<string, Row[number]> = {
    id: 1,
    name: 'research',
    version: 3,
    sha256: POLICY_SHA256,
    document: POLICY_TEXT,
    ...options.policyRow,
  };
  const policyOffset = log.append([
    { schema: POLICIES, values: Object.values(policyValues) },
    { schema: POLICIES, values: [2, 'other', 1, new Uint8Array(32), 'x'] },
  ]);
  const [first, second, third, fourth, fifth] = PATIENT_ROWS as readonly [
    PatientRow,
    PatientRow,
    PatientRow,
    PatientRow,
    PatientRow,
  ];
  const one = log.append([
    { schema: PATIENTS_BEFORE, values: first.values.slice(0, 4) },
    { schema: PATIENTS_BEFORE, values: second.values.slice(0, 4) },
    { schema: PATIENTS_BEFORE, values: third.values.slice(0, 4) },
  ]);
  log.append([]);
  const two = log.append([
    { schema: PATIENTS, event: 'update', values: third.values },
    { schema: PATIENTS, values: fourth.values },
    { schema: PATIENTS, values: fifth.values },
  ]);
  const places: readonly Place[] = [
    { offset: two, row: 2, shown: fifth.shown },
    { offset: one, row: 0, shown: [...first.shown.slice(0, 4), null] },
    { offset: two, row: 0, shown: third.shown },
    { offset: two, row: 1, shown: fourth.shown },
  ];
  return sealExport(log, { places, policyOffset, options });
}

function sealExport(
  log: SyntheticLog,
  what: { places: readonly Place[]; policyOffset: Offset; options: ExportOptions },
): Exported {
  const { options, places, policyOffset } = what;
  const table: TableContent = {
    schema: PATIENTS,
    truncated: false,
    csv: options.csv ?? false,
    parquet: options.parquet ?? false,
    columns: options.columns ?? COLUMNS,
    release: options.release ?? null,
    rows: places.map(({ offset, row, shown }) => ({
      values: options.show?.(shown) ?? shown,
      opening: log.opening(offset, row),
      row,
    })),
  };
  const input = contentInput(log, [table], options);
  const built = buildContent(nativeCrypto, input);
  const content = options.corrupt?.(built) ?? built;
  return { log, content, ...seal(log, content, policyOffset, options) };
}

export function contentInput(
  log: SyntheticLog,
  tables: readonly TableContent[],
  options: ExportOptions = {},
): ContentInput {
  return {
    origin: log.origin,
    tenant: 7 as ContentInput['tenant'],
    exportId: 'exp_01',
    recipient: 'Institute of Examples',
    purpose: 'dpv:ScientificResearch',
    legalBasis: null,
    tokenId: 'tok_01',
    statementSha256: new Uint8Array(32).fill(1),
    policy: { name: 'research', version: 3, sha256: POLICY_SHA256, document: POLICY_TEXT },
    position: (log.tree.size - 1) as Offset,
    heldTreeSize: options.heldTreeSize ?? null,
    tables,
    ...options.input,
  };
}

/** Writes the export record, signs a checkpoint that ends with it, and closes the bundle. */
export function seal(
  log: SyntheticLog,
  content: BundleContent,
  policyOffset: number,
  options: ExportOptions = {},
): { readonly bytes: Uint8Array; readonly size: number } {
  const { manifest } = content;
  const row: Record<string, Row[number]> = {
    id: 1,
    export_id: manifest.exportId,
    token_id: manifest.tokenId,
    recipient: manifest.recipient,
    purpose: manifest.purpose,
    position: BigInt(manifest.position),
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    manifest_sha256: content.manifestSha256,
    ...options.exportRow,
  };
  const exported = log.append([
    { schema: EXPORTS, values: Object.values(row) },
    { schema: POLICIES, values: [9, 'noise', 1, new Uint8Array(32), 'y'] },
  ]);
  const size = exported + 1;
  const offsets = content.sources.map(({ offset }) => offset);
  const { heldTreeSize } = manifest;
  const sealed = sealBundle(content, {
    checkpoint: log.checkpoint(size),
    consistency: heldTreeSize === null ? null : log.tree.consistencyProof(heldTreeSize, size),
    exportRecord: log.proveRow(exported, 0, size),
    policyRecord: log.proveRow(policyOffset, 0, size),
    receipt: log.receipt(exported, size),
    statement: log.envelope(statementOf(nativeCrypto, manifest, content.manifestBytes)),
    records: {
      records: content.sources.map(({ offset, rows }) => {
        const { leaf, openings, rowTree } = log.records[offset] as SyntheticRecord;
        return { leaf, rowProof: rowTree.batchProof(rows, openings.length) };
      }),
      proof: offsets.length === 0 ? [] : log.tree.batchProof(offsets, size),
    },
  });
  return { bytes: sealed.read(0, sealed.size), size };
}

/** Content with other files, and a manifest that names them: what a lying operator would write. */
export function withFiles(
  content: BundleContent,
  change: (name: string, bytes: Uint8Array) => Uint8Array,
  changeManifest: (manifest: Manifest) => Manifest = (manifest) => manifest,
): BundleContent {
  const files = content.files.map(({ name, pieces }) => ({
    name,
    bytes: change(name, concatBytes(...pieces)),
  }));
  const manifest = changeManifest({
    ...content.manifest,
    files: files.map(({ name, bytes }) => ({
      name,
      sha256: bytesToHex(nativeCrypto.sha256(bytes)),
      size: bytes.length,
    })),
  });
  const manifestBytes = formatManifest(manifest);
  const manifestSha256 = nativeCrypto.sha256(manifestBytes);
  const changed = files.map(({ name, bytes }) => ({ name, pieces: [bytes] }));
  return { ...content, files: changed, manifest, manifestBytes, manifestSha256 };
}

/** A bundle with other entries, under a zip that is in order: what a thief of bundles would write. */
export function withEntries(
  bytes: Uint8Array,
  change: (entries: readonly ZipEntry[]) => readonly ZipEntry[],
): Uint8Array {
  return buildZip(change(parseZip(bytes)));
}

export function withEntry(
  bytes: Uint8Array,
  name: string,
  change: (entry: Uint8Array) => Uint8Array,
): Uint8Array {
  return withEntries(bytes, (entries) =>
    entries.map((entry) => (entry.name === name ? { name, bytes: change(entry.bytes) } : entry)),
  );
}

/** Changes a file, and its digest in the manifest, after everything was signed. */
export function withFile(
  bytes: Uint8Array,
  file: string,
  change: (entry: Uint8Array) => Uint8Array,
): Uint8Array {
  const changed = withEntry(bytes, file, change);
  const found = parseZip(changed).find(({ name }) => name === file) as ZipEntry;
  return withEntry(changed, MANIFEST, (manifest) => {
    const json = JSON.parse(new TextDecoder().decode(manifest)) as Manifest;
    const files = json.files.map((entry) =>
      entry.name === file
        ? {
            name: file,
            sha256: bytesToHex(nativeCrypto.sha256(found.bytes)),
            size: found.bytes.length,
          }
        : entry,
    );
    return formatManifest({ ...json, files });
  });
}

/** A copy in which one bit is another. */
export function flipped(source: Uint8Array, bit: number): Uint8Array {
  const copy = source.slice();
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

export function editText(change: (text: string) => string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => utf8Encode(change(new TextDecoder().decode(bytes)));
}

export function verifyWith(
  { log, bytes }: Pick<Exported, 'bytes' | 'log'>,
  heldCheckpoint?: string,
): Report {
  const given = { verifierKey: log.verifierKey, heldCheckpoint: heldCheckpoint ?? null };
  try {
    const report = verifyBundle(nativeCrypto, bytes, {
      verifierKey: log.verifierKey,
      ...(heldCheckpoint === undefined ? {} : { heldCheckpoint }),
    });
    keepCase(bytes, { ...given, verdicts: verdictsOf(report) });
    return report;
  } catch (error) {
    if (error instanceof BundleError) keepCase(bytes, { ...given, verdicts: null });
    throw error;
  }
}

/** What a bundle was verified with, and what came out: null where it could not be read. */
export interface VerifiedCase {
  readonly verifierKey: string;
  readonly heldCheckpoint: string | null;
  readonly verdicts: Record<string, Verdict> | null;
}

/** Keeps each bundle that tests verify, for another verifier to look at: `KEEP_BUNDLES=FOLDER`. */
function keepCase(bytes: Uint8Array, verified: VerifiedCase): void {
  const folder = process.env['KEEP_BUNDLES'];
  if (folder === undefined) return;
  const name = join(folder, bytesToHex(nativeCrypto.sha256(bytes)).slice(0, 24));
  writeFileSync(`${name}.zip`, bytes);
  writeFileSync(
    `${name}${verified.heldCheckpoint === null ? '' : '-held'}.json`,
    JSON.stringify({ ...verified, bundle: `${name}.zip` }),
  );
}

export function verdictsOf(report: Report): Record<string, Verdict> {
  return Object.fromEntries(report.checks.map(({ check, verdict }) => [check, verdict]));
}

/** What failed in `rows`, each with its place. */
export function rowFailures(report: Report): readonly string[] {
  const rows = report.checks.find(({ check }) => check === 'rows');
  return (rows?.failures ?? []).map(({ code, file, record }) => `${code} ${file} ${record}`);
}

/** Names of the checks that failed, with the codes. */
export function failuresOf(report: Report): Record<string, readonly string[]> {
  return Object.fromEntries(
    report.checks
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ check, failures }) => [check, failures.map(({ code }) => code)]),
  );
}

/** The same, or the code of a bundle that cannot be read. */
export function refusalsOf(
  exported: Pick<Exported, 'bytes' | 'log'>,
  heldCheckpoint?: string,
): Record<string, readonly string[]> | string {
  try {
    return failuresOf(verifyWith(exported, heldCheckpoint));
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return error.code;
  }
}
