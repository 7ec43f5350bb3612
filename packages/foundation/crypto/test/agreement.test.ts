/** The two providers agree on every input, and both refuse what was changed. */

import { type Crypto, portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PROVIDERS } from './providers.ts';

const RUNS = { numRuns: 60 };
const data = fc.uint8Array({ maxLength: 300 });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 });
const blocks = fc
  .uint8Array({ maxLength: 20 * 16 })
  .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 16)));

/** Codes of a message and of one that is longer than what is short, at a place. */
function codeInto(crypto: Crypto, secret: Uint8Array, message: Uint8Array): Uint8Array {
  const target = new Uint8Array(70);
  const long = new Uint8Array(1024 + message.length).fill(7);
  crypto.hmacSha256Into(secret, message, target, 1, 1 + (message.length % 32));
  crypto.hmacSha256Into(secret, long, target, 34, 32);
  return target;
}

describe('native and portable agree', () => {
  test('hashes, HMAC, HKDF and AES blocks', () => {
    fc.assert(
      fc.property(key, data, data, blocks, (secret, message, info, plain) => {
        const [native, portable] = PROVIDERS.map((crypto) => {
          const into = new Uint8Array(message.length + 40);
          crypto.sha256Into(message, message.length >> 2, message.length, into, message.length);
          const stream = crypto.sha256Stream();
          stream.update(info);
          stream.update(message);
          return [
            crypto.sha256(message),
            stream.digest(),
            into,
            crypto.blake3(message),
            crypto.hmacSha256(info, message),
            codeInto(crypto, info, message),
            crypto.hkdfSha256(secret, message, info, 1 + (info.length % 100)),
            crypto.blockCipher(secret).encrypt(plain),
          ];
        });
        expect(native).toEqual(portable);
      }),
      RUNS,
    );
  });

  test('what one seals, wraps or signs, the other opens, unwraps and verifies', () => {
    fc.assert(
      fc.property(key, nonce, data, data, (secret, once, associatedData, message) => {
        const input = { key: secret, nonce: once, associatedData };
        const sealed = nativeCrypto.seal(input, message);
        expect(portableCrypto.seal(input, message)).toEqual(sealed);
        for (const crypto of PROVIDERS) expect(crypto.open(input, sealed)).toEqual(message);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(key, fc.uint8Array({ minLength: 1, maxLength: 100 }), (wrapping, secret) => {
        const wrapped = nativeCrypto.wrapKey(wrapping, secret);
        expect(portableCrypto.wrapKey(wrapping, secret)).toEqual(wrapped);
        for (const crypto of PROVIDERS) {
          expect(crypto.unwrapKey(wrapping, wrapped)).toEqual(secret);
        }
      }),
      RUNS,
    );
    fc.assert(
      fc.property(key, data, (seed, message) => {
        const publicKey = nativeCrypto.ed25519PublicKey(seed);
        expect(portableCrypto.ed25519PublicKey(seed)).toEqual(publicKey);
        const signature = nativeCrypto.ed25519Sign(seed, message);
        expect(portableCrypto.ed25519Sign(seed, message)).toEqual(signature);
        for (const crypto of PROVIDERS) crypto.ed25519Verify(publicKey, message, signature);
      }),
      { numRuns: 20 },
    );
  });

  test('on signatures and keys made of anything', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 80 }),
        (publicKey, signature) => {
          for (const crypto of PROVIDERS) {
            const verify = (): void => crypto.ed25519Verify(publicKey, publicKey, signature);
            expect(codeOf(verify)).toBe('ERR_CRYPTO_SIGNATURE');
          }
        },
      ),
      RUNS,
    );
  });

  test('more keys than the cache holds', () => {
    for (let index = 0; index < 300; index += 1) {
      const seed = new Uint8Array(32).fill(index % 256);
      seed[0] = index >> 8;
      const signature = nativeCrypto.ed25519Sign(seed, seed);
      const publicKey = nativeCrypto.ed25519PublicKey(seed);
      expect(codeOf(() => nativeCrypto.ed25519Verify(publicKey, seed, signature))).toBe('none');
    }
  });
});

/** The input with each of its bits flipped in turn. */
function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    yield flipped;
  }
}

function everyNinth(bytes: Uint8Array): readonly Uint8Array[] {
  return [...flips(bytes)].filter((_, bit) => bit % 9 === 0);
}

describe.each(PROVIDERS)('$name provider refuses what was changed', (crypto) => {
  const secret = new Uint8Array(32).fill(7);
  const message = Uint8Array.from({ length: 33 }, (_, index) => index);

  test('open: any bit of ciphertext, tag, nonce, associated data or key', () => {
    const input = {
      key: secret,
      nonce: new Uint8Array(12).fill(9),
      associatedData: new Uint8Array(20).fill(5),
    };
    const sealed = crypto.seal(input, message);
    expect(crypto.open(input, sealed)).toEqual(message);
    const attempts = [
      ...[...flips(sealed)].map((changed) => () => crypto.open(input, changed)),
      ...[...flips(input.nonce)].map(
        (changed) => () => crypto.open({ ...input, nonce: changed }, sealed),
      ),
      ...[...flips(input.associatedData)].map(
        (changed) => () => crypto.open({ ...input, associatedData: changed }, sealed),
      ),
      ...[...flips(input.key)].map(
        (changed) => () => crypto.open({ ...input, key: changed }, sealed),
      ),
      ...Array.from({ length: sealed.length }, (_, size) => () => {
        crypto.open(input, sealed.subarray(0, size));
      }),
    ];
    for (const attempt of attempts) expect(codeOf(attempt)).toBe('ERR_CRYPTO_OPEN');
  });

  test('unwrapKey: any bit, any shorter or longer bytes', () => {
    const wrapped = crypto.wrapKey(secret, message);
    const attempts = [
      ...flips(wrapped),
      ...Array.from({ length: wrapped.length }, (_, size) => wrapped.subarray(0, size)),
      Uint8Array.from([...wrapped, ...wrapped.subarray(0, 8)]),
    ];
    for (const attempt of attempts) {
      expect(codeOf(() => crypto.unwrapKey(secret, attempt))).toBe('ERR_CRYPTO_UNWRAP');
    }
  });

  test('ed25519Verify: a bit of each byte of signature, message and key', () => {
    const publicKey = crypto.ed25519PublicKey(secret);
    const signature = crypto.ed25519Sign(secret, message);
    for (const changed of everyNinth(signature)) {
      const verify = (): void => crypto.ed25519Verify(publicKey, message, changed);
      expect(codeOf(verify)).toBe('ERR_CRYPTO_SIGNATURE');
    }
    for (const changed of everyNinth(message)) {
      const verify = (): void => crypto.ed25519Verify(publicKey, changed, signature);
      expect(codeOf(verify)).toBe('ERR_CRYPTO_SIGNATURE');
    }
    for (const changed of everyNinth(publicKey)) {
      const verify = (): void => crypto.ed25519Verify(changed, message, signature);
      expect(codeOf(verify)).toBe('ERR_CRYPTO_SIGNATURE');
    }
  });

  test('ed25519Verify: keys of small order, which would take one signature for all messages', () => {
    const identity = new Uint8Array(32);
    identity[0] = 1;
    const signature = new Uint8Array(64);
    signature[0] = 1;
    const verify = (): void => crypto.ed25519Verify(identity, message, signature);
    expect(codeOf(verify)).toBe('ERR_CRYPTO_SIGNATURE');
  });
});
