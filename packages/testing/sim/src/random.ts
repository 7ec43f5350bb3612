/**
 * Seeded randomness: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32. The same
 * seed gives the same numbers on every machine. For tests: nothing here is a secret.
 */

import { assert } from '@veritydb/types';

export class SimRandom {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let index = 0; index < 4; index += 1) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[index] = z ^ (z >>> 15);
    }
    // The state must not be all zero: it would stay so.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** 32 random bits. */
  next(): number {
    const state = this.#state;
    const [s0, s1, s2, s3] = state as unknown as readonly [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    state[0] = s0 ^ t3;
    state[1] = s1 ^ t2;
    state[2] = t2 ^ (s1 << 9);
    state[3] = rotate(t3, 11);
    return result;
  }

  /** A whole number from 0 to `limit − 1`. */
  below(limit: number): number {
    assert(Number.isSafeInteger(limit) && limit >= 1, 'limit is not a whole number above 0');
    // Two words give 53 bits, so the bias stays far below anything that a test could see.
    const bits = (this.next() >>> 5) * 0x400_0000 + (this.next() >>> 6);
    return Math.floor((bits / 2 ** 53) * limit);
  }

  /** True once in `times`, on average. */
  isOneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  bytes(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 1) bytes[at] = this.next() >>> 24;
    return bytes;
  }

  /** Puts a list into random order, in place. */
  shuffle<Item>(items: Item[]): Item[] {
    for (let index = items.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      const item = items[index] as Item;
      items[index] = items[other] as Item;
      items[other] = item;
    }
    return items;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
