import { nativeCrypto } from '@veritydb/crypto/native';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';

import { createSigningKey, publicKeySet } from '../src/index.ts';
import { keys, seed } from './fixtures.ts';

describe('signing keys', () => {
  it('are named by the thumbprint of RFC 8037, appendix A.3', async () => {
    expect(keys).toStrictEqual({
      keys: [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
          kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
          alg: 'EdDSA',
          use: 'sig',
        },
      ],
    });
    const { keyId } = await createSigningKey(nativeCrypto, seed);
    expect(keyId).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('agree with jose on the thumbprint, and never publish the secret', async () => {
    const { keys: published } = publicKeySet(nativeCrypto, [
      new Uint8Array(32).fill(1),
      new Uint8Array(32).fill(2),
    ]);
    expect(published).toHaveLength(2);
    for (const key of published) {
      expect(key.kid).toBe(await calculateJwkThumbprint({ ...key }));
      expect(key).not.toHaveProperty('d');
    }
  });

  it('need 32 bytes', async () => {
    await expect(createSigningKey(nativeCrypto, new Uint8Array(31))).rejects.toMatchObject({
      code: 'ERR_ASSERTION',
    });
  });
});
