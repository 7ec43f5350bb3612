/**
 * Keys that sign tokens: Ed25519 (RFC 8032) as JSON Web Keys (RFC 8037), each named by its thumbprint
 * (RFC 7638).
 */

import { type Crypto, ED25519_SEED_SIZE } from '@veritydb/crypto';
import { assert, canonicalJson, encodeBase64Url, utf8Encode } from '@veritydb/types';
import { type CryptoKey, importJWK } from 'jose';

/** A public key as RFC 7517 has it. */
// A type, not an interface: only a type is plain JSON to the compiler.
export type TokenKey = {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
};

export type TokenKeySet = { readonly keys: readonly TokenKey[] };

export interface SigningKey {
  readonly keyId: string;
  readonly key: CryptoKey;
}

/** Makes the key that signs tokens from 32 secret bytes. */
export async function createSigningKey(crypto: Crypto, seed: Uint8Array): Promise<SigningKey> {
  const { kty, crv, x, kid } = publicKey(crypto, seed);
  const key = await importJWK({ kty, crv, x, d: encodeBase64Url(seed) }, 'EdDSA');
  assert(!(key instanceof Uint8Array), 'an Ed25519 key was imported as bytes');
  return { keyId: kid, key };
}

/** The public halves of keys, newest first: what a verifier is given. */
export function publicKeySet(crypto: Crypto, seeds: readonly Uint8Array[]): TokenKeySet {
  return { keys: seeds.map((seed) => publicKey(crypto, seed)) };
}

function publicKey(crypto: Crypto, seed: Uint8Array): TokenKey {
  assert(seed.length === ED25519_SEED_SIZE, 'seed is not 32 bytes');
  const x = encodeBase64Url(crypto.ed25519PublicKey(seed));
  const required = { kty: 'OKP', crv: 'Ed25519', x } as const;
  // RFC 7638 §3.3 takes the required members in the order and spelling of RFC 8785.
  const kid = encodeBase64Url(crypto.sha256(utf8Encode(canonicalJson(required))));
  return { ...required, kid, alg: 'EdDSA', use: 'sig' };
}
