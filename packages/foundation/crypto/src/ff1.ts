/**
 * FF1 (NIST SP 800-38G Rev. 1, algorithms 7 and 8): encryption that keeps the alphabet and the length.
 *
 * Ten Feistel rounds over AES-CBC-MAC. The first block of every MAC depends on lengths alone, so it is
 * encrypted once for a length; the key schedule, once for a key.
 *
 * A domain below one million is refused (§4, Table 2 and Appendix A of the revision): it could be guessed.
 */

import { unsafe } from '@noble/ciphers/aes.js';
import { assert } from '@veritydb/types';

/** Least number of texts that there must be of a length. */
export const FF1_DOMAIN_MIN = 1_000_000;
export const FF1_LENGTH_MAX = 4096;
const RADIX_MAX = 256;
const BLOCK_SIZE = 16;
const ROUND_COUNT = 10;
const TWEAK_SIZE_MAX = 65_536;
const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;

/** What depends on the lengths of text and tweak alone. */
interface Shape {
  readonly u: number;
  readonly v: number;
  /** radix^u and radix^v. */
  readonly moduli: readonly [bigint, bigint];
  /** Bytes of a half as a number, and of what the rounds make. */
  readonly b: number;
  readonly d: number;
  /** CIPH(P). */
  readonly first: Uint8Array;
  /** Q, whose last bytes each round fills in. */
  readonly q: Uint8Array;
}

export class Ff1 {
  readonly #schedule: Uint32Array;
  readonly #radix: number;
  readonly #chunk: { readonly length: number; readonly modulus: number };
  readonly #tweak: Uint8Array;
  readonly #shapes = new Map<number, Shape>();
  readonly #block = new Uint8Array(BLOCK_SIZE);
  readonly #mac = new Uint8Array(BLOCK_SIZE);

  /**
   * @param key of AES: 16, 24 or 32 bytes
   * @param radix how many numerals there are, 2 to 256
   */
  constructor(key: Uint8Array, radix: number, tweak: Uint8Array) {
    assert(Number.isInteger(radix) && radix >= 2 && radix <= RADIX_MAX, 'FF1 radix is 2 to 256');
    assert(tweak.length <= TWEAK_SIZE_MAX, 'FF1 tweak is too long');
    assert(key.length === 16 || key.length === 24 || key.length === 32, 'FF1 key is not of AES');
    this.#schedule = unsafe.expandKeyLE(key);
    this.#radix = radix;
    this.#tweak = tweak.slice();
    let [length, modulus] = [1, radix];
    while (modulus * radix <= Number.MAX_SAFE_INTEGER)
      [length, modulus] = [length + 1, modulus * radix];
    this.#chunk = { length, modulus };
  }

  /** Whether texts of this many numerals can be encrypted. */
  takes(length: number): boolean {
    return length <= FF1_LENGTH_MAX && this.#radix ** length >= FF1_DOMAIN_MIN;
  }

