/**
 * Canonical bytes: deterministic CBOR (RFC 8949 §4.2.1) cut down to what commitments need.
 *
 * Arrays, unsigned and negative integers of 64 bits, byte strings, text (valid UTF-8, as given, no
 * normalisation), true, false, null. No floats, no maps, no tags, no indefinite lengths. Every value
 * has exactly one encoding, and {@link CanonicalReader} refuses what {@link CanonicalWriter} would not
 * have written. Written by hand because it stands on the write path (a general library costs 5 to 500
 * times as much); a library is the oracle in the tests.
 */

import { utf8Decode, utf8Write } from './bytes.ts';
import { TypesError, assert } from './error.ts';

const MAJOR_UINT = 0;
const MAJOR_NEGATIVE = 1;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const SIMPLE_FALSE = 0xf4;
const SIMPLE_TRUE = 0xf5;
const SIMPLE_NULL = 0xf6;

/** Longest array, text or byte string that a reader accepts; far above what is written. */
const LENGTH_MAX = 0x7fff_ffff;

const SAFE_MIN = BigInt(Number.MIN_SAFE_INTEGER);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  return argument < 0x10000 ? 3 : 5;
}

export class CanonicalWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #size = 0;
  /** The newest view of all that was written: as a rule the next is as long. */
  #whole: Uint8Array | undefined;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(size: number): void {
    if (this.#size + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#size + size));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
    this.#whole = undefined;
  }

  #head(major: number, argument: number): void {
    this.#reserve(9);
    const lead = major << 5;
    if (argument < 24) {
      this.#bytes[this.#size++] = lead | argument;
    } else if (argument < 0x100) {
      this.#bytes[this.#size++] = lead | 24;
      this.#bytes[this.#size++] = argument;
    } else if (argument < 0x10000) {
      this.#bytes[this.#size++] = lead | 25;
      this.#view.setUint16(this.#size, argument);
      this.#size += 2;
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[this.#size++] = lead | 26;
      this.#view.setUint32(this.#size, argument);
      this.#size += 4;
    } else {
      this.#bytes[this.#size++] = lead | 27;
      this.#view.setUint32(this.#size, Math.floor(argument / 0x1_0000_0000));
      this.#view.setUint32(this.#size + 4, argument % 0x1_0000_0000);
      this.#size += 8;
    }
  }

  /** Begins an array; exactly `count` items must follow. */
  array(count: number): this {
    this.#head(MAJOR_ARRAY, count);
    return this;
  }

  /** An integer from −2^63 to 2^64 − 1. */
  integer(value: number | bigint): this {
    if (typeof value === 'number') {
      assert(Number.isSafeInteger(value), 'canonical integer is not a safe integer');
      if (value >= 0) this.#head(MAJOR_UINT, value);
      else this.#head(MAJOR_NEGATIVE, -1 - value);
      return this;
    }
    if (value >= SAFE_MIN && value <= SAFE_MAX) return this.integer(Number(value));
    assert(value >= -(1n << 63n), 'canonical integer is below −2^63');
    assert(value < 1n << 64n, 'canonical integer is above 2^64 − 1');
    this.#reserve(9);
    this.#bytes[this.#size++] = ((value >= 0n ? MAJOR_UINT : MAJOR_NEGATIVE) << 5) | 27;
    this.#view.setBigUint64(this.#size, value >= 0n ? value : -1n - value);
    this.#size += 8;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#head(MAJOR_BYTES, value.length);
    return this.raw(value);
  }

  text(value: string): this {
    // The head holds the size in bytes, which is known only after writing. It is first guessed as for
    // ASCII, the common case; where it turns out longer, the text makes room before the head is written.
    const start = this.#size;
    this.#reserve(9 + value.length * 3);
    this.#head(MAJOR_TEXT, value.length);
    const guess = this.#size;
    const end = utf8Write(value, this.#bytes, guess);
    const size = end - guess;
    if (size !== value.length) {
      this.#bytes.copyWithin(start + headSize(size), guess, end);
      this.#size = start;
      this.#head(MAJOR_TEXT, size);
    }
    this.#size += size;
    return this;
  }

  boolean(value: boolean): this {
    this.#reserve(1);
    this.#bytes[this.#size++] = value ? SIMPLE_TRUE : SIMPLE_FALSE;
    return this;
  }

  null(): this {
    this.#reserve(1);
    this.#bytes[this.#size++] = SIMPLE_NULL;
    return this;
  }

  /** Bytes that are already canonical, or a tag before them. */
  raw(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#size);
    this.#size += value.length;
    return this;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): this {
    this.#size = 0;
    return this;
  }

  /** Bytes that were written. */
  get size(): number {
    return this.#size;
  }

  /** What was written from a place on, as a view: it stays as it is until the writer is reset. */
  view(start = 0): Uint8Array {
    if (start > 0) return this.#bytes.subarray(start, this.#size);
    if (this.#whole?.length !== this.#size) this.#whole = this.#bytes.subarray(0, this.#size);
    return this.#whole;
  }

  /** What was written, as bytes of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }
}

/** What stands next in a {@link CanonicalReader}. */
export type CanonicalKind = 'integer' | 'bytes' | 'text' | 'array' | 'boolean' | 'null';

/**
 * Reads what {@link CanonicalWriter} writes; anything else is ERR_TYPES_CANONICAL.
 *
 * On a hot path one reader is kept and reset: where none is alive when memory is collected, V8 forgets
 * the class's shape, and with it all code that was optimized for it.
 */
export class CanonicalReader {
  #bytes: Uint8Array;
  #at: number;
  #end: number;

  /** Reads the bytes from `start` up to `end`, in place: they must not change meanwhile. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    assert(start >= 0 && end <= bytes.length, 'canonical bytes are outside of their array');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Goes on with other bytes, as if made for them. */
  reset(bytes: Uint8Array, start: number, end: number): this {
    assert(start >= 0 && end <= bytes.length, 'canonical bytes are outside of their array');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    return this;
  }

  get position(): number {
    return this.#at;
  }

  peek(): CanonicalKind {
    const lead = this.#lead();
    switch (lead >> 5) {
      case MAJOR_UINT:
      case MAJOR_NEGATIVE:
        return 'integer';
      case MAJOR_BYTES:
        return 'bytes';
      case MAJOR_TEXT:
        return 'text';
      case MAJOR_ARRAY:
        return 'array';
      default:
        if (lead === SIMPLE_NULL) return 'null';
        if (lead === SIMPLE_TRUE || lead === SIMPLE_FALSE) return 'boolean';
        throw refused('an item outside the profile');
    }
  }

  #lead(): number {
    if (this.#at >= this.#end) throw refused('the end of the bytes');
    return this.#bytes[this.#at] as number;
  }

  /** The argument of a head of the given major type; a bigint only where it exceeds 2^53 − 1. */
  #argument(major: number): number | bigint {
    const lead = this.#lead();
    if (lead >> 5 !== major) throw refused(`an item of major type ${lead >> 5}`);
    const short = lead & 31;
    if (short >= 24) return this.#longArgument(short);
    this.#at += 1;
    return short;
  }

  #longArgument(short: number): number | bigint {
    if (short > 27) throw refused('an indefinite or reserved length');
    const size = 1 << (short - 24);
    const start = this.#at + 1;
    if (start + size > this.#end) throw refused('the end of the bytes');
    this.#at = start + size;
    let value: number | bigint = 0;
    // Exact up to 53 bits; with more the high half alone says so.
    for (let at = start; at < this.#at; at += 1) value = value * 256 + (this.#bytes[at] as number);
    const least = size === 1 ? 24 : size === 2 ? 0x100 : size === 4 ? 0x10000 : 0x1_0000_0000;
    if (value < least) throw refused('a longer form than needed');
    return value <= Number.MAX_SAFE_INTEGER ? value : this.#bigintBefore(this.#at);
  }

  /** The 64 bits before a place. */
  #bigintBefore(end: number): bigint {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + end - 8, 8).getBigUint64(0);
  }

  #length(major: number): number {
    const length = this.#argument(major);
    if (typeof length === 'bigint' || length > LENGTH_MAX) throw refused('a length out of bounds');
    return length;
  }

  array(): number {
    const count = this.#length(MAJOR_ARRAY);
    // An item is one byte at least: a count beyond what is left is a lie, refused before allocating.
    if (count > this.#end - this.#at) throw refused('a count beyond the end');
    return count;
  }

  /** Begins an array that must hold exactly `count` items. */
  arrayOf(count: number): void {
    const found = this.array();
    if (found !== count) throw refused(`an array of ${found} items rather than ${count}`);
  }

  /** An integer: a number where it is safe, a bigint beyond. */
  integer(): number | bigint {
    if (this.#lead() >> 5 === MAJOR_UINT) return this.#argument(MAJOR_UINT);
    const argument = this.#argument(MAJOR_NEGATIVE);
    if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    const value = -1n - BigInt(argument);
    if (value < -(1n << 63n)) throw refused('an integer below −2^63');
    return value;
  }

  /** A whole number from 0 to 2^53 − 1. */
  count(): number {
    const value = this.integer();
    if (typeof value !== 'number' || value < 0) throw refused('a number out of bounds');
    return value;
  }

  bytes(): Uint8Array {
    const length = this.#length(MAJOR_BYTES);
    const end = this.#skip(length);
    return this.#bytes.slice(end - length, end);
  }

  /** What a function makes of a byte string of one size, handed the bytes around it and where it starts. */
  bytesOf<Made>(size: number, make: (bytes: Uint8Array, start: number) => Made): Made {
    const length = this.#length(MAJOR_BYTES);
    if (length !== size) throw refused(`${length} bytes rather than ${size}`);
    return make(this.#bytes, this.#skip(length) - length);
  }

  text(): string {
    const length = this.#length(MAJOR_TEXT);
    const end = this.#skip(length);
    try {
      return utf8Decode(this.#bytes, end - length, end);
    } catch {
      throw refused('text that is not UTF-8');
    }
  }

  boolean(): boolean {
    const lead = this.#lead();
    if (lead !== SIMPLE_TRUE && lead !== SIMPLE_FALSE) throw refused('an item that is no boolean');
    this.#at += 1;
    return lead === SIMPLE_TRUE;
  }

  null(): null {
    if (!this.nullOrNot()) throw refused('an item that is not null');
    return null;
  }

  /** Reads null if it stands next, and says whether it did. */
  nullOrNot(): boolean {
    if (this.#lead() !== SIMPLE_NULL) return false;
    this.#at += 1;
    return true;
  }

  /** Reads bytes that must be these: heads and tags that are always the same. */
  literal(expected: Uint8Array): void {
    const start = this.#at;
    this.#skip(expected.length);
    for (let index = 0; index < expected.length; index += 1) {
      if (this.#bytes[start + index] !== expected[index]) throw refused('other items than are due');
    }
  }

  /** Passes over one item, whatever it is. Text in it is not looked at. */
  skip(): void {
    for (let left = 1; left > 0; left -= 1) {
      const lead = this.#lead();
      switch (lead >> 5) {
        case MAJOR_UINT:
        case MAJOR_NEGATIVE:
          this.integer();
          break;
        case MAJOR_BYTES:
        case MAJOR_TEXT:
          this.#skip(this.#length(lead >> 5));
          break;
        case MAJOR_ARRAY:
          left += this.array();
          break;
        default:
          if (lead !== SIMPLE_NULL) this.boolean();
          else this.#at += 1;
      }
    }
  }

  /** Asserts that nothing is left. */
  end(): void {
    if (this.#at !== this.#end) throw refused('bytes after the end');
  }

  /** Passes over bytes, and returns where they end. */
  #skip(length: number): number {
    if (length > this.#end - this.#at) throw refused('the end of the bytes');
    this.#at += length;
    return this.#at;
  }
}

function refused(found: string): TypesError {
  return new TypesError('ERR_TYPES_CANONICAL', `not canonical: found ${found}`);
}
