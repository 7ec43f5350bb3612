/**
 * What a data key does for records: it seals their payloads, hides the values of rows, and gives the salts
 * of their commitments. Everything comes from the position of a record, so nothing is stored beside it.
 *
 * HKDF-SHA-256(data key, info "veritydb record v1") gives 64 bytes: an AES-256 key, and a key of MACs. The
 * AES key is used in counter mode (SP 800-38A §6.5). A counter block is, big-endian,
 *
 *     generation u32 ‖ offset u48 ‖ row u24 ‖ index u24
 *
 * - row 0 … 2^24 − 2, index below 2^23: the block is the salt of the row's digest of that index;
 * - row 0 … 2^24 − 2, index from 2^23: keystream that hides the row's values;
 * - row 2^24 − 1: keystream of the record's payload, index from 0.
 *
 * An offset is written once in a generation, and a recovery starts a new one: so no block is used twice
 * under a key, and (key, generation, offset, row) is the nonce that never repeats. Salts that are disclosed
 * say nothing of the rest: AES is a permutation that nobody tells from a random one.
 *
 * A payload is authenticated: encrypt-then-MAC, as in RFC 9605 §4.5.1, with HMAC-SHA-256 truncated to 16
 * bytes over associated data ‖ ciphertext. A row's values are hidden under the key of their data subject
 * within a payload that is sealed already; the eight zero bytes before them tell a key that is not theirs.
 *
 * Why not GCM: a call of it costs five to seven microseconds in Node whatever its size, and a record of one
 * row would need three. One cipher that stays, and blocks that are counted here, cost one.
 */

import { type Generation, type Offset, SizedViews, assert, utf8Encode } from '@veritydb/types';

import { AES_KEY_SIZE, type BlockCipher, type Crypto, TAG_SIZE } from './crypto.ts';
import { openFailed } from './error.ts';
import { clearBytes, constantTimeEqual } from './nonce.ts';

export const SALT_SIZE = 16;
const BLOCK_SIZE = 16;
const KEY_INFO = utf8Encode('veritydb record v1');
const NO_SALT = new Uint8Array(0);
/** Index of the first block of a row's keystream: salts stand below it. */
const KEYSTREAM_INDEX = 0x80_0000;
const PAYLOAD_ROW = 0xff_ffff;
const INDEX_COUNT = 0x100_0000;
/** Zero bytes before a row's values. */
const CHECK_SIZE = 8;
const SHORT_SIZE_MAX = 1024;

/** Where a record stands: no two that a key seals stand at one. */
export interface Position {
  readonly generation: Generation;
  readonly offset: Offset;
}

/** A row with its values hidden, and the salts of its digests. */
export interface HiddenRow {
  /** {@link SALT_SIZE} bytes for each digest, in digest order. */
  readonly salts: Uint8Array;
  /** Its values, hidden. */
  readonly bytes: Uint8Array;
}

/** A payload that goes into the log, and where its ciphertext goes. */
export interface PlacedPayload {
  readonly offset: Offset;
  readonly plaintext: Uint8Array;
  /** Place of the first byte in the target. */
  readonly start: number;
}

