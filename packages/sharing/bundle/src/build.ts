/**
 * Builds a bundle in two steps, because the manifest's digest goes into the log before there are proofs:
 * {@link buildContent} makes data, disclosures and manifest; the caller commits the export record and
 * signs a checkpoint that ends with it; {@link sealBundle} adds the proofs and closes the zip. Both are
 * pure: the same input gives the same bytes.
 */

import type { Crypto } from '@veritydb/crypto';
import { parseCheckpoint, parseNote } from '@veritydb/merkle';
import {
  type Hash,
  type Offset,
  assert,
  bytesToHex,
  decodeRecordHeader,
  utf8Encode,
} from '@veritydb/types';

import { buildTable } from './build-table.ts';
import { BytePieces } from './byte-pieces.ts';
import { buildConsent } from './consent-file.ts';
import { formatConsistency } from './consistency-file.ts';
import type { ContentInput } from './content.ts';
import {
  CHECKPOINT,
  CONSENT,
  CONSISTENCY,
  MANIFEST,
  POLICY,
  RECEIPT,
  type ProvenRecord,
  README,
  RECORDS,
  STATEMENT,
  compareNames,
  openingName,
  tlogProofName,
} from './entry-name.ts';
import { contentRefused } from './error.ts';
import { parseManifest } from './manifest-parse.ts';
import { BUNDLE_FORMAT, type Manifest, formatManifest } from './manifest.ts';
import { describeNotProved, formatReadme } from './readme.ts';
import {
  type RecordOpening,
  formatRecordOpening,
  formatRecordTlogProof,
} from './record-opening.ts';
import { type SourceRecord, encodeSourceRecords } from './source-records.ts';
import { type ZipFile, zipPieces } from './zip.ts';

/** Rows of one record that are in the bundle. */
export interface SourceRows {
  readonly offset: Offset;
  /** Indexes in the record, ascending. */
  readonly rows: readonly number[];
}

export interface BundleContent {
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** What the export record must hold. */
  readonly manifestSha256: Hash;
  /** The files that the manifest lists. */
  readonly files: readonly ZipFile[];
  /** Records that {@link BundleProofs.records} must prove, by ascending offset. */
  readonly sources: readonly SourceRows[];
}

export interface BundleProofs {
  /** Signed checkpoint whose last leaf is the export record. */
  readonly checkpoint: string;
  /** From the held tree size to the checkpoint; null exactly where no size was named. */
  readonly consistency: readonly Hash[] | null;
  readonly exportRecord: RecordOpening;
  readonly policyRecord: RecordOpening;
  /** COSE receipt of the export record, signed by the log's key. */
  readonly receipt: Uint8Array;
  /** The {@link statementOf} the content in a DSSE envelope, signed by the log's key. */
  readonly statement: string;
  readonly records: {
    /** One for each of {@link BundleContent.sources}, in their order. */
    readonly records: readonly SourceRecord[];
    /** Batch proof of all of them at the checkpoint's tree size. */
    readonly proof: readonly Hash[];
  };
}

/**
 * Data, disclosures, README, policy and manifest.
 *
 * @throws {BundleError} ERR_BUNDLE_CONTENT, ERR_BUNDLE_MANIFEST where the input does not fit the format
 */
export function buildContent(crypto: Crypto, input: ContentInput): BundleContent {
  const built = input.tables
    .map((table) => buildTable(table))
    .toSorted((a, b) => compareNames(a.table.name, b.table.name));
  const tables = built.map(({ table }) => table);
  const { consent: subjects = null } = input;
  const consent = subjects === null ? null : buildConsent(crypto, subjects);
  const rest: Omit<Manifest, 'files'> = {
    format: BUNDLE_FORMAT,
    origin: input.origin,
    tenant: input.tenant,
    exportId: input.exportId,
    recipient: input.recipient,
    purpose: input.purpose,
    legalBasis: input.legalBasis,
    tokenId: input.tokenId,
    statement: bytesToHex(input.statementSha256),
    policy: {
      name: input.policy.name,
      version: input.policy.version,
      sha256: bytesToHex(input.policy.sha256),
    },
    position: input.position,
    heldTreeSize: input.heldTreeSize,
    tables,
    notProved: describeNotProved(tables, consent !== null),
    consent: consent?.summary ?? null,
  };
  const isReleased = input.tables.some(({ release = null }) => release !== null);
  const files: readonly ZipFile[] = [
    fileOf(README, utf8Encode(formatReadme(rest, isReleased))),
    fileOf(POLICY, utf8Encode(input.policy.document)),
    ...(consent === null ? [] : [fileOf(CONSENT, consent.bytes)]),
    ...built.flatMap((table) => table.files),
  ].toSorted((a, b) => compareNames(a.name, b.name));
  const manifestBytes = formatManifest({
    ...rest,
    files: files.map(({ name, pieces }) => ({ name, ...digestOf(crypto, pieces) })),
  });
  // Read back as a recipient will: what the parser refuses must not get into the log.
  const manifest = parseManifest(manifestBytes);
  const sources = groupSources(built.flatMap((table) => table.sources));
  const manifestSha256 = crypto.sha256(manifestBytes);
  return { manifest, manifestBytes, manifestSha256, files, sources };
}

