/**
 * Proofs of possession that were taken: each is of one use. Kept in two generations, as long as a proof
 * may be old; a restart forgets them, and a proof that is left over then is at most a minute old.
 */

import { PROOF_AGE_SECONDS_MAX } from '@veritydb/access';

/** From the oldest that is taken to the one furthest ahead. */
const GENERATION_SECONDS = 2 * PROOF_AGE_SECONDS_MAX;

export class ProofMemory {
  #young = new Set<string>();
  #old = new Set<string>();
  #turnsAt = 0;

  /** Whether it is taken for the first time. */
  take(name: string, nowSeconds: number): boolean {
    if (nowSeconds >= this.#turnsAt) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#turnsAt = nowSeconds + GENERATION_SECONDS;
    }
    if (this.#young.has(name) || this.#old.has(name)) return false;
    this.#young.add(name);
    return true;
  }
}
