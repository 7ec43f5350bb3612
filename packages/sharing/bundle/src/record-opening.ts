/**
 * proofs/<record>.json and proofs/<record>.tlog-proof: one row of a reserved table, opened in full and
 * proven in the log: field digests → row commitment → commitments root in the record's header → leaf →
 * checkpoint.
 */

import {
  type Crypto,
  type FieldOpening,
  type RowEvent,
  type RowOpening,
  SALT_SIZE,
  fieldDigest,
  rowCommitment,
} from '@veritydb/crypto';
import {
  formatTlogProof,
  leafHash,
  parseTlogProof,
  rootFromBatchProof,
  rootFromInclusionProof,
} from '@veritydb/merkle';
import {
  type ColumnType,
  HASH_SIZE,
  type Hash,
  type JsonValue,
  type RecordHeader,
  type Value,
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  bytesToHex,
  canonicalJson,
  decodeRecordHeader,
  hexToBytes,
  parseCanonicalJson,
  toHash,
  utf8Decode,
  utf8Encode,
  valueFromJson,
  valueToJson,
} from '@veritydb/types';

import { type ProvenRecord, openingName, tlogProofName } from './entry-name.ts';
import { BundleError, type BundlePlace, locate } from './error.ts';
import { type Evidence, entryOf } from './evidence.ts';
import { hashesToJson } from './hash-list.ts';
import { DIGESTS_COUNT_MAX } from './manifest.ts';
import { columnType, count, digest, list, object, rule } from './shape.ts';

/** As many hashes as the deepest proof of one row can have. */
const PROOF_COUNT_MAX = 64;

export interface RecordOpening {
  readonly opening: RowOpening;
  /** Index of the row in its record. */
  readonly row: number;
  /** Header of the record. */
  readonly leaf: Uint8Array;
  /** Batch proof of the row alone in the tree of the record's row commitments. */
  readonly rowProof: readonly Hash[];
  /** Of the leaf, at the checkpoint's tree size. */
  readonly inclusionProof: readonly Hash[];
}

export function formatRecordOpening({ opening, row, leaf, rowProof }: RecordOpening): Uint8Array {
  const json = {
    event: opening.header.event,
    fields: opening.fields.map(({ column, level, salt, type, value }) => ({
      column,
      level,
      salt: bytesToBase64(salt),
      type,
      value: valueToJson(type, value),
    })),
    leaf: bytesToBase64(leaf),
    row,
    rowProof: hashesToJson(rowProof),
    schemaDigest: bytesToHex(opening.header.schemaDigest),
    table: opening.header.table,
  };
  return utf8Encode(canonicalJson(json));
}

export function formatRecordTlogProof(record: RecordOpening, checkpoint: string): Uint8Array {
  const index = decodeRecordHeader(record.leaf).offset;
  return utf8Encode(formatTlogProof({ index, proof: record.inclusionProof, checkpoint }));
}

export interface ParsedOpening {
  readonly event: RowEvent;
  readonly fields: readonly FieldOpening[];
  readonly leaf: Uint8Array;
  readonly row: number;
  readonly rowProof: readonly Hash[];
  readonly schemaDigest: Uint8Array;
  readonly table: string;
}

