/**
 * Reads lines of data/<table>.ndjson straight from their bytes into the canonical bytes of their values:
 * one pass, no text, no value. A line has one spelling (RFC 8785, and of each value the JSON of its type),
 * so what is read so needs not be written back to compare.
 *
 * The common spellings are read byte by byte. All others, such as text with escapes or a time stamp, are
 * cut out and go the long way: JSON, value, and back.
 */

import {
  CanonicalWriter,
  type ColumnType,
  type JsonValue,
  civilFromDays,
  daysFromCivil,
  utf8Decode,
  utf8Encode,
  valueFromJson,
  writeValue,
} from '@veritydb/types';

import type { DataColumn } from './data-line.ts';
import { membersOf } from './data-line.ts';
import { BundleError } from './error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NULL: Uint8Array = utf8Encode('null');
const TRUE: Uint8Array = utf8Encode('true');
const FALSE: Uint8Array = utf8Encode('false');
/** array(2), text "date". */
const DATE_HEAD: readonly number[] = [0x82, 0x64, 0x64, 0x61, 0x74, 0x65];
/** array(2), text "uuid", head of 16 bytes. */
const UUID_HEAD: readonly number[] = [0x82, 0x64, 0x75, 0x75, 0x69, 0x64, 0x50];
const INTEGER_MAX = 2 ** 31 - 1;
const HEX: Uint8Array = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit += 1) HEX[digit.toString(16).charCodeAt(0)] = digit;

interface Member {
  /** Index of its column. */
  readonly column: number;
  readonly name: string;
  readonly type: ColumnType;
  /** What stands before its value. */
  readonly before: Uint8Array;
}

export class CanonicalValueReader {
  /** Canonical bytes of the values of the line read last: `bytes[starts[column], ends[column])`. */
  bytes: Uint8Array = new Uint8Array(4096);
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly #members: readonly Member[];
  readonly #writer = new CanonicalWriter(256);
  #line: Uint8Array = this.bytes;
  #at = 0;
  #end = 0;
  #size = 0;

