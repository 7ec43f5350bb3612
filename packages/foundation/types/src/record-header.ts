/**
 * The header of a record: the leaf of the Merkle tree, byte for byte.
 *
 * 168 bytes, little-endian, fixed; every byte is covered by the leaf hash. The payload is not in the leaf,
 * so proofs never carry it and survive its erasure. `leaf hash = SHA-256(0x00 ‖ header)` (RFC 6962 §2.1)
 * is at once the record's chain hash: the next header holds it, so the chain lives inside the tree and
 * the two cannot disagree.
 *
 * | at | size | field |
 * |---|---|---|
 * | 0 | 2 | format version, 1 |
 * | 2 | 1 | kind |
 * | 3 | 1 | sealing: 0 none, 1 sealed |
 * | 4 | 4 | payload size, bytes |
 * | 8 | 8 | tenant |
 * | 16 | 8 | offset = leaf index |
 * | 24 | 8 | timestamp, ns since the epoch |
 * | 32 | 4 | generation |
 * | 36 | 4 | schema version |
 * | 40 | 8 | id of the key that seals the payload, 0 for none |
 * | 48 | 4 | row count |
 * | 52 | 4 | batch index: records before it in the same write; 0 for the first |
 * | 56 | 16 | idempotency id, zero for none |
 * | 72 | 32 | chain hash of the previous record, zero for the first |
 * | 104 | 32 | commitments root over the rows |
 * | 136 | 32 | SHA-256 of the payload as it lies on disk |
 *
 * The first 136 bytes are the associated data of every seal: all but the digest of what is sealed.
 */

import { TypesError, assert } from './error.ts';
import {
  type Generation,
  type Hash,
  type IdempotencyId,
  type KeyId,
  type Offset,
  type TenantId,
  type Timestamp,
  idempotencyIdFromBytes,
  idempotencyIdToBytes,
  toGeneration,
  toHash,
  toKeyId,
  toOffset,
  toTenantId,
  toTimestamp,
} from './id.ts';

export const RECORD_HEADER_SIZE = 168;
/** Bytes of the header that go into every seal as associated data. */
export const RECORD_HEADER_SEALED_SIZE = 136;
/** Places of the two hashes that are written by whoever appends. */
export const PREVIOUS_HASH_AT = 72;
export const PAYLOAD_DIGEST_AT = 136;
const FORMAT_VERSION = 1;

/** Codes are bytes of the format: never reused. */
export const RECORD_KINDS = {
  data: 1,
  checkpoint: 2,
  tombstone: 3,
  recovery: 4,
} as const;
/**
 * - `data`: row changes of one command.
 * - `checkpoint`: an anchor of verification.
 * - `tombstone`: row changes too, of a data subject's erasure that is complete: its receipt.
 * - `recovery`: what a recovery discarded, and why.
 */
export type RecordKind = keyof typeof RECORD_KINDS;

export const SEALINGS = { none: 0, sealed: 1 } as const;
export type Sealing = keyof typeof SEALINGS;

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly sealing: Sealing;
  readonly payloadSize: number;
  readonly tenant: TenantId;
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly generation: Generation;
  readonly schemaVersion: number;
  readonly keyId: KeyId;
  readonly rowCount: number;
  /**
   * How many records of the same write and sync stand before it. A batch is written only after the one
   * before it is durable, so a damaged record that a later batch follows was acknowledged.
   */
  readonly batchIndex: number;
  readonly idempotencyId: IdempotencyId | null;
  readonly previousHash: Hash;
  readonly commitmentsRoot: Hash;
  readonly payloadDigest: Hash;
}

const KIND_NAMES = namesOf<RecordKind>(RECORD_KINDS);
const SEALING_NAMES = namesOf<Sealing>(SEALINGS);

