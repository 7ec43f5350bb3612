/**
 * Reads text of a fixed shape straight from its bytes: literals, whole numbers, base64. What is read so
 * has one spelling only, so no JSON value is built and nothing needs to be written back to compare.
 */

import { BundleError, type BundleErrorCode } from './error.ts';

const INVALID = 255;
const BASE64_VALUES: Uint8Array = base64Values();

function base64Values(): Uint8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const values = new Uint8Array(256).fill(INVALID);
  for (let index = 0; index < 64; index += 1) values[alphabet.charCodeAt(index)] = index;
  return values;
}

export class CanonicalCursor {
  readonly #bytes: Uint8Array;
  readonly #code: BundleErrorCode;
  #at = 0;

  /** Refusals carry the given code. */
  constructor(bytes: Uint8Array, code: BundleErrorCode) {
    this.#bytes = bytes;
    this.#code = code;
  }

  /** The byte that stands next, -1 at the end. */
  peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /** Takes exactly this ASCII text. */
  expect(literal: string): void {
    if (!this.skip(literal)) throw this.#refused(`expected ${literal}`);
  }

  /** Takes this ASCII text where it stands next, and says whether it did. */
  skip(literal: string): boolean {
    for (let index = 0; index < literal.length; index += 1) {
      if (this.#bytes[this.#at + index] !== literal.charCodeAt(index)) return false;
    }
    this.#at += literal.length;
    return true;
  }

  /** A whole number from 0 to 2^53 − 1, in decimal without leading zeroes. */
  count(): number {
    const start = this.#at;
    let value = 0;
    for (;;) {
      const digit = this.peek() - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.#at += 1;
      if (!Number.isSafeInteger(value)) throw this.#refused('a number is too large');
    }
    const leading = this.#bytes[start] === 0x30 && this.#at - start > 1;
    if (this.#at === start || leading) throw this.#refused('expected a whole number');
    return value;
  }

  /** Bytes in base64 with padding (RFC 4648 §4), of exactly this size. */
  base64(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    this.#decode(bytes);
    for (let rest = size % 3; rest > 0 && rest < 3; rest += 1) this.expect('=');
    return bytes;
  }

  #decode(target: Uint8Array): void {
    let word = 0;
    let bits = 0;
    for (let index = 0; index < target.length; index += 1) {
      while (bits < 8) {
        const byte = this.#bytes[this.#at];
        const value = byte === undefined ? INVALID : (BASE64_VALUES[byte] as number);
        if (value === INVALID) throw this.#refused('expected base64');
        this.#at += 1;
        word = ((word << 6) | value) & 0xffff;
        bits += 6;
      }
      bits -= 8;
      target[index] = (word >> bits) & 0xff;
    }
    if ((word & ((1 << bits) - 1)) !== 0) throw this.#refused('base64 has bits beyond its bytes');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#refused('bytes after the end');
  }

  #refused(what: string): BundleError {
    return new BundleError(this.#code, `${what} at byte ${this.#at}`);
  }
}
