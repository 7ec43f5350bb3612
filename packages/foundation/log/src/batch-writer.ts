/**
 * Encodes records of one write, one behind the other, into one buffer: header, payload, CRC.
 *
 * Always holds: the header that comes next has in it the hash of the one before, because a leaf hash is
 * written where the next preimage needs it. A record that is not sealed allocates nothing here.
 */

import { type Crypto, type PlacedPayload, type RecordCipher, TAG_SIZE } from '@veritydb/crypto';
import {
  type BatchFields,
  type Generation,
  HASH_SIZE,
  type Hash,
  type KeyId,
  LeafPreimage,
  type Offset,
  PAYLOAD_DIGEST_AT,
  PREVIOUS_HASH_AT,
  RECORD_HEADER_SEALED_SIZE,
  RECORD_HEADER_SIZE,
  type RecordFields,
  type RecordHeader,
  assert,
  decodeRecordHeader,
  toHash,
  toKeyId,
  toOffset,
} from '@veritydb/types';

import { CRC_SIZE } from './limits.ts';

export type PayloadToAppend =
  | {
      readonly sealing: 'sealed';
      readonly keyId: KeyId;
      readonly cipher: RecordCipher;
      readonly plaintext: Uint8Array;
    }
  | { readonly sealing: 'none'; readonly plaintext: Uint8Array }
  | {
      readonly sealing: 'none';
      /** Bytes of what it will be. */
      readonly size: number;
      /** Makes it from the chain hash of the record before, which may be of the same write. */
      readonly plaintextAfter: (previousHash: Hash) => Uint8Array;
    };

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

/**
 * Records whose payloads are copied or encrypted, then hashed, then summed. Copies in a row wait for memory
 * together, where between hashes each waits alone; and what was copied is still in the cache when it is
 * hashed. A twentieth of the whole at 256 bytes a payload; all records of a write at once gain nothing.
 */
const BLOCK_LENGTH = 64;
/** Bytes that are encrypted by one call of a cipher, at the least, where there are more. */
const ENCRYPT_SIZE = 64 * 1024;
const NO_KEY: KeyId = toKeyId(0);

export class BatchWriter {
  readonly #crypto: Crypto;
  readonly #leaf = new LeafPreimage();
  /** Hash of the newest record, where the header of the next one has it. */
  readonly #lastHash = this.#leaf.header.subarray(PREVIOUS_HASH_AT, PREVIOUS_HASH_AT + HASH_SIZE);
  #buffer = new Uint8Array(4096);
  #view: DataView = new DataView(this.#buffer.buffer);
  /** Associated data of every seal: the header but for the digest of what is sealed. */
  readonly #associatedData = this.#leaf.header.subarray(0, RECORD_HEADER_SEALED_SIZE);

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Bytes that a record takes on disk. */
  static sizeOf(record: RecordToAppend): number {
    return RECORD_HEADER_SIZE + payloadSizeOf(record.payload) + CRC_SIZE;
  }

