/**
 * The native provider: node:crypto, for every hot path.
 *
 * SHA-256 of short inputs is bound by what surrounds it: `crypto.hash` that answers in text, read
 * into bytes that stand ready, is two to three times as fast as a digest that is allocated.
 */

import {
  type KeyObject,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  sign,
  verify,
} from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';

import { blake3 } from '@noble/hashes/blake3.js';
import { HASH_SIZE, type Hash, SizedViews, assert, toHash, toInternalHash } from '@veritydb/types';

import { crc32 } from './crc32.ts';
import {
  AES_KEY_SIZE,
  type Crypto,
  ED25519_SEED_SIZE,
  ED25519_SIGNATURE_SIZE,
  type ForeignKey,
  NONCE_SIZE,
  TAG_SIZE,
} from './crypto.ts';
import { isStrictPublicKey } from './ed25519-key.ts';
import { openFailed, signatureFailed, unwrapFailed } from './error.ts';
import { CURVE_SIZE, isPlainForeign } from './foreign-key.ts';
import { hkdfSha256 } from './hkdf.ts';
import { CounterRecordCipher } from './record-cipher.ts';

const KEY_CACHE_SIZE_MAX = 256;
/** DER of PKCS #8 (RFC 8410 §7) and SubjectPublicKeyInfo (§4) up to the raw key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** RFC 5649 §3: the alternative initial value of KWP. */
const KWP_INITIAL_VALUE = Buffer.from('a65959a6', 'hex');
const KWP_SIZE_MIN = 16;

/** Parsed keys by the digest of their bytes: a name that is no secret itself. */
const privateKeys = new Map<string, KeyObject>();
const publicKeys = new Map<string, KeyObject>();

function cachedKey(
  cache: Map<string, KeyObject>,
  bytes: Uint8Array,
  parse: (bytes: Uint8Array) => KeyObject,
): KeyObject {
  const name = hash('sha256', bytes, 'base64');
  const found = cache.get(name);
  if (found !== undefined) return found;
  const key = parse(bytes);
  if (cache.size >= KEY_CACHE_SIZE_MAX) cache.clear();
  cache.set(name, key);
  return key;
}

function privateKey(seed: Uint8Array): KeyObject {
  assert(seed.length === ED25519_SEED_SIZE, 'Ed25519 seed is not 32 bytes');
  return cachedKey(privateKeys, seed, (bytes) => {
    const der = Buffer.allocUnsafeSlow(PKCS8_PREFIX.length + bytes.length);
    der.set(PKCS8_PREFIX);
    der.set(bytes, PKCS8_PREFIX.length);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return key;
  });
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, bytes]),
    format: 'der',
    type: 'spki',
  });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** JWK (RFC 7518 §6.2, §6.3): OpenSSL refuses a point that is not on its curve. */
function foreignKey(key: ForeignKey): KeyObject {
  if (key.kind === 'rsa') {
    const jwk = { kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent) };
    return createPublicKey({ key: jwk, format: 'jwk' });
  }
  const size = CURVE_SIZE[key.curve];
  const x = base64url(key.point.subarray(1, 1 + size));
  const y = base64url(key.point.subarray(1 + size));
  return createPublicKey({ key: { kty: 'EC', crv: key.curve, x, y }, format: 'jwk' });
}

/** The same bytes, plain: a Buffer slices otherwise than any other array of bytes. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Bytes of their own: small Buffers may share a pool, which a key must not stay behind in. */
function own(buffer: Buffer): Uint8Array {
  return Uint8Array.from(buffer);
}

/**
 * Two bytes a character: half as many to read as in latin1, a twelfth of the whole for short inputs. The
 * low byte comes first on every machine. Node takes any encoding of strings here, its types name but some.
 */
const DIGEST_ENCODING = 'utf16le' as 'binary';

function writeSha256(bytes: Uint8Array, target: Uint8Array, at: number): void {
  const digest = hash('sha256', bytes, DIGEST_ENCODING);
  for (let index = 0; index < HASH_SIZE / 2; index += 1) {
    const pair = digest.charCodeAt(index);
    target[at + 2 * index] = pair;
    target[at + 2 * index + 1] = pair >>> 8;
  }
}