  /** Encrypts numerals (0 to radix − 1) in place. */
  encrypt(numerals: Uint8Array): void {
    const shape = this.#shape(numerals.length);
    let a = this.#read(numerals, 0, shape.u);
    let b = this.#read(numerals, shape.u, numerals.length);
    for (let round = 0; round < ROUND_COUNT; round += 1) {
      const modulus = shape.moduli[round & 1] as bigint;
      const c = (a + this.#round(shape, round, b)) % modulus;
      a = b;
      b = c;
    }
    this.#write(numerals, 0, shape.u, a);
    this.#write(numerals, shape.u, numerals.length, b);
  }

  /** Undoes {@link encrypt}, in place. */
  decrypt(numerals: Uint8Array): void {
    const shape = this.#shape(numerals.length);
    let a = this.#read(numerals, 0, shape.u);
    let b = this.#read(numerals, shape.u, numerals.length);
    for (let round = ROUND_COUNT - 1; round >= 0; round -= 1) {
      const modulus = shape.moduli[round & 1] as bigint;
      const c = (b - (this.#round(shape, round, a) % modulus) + modulus) % modulus;
      b = a;
      a = c;
    }
    this.#write(numerals, 0, shape.u, a);
    this.#write(numerals, shape.u, numerals.length, b);
  }

  #shape(n: number): Shape {
    const known = this.#shapes.get(n);
    if (known !== undefined) return known;
    assert(this.takes(n), 'FF1 domain has fewer than a million texts, or they are too long');
    const u = n >> 1;
    const v = n - u;
    const radix = BigInt(this.#radix);
    const moduli = [radix ** BigInt(u), radix ** BigInt(v)] as const;
    const b = Math.ceil((moduli[1] - 1n).toString(2).length / 8);
    const t = this.#tweak.length;
    const first = new Uint8Array(BLOCK_SIZE);
    first.set([1, 2, 1, 0, this.#radix >>> 8, this.#radix & 0xff, ROUND_COUNT, u & 0xff]);
    const lengths = new DataView(first.buffer);
    lengths.setUint32(8, n);
    lengths.setUint32(12, t);
    unsafe.encryptBlock(this.#schedule, first);
    const q = new Uint8Array(Math.ceil((t + b + 1) / BLOCK_SIZE) * BLOCK_SIZE);
    q.set(this.#tweak);
    const shape = { u, v, moduli, b, d: 4 * Math.ceil(b / 4) + 4, first, q };
    this.#shapes.set(n, shape);
    return shape;
  }

  /** NUM(S), S being the first d bytes of R ‖ CIPH(R ⊕ 1) ‖ …, R the MAC of P ‖ Q (steps 6.i to 6.iv). */
  #round({ b, d, first, q }: Shape, round: number, half: bigint): bigint {
    let rest = half;
    for (let at = q.length - 1; at >= q.length - b; at -= 1) {
      q[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    q[q.length - b - 1] = round;
    const mac = this.#mac;
    mac.set(first);
    for (let at = 0; at < q.length; at += BLOCK_SIZE) {
      for (let index = 0; index < BLOCK_SIZE; index += 1) {
        mac[index] = (mac[index] as number) ^ (q[at + index] as number);
      }
      unsafe.encryptBlock(this.#schedule, mac);
    }
    let number = numberOf(mac, Math.min(d, BLOCK_SIZE));
    for (let at = BLOCK_SIZE, count = 1; at < d; at += BLOCK_SIZE, count += 1) {
      const block = this.#block;
      block.set(mac);
      const last = BLOCK_SIZE - 1;
      block[last] = (block[last] as number) ^ (count & 0xff);
      block[last - 1] = (block[last - 1] as number) ^ (count >>> 8);
      unsafe.encryptBlock(this.#schedule, block);
      const size = Math.min(d - at, BLOCK_SIZE);
      number = (number << BigInt(8 * size)) | numberOf(block, size);
    }
    return number;
  }

  /** NUM of some numerals, the most significant first. */
  #read(numerals: Uint8Array, start: number, end: number): bigint {
    const { length, modulus } = this.#chunk;
    let number = 0n;
    for (let at = start; at < end; at += length) {
      const stop = Math.min(at + length, end);
      let chunk = 0;
      for (let index = at; index < stop; index += 1) {
        const numeral = numerals[index] as number;
        assert(numeral < this.#radix, 'a numeral is not below the radix');
        chunk = chunk * this.#radix + numeral;
      }
      const scale = stop - at === length ? modulus : this.#radix ** (stop - at);
      number = at === start ? BigInt(chunk) : number * BigInt(scale) + BigInt(chunk);
    }
    return number;
  }

  #write(numerals: Uint8Array, start: number, end: number, number: bigint): void {
    const { length, modulus } = this.#chunk;
    const divisor = BigInt(modulus);
    let rest = number;
    for (let stop = end; stop > start; stop -= length) {
      const isLast = stop - length <= start;
      let chunk = Number(isLast ? rest : rest % divisor);
      if (!isLast) rest /= divisor;
      for (let index = stop - 1; index >= Math.max(start, stop - length); index -= 1) {
        numerals[index] = chunk % this.#radix;
        chunk = Math.floor(chunk / this.#radix);
      }
    }
  }
}

/** Big-endian; `size` is a multiple of 4. */
function numberOf(bytes: Uint8Array, size: number): bigint {
  let number = 0n;
  for (let at = 0; at < size; at += 4) {
    const word =
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0;
    number = (number << WORD_BITS) | (BigInt(word) & WORD_MASK);
  }
  return number;
}