function namesOf<Name extends string>(
  codes: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  return new Map((Object.keys(codes) as Name[]).map((name) => [codes[name], name]));
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

function getU64(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  if (!Number.isSafeInteger(value)) throw refused('a number above 2^53 − 1');
  return value;
}

/** What the records of one batch have in common. */
export type BatchFields = Pick<RecordHeader, 'tenant' | 'generation'>;

/** What a record says of itself, wherever it comes to lie. */
export type RecordFields = Pick<
  RecordHeader,
  'kind' | 'timestamp' | 'schemaVersion' | 'rowCount' | 'idempotencyId' | 'commitmentsRoot'
>;

/** What its place and its payload give it, but for the two hashes. */
export type PlaceFields = Pick<
  RecordHeader,
  'sealing' | 'payloadSize' | 'offset' | 'keyId' | 'batchIndex'
>;

/**
 * The preimage of a leaf hash, 0x00 ‖ header, in bytes that are written anew for each record: what is
 * hashed lies in one piece, and nothing is allocated a record.
 */
export class LeafPreimage {
  readonly bytes: Uint8Array = new Uint8Array(1 + RECORD_HEADER_SIZE);
  /** The header in it. */
  readonly header: Uint8Array = this.bytes.subarray(1);
  readonly #view = new DataView(this.bytes.buffer, 1, RECORD_HEADER_SIZE);

  /** Writes what holds until the next batch begins: once, not for each record. */
  begin(fields: BatchFields): void {
    const view = this.#view;
    view.setUint16(0, FORMAT_VERSION, true);
    setU64(view, 8, fields.tenant);
    view.setUint32(32, fields.generation, true);
  }

  /** Writes the rest but the two hashes, which stand at {@link PREVIOUS_HASH_AT} and {@link PAYLOAD_DIGEST_AT}. */
  write(fields: RecordFields, place: PlaceFields): void {
    const { idempotencyId, rowCount } = fields;
    const { batchIndex, payloadSize } = place;
    assert(payloadSize >= 0 && payloadSize <= 0xffff_ffff, 'payload size is not a u32');
    assert(rowCount >= 0 && rowCount <= 0xffff_ffff, 'row count is not a u32');
    assert(batchIndex >= 0 && batchIndex <= 0xffff_ffff, 'batch index is not a u32');
    const view = this.#view;
    view.setUint8(2, RECORD_KINDS[fields.kind]);
    view.setUint8(3, SEALINGS[place.sealing]);
    view.setUint32(4, payloadSize, true);
    setU64(view, 16, place.offset);
    view.setBigUint64(24, fields.timestamp, true);
    view.setUint32(36, fields.schemaVersion, true);
    setU64(view, 40, place.keyId);
    view.setUint32(48, rowCount, true);
    view.setUint32(52, batchIndex, true);
    if (idempotencyId !== null) this.header.set(idempotencyIdToBytes(idempotencyId), 56);
    else for (let at = 56; at < 72; at += 4) view.setUint32(at, 0, true);
    this.header.set(fields.commitmentsRoot, 104);
  }
}

export function encodeRecordHeader(header: RecordHeader): Uint8Array {
  const leaf = new LeafPreimage();
  leaf.begin(header);
  leaf.write(header, header);
  leaf.header.set(header.previousHash, PREVIOUS_HASH_AT);
  leaf.header.set(header.payloadDigest, PAYLOAD_DIGEST_AT);
  return leaf.header.slice();
}

/**
 * Reads a header, strictly: what this accepts, {@link encodeRecordHeader} writes back to the same bytes.
 *
 * @throws {TypesError} ERR_TYPES_HEADER
 */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader {
  if (bytes.length !== RECORD_HEADER_SIZE) throw refused(`${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0, true) !== FORMAT_VERSION) throw refused('an unknown format version');
  const tenant = getU64(view, 8);
  const generation = view.getUint32(32, true);
  if (tenant < 1) throw refused('tenant 0');
  if (generation < 1) throw refused('generation 0');
  let hasId = false;
  for (let at = 56; at < 72; at += 4) hasId ||= view.getUint32(at, true) !== 0;
  return {
    kind: nameOf(KIND_NAMES, view.getUint8(2)),
    sealing: nameOf(SEALING_NAMES, view.getUint8(3)),
    payloadSize: view.getUint32(4, true),
    tenant: toTenantId(tenant),
    offset: toOffset(getU64(view, 16)),
    timestamp: toTimestamp(view.getBigUint64(24, true)),
    generation: toGeneration(generation),
    schemaVersion: view.getUint32(36, true),
    keyId: toKeyId(getU64(view, 40)),
    rowCount: view.getUint32(48, true),
    batchIndex: view.getUint32(52, true),
    idempotencyId: hasId ? idempotencyIdFromBytes(bytes.subarray(56, 72)) : null,
    previousHash: toHash(bytes.slice(PREVIOUS_HASH_AT, 104)),
    commitmentsRoot: toHash(bytes.slice(104, 136)),
    payloadDigest: toHash(bytes.slice(PAYLOAD_DIGEST_AT, 168)),
  };
}

function nameOf<Name>(names: ReadonlyMap<number, Name>, code: number): Name {
  const name = names.get(code);
  if (name === undefined) throw refused('an unknown code');
  return name;
}

function refused(found: string): TypesError {
  return new TypesError('ERR_TYPES_HEADER', `record header is malformed: found ${found}`);
}
