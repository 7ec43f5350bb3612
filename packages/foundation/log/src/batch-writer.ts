/**
 * Encodes records of one write, one behind the other, into one buffer: header, payload, CRC.
 *
 * Always holds: the header that comes next has in it the hash of the one before, because a leaf hash is
 * written where the next preimage needs it. A record that is not sealed allocates nothing here.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type BatchFields,
  HASH_SIZE,
  type Hash,
  type KeyId,
  LeafPreimage,
  type Offset,
  PAYLOAD_DIGEST_AT,
  PREVIOUS_HASH_AT,
  RECORD_HEADER_SIZE,
  type RecordFields,
  type RecordHeader,
  assert,
  decodeRecordHeader,
  toKeyId,
  toOffset,
} from '@veritydb/types';

import { CRC_SIZE } from './limits.ts';
import { type PayloadToSeal, sealedSize, writeSealed } from './sections.ts';

export type PayloadToAppend =
  | ({ readonly sealing: 'sections' } & PayloadToSeal)
  | { readonly sealing: 'none'; readonly plaintext: Uint8Array };

export interface RecordToAppend extends RecordFields {
  readonly payload: PayloadToAppend;
}

/** Records that are durable now. */
export interface AppendedRecords {
  /** Offset of the first: the others follow. */
  readonly firstOffset: Offset;
  /** Of each in order its leaf hash, which is its chain hash: 32 bytes. */
  readonly leafHashes: Uint8Array;
}

export interface BatchStart extends BatchFields {
  readonly offset: number;
  readonly previousHash: Hash;
}

/** Place of the payload's size in a header. */
const PAYLOAD_SIZE_AT = 4;
const NO_KEY: KeyId = toKeyId(0);

export class BatchWriter {
  readonly #crypto: Crypto;
  readonly #leaf = new LeafPreimage();
  /** Hash of the newest record, where the header of the next one has it. */
  readonly #lastHash = this.#leaf.header.subarray(PREVIOUS_HASH_AT, PREVIOUS_HASH_AT + HASH_SIZE);
  #buffer = new Uint8Array(4096);
  #view: DataView = new DataView(this.#buffer.buffer);
  #start: BatchStart;
  #size = 0;
  #count = 0;

  constructor(crypto: Crypto, start: BatchStart) {
    this.#crypto = crypto;
    this.#start = start;
    this.begin(start);
  }

  /** Forgets what was encoded, keeps the buffer, and begins the next batch. */
  begin(start: BatchStart): void {
    this.#start = start;
    this.#size = 0;
    this.#count = 0;
    this.#leaf.begin(start);
    this.#lastHash.set(start.previousHash);
  }

  /** Bytes that a record takes on disk. */
  static sizeOf(record: RecordToAppend): number {
    return RECORD_HEADER_SIZE + payloadSizeOf(record.payload) + CRC_SIZE;
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * What was encoded, as a view that the next record may overwrite. The CRCs are made here, in one go:
   * between the hashes of each record they take half as long again.
   */
  bytes(): Uint8Array {
    let start = 0;
    while (start < this.#size) {
      const end = start + RECORD_HEADER_SIZE + this.#view.getUint32(start + PAYLOAD_SIZE_AT, true);
      this.#view.setUint32(end, this.#crypto.crc32(this.#buffer, start, end), true);
      start = end + CRC_SIZE;
    }
    return this.#buffer.subarray(0, this.#size);
  }

  /** Leaf hash of the newest record, as a view that the next record overwrites. */
  get lastHash(): Uint8Array {
    return this.#lastHash;
  }

  /** Header of the first record. */
  firstHeader(): RecordHeader {
    return decodeRecordHeader(this.#buffer.subarray(0, RECORD_HEADER_SIZE));
  }

  /** Encodes a record behind those before it. */
  add(record: RecordToAppend): void {
    const crypto = this.#crypto;
    const leaf = this.#leaf;
    const { generation, offset: firstOffset } = this.#start;
    const { payload } = record;
    const start = this.#size;
    const payloadSize = payloadSizeOf(payload);
    const payloadAt = start + RECORD_HEADER_SIZE;
    const end = payloadAt + payloadSize;
    this.#reserve(end + CRC_SIZE);
    const offset = toOffset(firstOffset + this.#count);
    leaf.write(record, {
      sealing: payload.sealing,
      payloadSize,
      offset,
      keyId: payload.sealing === 'none' ? NO_KEY : firstKeyOf(payload),
      batchIndex: this.#count,
    });
    const buffer = this.#buffer;
    const digestAt = 1 + PAYLOAD_DIGEST_AT;
    if (payload.sealing === 'none') {
      buffer.set(payload.plaintext, payloadAt);
      crypto.sha256Into(payload.plaintext, 0, payloadSize, leaf.bytes, digestAt);
    } else {
      const at = { headerBytes: leaf.header, generation, offset, rowCount: record.rowCount };
      writeSealed(crypto, at, payload, buffer, payloadAt);
      crypto.sha256Into(buffer, payloadAt, end, leaf.bytes, digestAt);
    }
    buffer.set(leaf.header, start);
    crypto.sha256Into(leaf.bytes, 0, leaf.bytes.length, leaf.bytes, 1 + PREVIOUS_HASH_AT);
    this.#size = end + CRC_SIZE;
    this.#count += 1;
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(size, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Bytes of a payload on disk. */
export function payloadSizeOf(payload: PayloadToAppend): number {
  return payload.sealing === 'none' ? payload.plaintext.length : sealedSize(payload);
}

function firstKeyOf({ sections }: PayloadToSeal): KeyId {
  const [first] = sections;
  assert(first !== undefined, 'a sealed record has a section');
  return first.keyId;
}
