/**
 * DER (ITU-T X.690 §8, §10, §11), as much as time stamps and certificates are made of.
 *
 * One value has one spelling: lengths are definite and minimal, integers minimal, nothing follows the
 * end. A reader goes only where its caller's grammar goes: what the grammar leaves opaque is not looked
 * into, so no input decides how deep it nests.
 */

import { concatBytes, daysFromCivil } from '@veritydb/types';

import { MerkleError } from '../error.ts';

/** Identifier octets. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OBJECT_IDENTIFIER = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** `[number]` around a primitive, or around what is constructed. */
export const context = (number: number): number => 0x80 | number;
export const contextConstructed = (number: number): number => 0xa0 | number;

/** Most bytes of one value: far above any time stamp. */
const SIZE_MAX = 1 << 20;
const IDENTIFIER_SIZE_MAX = 64;
const HIGH_TAG = 0x1f;

export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly bytes: Uint8Array;
}

export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  // Attacker-controlled: every byte.
  constructor(bytes: Uint8Array) {
    if (bytes.length > SIZE_MAX) throw malformed('it is longer than a mebibyte');
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Whether the next value has this tag. */
  nextIs(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  /** The next value, whatever it is. */
  any(): DerElement {
    const start = this.#at;
    const tag = this.#byte();
    if ((tag & HIGH_TAG) === HIGH_TAG) throw malformed('a tag of more than one byte');
    const size = this.#size();
    if (size > this.#bytes.length - this.#at) throw malformed('a value runs over its end');
    const content = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    return { tag, content, bytes: this.#bytes.subarray(start, this.#at) };
  }

  read(tag: number): DerElement {
    const element = this.any();
    if (element.tag !== tag) throw malformed(`tag ${tag} was expected and ${element.tag} found`);
    return element;
  }

  /** A reader of what is inside the next value. */
  inside(tag: number): DerReader {
    return new DerReader(this.read(tag).content);
  }

  sequence(): DerReader {
    return this.inside(SEQUENCE);
  }

  end(): void {
    if (!this.isAtEnd) throw malformed('bytes follow the end of a value');
  }

  /** Big-endian without leading zeros; zero is one zero byte. Negative numbers are refused. */
  unsigned(tag: number = INTEGER): Uint8Array {
    const { content } = this.read(tag);
    const [first, second = 0] = content;
    if (first === undefined || first >= 0x80) throw malformed('a negative or empty integer');
    if (first !== 0 || content.length === 1) return content;
    if (second < 0x80) throw malformed('an integer is not minimal');
    return content.subarray(1);
  }

  /** An integer of at most 31 bits. */
  small(tag: number = INTEGER): number {
    const bytes = this.unsigned(tag);
    if (bytes.length > 4 || (bytes.length === 4 && (bytes[0] as number) >= 0x80)) {
      throw malformed('an integer is too large');
    }
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  boolean(): boolean {
    const { content } = this.read(BOOLEAN);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
      throw malformed('a boolean is neither 00 nor ff');
    }
    return content[0] === 0xff;
  }

  octets(): Uint8Array {
    return this.read(OCTET_STRING).content;
  }

  /** Bits, and how many of the last byte are not in use. */
  bits(): { readonly bytes: Uint8Array; readonly unused: number } {
    const { content } = this.read(BIT_STRING);
    const unused = content[0] ?? 8;
    const bytes = content.subarray(1);
    const padding = (bytes.at(-1) ?? 0) & ((1 << unused) - 1);
    if (unused > 7 || (bytes.length === 0 && unused > 0) || padding !== 0) {
      throw malformed('a bit string has bits that it does not use');
    }
    return { bytes, unused };
  }

  /** Bits that fill whole bytes: keys and signatures. */
  wholeBits(): Uint8Array {
    const { bytes, unused } = this.bits();
    if (unused !== 0) throw malformed('a bit string does not end with a byte');
    return bytes;
  }

  /** An object identifier in dotted form. */
  identifier(): string {
    return identifierText(this.read(OBJECT_IDENTIFIER).content);
  }

  /** UTCTime or GeneralizedTime, as nanoseconds since the Unix epoch. */
  time(): bigint {
    const { tag, content } = this.any();
    return parseTime(tag, String.fromCharCode(...content.subarray(0, 40)), content.length);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed('it ends too early');
    this.#at += 1;
    return byte;
  }

  #size(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw malformed('a length is indefinite');
    if (count > 3) throw malformed('a length is too large');
    let size = 0;
    for (let index = 0; index < count; index += 1) size = size * 256 + this.#byte();
    if (size < 0x80 || size < 2 ** (8 * (count - 1))) throw malformed('a length is not minimal');
    return size;
  }
}

/** Reads one value that is all there is. */
export function readDer<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}

/** Reads what is inside one value up to its end. */
export function readInside<T>(reader: DerReader, tag: number, read: (inner: DerReader) => T): T {
  return readDer(reader.read(tag).content, read);
}

/** Reads all that is inside one value, item by item. */
export function readAll<T>(
  reader: DerReader,
  tag: number,
  read: (inner: DerReader) => T,
): readonly T[] {
  const inner = reader.inside(tag);
  const items: T[] = [];
  while (!inner.isAtEnd) items.push(read(inner));
  return items;
}

function identifierText(content: Uint8Array): string {
  if (content.length === 0 || content.length > IDENTIFIER_SIZE_MAX) {
    throw malformed('an object identifier is empty or too long');
  }
  const arcs: bigint[] = [];
  let arc = 0n;
  let isFresh = true;
  for (const byte of content) {
    if (isFresh && byte === 0x80) throw malformed('an object identifier is not minimal');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    isFresh = byte < 0x80;
    if (!isFresh) continue;
    arcs.push(arc);
    arc = 0n;
  }
  if (!isFresh) throw malformed('an object identifier ends too early');
  const [head = 0n, ...rest] = arcs;
  const first = head < 40n ? 0n : head < 80n ? 1n : 2n;
  return [first, head - 40n * first, ...rest].join('.');
}

/** X.690 §11.7, §11.8, and of years RFC 5280 §4.1.2.5.1. */
function parseTime(tag: number, text: string, size: number): bigint {
  const pattern =
    tag === UTC_TIME
      ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
      : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/;
  const match = pattern.exec(text);
  if (match === null || size !== text.length || (tag !== UTC_TIME && tag !== GENERALIZED_TIME)) {
    throw malformed('a time is not written as it must be');
  }
  const [written = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const year = tag === UTC_TIME ? written + (written < 50 ? 2000 : 1900) : written;
  const days = daysFromCivil({ year, month, day });
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month);
  if (!isDay || hour > 23 || minute > 59 || second > 59) throw malformed('a time does not exist');
  const seconds = BigInt(days) * 86_400n + BigInt(hour * 3600 + minute * 60 + second);
  return seconds * 1_000_000_000n + BigInt((match[7] ?? '').padEnd(9, '0'));
}

function daysOfMonth(year: number, month: number): number {
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  return daysFromCivil({ ...next, day: 1 }) - daysFromCivil({ year, month, day: 1 });
}

/** One value: its tag, its length, and its parts joined. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const size = content.length;
  const bytes =
    size < 0x80 ? [] : size < 0x100 ? [size] : [size >> 16, (size >> 8) & 0xff, size & 0xff];
  const length = bytes[0] === 0 ? bytes.slice(1) : bytes;
  const head = size < 0x80 ? [tag, size] : [tag, 0x80 | length.length, ...length];
  return concatBytes(Uint8Array.from(head), content);
}

/** An integer that is not negative, from big-endian bytes. */
export function derUnsigned(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  const isHigh = (digits[0] as number) >= 0x80;
  return der(INTEGER, isHigh ? Uint8Array.of(0) : new Uint8Array(0), digits);
}

/** An object identifier from its dotted form. */
export function derIdentifier(text: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  const content: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const digits = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) digits.unshift(Number(left & 0x7fn) | 0x80);
    content.push(...digits);
  }
  return der(OBJECT_IDENTIFIER, Uint8Array.from(content));
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_DER', `DER is refused: ${what}`, {
    hint: 'the file was damaged, or is not DER; PEM must be decoded first',
  });
}
