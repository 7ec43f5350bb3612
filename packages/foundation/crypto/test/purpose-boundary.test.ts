/** The boundary between the two hashes is one of types: what is not SHA-256 gets into no proof (S072). */

import { type Crypto, portableCrypto } from '@veritydb/crypto';
import type { Hash, InternalHash } from '@veritydb/types';
import { expect, test } from 'vitest';

/** What a proof, a chain or a checkpoint takes. */
function provable(hash: Hash): number {
  return hash.length;
}

function internal(hash: InternalHash): number {
  return hash.length;
}

test('S072: a BLAKE3 digest is refused by the compiler where SHA-256 is expected', () => {
  const crypto: Crypto = portableCrypto;
  const bytes = new Uint8Array(3);
  expect(provable(crypto.sha256(bytes))).toBe(32);
  expect(internal(crypto.blake3(bytes))).toBe(32);
  // @ts-expect-error An internal hash is no hash that anything is proved with.
  expect(provable(crypto.blake3(bytes))).toBe(32);
  // @ts-expect-error And the other way around: which hash a place holds is said by its type.
  expect(internal(crypto.sha256(bytes))).toBe(32);
  // @ts-expect-error Bytes of any kind are neither, until they were measured.
  expect(provable(bytes)).toBe(3);
});
