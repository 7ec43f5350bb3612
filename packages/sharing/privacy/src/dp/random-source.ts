/** Uniform whole numbers from bytes that are handed in: the system's, or those of a seed. */

import type { Crypto } from '@veritydb/crypto';
import { assert } from '@veritydb/types';

export type RandomBytes = (size: number) => Uint8Array;

const CHUNK_SIZE = 4096;
const WORD_MAX = 0x1_0000_0000;

export class RandomSource {
  readonly #bytes: RandomBytes;
  #chunk = new Uint8Array(0);
  #at = 0;

  constructor(bytes: RandomBytes) {
    this.#bytes = bytes;
  }

  /** 0 to `bound` − 1, each as likely as any other: what is beyond is drawn again. */
  below(bound: bigint): bigint {
    assert(bound > 0n, 'nothing is below a bound of zero');
    if (bound <= WORD_MAX) return BigInt(this.#belowWord(Number(bound)));
    const bits = (bound - 1n).toString(2).length;
    const size = Math.ceil(bits / 8);
    const mask = (1n << BigInt(bits)) - 1n;
    for (;;) {
      let drawn = 0n;
      for (let index = 0; index < size; index += 1) drawn = (drawn << 8n) | BigInt(this.#byte());
      drawn &= mask;
      if (drawn < bound) return drawn;
    }
  }

  bit(): boolean {
    return (this.#byte() & 1) === 1;
  }

  #belowWord(bound: number): number {
    if (bound === 1) return 0;
    const size = bound <= 0x100 ? 1 : bound <= 0x1_0000 ? 2 : 4;
    const span = 256 ** size;
    const fair = span - (span % bound);
    for (;;) {
      let drawn = 0;
      for (let index = 0; index < size; index += 1) drawn = drawn * 256 + this.#byte();
      if (drawn < fair) return drawn % bound;
    }
  }

  #byte(): number {
    if (this.#at === this.#chunk.length) {
      this.#chunk = this.#bytes(CHUNK_SIZE).slice();
      this.#at = 0;
      assert(this.#chunk.length > 0, 'chance has run out');
    }
    const byte = this.#chunk[this.#at] as number;
    this.#at += 1;
    return byte;
  }
}

/**
 * Bytes of a seed: AES-256 of a counter (SP 800-90A §10.2, without reseeding). Who is given the seed, whose
 * digest was logged before the draw, can draw again.
 *
 * @param seed 32 bytes
 */
export function seededBytes(crypto: Crypto, seed: Uint8Array): RandomBytes {
  assert(seed.length === 32, 'seed is not 32 bytes');
  const cipher = crypto.blockCipher(seed);
  let counter = 0;
  return (size) => {
    const blocks = new Uint8Array(Math.ceil(size / 16) * 16);
    const view = new DataView(blocks.buffer);
    for (let at = 0; at < blocks.length; at += 16) {
      view.setBigUint64(at + 8, BigInt(counter));
      counter += 1;
    }
    return cipher.encrypt(blocks).subarray(0, size);
  };
}