/** What one data key does for records. */
export interface RecordCipher {
  /** Salts of all digests of one row, in digest order. */
  salts(at: Position, row: number, digestCount: number): Uint8Array;
  /**
   * Hides a row's values, and derives its salts: one cipher call, of whose output both are views. Places
   * follow one another.
   */
  hideRow(at: Position, row: number, digestCount: number, values: Uint8Array): HiddenRow;
  /**
   * Shows a row's values again.
   *
   * @throws {CryptoError} ERR_CRYPTO_OPEN when this is not the key, or not the place, that they were hidden
   * under
   */
  showRow(at: Position, row: number, hidden: Uint8Array): Uint8Array;
  /**
   * Encrypts payloads into `target`, all in one cipher call: the first half of sealing them, which needs no
   * more than their places. Places follow one another.
   */
  encrypt(generation: Generation, payloads: readonly PlacedPayload[], target: Uint8Array): void;
  /** The second half: puts {@link TAG_SIZE} bytes behind the ciphertext that is `target[start, end)`. */
  authenticate(associatedData: Uint8Array, target: Uint8Array, start: number, end: number): void;
  /**
   * Opens a payload.
   *
   * @throws {CryptoError} ERR_CRYPTO_OPEN when anything of it, or of the associated data, was changed
   */
  open(at: Position, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array;
  /** Lets go of all that was derived from the key. */
  clear(): void;
}

let blocks = new SizedViews(64 * BLOCK_SIZE);
let words: DataView = new DataView(blocks.bytes.buffer);
let message = new SizedViews(1024);

/** Room for so many blocks, which the next call takes again. */
function reserve(count: number): void {
  if (count * BLOCK_SIZE <= blocks.bytes.length) return;
  blocks = new SizedViews(Math.max(2 * blocks.bytes.length, count * BLOCK_SIZE));
  words = new DataView(blocks.bytes.buffer);
}

/** Blocks that so many bytes take. */
function blockCount(size: number): number {
  return Math.ceil(size / BLOCK_SIZE);
}

/** Counter blocks of one row from an index on, put behind `start` others. */
function countBlocks(
  { generation, offset }: Position,
  row: number,
  index: number,
  start: number,
  end: number,
): void {
  assert(offset < 2 ** 48, 'offset does not fit a counter block');
  assert(index + end - start <= INDEX_COUNT, 'index does not fit a counter block');
  const low = offset % 0x1_0000_0000;
  const second = (Math.floor(offset / 0x1_0000_0000) << 16) | (low >>> 16);
  const third = ((low & 0xffff) << 16) | (row >>> 8);
  const fourth = (row & 0xff) << 24;
  for (let block = start; block < end; block += 1) {
    const at = block * BLOCK_SIZE;
    words.setUint32(at, generation);
    words.setUint32(at + 4, second);
    words.setUint32(at + 8, third);
    words.setUint32(at + 12, fourth | (index + block - start));
  }
}

/** The last place at which a key hid something: it hides there no second time, and nowhere before it. */
class LastPlace {
  #generation = -1;
  #offset = -1;
  #row = -1;

