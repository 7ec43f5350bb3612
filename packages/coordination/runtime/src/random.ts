/** The port to chance, and the real one. */

import { randomFillSync } from 'node:crypto';

export interface Random {
  bytes(size: number): Uint8Array;
}

/** Bytes that are taken from the system at once: a call of it costs as much for 32 as for some thousands. */
const POOL_SIZE = 4096;
const pool = new Uint8Array(POOL_SIZE);
let taken = POOL_SIZE;

/** Random bytes of its own for each call: what was given out is wiped from where it was kept. */
export const systemRandom: Random = {
  bytes(size) {
    if (size > POOL_SIZE) return randomFillSync(new Uint8Array(size));
    if (taken + size > POOL_SIZE) {
      randomFillSync(pool);
      taken = 0;
    }
    const bytes = pool.slice(taken, taken + size);
    pool.fill(0, taken, taken + size);
    taken += size;
    return bytes;
  },
};
