/** Short vectors typed from the standards: they always run, on both providers. */

import { codeOf } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { PROVIDERS, ascii, bytes } from './providers.ts';

// S018, S042, S068, S070: the algorithms of the plan, against the documents that define them.
describe.each(PROVIDERS)('$name provider', (crypto) => {
  test('SHA-256: FIPS 180-4, examples of NIST for one and two blocks', () => {
    expect(bytesToHex(crypto.sha256(ascii('')))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(bytesToHex(crypto.sha256(ascii('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(
      bytesToHex(crypto.sha256(ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))),
    ).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  });

  test('sha256Into writes the digest of a part at a place, and nothing else', () => {
    const target = new Uint8Array(40).fill(0xee).subarray(2);
    crypto.sha256Into(ascii('--abc--'), 2, 5, target, 3);
    expect(bytesToHex(target)).toBe(
      `eeeeeeba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adeeeeee`,
    );
    expect(codeOf(() => crypto.sha256Into(ascii('abc'), 0, 3, target, 7))).toBe('ERR_ASSERTION');
  });

  test('BLAKE3: the empty input of the reference vectors', () => {
    expect(bytesToHex(crypto.blake3(ascii('')))).toBe(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    );
  });

  test('HMAC-SHA-256: RFC 4231 §4.2 and §4.3', () => {
    expect(bytesToHex(crypto.hmacSha256(new Uint8Array(20).fill(0x0b), ascii('Hi There')))).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    );
    expect(
      bytesToHex(crypto.hmacSha256(ascii('Jefe'), ascii('what do ya want for nothing?'))),
    ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  test('HKDF-SHA-256: RFC 5869 A.1', () => {
    const key = crypto.hkdfSha256(
      new Uint8Array(22).fill(0x0b),
      bytes('000102030405060708090a0b0c'),
      bytes('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(bytesToHex(key)).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  test('AES-256: FIPS 197 C.3, each block by itself', () => {
    const key = bytes('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
    const block = '00112233445566778899aabbccddeeff';
    const expected = '8ea2b7ca516745bfeafc49904b496089';
    const cipher = crypto.blockCipher(key);
    for (let call = 0; call < 3; call += 1) {
      expect(bytesToHex(cipher.encrypt(bytes(block + block)))).toBe(expected + expected);
    }
    expect(cipher.encrypt(new Uint8Array(0))).toHaveLength(0);
    expect(codeOf(() => cipher.encrypt(new Uint8Array(17)))).toBe('ERR_ASSERTION');
    cipher.clear();
    cipher.clear();
    expect(codeOf(() => cipher.encrypt(bytes(block)))).toBe('ERR_ASSERTION');
  });

  test('AES-256-GCM: the GCM specification (McGrew, Viega), test cases 14 and 16', () => {
    const zero = { key: new Uint8Array(32), nonce: new Uint8Array(12) };
    const empty = new Uint8Array(0);
    expect(bytesToHex(crypto.seal({ ...zero, associatedData: empty }, new Uint8Array(16)))).toBe(
      'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    );
    const input = {
      key: bytes('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
      nonce: bytes('cafebabefacedbaddecaf888'),
      associatedData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    };
    const plaintext = bytes(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
    const sealed = crypto.seal(input, plaintext);
    expect(bytesToHex(sealed)).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
        '76fc6ece0f4e1768cddf8853bb2d551b',
    );
    expect(crypto.open(input, sealed)).toEqual(plaintext);
  });

  test('KWP: RFC 5649 has no 256-bit example; NIST SP 800-38F KWP_AE_256, count 0', () => {
    const wrappingKey = bytes('95da2700ca6fd9a52554ee2a8df1386f5b94a1a60ed8a4aef60a8d61ab5f225a');
    const wrapped = bytes('06ba7ae6f3248cfdcf267507fa001bc4');
    expect(crypto.wrapKey(wrappingKey, bytes('d1'))).toEqual(wrapped);
    expect(crypto.unwrapKey(wrappingKey, wrapped)).toEqual(bytes('d1'));
    expect(codeOf(() => crypto.wrapKey(wrappingKey, new Uint8Array(0)))).toBe('ERR_ASSERTION');
  });

  test('Ed25519: RFC 8032 §7.1, tests 1 and 2', () => {
    for (const [seed, publicKey, message, signature] of [
      [
        '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        '',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      [
        '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
        '72',
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      ],
    ] as const) {
      expect(bytesToHex(crypto.ed25519PublicKey(bytes(seed)))).toBe(publicKey);
      expect(bytesToHex(crypto.ed25519Sign(bytes(seed), bytes(message)))).toBe(signature);
      crypto.ed25519Verify(bytes(publicKey), bytes(message), bytes(signature));
    }
  });

  test('answers are plain bytes: a Buffer would slice as a view', () => {
    const seed = new Uint8Array(32);
    const seal = { key: seed, nonce: new Uint8Array(12), associatedData: seed };
    const answers = [
      crypto.sha256(seed),
      crypto.blake3(seed),
      crypto.sha2('sha384', seed),
      crypto.hmacSha256(seed, seed),
      crypto.hkdfSha256(seed, seed, seed, 32),
      crypto.blockCipher(seed).encrypt(seed),
      crypto.seal(seal, seed),
      crypto.open(seal, crypto.seal(seal, seed)),
      crypto.wrapKey(seed, seed),
      crypto.unwrapKey(seed, crypto.wrapKey(seed, seed)),
      crypto.ed25519PublicKey(seed),
      crypto.ed25519Sign(seed, seed),
    ];
    for (const answer of answers) expect(Object.getPrototypeOf(answer)).toBe(Uint8Array.prototype);
  });

  test('keys and nonces of a wrong size are bugs of the caller', () => {
    const good = new Uint8Array(32);
    const short = new Uint8Array(16);
    const nonce = new Uint8Array(12);
    const associatedData = new Uint8Array(0);
    for (const call of [
      () => crypto.seal({ key: short, nonce, associatedData }, good),
      () => crypto.open({ key: short, nonce, associatedData }, good),
      () => crypto.seal({ key: good, nonce: short, associatedData }, good),
      () => crypto.blockCipher(short),
      () => crypto.recordCipher(short),
      () => crypto.wrapKey(short, good),
      () => crypto.unwrapKey(short, good),
      () => crypto.ed25519PublicKey(short),
      () => crypto.ed25519Sign(short, good),
    ]) {
      expect(codeOf(call)).toBe('ERR_ASSERTION');
    }
  });
});