function sha256(bytes: Uint8Array): Hash {
  const digest = new Uint8Array(HASH_SIZE);
  writeSha256(bytes, digest, 0);
  return toHash(digest);
}

/** Below it the call costs more than the work. */
const CRC_NATIVE_SIZE_MIN = 128;
const HMAC_BLOCK_SIZE = 64;
const HMAC_MESSAGE_SIZE_MAX = 1024;
const INNER_PAD = 0x36;
/** Inner pad ⊕ outer pad, 0x36 and 0x5c, for four bytes. */
const PADS_APART = 0x6a6a_6a6a;
const hmacInput = new SizedViews(HMAC_BLOCK_SIZE + HMAC_MESSAGE_SIZE_MAX);
const hmacWords = new Uint32Array(hmacInput.bytes.buffer, 0, HMAC_BLOCK_SIZE / 4);
const hmacOuter = hmacInput.of(HMAC_BLOCK_SIZE + HASH_SIZE);

/**
 * HMAC (RFC 2104 §2) as two hashes of short inputs: less than half of what an Hmac object costs. The key
 * is wiped from the scratch bytes that both are made in.
 */
function hmacOfShort(
  key: Uint8Array,
  bytes: Uint8Array,
  target: Uint8Array,
  at: number,
  size: number,
): void {
  const scratch = hmacInput.bytes;
  scratch.fill(INNER_PAD, key.length, HMAC_BLOCK_SIZE);
  for (let index = 0; index < key.length; index += 1) {
    scratch[index] = (key[index] as number) ^ INNER_PAD;
  }
  scratch.set(bytes, HMAC_BLOCK_SIZE);
  writeSha256(hmacInput.of(HMAC_BLOCK_SIZE + bytes.length), scratch, HMAC_BLOCK_SIZE);
  for (let index = 0; index < hmacWords.length; index += 1) {
    hmacWords[index] = (hmacWords[index] as number) ^ PADS_APART;
  }
  writeSha256(hmacOuter, scratch, 0);
  for (let index = 0; index < size; index += 1) target[at + index] = scratch[index] as number;
  scratch.fill(0, 0, HMAC_BLOCK_SIZE + Math.max(bytes.length, HASH_SIZE));
}

function hmacSha256Into(
  key: Uint8Array,
  bytes: Uint8Array,
  target: Uint8Array,
  at: number,
  size: number,
): void {
  assert(size <= HASH_SIZE && at >= 0 && at + size <= target.length, 'code does not fit');
  if (key.length <= HMAC_BLOCK_SIZE && bytes.length <= HMAC_MESSAGE_SIZE_MAX) {
    hmacOfShort(key, bytes, target, at, size);
  } else {
    target.set(createHmac('sha256', key).update(bytes).digest().subarray(0, size), at);
  }
}

function assertSealSizes(key: Uint8Array, nonce: Uint8Array): void {
  assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
  assert(nonce.length === NONCE_SIZE, 'nonce is not 12 bytes');
}

