/** Encodes records of one write, one behind the other, into one buffer: header, payload, CRC. */

import { crc32, type Crypto } from '@veritydb/crypto';
import {
  type Generation,
  HASH_SIZE,
  type Hash,
  type IdempotencyId,
  type KeyId,
  RECORD_HEADER_SIZE,
  type RecordHeader,
  type RecordKind,
  type TenantId,
  type Timestamp,
  assert,
  toHash,
  toKeyId,
  toOffset,
  writeRecordHeader,
} from '@veritydb/types';

import { CRC_SIZE } from './limits.ts';
import { type PayloadToSeal, sealedSize, writeSealed } from './sections.ts';

export type PayloadToAppend =
  | ({ readonly sealing: 'sections' } & PayloadToSeal)
  | { readonly sealing: 'none'; readonly plaintext: Uint8Array };

export interface RecordToAppend {
  readonly kind: RecordKind;
  readonly timestamp: Timestamp;
  readonly schemaVersion: number;
  readonly rowCount: number;
  readonly idempotencyId: IdempotencyId | null;
  readonly commitmentsRoot: Hash;
  readonly payload: PayloadToAppend;
}

export interface BatchStart {
  readonly tenant: TenantId;
  readonly generation: Generation;
  readonly offset: number;
  readonly previousHash: Hash;
}

export interface EncodedRecord {
  readonly header: RecordHeader;
  readonly leafHash: Hash;
  /** Byte position in the batch. */
  readonly start: number;
}

export class BatchWriter {
  readonly #crypto: Crypto;
  readonly #leaf = new Uint8Array(1 + RECORD_HEADER_SIZE);
  #buffer = new Uint8Array(4096);
  #view: DataView = new DataView(this.#buffer.buffer);
  #start: BatchStart;
  #size = 0;
  #count = 0;
  #previousHash: Hash;

  constructor(crypto: Crypto, start: BatchStart) {
    this.#crypto = crypto;
    this.#start = start;
    this.#previousHash = start.previousHash;
  }

  /** Forgets what was encoded, keeps the buffer, and begins the next batch. */
  begin(start: BatchStart): void {
    this.#start = start;
    this.#size = 0;
    this.#count = 0;
    this.#previousHash = start.previousHash;
  }

  /** Bytes that a record takes on disk. */
  static sizeOf(record: RecordToAppend): number {
    return RECORD_HEADER_SIZE + payloadSizeOf(record) + CRC_SIZE;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** What was encoded, as a view that the next record may overwrite. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  add(record: RecordToAppend): EncodedRecord {
    const start = this.#size;
    const payloadSize = payloadSizeOf(record);
    const payloadAt = start + RECORD_HEADER_SIZE;
    const end = payloadAt + payloadSize;
    this.#reserve(end + CRC_SIZE);
    const { payload } = record;
    const header: RecordHeader = {
      kind: record.kind,
      sealing: payload.sealing,
      payloadSize,
      tenant: this.#start.tenant,
      offset: toOffset(this.#start.offset + this.#count),
      timestamp: record.timestamp,
      generation: this.#start.generation,
      schemaVersion: record.schemaVersion,
      keyId: payload.sealing === 'none' ? toKeyId(0) : firstKeyOf(payload),
      rowCount: record.rowCount,
      batchIndex: this.#count,
      idempotencyId: record.idempotencyId,
      previousHash: this.#previousHash,
      commitmentsRoot: record.commitmentsRoot,
      // Filled in once the payload is there.
      payloadDigest: toHash(new Uint8Array(HASH_SIZE)),
    };
    writeRecordHeader(header, this.#buffer, start);
    if (payload.sealing === 'none') this.#buffer.set(payload.plaintext, payloadAt);
    else {
      const headerBytes = this.#buffer.subarray(start, payloadAt);
      const { generation, offset, rowCount } = header;
      const at = { headerBytes, generation, offset, rowCount };
      writeSealed(this.#crypto, at, payload, this.#buffer, payloadAt);
    }
    return this.#finish(header, start, end);
  }

  #finish(header: RecordHeader, start: number, end: number): EncodedRecord {
    const buffer = this.#buffer;
    const payloadAt = start + RECORD_HEADER_SIZE;
    this.#crypto.sha256Into(buffer, payloadAt, end, header.payloadDigest, 0);
    buffer.set(header.payloadDigest, payloadAt - HASH_SIZE);
    this.#leaf.set(buffer.subarray(start, payloadAt), 1);
    const leafHash = this.#crypto.sha256(this.#leaf);
    this.#view.setUint32(end, crc32(buffer, start, end), true);
    this.#size = end + CRC_SIZE;
    this.#count += 1;
    this.#previousHash = leafHash;
    return { header, leafHash, start };
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(size, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function payloadSizeOf({ payload }: RecordToAppend): number {
  return payload.sealing === 'none' ? payload.plaintext.length : sealedSize(payload);
}

function firstKeyOf({ sections }: PayloadToSeal): KeyId {
  const [first] = sections;
  assert(first !== undefined, 'a sealed record has a section');
  return first.keyId;
}
