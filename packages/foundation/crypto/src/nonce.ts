/** Nonces by position, and the handling of key material. */

import { type Generation, assert } from '@veritydb/types';

import { NONCE_SIZE } from './crypto.ts';

/**
 * The nonce of a position: generation u32 ‖ counter u64, big-endian. A recovery that cuts a tail starts
 * a new generation before the first write, so that no (key, nonce) pair ever seals two plaintexts.
 */
export function nonceOf(generation: Generation, counter: number): Uint8Array {
  assert(Number.isSafeInteger(counter) && counter >= 0, 'nonce counter is not a safe integer');
  const nonce = new Uint8Array(NONCE_SIZE);
  const view = new DataView(nonce.buffer);
  view.setUint32(0, generation);
  view.setUint32(4, Math.floor(counter / 0x1_0000_0000));
  view.setUint32(8, counter % 0x1_0000_0000);
  return nonce;
}

/** Overwrites key material that is no longer needed. */
export function clearBytes(bytes: Uint8Array): void {
  bytes.fill(0);
}

/** Whether two secrets are equal, in time that depends on their length alone. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) {
    difference |= (a[index] as number) ^ (b[index] as number);
  }
  return difference === 0;
}
