/**
 * The one interface to cryptography. Two providers stand behind it and agree on every vector:
 * `nativeCrypto` over node:crypto (the hot paths) and `portableCrypto` over the @noble packages
 * (the browser, the verifier, and the cross-check of the native one).
 */

import type { Hash, InternalHash } from '@veritydb/types';

import type { RecordCipher } from './record-cipher.ts';

export const AES_KEY_SIZE = 32;
/** A key of 32 bytes, wrapped (RFC 5649). */
export const WRAPPED_KEY_SIZE = 40;
export const NONCE_SIZE = 12;
export const TAG_SIZE = 16;
export const ED25519_SEED_SIZE = 32;
export const ED25519_PUBLIC_KEY_SIZE = 32;
export const ED25519_SIGNATURE_SIZE = 64;
/** RFC 5869 §2.3: 255 blocks of 32 bytes. */
export const HKDF_SIZE_MAX = 8160;

export interface SealInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes; never twice under one key. */
  readonly nonce: Uint8Array;
  readonly associatedData: Uint8Array;
}

/** AES-256 under one key, for many calls: what a mode of operation is made of, and none by itself. */
export interface BlockCipher {
  /** Each block of 16 bytes by itself. */
  encrypt(blocks: Uint8Array): Uint8Array;
  /** Lets go of the key: nothing is encrypted any more. */
  clear(): void;
}

/** The members of SHA-2 that signatures of other people's formats are made over. */
export type Sha2 = 'sha256' | 'sha384' | 'sha512';

/** A public key of other people's formats, with which their signatures are verified: never ours. */
export type ForeignKey =
  | {
      readonly kind: 'rsa';
      /** Big-endian, without leading zeros, as the exponent. */
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array;
    }
  | {
      readonly kind: 'ecdsa';
      readonly curve: 'P-256' | 'P-384';
      /** Uncompressed (SEC 1 §2.3.3): 0x04 ‖ x ‖ y. */
      readonly point: Uint8Array;
    };

/** A hash of bytes that come piece by piece; ends with its digest. */
export interface HashStream {
  update(bytes: Uint8Array): void;
  digest(): Hash;
}

export interface Crypto {
  readonly name: 'native' | 'portable';
  /** SHA-256 (FIPS 180-4): compliance paths. */
  sha256(bytes: Uint8Array): Hash;
  /** SHA-256 of `source[start, end)`, written to `target` at `at`: the hot path, no allocation. */
  sha256Into(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void;
  /** SHA-256 of what is too large to be at hand at once. */
  sha256Stream(): HashStream;
  /**
   * CRC-32 of `bytes[start, end)`, going on from the CRC-32 of what stood before it, 0 for nothing:
   * against accidents, never part of a proof.
   */
  crc32(bytes: Uint8Array, start: number, end: number, before?: number): number;
  /** BLAKE3: internal paths only; its result is of a type that no proof takes. */
  blake3(bytes: Uint8Array): InternalHash;
  /** SHA-2 (FIPS 180-4) as other people's formats name it; our own are SHA-256 alone. */
  sha2(name: Sha2, bytes: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104, FIPS 198-1). */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** The first `size` bytes of it, at most 32, written to `target` at `at`: the hot path. */
  hmacSha256Into(
    key: Uint8Array,
    bytes: Uint8Array,
    target: Uint8Array,
    at: number,
    size: number,
  ): void;
  /** HKDF-SHA-256 (RFC 5869), `size` bytes of output. */
  hkdfSha256(key: Uint8Array, salt: Uint8Array, info: Uint8Array, size: number): Uint8Array;
  /** AES-256 (FIPS 197) under a key of 32 bytes, which may be cleared afterwards. */
  blockCipher(key: Uint8Array): BlockCipher;
  /** What a data key of 32 bytes, which may be cleared afterwards, does for records. */
  recordCipher(dataKey: Uint8Array): RecordCipher;
  /** AES-256-GCM (SP 800-38D): ciphertext, then the tag of 16 bytes. */
  seal(input: SealInput, plaintext: Uint8Array): Uint8Array;
  /** @throws {CryptoError} ERR_CRYPTO_OPEN when the tag does not match */
  open(input: SealInput, sealed: Uint8Array): Uint8Array;
  /** AES-256 key wrap with padding (RFC 5649, SP 800-38F KWP). */
  wrapKey(wrappingKey: Uint8Array, key: Uint8Array): Uint8Array;
  /** @throws {CryptoError} ERR_CRYPTO_UNWRAP when the integrity check fails */
  unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array): Uint8Array;
  /** Public key of an Ed25519 seed (RFC 8032 §5.1.5). */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** Ed25519 signature (RFC 8032 §5.1.6), 64 bytes. */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** @throws {CryptoError} ERR_CRYPTO_SIGNATURE unless the signature is good */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void;
  /**
   * Verifies a signature of {@link ForeignKey}: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2), or ECDSA
   * (FIPS 186-5 §6.4.2) of r ‖ s, each as long as the order of the curve.
   *
   * @throws {CryptoError} ERR_CRYPTO_SIGNATURE unless the signature is good, and the key of a size that
   * is neither weak nor a burden
   */
  foreignVerify(key: ForeignKey, sha2: Sha2, message: Uint8Array, signature: Uint8Array): void;
}