/** A row of a reserved table that is proven to stand in the log. */
export interface ProvenRow {
  readonly header: RecordHeader;
  /** Values of the columns, by name. */
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * The row that a bundle opens, once it is proven: in its record, and the record in the log.
 *
 * @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_PROOF, ERR_BUNDLE_RECORD, ERR_BUNDLE_COMMITMENT,
 * ERR_BUNDLE_INCLUSION
 */
export function verifyRecordOpening(
  evidence: Evidence,
  record: ProvenRecord,
  table: string,
): ProvenRow {
  const { crypto, manifest } = evidence;
  const file = openingName(record);
  const opening = locate('ERR_BUNDLE_PROOF', { file }, () =>
    parseRecordOpening(entryOf(evidence, file)),
  );
  const header = locate('ERR_BUNDLE_PROOF', { file }, () => decodeRecordHeader(opening.leaf));
  const place = { file, record: `offset ${header.offset}` };
  if (opening.table !== table) {
    throw new BundleError('ERR_BUNDLE_RECORD', `the row is not one of ${table}`, place);
  }
  if (header.tenant !== manifest.tenant || header.kind !== 'data') {
    throw new BundleError('ERR_BUNDLE_RECORD', 'the record is not data of this tenant', place);
  }
  checkCommitment(crypto, opening, { header, place });
  verifyInclusion(evidence, record, { leaf: opening.leaf, header });
  return { header, values: openedValues(opening) };
}

/**
 * Whether a record committed to the row that is opened.
 *
 * @throws {BundleError} ERR_BUNDLE_COMMITMENT
 */
export function checkCommitment(
  crypto: Crypto,
  opening: ParsedOpening,
  { header, place }: { readonly header: RecordHeader; readonly place: BundlePlace },
): void {
  if (opening.row >= header.rowCount) {
    throw new BundleError('ERR_BUNDLE_COMMITMENT', 'the record has fewer rows', place);
  }
  const digests = opening.fields.map((field) => fieldDigest(crypto, field));
  const commitment = rowCommitment(crypto, { ...opening, offset: header.offset }, digests);
  const root = locate('ERR_BUNDLE_COMMITMENT', place, () =>
    rootFromBatchProof(crypto, {
      size: header.rowCount,
      leaves: [{ index: opening.row, hash: commitment }],
      proof: opening.rowProof,
    }),
  );
  if (!bytesEqual(root, header.commitmentsRoot)) {
    throw new BundleError('ERR_BUNDLE_COMMITMENT', 'the record committed to another row', place);
  }
}

/** Values of the columns themselves, without the levels of their ladders. */
export function openedValues({ fields }: ParsedOpening): ReadonlyMap<string, Value> {
  const values = fields.filter(({ level }) => level === 0);
  return new Map(values.map(({ column, value }) => [column, value]));
}

function verifyInclusion(
  evidence: Evidence,
  record: ProvenRecord,
  { leaf, header }: { readonly leaf: Uint8Array; readonly header: RecordHeader },
): void {
  const { checkpoint, checkpointText, crypto } = evidence;
  const file = tlogProofName(record);
  const place = { file, record: `offset ${header.offset}` };
  const text = locate('ERR_BUNDLE_PROOF', place, () => utf8Decode(entryOf(evidence, file)));
  const parsed = locate('ERR_BUNDLE_PROOF', place, () => parseTlogProof(text));
  const { index, proof } = parsed;
  // Written again: extra data, which nothing signs, has no place here.
  if (formatTlogProof({ index, proof, checkpoint: checkpointText }) !== text) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the proof is not under the checkpoint file', place);
  }
  if (index !== header.offset || index >= checkpoint.size) {
    throw new BundleError('ERR_BUNDLE_INCLUSION', 'the proof is about another record', place);
  }
  const root = locate('ERR_BUNDLE_INCLUSION', place, () =>
    rootFromInclusionProof(crypto, {
      index,
      size: checkpoint.size,
      leafHash: leafHash(crypto, leaf),
      proof,
    }),
  );
  if (!bytesEqual(root, checkpoint.root)) {
    throw new BundleError('ERR_BUNDLE_INCLUSION', 'the record is not in the log', place);
  }
}

const base64 = rule('base64', (value) => typeof value === 'string');
const hash = rule(
  'base64 of 32 bytes',
  (value) => typeof value === 'string' && value.length === 44,
);
const plain = rule('text', (value) => typeof value === 'string');

const checkOpening = object({
  event: rule('insert or update', (value) => value === 'insert' || value === 'update'),
  fields: list(
    DIGESTS_COUNT_MAX,
    object({
      column: plain,
      level: count,
      salt: rule('base64 of 16 bytes', (value) => typeof value === 'string' && value.length === 24),
      type: columnType,
      value: rule('a scalar', (value) => value === null || typeof value !== 'object'),
    }),
  ),
  leaf: base64,
  row: count,
  rowProof: list(PROOF_COUNT_MAX, hash),
  schemaDigest: digest,
  table: plain,
});

/** A row opening as JSON, once its shape is checked. */
interface OpeningJson {
  readonly event: RowEvent;
  readonly fields: readonly {
    readonly column: string;
    readonly level: number;
    readonly salt: string;
    readonly type: ColumnType;
    readonly value: JsonValue;
  }[];
  readonly leaf: string;
  readonly row: number;
  readonly rowProof: readonly string[];
  readonly schemaDigest: string;
  readonly table: string;
}

export function parseRecordOpening(bytes: Uint8Array): ParsedOpening {
  // Attacker-controlled: any bytes.
  const value = parseCanonicalJson(utf8Decode(bytes));
  const bad: string[] = [];
  checkOpening(bad, '', value);
  if (bad.length > 0) throw malformed(bad.slice(0, 5).join('; '));
  const json = value as unknown as OpeningJson;
  return {
    ...json,
    fields: json.fields.map((field) => ({
      ...field,
      salt: sized(base64ToBytes(field.salt), SALT_SIZE),
      value: valueFromJson(field.type, field.value),
    })),
    leaf: base64ToBytes(json.leaf),
    rowProof: json.rowProof.map((each) => toHash(sized(base64ToBytes(each), HASH_SIZE))),
    schemaDigest: hexToBytes(json.schemaDigest),
  };
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw malformed(`expected ${size} bytes, found ${bytes.length}`);
  return bytes;
}

function malformed(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_PROOF', `the opened record is malformed: ${what}`);
}