export const nativeCrypto: Crypto = {
  name: 'native',
  sha256,
  sha256Into(source, start, end, target, at) {
    assert(at >= 0 && at + HASH_SIZE <= target.length, 'digest does not fit its target');
    const isWhole = start === 0 && end === source.length;
    writeSha256(isWhole ? source : source.subarray(start, end), target, at);
  },
  sha256Stream() {
    const stream = createHash('sha256');
    return {
      update(bytes) {
        stream.update(bytes);
      },
      digest: () => toHash(own(stream.digest())),
    };
  },
  crc32: (bytes, start, end, before = 0) =>
    end - start < CRC_NATIVE_SIZE_MIN
      ? crc32(bytes, start, end, before)
      : zlibCrc32(bytes.subarray(start, end), before),
  blake3: (bytes) => toInternalHash(blake3(bytes)),
  sha2: (name, bytes) => own(hash(name, bytes, 'buffer')),
  hmacSha256(key, bytes) {
    const code = new Uint8Array(HASH_SIZE);
    hmacSha256Into(key, bytes, code, 0, HASH_SIZE);
    return code;
  },
  hmacSha256Into,
  // Node's own makes a key object first: four times as dear as six hashes of short inputs.
  hkdfSha256: (key, salt, info, size) => hkdfSha256(nativeCrypto, key, { salt, info }, size),
  blockCipher(key) {
    assert(key.length === AES_KEY_SIZE, 'AES key is not 32 bytes');
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    let isClear = false;
    return {
      encrypt(blocks) {
        assert(!isClear, 'the key of a cipher was let go of');
        assert(blocks.length % 16 === 0, 'blocks are not whole');
        return plain(cipher.update(blocks));
      },
      clear() {
        // OpenSSL wipes the key schedule with the context, which a cipher that ends lets go of.
        if (!isClear) cipher.final();
        isClear = true;
      },
    };
  },
  recordCipher(dataKey) {
    return new CounterRecordCipher(nativeCrypto, dataKey);
  },
  seal({ key, nonce, associatedData }, plaintext) {
    assertSealSizes(key, nonce);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE });
    cipher.setAAD(associatedData);
    const sealed = new Uint8Array(plaintext.length + TAG_SIZE);
    sealed.set(cipher.update(plaintext), 0);
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  },
  open({ key, nonce, associatedData }, sealed) {
    assertSealSizes(key, nonce);
    // Attacker-controlled: bytes from a disk or a peer, of any length.
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
    return plain(plaintext);
  },
  wrapKey(wrappingKey, key) {
    assert(wrappingKey.length === AES_KEY_SIZE, 'wrapping key is not 32 bytes');
    assert(key.length > 0, 'key to wrap is empty');
    const cipher = createCipheriv('id-aes256-wrap-pad', wrappingKey, KWP_INITIAL_VALUE);
    return own(cipher.update(key));
  },
  unwrapKey(wrappingKey, wrapped) {
    assert(wrappingKey.length === AES_KEY_SIZE, 'wrapping key is not 32 bytes');
    const decipher = createDecipheriv('id-aes256-wrap-pad', wrappingKey, KWP_INITIAL_VALUE);
    // Attacker-controlled: bytes of the key store, of any length. OpenSSL passes over no bytes at all.
    if (wrapped.length < KWP_SIZE_MIN) throw unwrapFailed();
    let unwrapped: Buffer;
    try {
      unwrapped = decipher.update(wrapped);
    } catch {
      throw unwrapFailed();
    }
    const key = own(unwrapped);
    unwrapped.fill(0);
    return key;
  },
  ed25519PublicKey(seed) {
    const der = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
    return own(der.subarray(SPKI_PREFIX.length));
  },
  ed25519Sign(seed, message) {
    return own(sign(null, message, privateKey(seed)));
  },
  ed25519Verify(publicKey, message, signature) {
    // Attacker-controlled: all three.
    if (!isStrictPublicKey(publicKey)) throw signatureFailed();
    if (signature.length !== ED25519_SIGNATURE_SIZE) throw signatureFailed();
    let good: boolean;
    try {
      good = verify(null, message, cachedKey(publicKeys, publicKey, publicKeyOf), signature);
    } catch {
      throw signatureFailed();
    }
    if (!good) throw signatureFailed();
  },
  foreignVerify(key, sha2, message, signature) {
    // Attacker-controlled: all of it.
    if (!isPlainForeign(key, signature)) throw signatureFailed();
    let good: boolean;
    try {
      const parsed = foreignKey(key);
      good = verify(
        sha2,
        message,
        key.kind === 'rsa'
          ? { key: parsed, padding: constants.RSA_PKCS1_PADDING }
          : { key: parsed, dsaEncoding: 'ieee-p1363' },
        signature,
      );
    } catch {
      throw signatureFailed();
    }
    if (!good) throw signatureFailed();
  },
};
