/**
 * Values of columns, their canonical bytes and their JSON.
 *
 * A value carries no type of its own: its column does. In memory:
 *
 * | column type | value | JSON |
 * |---|---|---|
 * | integer | number, 32 bits, signed | number |
 * | bigint | bigint, 64 bits, signed | number up to 2^53 − 1, text beyond |
 * | decimal | {@link Decimal}, 38 digits | text |
 * | text | string without lone surrogates | text |
 * | boolean | boolean | true, false |
 * | date | number, days since 1970-01-01 | `YYYY-MM-DD` |
 * | timestamp | bigint, microseconds since the epoch, UTC | `YYYY-MM-DDThh:mm:ss[.ffffff]Z` |
 * | uuid | string, lower case with hyphens | text |
 * | bytes | Uint8Array | base64 |
 * | json | string, RFC 8785 text | text |
 */

import {
  base64ToBytes,
  bytesToBase64,
  compareBytes,
  uuidFromBytes,
  uuidToBytes,
  isWellFormed,
} from './bytes.ts';
import { type CanonicalReader, CanonicalWriter } from './canonical.ts';
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from './civil-time.ts';
import {
  type Decimal,
  compareDecimals,
  formatDecimal,
  isDecimal,
  parseDecimal,
} from './decimal.ts';
import { TypesError, assert, unreachable } from './error.ts';
import { type JsonValue, canonicalJson, parseJson } from './json.ts';

export const COLUMN_TYPES = [
  'integer',
  'bigint',
  'decimal',
  'text',
  'boolean',
  'date',
  'timestamp',
  'uuid',
  'bytes',
  'json',
] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export type Value = null | boolean | number | bigint | string | Uint8Array | Decimal;
export type Row = readonly Value[];

