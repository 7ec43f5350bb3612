/**
 * Keys of rows and indexes, such that the order of bytes is the order of SQL.
 *
 * A key is the encoding of its columns, one after the other. Each is prefix-free, so keys of the same
 * columns are too, and the encoding of the first columns is the prefix of all keys that begin with
 * those values: what begins with `prefix` stands from `prefix` on and before `prefix` ‖ FF.
 *
 * - NULL: 02, after whatever is present (NULLS LAST)
 * - present: 01, then
 *   - integer, bigint, date, timestamp: 8 bytes, big-endian, the sign bit inverted
 *   - text, json, bytes: the bytes (of UTF-8) with 00 written as 00 FF, then 00 00
 *   - uuid: its 16 bytes
 *   - boolean: 00 or 01
 *   - decimal, as 0.d₁d₂… × 10^e with d₁ ≠ 0 and no zero last: sign (00 negative, 01 zero, 02 positive);
 *     unless zero, e + 128 and the digits two by two, each pair plus 1, then 00; all of those inverted
 *     where negative. 1.50 and 1.5 are one key.
 */

import {
  type ColumnType,
  type Decimal,
  type Row,
  SizedViews,
  type Value,
  assert,
  isValueOf,
  unreachable,
  utf8Encode,
  uuidToBytes,
} from '@veritydb/types';

import { writeUint32 } from './integer.ts';

const PRESENT = 1;
const NULL = 2;
const EXPONENT_BIAS = 128;

/** The longest encoding of a value of fixed size or of a decimal, its first byte with it. */
const SHORT_SIZE_MAX = 24;

let views = new SizedViews(256);
let scratch = views.bytes;

/** The key of values of column types. Keys of one list of types are ordered as their values are. */
export function encodeKey(types: readonly ColumnType[], values: Row): Uint8Array {
  return keyToSeek(types, values).slice();
}

/** The same, good until the next key is encoded: for who looks it up and keeps nothing of it. */
export function keyToSeek(types: readonly ColumnType[], values: Row): Uint8Array {
  assert(types.length === values.length, 'key has another number of values than types');
  let at = 0;
  for (let index = 0; index < types.length; index += 1) {
    at = writeColumn(at, types[index] as ColumnType, values[index] as Value);
  }
  return views.of(at);
}

/** The least key above every key that begins with these bytes; none where they are all 0xff. */
export function keyAfter(key: Uint8Array): Uint8Array | undefined {
  for (let index = key.length - 1; index >= 0; index -= 1) {
    const byte = key[index] as number;
    if (byte === 0xff) continue;
    const next = key.slice(0, index + 1);
    next[index] = byte + 1;
    return next;
  }
  return undefined;
}

function reserve(size: number): void {
  if (size <= scratch.length) return;
  views = new SizedViews(Math.max(2 * scratch.length, size));
  views.bytes.set(scratch);
  scratch = views.bytes;
}

/** Writes one column at a place and returns the place after it. */
function writeColumn(at: number, type: ColumnType, value: Value): number {
  assert(isValueOf(type, value), 'key value is not one of its type');
  reserve(at + SHORT_SIZE_MAX);
  if (value === null) {
    scratch[at] = NULL;
    return at + 1;
  }
  scratch[at] = PRESENT;
  switch (type) {
    case 'integer':
    case 'date':
      return writeInteger(at + 1, value as number);
    case 'bigint':
    case 'timestamp':
      return writeBigint(at + 1, value as bigint);
    case 'text':
    case 'json':
      return writeEscaped(at + 1, utf8Encode(value as string));
    case 'bytes':
      return writeEscaped(at + 1, value as Uint8Array);
    case 'uuid':
      uuidToBytes(value as string, scratch, at + 1);
      return at + 17;
    case 'boolean':
      scratch[at + 1] = value === true ? 1 : 0;
      return at + 2;
    case 'decimal':
      return writeDecimal(at + 1, value as Decimal);
    default:
      return unreachable(type);
  }
}

/** 32 bits, in the 8 bytes of a bigint, so that a column can be widened and keep its keys. */
function writeInteger(at: number, value: number): number {
  writeUint32(scratch, at, value < 0 ? 0x7fff_ffff : 0x8000_0000);
  writeUint32(scratch, at + 4, value);
  return at + 8;
}

function writeBigint(at: number, value: bigint): number {
  const unsigned = value + (1n << 63n);
  writeUint32(scratch, at, Number(unsigned >> 32n));
  writeUint32(scratch, at + 4, Number(unsigned & 0xffff_ffffn));
  return at + 8;
}

function writeEscaped(start: number, bytes: Uint8Array): number {
  reserve(start + 2 * bytes.length + 2);
  let at = start;
  for (const byte of bytes) {
    scratch[at++] = byte;
    if (byte === 0) scratch[at++] = 0xff;
  }
  scratch[at++] = 0;
  scratch[at++] = 0;
  return at;
}

function writeDecimal(start: number, value: Decimal): number {
  const isNegative = value.unscaled < 0n;
  if (value.unscaled === 0n) {
    scratch[start] = 1;
    return start + 1;
  }
  scratch[start] = isNegative ? 0 : 2;
  const written = String(isNegative ? -value.unscaled : value.unscaled);
  const digits = written.replace(/0+$/, '');
  const inversion = isNegative ? 0xff : 0;
  let at = start + 1;
  scratch[at++] = (written.length - value.scale + EXPONENT_BIAS) ^ inversion;
  for (let index = 0; index < digits.length; index += 2) {
    const pair = Number(digits.slice(index, index + 2).padEnd(2, '0'));
    scratch[at++] = (pair + 1) ^ inversion;
  }
  scratch[at++] = inversion;
  return at;
}
