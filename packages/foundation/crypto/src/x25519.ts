/** X25519 (RFC 7748 §5): how a secret is agreed with the holder of a public key. */

import { x25519 } from '@noble/curves/ed25519.js';
import { assert } from '@veritydb/types';

import { openFailed } from './error.ts';

export const X25519_KEY_SIZE = 32;

export function x25519PublicKey(secret: Uint8Array): Uint8Array {
  assert(secret.length === X25519_KEY_SIZE, 'X25519 secret is not 32 bytes');
  return x25519.getPublicKey(secret);
}

/** @throws {CryptoError} ERR_CRYPTO_OPEN when the public key is of small order (RFC 7748 §6.1) */
export function x25519Secret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  assert(secret.length === X25519_KEY_SIZE, 'X25519 secret is not 32 bytes');
  assert(publicKey.length === X25519_KEY_SIZE, 'X25519 public key is not 32 bytes');
  try {
    return x25519.getSharedSecret(secret, publicKey);
  } catch {
    throw openFailed();
  }
}