/** Years 0001 to 9999, in days since the epoch. */
export const DATE_MIN = -719_162;
export const DATE_MAX = 2_932_896;
const TIMESTAMP_MIN = BigInt(DATE_MIN) * 86_400_000_000n;
const TIMESTAMP_MAX = (BigInt(DATE_MAX) + 1n) * 86_400_000_000n - 1n;
const BIGINT_MIN = -(1n << 63n);
const BIGINT_MAX = (1n << 63n) - 1n;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a value is one that a column of this type can hold; NULL is one of each. */
export function isValueOf(type: ColumnType, value: Value): boolean {
  if (value === null) return true;
  switch (type) {
    case 'integer':
      return typeof value === 'number' && (value | 0) === value && !Object.is(value, -0);
    case 'bigint':
      return typeof value === 'bigint' && value >= BIGINT_MIN && value <= BIGINT_MAX;
    case 'decimal':
      return isDecimal(value);
    case 'text':
      return typeof value === 'string' && isWellFormed(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'date':
      return (
        Number.isInteger(value) && (value as number) >= DATE_MIN && (value as number) <= DATE_MAX
      );
    case 'timestamp':
      return typeof value === 'bigint' && value >= TIMESTAMP_MIN && value <= TIMESTAMP_MAX;
    case 'uuid':
      return typeof value === 'string' && UUID.test(value);
    case 'bytes':
      return value instanceof Uint8Array;
    case 'json':
      return typeof value === 'string' && isCanonicalJson(value);
    default:
      return unreachable(type);
  }
}

function isCanonicalJson(text: string): boolean {
  try {
    return canonicalJson(parseJson(text)) === text;
  } catch {
    return false;
  }
}

/** Writes the canonical bytes of a value. Requires `isValueOf(type, value)`. */
export function writeValue(writer: CanonicalWriter, type: ColumnType, value: Value): void {
  if (value === null) {
    writer.null();
    return;
  }
  switch (type) {
    case 'integer':
    case 'bigint':
      writer.integer(value as number | bigint);
      return;
    case 'text':
      writer.text(value as string);
      return;
    case 'boolean':
      writer.boolean(value as boolean);
      return;
    case 'bytes':
      writer.bytes(value as Uint8Array);
      return;
    case 'decimal':
      writer.raw(DECIMAL_TAG).text(formatDecimal(value as Decimal));
      return;
    case 'date':
      writer.raw(DATE_TAG).integer(value as number);
      return;
    case 'timestamp':
      writer.raw(TIMESTAMP_TAG).integer(value as bigint);
      return;
    case 'uuid':
      uuidToBytes(value as string, uuidScratch, 0);
      writer.raw(UUID_TAG).bytes(uuidScratch);
      return;
    case 'json':
      writer.raw(JSON_TAG).text(value as string);
      return;
    default:
      unreachable(type);
  }
}

const uuidScratch = new Uint8Array(16);

/**
 * Reads the canonical bytes of a value of a type.
 *
 * @throws {TypesError} ERR_TYPES_CANONICAL when the bytes are of another type or out of its range
 */
export function readValue(reader: CanonicalReader, type: ColumnType): Value {
  return reader.nullOrNot() ? null : readPresentValue(reader, type);
}

/** What was read is checked where bytes of the type's form can be none of its values. */
function readPresentValue(reader: CanonicalReader, type: ColumnType): Value {
  switch (type) {
    case 'integer':
      return valueOf(type, reader.integer());
    case 'bigint':
      return bigintOf(type, reader.integer());
    case 'text':
      return reader.text();
    case 'boolean':
      return reader.boolean();
    case 'bytes':
      return reader.bytes();
    case 'decimal':
      reader.literal(DECIMAL_TAG);
      return valueOf(type, readDecimal(reader.text()));
    case 'date':
      reader.literal(DATE_TAG);
      return valueOf(type, reader.integer());
    case 'timestamp':
      reader.literal(TIMESTAMP_TAG);
      return bigintOf(type, reader.integer());
    case 'uuid':
      reader.literal(UUID_TAG);
      return reader.bytesOf(16, uuidFromBytes);
    case 'json':
      reader.literal(JSON_TAG);
      return valueOf(type, reader.text());
    default:
      return unreachable(type);
  }
}

/** What stands before the value of a type that is written as `[type, value]`, so that no other type's can pass for it. */
const DECIMAL_TAG: Uint8Array = tagOf('decimal');
const DATE_TAG: Uint8Array = tagOf('date');
const TIMESTAMP_TAG: Uint8Array = tagOf('timestamp');
const UUID_TAG: Uint8Array = tagOf('uuid');
const JSON_TAG: Uint8Array = tagOf('json');

function tagOf(type: ColumnType): Uint8Array {
  return new CanonicalWriter().array(2).text(type).finish();
}

function valueOf(type: ColumnType, value: Value): Value {
  if (isValueOf(type, value)) return value;
  throw new TypesError('ERR_TYPES_CANONICAL', `not canonical: no value of type ${type}`);
}

/** Every safe integer is a bigint and a timestamp: only beyond is the range looked at. */
function bigintOf(type: 'bigint' | 'timestamp', value: number | bigint): Value {
  return typeof value === 'number' ? BigInt(value) : valueOf(type, value);
}

/** A decimal in the one spelling that is written: `01` and `-0` are other bytes for the same value. */
function readDecimal(text: string): Decimal {
  try {
    const value = parseDecimal(text);
    if (formatDecimal(value) === text) return value;
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
  }
  throw new TypesError('ERR_TYPES_CANONICAL', 'not canonical: no value of type decimal');
}

/** A value as JSON (see the table at the head of the module). Requires `isValueOf(type, value)`. */
export function valueToJson(type: ColumnType, value: Value): JsonValue {
  if (value === null) return null;
  switch (type) {
    case 'integer':
      return value as number;
    case 'bigint': {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : (value as bigint).toString();
    }
    case 'decimal':
      return formatDecimal(value as Decimal);
    case 'text':
    case 'uuid':
    case 'json':
      return value as string;
    case 'boolean':
      return value as boolean;
    case 'date':
      return formatDate(value as number);
    case 'timestamp':
      return formatTimestamp(value as bigint);
    case 'bytes':
      return bytesToBase64(value as Uint8Array);
    default:
      return unreachable(type);
  }
}

/**
 * A value from its JSON, in its one spelling: the inverse of {@link valueToJson}.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function valueFromJson(type: ColumnType, json: JsonValue): Value {
  if (json === null) return null;
  const value = presentValueFromJson(type, json);
  if (value === undefined || !isValueOf(type, value) || valueToJson(type, value) !== json) {
    throw new TypesError('ERR_TYPES_VALUE', `expected a value of type ${type}`);
  }
  return value;
}

function presentValueFromJson(type: ColumnType, json: JsonValue): Value | undefined {
  if (type === 'boolean') return typeof json === 'boolean' ? json : undefined;
  if (type === 'integer') return typeof json === 'number' ? json : undefined;
  if (type === 'bigint') {
    if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json);
    return typeof json === 'string' && /^-?[0-9]{16,19}$/.test(json) ? BigInt(json) : undefined;
  }
  return typeof json === 'string' ? parseValue(type, json) : undefined;
}

/**
 * A value from the text that people and CSV files write: `42`, `-1.50`, `true`, `1980-02-29`,
 * `2024-01-27T16:17:47Z`, base64 for bytes, any JSON text for json.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function parseValue(type: ColumnType, text: string): Value {
  const value = parseText(type, text);
  if (value === undefined || !isValueOf(type, value)) {
    throw new TypesError('ERR_TYPES_VALUE', `expected a value of type ${type}`);
  }
  return value;
}

function parseText(type: ColumnType, text: string): Value | undefined {
  switch (type) {
    case 'integer':
      return /^-?[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
    case 'bigint':
      return /^-?[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
    case 'decimal':
      return parseDecimal(text);
    case 'text':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'date':
      return parseDate(text);
    case 'timestamp':
      return parseTimestamp(text);
    case 'uuid':
      return text.toLowerCase();
    case 'bytes':
      return base64ToBytes(text);
    case 'json':
      return canonicalJson(parseJson(text));
    default:
      return unreachable(type);
  }
}

/**
 * Orders two values of one type as SQL does: numbers by size, text and uuid by UTF-8 bytes, false
 * before true. Requires both present: where NULL stands is the statement's to say.
 */
export function compareValues(type: ColumnType, a: Value, b: Value): number {
  assert(a !== null, 'compared value is null');
  assert(b !== null, 'compared value is null');
  switch (type) {
    case 'integer':
    case 'date':
      return (a as number) - (b as number);
    case 'bigint':
    case 'timestamp':
      return a === b ? 0 : (a as bigint) < (b as bigint) ? -1 : 1;
    case 'decimal':
      return compareDecimals(a as Decimal, b as Decimal);
    case 'boolean':
      return Number(a) - Number(b);
    case 'text':
    case 'uuid':
    case 'json':
      return compareText(a as string, b as string);
    case 'bytes':
      return compareBytes(a as Uint8Array, b as Uint8Array);
    default:
      return unreachable(type);
  }
}

/** Order of the UTF-8 bytes, which is the order of code points (not of UTF-16 units). */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // Surrogates stand below U+E000 as units and above it as code points.
    const leftHigh = left >= 0xd800 && left <= 0xdfff;
    const rightHigh = right >= 0xd800 && right <= 0xdfff;
    if (leftHigh !== rightHigh) return leftHigh ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}
