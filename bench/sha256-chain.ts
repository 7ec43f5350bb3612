/** The bare hash chain: h = SHA-256(h ‖ bytes), as it is commonly written for speed: `crypto.hash` in latin1, written into a buffer. */

import { hash } from 'node:crypto';

const HASH_SIZE = 32;

export class Sha256Chain {
  readonly #buffer = Buffer.alloc(64 * 1024);
  /** The newest hash, as a view that the next step overwrites. */
  readonly head: Buffer = this.#buffer.subarray(0, HASH_SIZE);

  push(bytes: Uint8Array): void {
    this.#buffer.set(bytes, HASH_SIZE);
    this.#step(bytes.length);
  }

  pushText(text: string): void {
    this.#step(this.#buffer.write(text, HASH_SIZE, 'utf8'));
  }

  #step(size: number): void {
    const digest = hash('sha256', this.#buffer.subarray(0, HASH_SIZE + size), 'binary');
    this.#buffer.write(digest, 0, HASH_SIZE, 'latin1');
  }
}