  advance({ generation, offset }: Position, row: number): void {
    const isLater =
      generation > this.#generation ||
      (generation === this.#generation &&
        (offset > this.#offset || (offset === this.#offset && row > this.#row)));
    assert(isLater, 'a key would hide two plaintexts at one place');
    this.#generation = generation;
    this.#offset = offset;
    this.#row = row;
  }
}

/** The one implementation, over the primitives of either provider. */
export class CounterRecordCipher implements RecordCipher {
  readonly #crypto: Pick<Crypto, 'hmacSha256Into'>;
  readonly #cipher: BlockCipher;
  readonly #macKey: Uint8Array;
  readonly #lastRow = new LastPlace();
  readonly #lastPayload = new LastPlace();

  /** @param dataKey 32 bytes; they may be cleared afterwards */
  constructor(
    crypto: Pick<Crypto, 'blockCipher' | 'hkdfSha256' | 'hmacSha256Into'>,
    dataKey: Uint8Array,
  ) {
    this.#crypto = crypto;
    assert(dataKey.length === AES_KEY_SIZE, 'data key is not 32 bytes');
    const keys = crypto.hkdfSha256(dataKey, NO_SALT, KEY_INFO, 2 * AES_KEY_SIZE);
    this.#cipher = crypto.blockCipher(keys.subarray(0, AES_KEY_SIZE));
    this.#macKey = keys.slice(AES_KEY_SIZE);
    clearBytes(keys);
  }

  salts(at: Position, row: number, digestCount: number): Uint8Array {
    assertRow(row, digestCount);
    reserve(digestCount);
    countBlocks(at, row, 0, 0, digestCount);
    return this.#cipher.encrypt(blocks.of(digestCount * BLOCK_SIZE));
  }

  hideRow(at: Position, row: number, digestCount: number, values: Uint8Array): HiddenRow {
    assertRow(row, digestCount);
    this.#lastRow.advance(at, row);
    const size = CHECK_SIZE + values.length;
    const total = digestCount + blockCount(size);
    reserve(total);
    countBlocks(at, row, 0, 0, digestCount);
    countBlocks(at, row, KEYSTREAM_INDEX, digestCount, total);
    const encrypted = this.#cipher.encrypt(blocks.of(total * BLOCK_SIZE));
    const saltsSize = digestCount * SALT_SIZE;
    xor(encrypted, saltsSize + CHECK_SIZE, values);
    return {
      salts: encrypted.subarray(0, saltsSize),
      bytes: encrypted.subarray(saltsSize, saltsSize + size),
    };
  }

  showRow(at: Position, row: number, hidden: Uint8Array): Uint8Array {
    assertRow(row, 0);
    // Attacker-controlled: whoever can write the file can write this.
    if (hidden.length < CHECK_SIZE) throw openFailed();
    const total = blockCount(hidden.length);
    reserve(total);
    countBlocks(at, row, KEYSTREAM_INDEX, 0, total);
    const keystream = this.#cipher.encrypt(blocks.of(total * BLOCK_SIZE));
    if (!constantTimeEqual(keystream.subarray(0, CHECK_SIZE), hidden.subarray(0, CHECK_SIZE))) {
      throw openFailed();
    }
    xor(keystream, CHECK_SIZE, hidden.subarray(CHECK_SIZE));
    return keystream.subarray(CHECK_SIZE, hidden.length);
  }

  encrypt(generation: Generation, payloads: readonly PlacedPayload[], target: Uint8Array): void {
    reserve(payloads.reduce((total, { plaintext }) => total + blockCount(plaintext.length), 0));
    let count = 0;
    for (const { offset, plaintext, start } of payloads) {
      const at = { generation, offset };
      this.#lastPayload.advance(at, 0);
      assert(start + plaintext.length <= target.length, 'a payload does not fit its target');
      const end = count + blockCount(plaintext.length);
      countBlocks(at, PAYLOAD_ROW, 0, count, end);
      count = end;
    }
    const keystream = this.#cipher.encrypt(blocks.of(count * BLOCK_SIZE));
    const [into, stream] = [viewOf(target), viewOf(keystream)];
    let from = 0;
    for (const { plaintext, start } of payloads) {
      target.set(plaintext, start);
      xorWords(into, start, stream, from, plaintext.length);
      from += blockCount(plaintext.length) * BLOCK_SIZE;
    }
  }

  authenticate(associatedData: Uint8Array, target: Uint8Array, start: number, end: number): void {
    this.#writeTag(associatedData, { bytes: target, start, end }, target, end);
  }

  open(at: Position, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    // Attacker-controlled: bytes from a disk or a peer, of any length.
    const size = sealed.length - TAG_SIZE;
    if (size < 0) throw openFailed();
    const tag = new Uint8Array(TAG_SIZE);
    this.#writeTag(associatedData, { bytes: sealed, start: 0, end: size }, tag, 0);
    if (!constantTimeEqual(tag, sealed.subarray(size))) throw openFailed();
    const total = blockCount(size);
    reserve(total);
    countBlocks(at, PAYLOAD_ROW, 0, 0, total);
    const keystream = this.#cipher.encrypt(blocks.of(total * BLOCK_SIZE));
    xor(keystream, 0, sealed.subarray(0, size));
    return keystream.subarray(0, size);
  }

  clear(): void {
    this.#cipher.clear();
    clearBytes(this.#macKey);
  }

  #writeTag(
    associatedData: Uint8Array,
    ciphertext: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
    target: Uint8Array,
    at: number,
  ): void {
    const { bytes, start, end } = ciphertext;
    const size = associatedData.length + end - start;
    if (size > message.bytes.length) message = new SizedViews(size);
    const input = message.bytes;
    input.set(associatedData);
    if (size > SHORT_SIZE_MAX) {
      input.set(bytes.subarray(start, end), associatedData.length);
    } else {
      // Of little a copy by hand is cheaper than a view.
      const shift = associatedData.length - start;
      for (let from = start; from < end; from += 1) input[from + shift] = bytes[from] as number;
    }
    this.#crypto.hmacSha256Into(this.#macKey, message.of(size), target, at, TAG_SIZE);
  }
}

function viewOf({ buffer, byteLength, byteOffset }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** XORs `source[from, from + size)` to what stands in `target` from `start` on, four bytes at a time. */
function xorWords(
  target: DataView,
  start: number,
  source: DataView,
  from: number,
  size: number,
): void {
  let index = 0;
  for (; index + 4 <= size; index += 4) {
    const word = target.getUint32(start + index) ^ source.getUint32(from + index);
    target.setUint32(start + index, word);
  }
  for (; index < size; index += 1) {
    target.setUint8(start + index, target.getUint8(start + index) ^ source.getUint8(from + index));
  }
}

function xor(target: Uint8Array, start: number, source: Uint8Array): void {
  for (let index = 0; index < source.length; index += 1) {
    target[start + index] = (target[start + index] as number) ^ (source[index] as number);
  }
}

function assertRow(row: number, digestCount: number): void {
  assert(row >= 0 && row < PAYLOAD_ROW, 'row does not fit a counter block');
  assert(digestCount < KEYSTREAM_INDEX, 'digests do not fit counter blocks');
}
