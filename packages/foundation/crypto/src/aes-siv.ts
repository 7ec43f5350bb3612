/**
 * AES-SIV (RFC 5297): deterministic authenticated encryption. The same bytes under the same key and
 * associated data always seal alike, which tells equality and nothing else: for values that must be
 * joined and that their owner must be able to have again.
 */

import { aessiv } from '@noble/ciphers/aes.js';
import { assert } from '@veritydb/types';

import { openFailed } from './error.ts';

/** Two AES-256 keys: one for the tag, one for the text (RFC 5297 §2.2). */
export const SIV_KEY_SIZE = 64;
/** The synthetic initialisation vector, which is the tag too; it comes first. */
export const SIV_TAG_SIZE = 16;
/** RFC 5297 §2.4: 127 strings less the plaintext. */
const ASSOCIATED_COUNT_MAX = 126;

function cipherOf(key: Uint8Array, associated: readonly Uint8Array[]): ReturnType<typeof aessiv> {
  assert(key.length === 32 || key.length === 48 || key.length === SIV_KEY_SIZE, 'SIV key size');
  assert(associated.length <= ASSOCIATED_COUNT_MAX, 'too many strings of associated data');
  return aessiv(key, ...associated);
}

/** The tag of 16 bytes, then as many bytes as the plaintext has. */
export function sealSiv(
  key: Uint8Array,
  associated: readonly Uint8Array[],
  plaintext: Uint8Array,
): Uint8Array {
  return cipherOf(key, associated).encrypt(plaintext);
}

/** @throws {CryptoError} ERR_CRYPTO_OPEN when the tag does not match */
export function openSiv(
  key: Uint8Array,
  associated: readonly Uint8Array[],
  sealed: Uint8Array,
): Uint8Array {
  const cipher = cipherOf(key, associated);
  // Attacker-controlled: text that somebody hands back, of any length.
  if (sealed.length < SIV_TAG_SIZE) throw openFailed();
  try {
    return cipher.decrypt(sealed);
  } catch {
    throw openFailed();
  }
}
