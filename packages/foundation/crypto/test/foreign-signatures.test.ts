/** Signatures of other people's formats, RSA and ECDSA, on both providers. */

import {
  type KeyObject,
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  sign,
} from 'node:crypto';

import type { Crypto, ForeignKey, Sha2 } from '@veritydb/crypto';
import { codeOf, loadJson, requireShared } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PROVIDERS, ascii, bytes } from './providers.ts';

function base64url(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}

/** RFC 7515 A.2.1 and A.3.1: the payload that both examples sign. */
const PAYLOAD =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

interface Signed {
  readonly name: string;
  readonly key: ForeignKey;
  readonly sha2: Sha2;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const TYPED: readonly Signed[] = [
  {
    name: 'RFC 7515 A.2: RSA of 2048 bits with SHA-256',
    key: {
      kind: 'rsa',
      modulus: base64url(
        'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      ),
      exponent: base64url('AQAB'),
    },
    sha2: 'sha256',
    message: ascii(`eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}`),
    signature: base64url(
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    ),
  },
  {
    name: 'RFC 7515 A.3: ECDSA on P-256 with SHA-256',
    key: {
      kind: 'ecdsa',
      curve: 'P-256',
      point: Uint8Array.from([
        4,
        ...base64url('f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU'),
        ...base64url('x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'),
      ]),
    },
    sha2: 'sha256',
    message: ascii(`eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}`),
    signature: base64url(
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    ),
  },
  {
    name: 'RFC 6979 A.2.6: ECDSA on P-384 with SHA-384',
    key: {
      kind: 'ecdsa',
      curve: 'P-384',
      point: bytes(
        '04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13' +
          '8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720',
      ),
    },
    sha2: 'sha384',
    message: ascii('sample'),
    signature: bytes(
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46' +
        '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    ),
  },
];

const GOOD = 'none';
const BAD = 'ERR_CRYPTO_SIGNATURE';

function verdict(crypto: Crypto, { key, sha2, message, signature }: Signed): string {
  return codeOf(() => crypto.foreignVerify(key, sha2, message, signature));
}

function flip(source: Uint8Array, index: number): Uint8Array {
  const changed = source.slice();
  changed[index] = (changed[index] as number) ^ 1;
  return changed;
}

function keyOf(publicKey: KeyObject): ForeignKey {
  const jwk = publicKey.export({ format: 'jwk' }) as Readonly<Record<string, string>>;
  const part = (name: string): Uint8Array => base64url(jwk[name] ?? '');
  return jwk['kty'] === 'RSA'
    ? { kind: 'rsa', modulus: part('n'), exponent: part('e') }
    : {
        kind: 'ecdsa',
        curve: jwk['crv'] as 'P-256' | 'P-384',
        point: Uint8Array.from([4, ...part('x'), ...part('y')]),
      };
}

describe.each(PROVIDERS)('$name provider', (crypto) => {
  test('SHA-384 and SHA-512: FIPS 180-4, examples of NIST for one block', () => {
    expect(bytesToHex(crypto.sha2('sha256', ascii('abc')))).toBe(
      bytesToHex(crypto.sha256(ascii('abc'))),
    );
    expect(bytesToHex(crypto.sha2('sha384', ascii('abc')))).toBe(
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    );
    expect(bytesToHex(crypto.sha2('sha512', ascii('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });

  test.each(TYPED)('$name', (typed) => {
    expect(verdict(crypto, typed)).toBe(GOOD);
    for (const index of typed.signature.keys()) {
      expect(verdict(crypto, { ...typed, signature: flip(typed.signature, index) })).toBe(BAD);
    }
    expect(verdict(crypto, { ...typed, message: flip(typed.message, 0) })).toBe(BAD);
    expect(verdict(crypto, { ...typed, sha2: 'sha512' })).toBe(BAD);
    for (const signature of [
      typed.signature.subarray(1),
      Uint8Array.from([0, ...typed.signature]),
      new Uint8Array(typed.signature.length),
      new Uint8Array(0),
    ]) {
      expect(verdict(crypto, { ...typed, signature })).toBe(BAD);
    }
  });

  test('a point off its curve, compressed, or of another curve is no key', () => {
    const [, typed] = TYPED as [Signed, Signed];
    const { point } = typed.key as { point: Uint8Array };
    const points = [
      flip(point, 40),
      Uint8Array.from([2, ...point.subarray(1, 33)]),
      Uint8Array.from([6, ...point.subarray(1)]),
      new Uint8Array(65),
      new Uint8Array(0),
    ];
    for (const one of points) {
      const key = { kind: 'ecdsa', curve: 'P-256', point: one } as const;
      expect(verdict(crypto, { ...typed, key })).toBe(BAD);
    }
    expect(verdict(crypto, { ...typed, key: { kind: 'ecdsa', curve: 'P-384', point } })).toBe(BAD);
  });
});

describe('RSA keys that are weak, a burden, or strangely written are refused by both', () => {
  const message = ascii('message');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = keyOf(publicKey) as ForeignKey & { kind: 'rsa' };
  const signature = Uint8Array.from(sign('sha256', message, privateKey));
  const good: Signed = { name: '', key, sha2: 'sha256', message, signature };
  const bothSay = (signed: Signed): readonly string[] =>
    PROVIDERS.map((crypto) => verdict(crypto, signed));

  test('weak: 1024 bits, and 2047', () => {
    expect(bothSay(good)).toEqual([GOOD, GOOD]);
    for (const modulusLength of [1024, 2047]) {
      const pair = generateKeyPairSync('rsa', { modulusLength });
      const signed = Uint8Array.from(sign('sha256', message, pair.privateKey));
      expect(bothSay({ ...good, key: keyOf(pair.publicKey), signature: signed })).toEqual([
        BAD,
        BAD,
      ]);
    }
  });

  test.each<[string, ForeignKey, Uint8Array]>([
    ['above 8192 bits', { ...key, modulus: new Uint8Array(1025).fill(0xff) }, new Uint8Array(1025)],
    [
      'a zero before the modulus',
      { ...key, modulus: Uint8Array.from([0, ...key.modulus]) },
      signature,
    ],
    ['an even modulus', { ...key, modulus: flip(key.modulus, 255) }, signature],
    ['exponent 1', { ...key, exponent: bytes('01') }, signature],
    ['exponent 0', { ...key, exponent: bytes('00') }, signature],
    ['no exponent', { ...key, exponent: bytes('') }, signature],
    ['an even exponent', { ...key, exponent: bytes('010000') }, signature],
    ['an exponent of 40 bits', { ...key, exponent: bytes('0100000001') }, signature],
    ['a zero before the exponent', { ...key, exponent: bytes('00010001') }, signature],
  ])('%s', (_, changed, signed) => {
    expect(bothSay({ ...good, key: changed, signature: signed })).toEqual([BAD, BAD]);
  });

  test('a signature not below the modulus', () => {
    const [value, modulus] = [signature, key.modulus].map((part) =>
      BigInt(`0x${bytesToHex(part)}`),
    );
    const sum = ((value as bigint) + (modulus as bigint)).toString(16);
    // Where the sum has a byte more its length gives it away; where not, its value must.
    const above = bytes(sum.padStart(sum.length + (sum.length % 2), '0'));
    expect(bothSay({ ...good, signature: above })).toEqual([BAD, BAD]);
    expect(bothSay({ ...good, signature: key.modulus })).toEqual([BAD, BAD]);
    expect(bothSay({ ...good, signature: new Uint8Array(256).fill(0xff) })).toEqual([BAD, BAD]);
  });

  test('a padding that is not all of it: the digest at the front, and anything behind', () => {
    const info = Buffer.concat([
      bytes('3031300d060960864801650304020105000420'),
      createHash('sha256').update(message).digest(),
    ]);
    const encode = (padding: number, tail: Uint8Array): Uint8Array => {
      const block = Buffer.concat([
        bytes('0001'),
        Buffer.alloc(padding, 0xff),
        bytes('00'),
        info,
        tail,
      ]);
      return privateEncrypt(
        { key: privateKey, padding: constants.RSA_NO_PADDING },
        Buffer.concat([block, Buffer.alloc(256 - block.length)]),
      );
    };
    const whole = 256 - 3 - info.length;
    expect(bothSay({ ...good, signature: encode(whole, bytes('')) })).toEqual([GOOD, GOOD]);
    expect(bothSay({ ...good, signature: encode(8, bytes('00')) })).toEqual([BAD, BAD]);
    expect(bothSay({ ...good, signature: encode(whole - 2, bytes('0500')) })).toEqual([BAD, BAD]);
  });
});

describe('both providers agree', () => {
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
    generateKeyPairSync('rsa', { modulusLength: 3072 }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ];

  test('on what OpenSSL signs, with each member of SHA-2', () => {
    for (const { privateKey, publicKey } of pairs) {
      for (const sha2 of ['sha256', 'sha384', 'sha512'] as const) {
        const message = ascii(`${sha2} of ${String(publicKey.asymmetricKeyType)}`);
        const signature = sign(sha2, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
        const signed = { name: '', key: keyOf(publicKey), sha2, message, signature };
        expect(PROVIDERS.map((crypto) => verdict(crypto, signed))).toEqual([GOOD, GOOD]);
      }
    }
  });

  test('on bytes of any kind', () => {
    const data = fc.uint8Array({ maxLength: 300 });
    const key: fc.Arbitrary<ForeignKey> = fc.oneof(
      fc.record({ kind: fc.constant('rsa' as const), modulus: data, exponent: data }),
      fc.record({
        kind: fc.constant('ecdsa' as const),
        curve: fc.constantFrom('P-256' as const, 'P-384' as const),
        point: fc.uint8Array({ maxLength: 100 }),
      }),
    );
    fc.assert(
      fc.property(key, data, data, (one, message, signature) => {
        const signed: Signed = { name: '', key: one, sha2: 'sha256', message, signature };
        expect(PROVIDERS.map((crypto) => verdict(crypto, signed))).toEqual([BAD, BAD]);
      }),
    );
  });
});

const shared = requireShared('ECDSA of Wycheproof');

describe.runIf(shared !== undefined).each(PROVIDERS)('$name provider', (crypto) => {
  test('ECDSA on P-256 with SHA-256: Wycheproof', () => {
    const { testGroups } = loadJson(
      shared as string,
      'vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json',
    ) as {
      testGroups: {
        publicKey: { uncompressed: string };
        tests: { tcId: number; msg: string; sig: string; result: string }[];
      }[];
    };
    let count = 0;
    for (const { publicKey, tests } of testGroups) {
      const key = { kind: 'ecdsa', curve: 'P-256', point: bytes(publicKey.uncompressed) } as const;
      for (const { tcId, msg, sig, result } of tests) {
        const signed = {
          name: '',
          key,
          sha2: 'sha256',
          message: bytes(msg),
          signature: bytes(sig),
        };
        const expected = result === 'valid' ? GOOD : BAD;
        expect([tcId, verdict(crypto, signed as Signed)]).toEqual([tcId, expected]);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(200);
  });
});
