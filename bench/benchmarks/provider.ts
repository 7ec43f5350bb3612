/**
 * The two providers of cryptography, by the same interface: what the native one, which uses the processor's
 * instructions for AES and SHA without being told to, is there for (S132).
 */

import { type Crypto, portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';

import type { Benchmark } from '../benchmark.ts';

const BUFFER = new Uint8Array(32 + 256).fill(7);

export const provider: Benchmark = {
  name: 'provider',
  ours: 'native SHA-256 chain, 256 bytes',
  peer: 'portable SHA-256 chain',
  unit: 'step',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 5, stretch: 6 },
  open: () => ({
    ours: { run: () => chain(nativeCrypto, 60_000) },
    peer: { run: () => chain(portableCrypto, 10_000) },
  }),
};

function chain(crypto: Crypto, steps: number): number {
  for (let step = 0; step < steps; step += 1) {
    crypto.sha256Into(BUFFER, 0, BUFFER.length, BUFFER, 0);
  }
  return steps;
}
