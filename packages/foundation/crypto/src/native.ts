/**
 * The native provider: node:crypto, for every hot path.
 *
 * SHA-256 of short inputs is bound by what surrounds it: `crypto.hash` that answers in latin1, written
 * into a buffer that stands ready, is two to three times as fast as an allocated digest.
 */

import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  hkdfSync,
  sign,
  verify,
} from 'node:crypto';

import { blake3 } from '@noble/hashes/blake3.js';
import { type Hash, assert, bytesToHex, toHash } from '@veritydb/types';

import { AES_KEY_SIZE, type Crypto, ED25519_SEED_SIZE, NONCE_SIZE, TAG_SIZE } from './crypto.ts';
import { openFailed, signatureFailed, unwrapFailed } from './error.ts';

const KEY_CACHE_SIZE_MAX = 256;
/** DER of PKCS #8 (RFC 8410 §7) and SubjectPublicKeyInfo up to the raw key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** RFC 5649 §3: the alternative initial value of KWP. */
const KWP_INITIAL_VALUE = Buffer.from('a65959a6', 'hex');

const keyObjects = new Map<string, KeyObject>();

function cachedKey(kind: 'private' | 'public', bytes: Uint8Array): KeyObject {
  const name = `${kind} ${bytesToHex(bytes)}`;
  let key = keyObjects.get(name);
  if (key === undefined) {
    key =
      kind === 'private'
        ? createPrivateKey({
            key: Buffer.concat([PKCS8_PREFIX, bytes]),
            format: 'der',
            type: 'pkcs8',
          })
        : createPublicKey({
            key: Buffer.concat([SPKI_PREFIX, bytes]),
            format: 'der',
            type: 'spki',
          });
    if (keyObjects.size >= KEY_CACHE_SIZE_MAX) keyObjects.clear();
    keyObjects.set(name, key);
  }
  return key;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes of their own: small Buffers share a pool, and a pool must not be kept alive or be cleared. */
function own(buffer: Buffer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(buffer.length);
  bytes.set(buffer);
  return bytes;
}

function sha256(bytes: Uint8Array): Hash {
  const digest = Buffer.allocUnsafeSlow(32);
  digest.write(hash('sha256', bytes, 'binary'), 0, 32, 'latin1');
  return toHash(new Uint8Array(digest.buffer));
}

export const nativeCrypto: Crypto = {
  name: 'native',
  sha256,
  sha256Into(source, start, end, target, at) {
    const digest = hash('sha256', source.subarray(start, end), 'binary');
    asBuffer(target).write(digest, at, 32, 'latin1');
  },
  blake3: (bytes) => blake3(bytes),
  hmacSha256: (key, bytes) => own(createHmac('sha256', key).update(bytes).digest()),
  hkdfSha256: (key, salt, info, size) => new Uint8Array(hkdfSync('sha256', key, salt, info, size)),
  aes256Blocks(key, blocks) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(blocks.length % 16 === 0, 'blocks are not whole');
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return own(cipher.update(blocks));
  },
  seal({ key, nonce, associatedData }, plaintext) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE });
    cipher.setAAD(associatedData);
    const sealed = new Uint8Array(plaintext.length + TAG_SIZE);
    sealed.set(cipher.update(plaintext), 0);
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  },
  open({ key, nonce, associatedData }, sealed) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
    if (sealed.length < TAG_SIZE) throw openFailed();
    const end = sealed.length - TAG_SIZE;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE });
    decipher.setAAD(associatedData);
    decipher.setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      throw openFailed();
    }
    return own(plaintext);
  },
  wrapKey(wrappingKey, key) {
    const cipher = createCipheriv('id-aes256-wrap-pad', wrappingKey, KWP_INITIAL_VALUE);
    return own(Buffer.concat([cipher.update(key), cipher.final()]));
  },
  unwrapKey(wrappingKey, wrapped) {
    try {
      const decipher = createDecipheriv('id-aes256-wrap-pad', wrappingKey, KWP_INITIAL_VALUE);
      return own(Buffer.concat([decipher.update(wrapped), decipher.final()]));
    } catch {
      throw unwrapFailed();
    }
  },
  ed25519PublicKey(seed) {
    assert(seed.length === ED25519_SEED_SIZE, 'Ed25519 seed is not 32 bytes');
    const der = createPublicKey(cachedKey('private', seed)).export({ format: 'der', type: 'spki' });
    return own(der.subarray(SPKI_PREFIX.length));
  },
  ed25519Sign(seed, message) {
    assert(seed.length === ED25519_SEED_SIZE, 'Ed25519 seed is not 32 bytes');
    return own(sign(null, message, cachedKey('private', seed)));
  },
  ed25519Verify(publicKey, message, signature) {
    let good = false;
    try {
      good =
        publicKey.length === 32 && verify(null, message, cachedKey('public', publicKey), signature);
    } catch {
      throw signatureFailed();
    }
    if (!good) throw signatureFailed();
  },
};