function fileOf(name: string, bytes: Uint8Array): ZipFile {
  return { name, pieces: [bytes] };
}

function digestOf(
  crypto: Crypto,
  pieces: readonly Uint8Array[],
): { readonly sha256: string; readonly size: number } {
  const stream = crypto.sha256Stream();
  for (const piece of pieces) stream.update(piece);
  return {
    sha256: bytesToHex(stream.digest()),
    size: pieces.reduce((sum, { length }) => sum + length, 0),
  };
}

function groupSources(
  places: readonly { readonly offset: Offset; readonly row: number }[],
): readonly SourceRows[] {
  const byOffset = new Map<Offset, number[]>();
  for (const { offset, row } of places) {
    const rows = byOffset.get(offset);
    if (rows === undefined) byOffset.set(offset, [row]);
    else rows.push(row);
  }
  return [...byOffset]
    .map(([offset, rows]) => {
      if (rows.length > 1 && new Set(rows).size !== rows.length)
        throw contentRefused('a source row is there twice');
      return { offset, rows: rows.toSorted((a, b) => a - b) };
    })
    .toSorted((a, b) => a.offset - b.offset);
}

/**
 * The zip, whose pieces are those of the content: who only hashes it, or hands it on, holds no second copy
 * of the data. Requires proofs that fit the content: they are checked in shape, not verified.
 *
 * @throws {BundleError} ERR_BUNDLE_LIMIT
 */
export function sealBundle(content: BundleContent, proofs: BundleProofs): BytePieces {
  const { heldTreeSize } = content.manifest;
  const { size } = parseCheckpoint(parseNote(proofs.checkpoint).text);
  assert(
    decodeRecordHeader(proofs.exportRecord.leaf).offset === size - 1,
    'checkpoint does not end with the export record',
  );
  assert(
    (heldTreeSize === null) === (proofs.consistency === null),
    'consistency was not asked for',
  );
  assert(
    proofs.records.records.length === content.sources.length,
    'proofs are of another number of records than the content has',
  );
  for (const [index, record] of proofs.records.records.entries()) {
    const { offset } = decodeRecordHeader(record.leaf);
    assert(offset === content.sources[index]?.offset, 'proofs are of other records');
  }
  const files: ZipFile[] = [
    ...content.files,
    fileOf(MANIFEST, content.manifestBytes),
    fileOf(CHECKPOINT, utf8Encode(proofs.checkpoint)),
    fileOf(STATEMENT, utf8Encode(proofs.statement)),
    fileOf(RECEIPT, proofs.receipt),
    fileOf(RECORDS, encodeSourceRecords({ ...proofs.records, size })),
    ...recordEntries('export', proofs.exportRecord, proofs.checkpoint),
    ...recordEntries('policy', proofs.policyRecord, proofs.checkpoint),
  ];
  if (heldTreeSize !== null && proofs.consistency !== null) {
    const consistency = { from: heldTreeSize, to: size, proof: proofs.consistency };
    files.push(fileOf(CONSISTENCY, formatConsistency(consistency)));
  }
  return new BytePieces(zipPieces(files));
}

function recordEntries(
  record: ProvenRecord,
  opening: RecordOpening,
  checkpoint: string,
): readonly ZipFile[] {
  return [
    fileOf(openingName(record), formatRecordOpening(opening)),
    fileOf(tlogProofName(record), formatRecordTlogProof(opening, checkpoint)),
  ];
}