  /** Requires columns of distinct names, and at least one. */
  constructor(columns: readonly DataColumn[]) {
    this.starts = new Uint32Array(columns.length);
    this.ends = new Uint32Array(columns.length);
    this.#members = membersOf(columns).map(({ index, before }) => {
      const { name, type } = columns[index] as DataColumn;
      return { column: index, name, type, before: utf8Encode(before) };
    });
  }

  /**
   * Reads the line `line[start, end)`, which comes without its line feed.
   *
   * @throws {BundleError} ERR_BUNDLE_LINE
   */
  read(line: Uint8Array, start: number, end: number): void {
    // Attacker-controlled: any bytes.
    this.#line = line;
    this.#at = start;
    this.#end = end;
    this.#size = 0;
    // No value is longer in canonical bytes than in JSON by more than its heads.
    const room = end - start + 32 * this.#members.length;
    if (this.bytes.length < room) this.bytes = new Uint8Array(room * 2);
    for (const member of this.#members) {
      if (!this.#skip(member.before))
        throw refused('the line is not in its one canonical spelling');
      this.starts[member.column] = this.#size;
      this.#value(member);
      this.ends[member.column] = this.#size;
    }
    if (this.#at !== end - 1 || line[this.#at] !== 0x7d) {
      throw refused('the line is not in its one canonical spelling');
    }
  }

  #skip(expected: Uint8Array): boolean {
    const { length } = expected;
    if (this.#at + length > this.#end) return false;
    for (let index = 0; index < length; index += 1) {
      if (this.#line[this.#at + index] !== expected[index]) return false;
    }
    this.#at += length;
    return true;
  }

  #value(member: Member): void {
    const first = this.#at < this.#end ? (this.#line[this.#at] as number) : 0;
    if (first === NULL[0] && this.#skip(NULL)) {
      this.bytes[this.#size++] = 0xf6;
      return;
    }
    const start = this.#at;
    if (this.#common(member.type)) return;
    this.#at = start;
    this.#any(member);
  }

  /** Reads a value in one of the common spellings, and says whether it was one. */
  #common(type: ColumnType): boolean {
    if (type === 'text') return this.#text();
    if (type === 'integer') return this.#integer();
    if (type === 'date') return this.#date();
    if (type === 'uuid') return this.#uuid();
    return type === 'boolean' && this.#boolean();
  }

  #boolean(): boolean {
    if (this.#skip(TRUE)) this.bytes[this.#size++] = 0xf5;
    else if (this.#skip(FALSE)) this.bytes[this.#size++] = 0xf4;
    else return false;
    return true;
  }

  /** An integer of 32 bits without leading zeros. */
  #integer(): boolean {
    const line = this.#line;
    const isNegative = line[this.#at] === MINUS;
    const start = isNegative ? this.#at + 1 : this.#at;
    let at = start;
    let number = 0;
    while (at < this.#end && at - start < 11) {
      const digit = (line[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      at += 1;
    }
    const count = at - start;
    if (count === 0 || (count > 1 && line[start] === ZERO)) return false;
    if (isNegative && number === 0) return false;
    if (number > (isNegative ? INTEGER_MAX + 1 : INTEGER_MAX)) return false;
    this.#at = at;
    this.#head(isNegative ? 0x20 : 0, isNegative ? number - 1 : number);
    return true;
  }

  /** Text of printable ASCII without escapes. */
  #text(): boolean {
    const line = this.#line;
    const end = this.#end;
    if (line[this.#at] !== QUOTE) return false;
    const start = this.#at + 1;
    let at = start;
    while (at < end) {
      const byte = line[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return false;
      at += 1;
    }
    if (at >= end) return false;
    this.#at = at + 1;
    this.#head(0x60, at - start);
    const { bytes } = this;
    let size = this.#size;
    for (let from = start; from < at; from += 1) bytes[size++] = line[from] as number;
    this.#size = size;
    return true;
  }

  #uuid(): boolean {
    const line = this.#line;
    let at = this.#at;
    if (at + 38 > this.#end || line[at] !== QUOTE || line[at + 37] !== QUOTE) return false;
    let size = this.#putAll(UUID_HEAD);
    at += 1;
    for (let index = 0; index < 16; index += 1) {
      if (index === 4 || index === 6 || index === 8 || index === 10) {
        if (line[at] !== MINUS) return false;
        at += 1;
      }
      const high = HEX[line[at] as number] as number;
      const low = HEX[line[at + 1] as number] as number;
      if (high > 15 || low > 15) return false;
      this.bytes[size++] = (high << 4) | low;
      at += 2;
    }
    this.#at = at + 1;
    this.#size = size;
    return true;
  }

  #date(): boolean {
    const line = this.#line;
    const at = this.#at;
    if (at + 12 > this.#end || line[at] !== QUOTE || line[at + 11] !== QUOTE) return false;
    if (line[at + 5] !== MINUS || line[at + 8] !== MINUS) return false;
    const year = this.#digits(at + 1, 4);
    const month = this.#digits(at + 6, 2);
    const day = this.#digits(at + 9, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    const days = daysFromCivil({ year, month, day });
    // The 31st of April comes back as another day.
    if (day > 28 && civilFromDays(days).day !== day) return false;
    this.#size = this.#putAll(DATE_HEAD);
    this.#at = at + 12;
    this.#head(days < 0 ? 0x20 : 0, days < 0 ? -1 - days : days);
    return true;
  }

  /** So many decimal digits as a number, or −1. */
  #digits(start: number, count: number): number {
    let number = 0;
    for (let at = start; at < start + count; at += 1) {
      const digit = (this.#line[at] as number) - ZERO;
      if (digit < 0 || digit > 9) return -1;
      number = number * 10 + digit;
    }
    return number;
  }

  /** Any value, by way of its JSON. */
  #any({ name, type }: Member): void {
    const text = this.#cut();
    let json: JsonValue;
    try {
      json = JSON.parse(text) as JsonValue;
      const value = valueFromJson(type, json);
      writeValue(this.#writer.reset(), type, value);
    } catch {
      throw refused(`${name} holds no value of type ${type}`);
    }
    if (JSON.stringify(json) !== text) {
      throw refused('the line is not in its one canonical spelling');
    }
    const written = this.#writer.view();
    const room = this.#size + written.length + (this.#end - this.#at) + 32 * this.#members.length;
    if (room > this.bytes.length) {
      const grown = new Uint8Array(room * 2);
      grown.set(this.bytes.subarray(0, this.#size));
      this.bytes = grown;
    }
    this.bytes.set(written, this.#size);
    this.#size += written.length;
  }

  /** The text of the scalar that stands next. */
  #cut(): string {
    const line = this.#line;
    const start = this.#at;
    let at = start;
    if (line[at] === QUOTE) {
      at += 1;
      while (at < this.#end && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1;
      at += 1;
    } else {
      while (at < this.#end && line[at] !== 0x2c && line[at] !== 0x7d) at += 1;
    }
    this.#at = Math.min(at, this.#end);
    try {
      return utf8Decode(line, start, this.#at);
    } catch {
      throw refused('the line is not JSON in UTF-8');
    }
  }

  #putAll(head: readonly number[]): number {
    let size = this.#size;
    for (let index = 0; index < head.length; index += 1) this.bytes[size++] = head[index] as number;
    return size;
  }

  /** RFC 8949 §4.2.1: the shortest head. */
  #head(major: number, argument: number): void {
    const { bytes } = this;
    if (argument < 24) {
      bytes[this.#size++] = major | argument;
      return;
    }
    const size = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : 4;
    bytes[this.#size++] = major | (size === 1 ? 24 : size === 2 ? 25 : 26);
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes[this.#size++] = (argument >>> shift) & 0xff;
    }
  }
}

function refused(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_LINE', what);
}
