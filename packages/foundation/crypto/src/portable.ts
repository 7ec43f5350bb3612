/** The portable provider: the @noble packages, for the browser and to check the native one against. */

import { aeskwp, ecb, gcm } from '@noble/ciphers/aes.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { Point, getPublicKey, hashes, sign } from '@noble/ed25519';
import { blake3 } from '@noble/hashes/blake3.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import {
  HASH_SIZE,
  assert,
  bytesEqual,
  bytesToHex,
  concatBytes,
  toHash,
  toInternalHash,
} from '@veritydb/types';

import { crc32 } from './crc32.ts';
import {
  AES_KEY_SIZE,
  type Crypto,
  ED25519_SEED_SIZE,
  ED25519_SIGNATURE_SIZE,
  type ForeignKey,
  HKDF_SIZE_MAX,
  NONCE_SIZE,
  type Sha2,
  TAG_SIZE,
} from './crypto.ts';
import { isStrictPublicKey } from './ed25519-key.ts';
import { openFailed, signatureFailed, unwrapFailed } from './error.ts';
import { isPlainForeign } from './foreign-key.ts';
import { CounterRecordCipher } from './record-cipher.ts';
import { isRsaSignature } from './rsa.ts';

// The package has no SHA-512 of its own: its synchronous functions take the one they are given.
hashes.sha512 = sha512;

/** RFC 8032 §5.1: the order of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.toReversed())}`);
}

/**
 * RFC 8032 §5.1.7 without the cofactor, R compared as bytes: what OpenSSL does. The package's own
 * verification multiplies by the cofactor, and so takes signatures that the native provider refuses.
 */
function isSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isStrictPublicKey(publicKey) || signature.length !== ED25519_SIGNATURE_SIZE) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  let key: Point;
  try {
    key = Point.fromBytes(publicKey, false);
  } catch {
    return false;
  }
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER;
  const expected = Point.BASE.multiply(s, false).subtract(key.multiply(k, false));
  return bytesEqual(expected.toBytes(), r);
}

const SHA2: Readonly<Record<Sha2, (bytes: Uint8Array) => Uint8Array>> = { sha256, sha384, sha512 };
const CURVES = { 'P-256': p256, 'P-384': p384 } as const;

/** Whether a key of other people's formats has signed the digest. */
function isForeignSignature(
  key: ForeignKey,
  sha2: Sha2,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!isPlainForeign(key, signature)) return false;
  if (key.kind === 'rsa') return isRsaSignature(key, sha2, digest, signature);
  try {
    // A high s is as good as a low one outside of currencies.
    const options = { prehash: false, lowS: false, format: 'compact' } as const;
    return CURVES[key.curve].verify(signature, digest, key.point, options);
  } catch {
    return false;
  }
}

function assertSealSizes(key: Uint8Array, nonce: Uint8Array): void {
  assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
  assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
}

export const portableCrypto: Crypto = {
  name: 'portable',
  sha256: (bytes) => toHash(sha256(bytes)),
  sha256Into(source, start, end, target, at) {
    assert(at >= 0 && at + HASH_SIZE <= target.length, 'digest does not fit its target');
    target.set(sha256(source.subarray(start, end)), at);
  },
  sha256Stream() {
    const stream = sha256.create();
    return {
      update(bytes) {
        stream.update(bytes);
      },
      digest: () => toHash(stream.digest()),
    };
  },
  crc32,
  blake3: (bytes) => toInternalHash(blake3(bytes)),
  sha2: (name, bytes) => SHA2[name](bytes),
  hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
  hmacSha256Into(key, bytes, target, at, size) {
    assert(size <= HASH_SIZE && at >= 0 && at + size <= target.length, 'code does not fit');
    target.set(hmac(sha256, key, bytes).subarray(0, size), at);
  },
  hkdfSha256(key, salt, info, size) {
    assert(size > 0 && size <= HKDF_SIZE_MAX, 'HKDF does not give that many bytes');
    return hkdf(sha256, key, salt, info, size);
  },
  blockCipher(key) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    const own = key.slice();
    let isClear = false;
    return {
      encrypt(blocks) {
        assert(!isClear, 'the key of a cipher was let go of');
        assert(blocks.length % 16 === 0, 'blocks are not whole');
        return blocks.length === 0
          ? new Uint8Array(0)
          : ecb(own, { disablePadding: true }).encrypt(blocks);
      },
      clear() {
        own.fill(0);
        isClear = true;
      },
    };
  },
  recordCipher(dataKey) {
    return new CounterRecordCipher(portableCrypto, dataKey);
  },
  seal({ key, nonce, associatedData }, plaintext) {
    assertSealSizes(key, nonce);
    return gcm(key, nonce, associatedData).encrypt(plaintext);
  },
  open({ key, nonce, associatedData }, sealed) {
    assertSealSizes(key, nonce);
    // Attacker-controlled: bytes from a disk or a peer, of any length.
    if (sealed.length < TAG_SIZE) throw openFailed();
    try {
      return gcm(key, nonce, associatedData).decrypt(sealed);
    } catch {
      throw openFailed();
    }
  },
  wrapKey(wrappingKey, key) {
    assert(wrappingKey.length === AES_KEY_SIZE, 'wrapping key is not 32 bytes');
    assert(key.length > 0, 'key to wrap is empty');
    return aeskwp(wrappingKey).encrypt(key);
  },
  unwrapKey(wrappingKey, wrapped) {
    assert(wrappingKey.length === AES_KEY_SIZE, 'wrapping key is not 32 bytes');
    try {
      // Attacker-controlled: bytes of the key store, of any length.
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
    // Attacker-controlled: all three.
    if (!isSignature(publicKey, message, signature)) throw signatureFailed();
  },
  foreignVerify(key, sha2, message, signature) {
    // Attacker-controlled: all of it.
    if (!isForeignSignature(key, sha2, SHA2[sha2](message), signature)) throw signatureFailed();
  },
};
