/** Proofs of possession, RFC 9449: each member counts, and nothing else is taken. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCodeAsync } from '@veritydb/testkit';
import { encodeBase64Url, utf8Encode } from '@veritydb/types';
import fc from 'fast-check';
import { CompactSign, type JWK, exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import { type ProofExpectations, keyThumbprint, verifyDpopProof } from '../src/index.ts';

const NOW = 1_767_225_600;
const TOKEN = 'header.claims.signature';
const URL_ASKED = 'https://clinic.example/v1/query';

async function keyOf(alg: 'EdDSA' | 'ES256') {
  const pair = await generateKeyPair(alg, {
    extractable: true,
    ...(alg === 'EdDSA' ? { crv: 'Ed25519' } : {}),
  });
  return { alg, privateKey: pair.privateKey, jwk: await exportJWK(pair.publicKey) };
}
const keys = { EdDSA: await keyOf('EdDSA'), ES256: await keyOf('ES256') };
type Key = (typeof keys)['EdDSA'];

const thumbprint = (jwk: JWK): string => keyThumbprint(nativeCrypto, jwk);

const CLAIMS = {
  jti: 'AAECAwQFBgcICQoLDA0ODw',
  htm: 'POST',
  htu: URL_ASKED,
  iat: NOW,
  ath: encodeBase64Url(nativeCrypto.sha256(utf8Encode(TOKEN))),
};

async function proofOf(
  { alg, jwk, privateKey }: Key,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  return new CompactSign(utf8Encode(JSON.stringify({ ...CLAIMS, ...claims })))
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk, ...header })
    .sign(privateKey);
}

function expectations(jwk: JWK): ProofExpectations {
  const keyOfToken = thumbprint(jwk);
  return {
    method: 'POST',
    url: URL_ASKED,
    token: TOKEN,
    keyThumbprint: keyOfToken,
    nowSeconds: NOW,
  };
}

describe('a proof', () => {
  it.each(['EdDSA', 'ES256'] as const)('by %s holds', async (alg) => {
    const key = keys[alg];
    const verify = verifyDpopProof(nativeCrypto, await proofOf(key), expectations(key.jwk));
    await expect(verify).resolves.toBe(CLAIMS.jti);
  });

  it('has the thumbprint of RFC 7638, as RFC 8037 A.3 shows it', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    expect(keyThumbprint(nativeCrypto, jwk)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('does not count the query', async () => {
    const key = keys.EdDSA;
    const asked = { ...expectations(key.jwk), url: `${URL_ASKED}?a=1#b` };
    await expect(verifyDpopProof(nativeCrypto, await proofOf(key), asked)).resolves.toBeDefined();
  });

  const refused: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['another method', { htm: 'GET' }, {}],
    ['another address', { htu: 'https://clinic.example/v1/exports' }, {}],
    ['another host', { htu: 'https://evil.example/v1/query' }, {}],
    ['another token', { ath: 'A'.repeat(43) }, {}],
    ['no token', { ath: undefined }, {}],
    ['a minute ago', { iat: NOW - 61 }, {}],
    ['a minute ahead', { iat: NOW + 61 }, {}],
    ['a time that is none', { iat: 1e300 }, {}],
    ['a claim more', { nonce: 'x' }, {}],
    ['a short id', { jti: 'short' }, {}],
    ['another type', {}, { typ: 'at+jwt' }],
    ['a header more', {}, { kid: 'x' }],
    ['a secret key', {}, { jwk: { ...keys.EdDSA.jwk, d: 'A'.repeat(43) } }],
    ['somebody else’s key', {}, { jwk: { ...keys.EdDSA.jwk, x: 'A'.repeat(43) } }],
  ];
  it.each(refused)('of %s is refused', async (_, claims, header) => {
    const key = keys.EdDSA;
    const proof = await proofOf(key, claims, header);
    await expectCodeAsync(
      async () => verifyDpopProof(nativeCrypto, proof, expectations(key.jwk)),
      'ERR_ACCESS_PROOF',
    );
  });

  it('of another key is refused, and so is one that was changed', async () => {
    const proof = await proofOf(keys.ES256);
    const verify = async (text: string, jwk: JWK): Promise<unknown> =>
      verifyDpopProof(nativeCrypto, text, expectations(jwk));
    await expectCodeAsync(async () => verify(proof, keys.EdDSA.jwk), 'ERR_ACCESS_PROOF');
    const [head, body, signature = ''] = proof.split('.');
    const other = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    const forged = `${head}.${body}.${other}`;
    await expectCodeAsync(async () => verify(forged, keys.ES256.jwk), 'ERR_ACCESS_PROOF');
  });

  it('that is any text is refused', async () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(part, part).map(([a, b]) => `${a}.${b}.${'A'.repeat(86)}`),
        ),
        async (text) => {
          await expectCodeAsync(
            async () => verifyDpopProof(nativeCrypto, text, expectations(keys.EdDSA.jwk)),
            'ERR_ACCESS_PROOF',
          );
        },
      ),
    );
  });
});
