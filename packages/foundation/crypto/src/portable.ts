/** The portable provider: the @noble packages, for the browser and to check the native one against. */

import { aeskwp, ecb, gcm } from '@noble/ciphers/aes.js';
import { getPublicKey, hashes, sign, verify } from '@noble/ed25519';
import { blake3 } from '@noble/hashes/blake3.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { assert, toHash } from '@veritydb/types';

import { AES_KEY_SIZE, type Crypto, ED25519_SEED_SIZE, NONCE_SIZE, TAG_SIZE } from './crypto.ts';
import { openFailed, signatureFailed, unwrapFailed } from './error.ts';

// The package has no SHA-512 of its own: its synchronous functions take the one they are given.
hashes.sha512 = sha512;

export const portableCrypto: Crypto = {
  name: 'portable',
  sha256: (bytes) => toHash(sha256(bytes)),
  sha256Into(source, start, end, target, at) {
    target.set(sha256(source.subarray(start, end)), at);
  },
  blake3: (bytes) => blake3(bytes),
  hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
  hkdfSha256: (key, salt, info, size) => hkdf(sha256, key, salt, info, size),
  aes256Blocks(key, blocks) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(blocks.length % 16 === 0, 'blocks are not whole');
    return blocks.length === 0
      ? new Uint8Array(0)
      : ecb(key, { disablePadding: true }).encrypt(blocks);
  },
  seal({ key, nonce, associatedData }, plaintext) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
    return gcm(key, nonce, associatedData).encrypt(plaintext);
  },
  open({ key, nonce, associatedData }, sealed) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
    if (sealed.length < TAG_SIZE) throw openFailed();
    try {
      return gcm(key, nonce, associatedData).decrypt(sealed);
    } catch {
      throw openFailed();
    }
  },
  wrapKey: (wrappingKey, key) => aeskwp(wrappingKey).encrypt(key),
  unwrapKey(wrappingKey, wrapped) {
    try {
      return aeskwp(wrappingKey).decrypt(wrapped);
    } catch {
      throw unwrapFailed();
    }
  },
  ed25519PublicKey(seed) {
    assert(seed.length === ED25519_SEED_SIZE, 'Ed25519 seed is not 32 bytes');
    return getPublicKey(seed);
  },
  ed25519Sign(seed, message) {
    assert(seed.length === ED25519_SEED_SIZE, 'Ed25519 seed is not 32 bytes');
    return sign(message, seed);
  },
  ed25519Verify(publicKey, message, signature) {
    let good = false;
    try {
      good = verify(signature, message, publicKey, { zip215: false });
    } catch {
      throw signatureFailed();
    }
    if (!good) throw signatureFailed();
  },
};
