/** How long the disk under a folder takes to keep what it is given. */

import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const ROUNDS = 15;
const BLOCK_SIZE = 4096;

/** Median of writing one block and syncing it, in a file of its own that is deleted again. */
export function syncMilliseconds(folder: string): number {
  const place = mkdtempSync(join(folder, 'doctor-'));
  const file = openSync(join(place, 'block'), 'wx', 0o600);
  try {
    const block = new Uint8Array(BLOCK_SIZE);
    const times = Array.from({ length: ROUNDS }, () => {
      const startedAt = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - startedAt;
    });
    return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
  } finally {
    closeSync(file);
    rmSync(place, { recursive: true });
  }
}