  /**
   * Encodes the records of one write, as a view that the next write overwrites. Of each its leaf hash goes
   * to `leafHashes`, one behind the other.
   */
  encode(
    start: BatchStart,
    records: readonly RecordToAppend[],
    leafHashes: Uint8Array,
  ): Uint8Array {
    assert(
      leafHashes.length === records.length * HASH_SIZE,
      'leaf hashes are not as many as records',
    );
    this.#leaf.begin(start);
    this.#lastHash.set(start.previousHash);
    let size = 0;
    for (let first = 0; first < records.length; first += BLOCK_LENGTH) {
      const block = records.slice(first, first + BLOCK_LENGTH);
      const end = this.#placePayloads(start.generation, block, start.offset + first, size);
      let at = size;
      for (let index = 0; index < block.length; index += 1) {
        const number = first + index;
        at = this.#encodeRecord(start.offset, block[index] as RecordToAppend, number, at);
        leafHashes.set(this.#lastHash, number * HASH_SIZE);
      }
      this.#writeChecksums(block, size);
      size = end;
    }
    return this.#buffer.subarray(0, size);
  }

  /** Header of the first record of the newest write. */
  firstHeader(): RecordHeader {
    return decodeRecordHeader(this.#buffer.subarray(0, RECORD_HEADER_SIZE));
  }

  /** Puts each payload where it goes, encrypted or as it is; returns where the record behind begins. */
  #placePayloads(
    generation: Generation,
    records: readonly RecordToAppend[],
    offset: number,
    start: number,
  ): number {
    const end = records.reduce((at, record) => at + BatchWriter.sizeOf(record), start);
    this.#reserve(end);
    // What one cipher encrypts without another between: as a rule all of it.
    let placed: PlacedPayload[] = [];
    let size = 0;
    let at = start;
    for (let index = 0; index < records.length; index += 1) {
      const { payload } = records[index] as RecordToAppend;
      const payloadAt = at + RECORD_HEADER_SIZE;
      at = payloadAt + payloadSizeOf(payload) + CRC_SIZE;
      if (payload.sealing === 'none') {
        if ('plaintext' in payload) this.#buffer.set(payload.plaintext, payloadAt);
        continue;
      }
      const { cipher, plaintext } = payload;
      placed.push({ offset: toOffset(offset + index), plaintext, start: payloadAt });
      size += plaintext.length;
      const next = records[index + 1]?.payload;
      const goesOn = next?.sealing === 'sealed' && next.cipher === cipher && size < ENCRYPT_SIZE;
      if (goesOn) continue;
      cipher.encrypt(generation, placed, this.#buffer);
      placed = [];
      size = 0;
    }
    return at;
  }

  /** Writes the header of a record, and makes its payload whole; returns where the next begins. */
  #encodeRecord(firstOffset: number, record: RecordToAppend, index: number, at: number): number {
    const crypto = this.#crypto;
    const leaf = this.#leaf;
    const buffer = this.#buffer;
    const { payload } = record;
    const offset = toOffset(firstOffset + index);
    const payloadSize = payloadSizeOf(payload);
    const payloadAt = at + RECORD_HEADER_SIZE;
    const end = payloadAt + payloadSize;
    leaf.write(record, {
      sealing: payload.sealing,
      payloadSize,
      offset,
      keyId: payload.sealing === 'none' ? NO_KEY : payload.keyId,
      batchIndex: index,
    });
    const digestAt = 1 + PAYLOAD_DIGEST_AT;
    if (payload.sealing === 'sealed') {
      const tagAt = payloadAt + payload.plaintext.length;
      payload.cipher.authenticate(this.#associatedData, buffer, payloadAt, tagAt);
      crypto.sha256Into(buffer, payloadAt, end, leaf.bytes, digestAt);
    } else if ('plaintext' in payload) {
      crypto.sha256Into(payload.plaintext, 0, payloadSize, leaf.bytes, digestAt);
    } else {
      const plaintext = payload.plaintextAfter(toHash(this.#lastHash.slice()));
      assert(plaintext.length === payloadSize, 'a payload is not of the size that was said');
      buffer.set(plaintext, payloadAt);
      crypto.sha256Into(plaintext, 0, payloadSize, leaf.bytes, digestAt);
    }
    buffer.set(leaf.header, at);
    crypto.sha256Into(leaf.bytes, 0, leaf.bytes.length, leaf.bytes, 1 + PREVIOUS_HASH_AT);
    return end + CRC_SIZE;
  }

  /** In a pass of their own: between the hashes of each record CRCs take half as long again. */
  #writeChecksums(records: readonly RecordToAppend[], start: number): void {
    let at = start;
    for (const record of records) {
      const end = at + BatchWriter.sizeOf(record) - CRC_SIZE;
      this.#view.setUint32(end, this.#crypto.crc32(this.#buffer, at, end), true);
      at = end + CRC_SIZE;
    }
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(size, this.#buffer.length * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Bytes of a payload on disk. */
export function payloadSizeOf(payload: PayloadToAppend): number {
  if (payload.sealing === 'sealed') return payload.plaintext.length + TAG_SIZE;
  return 'plaintext' in payload ? payload.plaintext.length : payload.size;
}
