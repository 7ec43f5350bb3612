/** Pins: what the room exports, and the codes that others branch on. */

import * as room from '@veritydb/crypto';
import * as native from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { expect, test } from 'vitest';

test('public exports', () => {
  expect(Object.keys(native)).toEqual(['nativeCrypto']);
  expect(Object.keys(room).toSorted()).toEqual([
    'AES_KEY_SIZE',
    'CURVE_SIZE',
    'CryptoError',
    'ED25519_PUBLIC_KEY_SIZE',
    'ED25519_SEED_SIZE',
    'ED25519_SIGNATURE_SIZE',
    'FF1_DOMAIN_MIN',
    'FF1_LENGTH_MAX',
    'Ff1',
    'NONCE_SIZE',
    'ROW_EVENTS',
    'RowCommitter',
    'SALT_SIZE',
    'SIV_KEY_SIZE',
    'SIV_TAG_SIZE',
    'TAG_SIZE',
    'WRAPPED_KEY_SIZE',
    'X25519_KEY_SIZE',
    'ZERO_HASH',
    'clearBytes',
    'commitRow',
    'constantTimeEqual',
    'crc32',
    'digestLayout',
    'fieldDigest',
    'nonceOf',
    'openRow',
    'openSiv',
    'portableCrypto',
    'rowCommitment',
    'schemaDigest',
    'sealSiv',
    'wrapKeys',
    'x25519PublicKey',
    'x25519Secret',
  ]);
});

test('codes and kinds', () => {
  const key = new Uint8Array(32);
  const input = { key, nonce: new Uint8Array(12), associatedData: key };
  const calls = [
    () => room.portableCrypto.open(input, key),
    () => room.portableCrypto.unwrapKey(key, key),
    () => room.portableCrypto.ed25519Verify(key, key, key),
  ];
  expect(calls.map(codeOf)).toEqual([
    'ERR_CRYPTO_OPEN',
    'ERR_CRYPTO_UNWRAP',
    'ERR_CRYPTO_SIGNATURE',
  ]);
  for (const call of calls) expect(call).toThrow(room.CryptoError);
});
