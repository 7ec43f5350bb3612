/** Bytes and text, without leaning on a platform: this runs in Node, in workers and in a browser. */

import { TypesError } from './error.ts';

const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Lower-case hexadecimal. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) {
    text += HEX_PAIRS[bytes[index] as number] as string;
  }
  return text;
}

/**
 * Reads lower-case hexadecimal, and nothing else.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function hexToBytes(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new TypesError('ERR_TYPES_VALUE', 'expected lower-case hexadecimal of even length');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = hexDigit(text.charCodeAt(2 * index));
    bytes[index] = (high << 4) | hexDigit(text.charCodeAt(2 * index + 1));
  }
  return bytes;
}

/** The digit that a code unit of `0` to `9`, `a` to `f` stands for. */
function hexDigit(unit: number): number {
  return unit < 0x61 ? unit - 0x30 : unit - 0x57;
}

/** Where in the text of a uuid each pair of digits begins. */
const UUID_PAIRS: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** The 16 bytes of a uuid in its one spelling: 36 characters, lower case. */
export function uuidToBytes(text: string, target: Uint8Array, start: number): void {
  for (let index = 0; index < 16; index += 1) {
    const at = UUID_PAIRS[index] as number;
    const high = hexDigit(text.charCodeAt(at));
    target[start + index] = (high << 4) | hexDigit(text.charCodeAt(at + 1));
  }
}

/** For each byte the code units of its two digits. */
const HIGH_DIGIT: Uint8Array = Uint8Array.from(HEX_PAIRS, (pair) => pair.charCodeAt(0));
const LOW_DIGIT: Uint8Array = Uint8Array.from(HEX_PAIRS, (pair) => pair.charCodeAt(1));
const HYPHEN = 0x2d;
const uuidUnits: number[] = Array.from<number>({ length: 36 }).fill(HYPHEN);

/** A uuid in its one spelling, from the 16 bytes at a place. */
export function uuidFromBytes(bytes: Uint8Array, start = 0): string {
  for (let index = 0; index < 16; index += 1) {
    const byte = bytes[start + index] as number;
    const at = UUID_PAIRS[index] as number;
    uuidUnits[at] = HIGH_DIGIT[byte] as number;
    uuidUnits[at + 1] = LOW_DIGIT[byte] as number;
  }
  return String.fromCharCode(...uuidUnits);
}

/** Whether the two are equal, byte for byte. Not constant-time: never for secrets. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** memcmp order: negative, zero or positive. A prefix sorts before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUE: ReadonlyMap<string, number> = new Map(
  Array.from(BASE64, (character, index) => [character, index] as const),
);

/** RFC 4648 §4, with padding. */
export function bytesToBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word =
      ((bytes[at] as number) << 16) |
      ((left > 1 ? (bytes[at + 1] as number) : 0) << 8) |
      (left > 2 ? (bytes[at + 2] as number) : 0);
    text += BASE64.charAt(word >> 18) + BASE64.charAt((word >> 12) & 63);
    text += left > 1 ? BASE64.charAt((word >> 6) & 63) : '=';
    text += left > 2 ? BASE64.charAt(word & 63) : '=';
  }
  return text;
}

/**
 * Reads RFC 4648 §4 base64 in its one canonical spelling: padded, no unused bits, no white space.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function base64ToBytes(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, '');
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let word = 0;
  for (const character of body) {
    const value = BASE64_VALUE.get(character);
    if (value === undefined) throw new TypesError('ERR_TYPES_VALUE', 'expected base64');
    word = ((word << 6) | value) & 0xfff_fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (word >> bits) & 0xff;
      at += 1;
    }
  }
  if (bytesToBase64(bytes) !== text) {
    throw new TypesError('ERR_TYPES_VALUE', 'expected canonical base64 with padding');
  }
  return bytes;
}

/** Whether the text has no lone surrogate, and so has one UTF-8 form. */
export function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(index + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    index += 1;
  }
  return true;
}

/**
 * UTF-8 of a text.
 *
 * @throws {TypesError} ERR_TYPES_VALUE when the text holds a lone surrogate
 */
export function utf8Encode(text: string): Uint8Array {
  const ascii = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      const bytes = new Uint8Array(text.length * 3);
      return bytes.slice(0, utf8Write(text, bytes, 0));
    }
    ascii[index] = unit;
  }
  return ascii;
}

/** Writes UTF-8 at a place and returns the place after it. Requires room for 3 bytes a code unit. */
export function utf8Write(text: string, target: Uint8Array, start: number): number {
  let at = start;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.charCodeAt(index);
    if (point < 0x80) {
      target[at++] = point;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      const next = text.charCodeAt(index + 1);
      if (point > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) {
        throw new TypesError('ERR_TYPES_VALUE', 'text holds a lone surrogate');
      }
      point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00);
      index += 1;
      target[at++] = 0xf0 | (point >> 18);
      target[at++] = 0x80 | ((point >> 12) & 63);
    } else if (point < 0x800) {
      target[at++] = 0xc0 | (point >> 6);
      target[at++] = 0x80 | (point & 63);
      continue;
    } else {
      target[at++] = 0xe0 | (point >> 12);
    }
    target[at++] = 0x80 | ((point >> 6) & 63);
    target[at++] = 0x80 | (point & 63);
  }
  return at;
}

/** Of the Encoding Standard: in Node, in workers and in every browser. */
declare class TextDecoder {
  constructor(label: 'utf-8', options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** From here on a call of the platform's decoder, and the view that it needs, are the shorter way. */
const LONG_TEXT_SIZE = 48;

/**
 * Text of UTF-8 bytes from `start` up to `end`, strictly: no overlong form, no surrogate, nothing above
 * U+10FFFF; a byte-order mark is kept as the character that it is.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function utf8Decode(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  let at = start;
  if (end - start < LONG_TEXT_SIZE) {
    for (; at + 4 <= end; at += 4) {
      const a = bytes[at] as number;
      const b = bytes[at + 1] as number;
      const c = bytes[at + 2] as number;
      const d = bytes[at + 3] as number;
      if ((a | b | c | d) >= 0x80) break;
      text += String.fromCharCode(a, b, c, d);
    }
    while (at < end && (bytes[at] as number) < 0x80) {
      text += String.fromCharCode(bytes[at] as number);
      at += 1;
    }
    if (at === end) return text;
  }
  try {
    return text + decoder.decode(bytes.subarray(at, end));
  } catch {
    throw invalidUtf8();
  }
}

function invalidUtf8(): TypesError {
  return new TypesError('ERR_TYPES_VALUE', 'bytes are not valid UTF-8');
}
