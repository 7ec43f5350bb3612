/** The port to chance, and the real one. */

import { randomBytes } from 'node:crypto';

export interface Random {
  bytes(size: number): Uint8Array;
}

export const systemRandom: Random = {
  bytes: (size) => new Uint8Array(randomBytes(size)),
};
