/** The vectors of NIST, the RFCs, Wycheproof and BLAKE3 in full, on both providers. */

import type { Crypto, SealInput } from '@veritydb/crypto';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import {
  hasShared,
  responseBlocks,
  sharedJson,
  sharedText,
} from '../../types/test/shared-vectors.ts';
import { PROVIDERS, bytes } from './providers.ts';

const present = hasShared('vectors');

type Group<T> = Readonly<Record<string, unknown>> & { readonly tests: readonly T[] };
interface Case {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
}

function wycheproof<T>(name: string): readonly Group<T & Case>[] {
  return (sharedJson(`vectors/wycheproof/${name}`) as { testGroups: Group<T & Case>[] }).testGroups;
}

function field(block: ReadonlyMap<string, string>, name: string): Uint8Array {
  return bytes(block.get(name) ?? '');
}

/** CAVP cases of the sizes that we use. */
function fits(block: ReadonlyMap<string, string>): boolean {
  return block.get('IVlen') === '96' && block.get('Taglen') === '128' && block.has('Key');
}

function inputOf(block: ReadonlyMap<string, string>): SealInput {
  return {
    key: field(block, 'Key'),
    nonce: field(block, 'IV'),
    associatedData: field(block, 'AAD'),
  };
}

/** What the call returns, or the code of the error that it throws. */
function resultOf(call: () => string): string {
  try {
    return call();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** The code that the call ends with, which must be `none` for valid cases and the given one else. */
function expectResult(one: Case, code: string, call: () => void): void {
  expect(`${one.tcId} ${codeOf(call)}`).toBe(
    `${one.tcId} ${one.result === 'invalid' ? code : 'none'}`,
  );
}

function ed25519Cases(): readonly { key: string; msg: string; sig: string; case: Case }[] {
  return wycheproof<{ msg: string; sig: string }>('ed25519_test.json').flatMap((group) =>
    group.tests.map((one) => ({
      key: (group['publicKey'] as { pk: string }).pk,
      msg: one.msg,
      sig: one.sig,
      case: one,
    })),
  );
}

// S042, S068, S070: the same against the published sets.
describe.runIf(present).each(PROVIDERS)('$name provider', (crypto: Crypto) => {
  test.each(['SHA256ShortMsg.rsp', 'SHA256LongMsg.rsp'])('NIST CAVP %s', (name) => {
    const blocks = responseBlocks(sharedText(`vectors/nist-cavp-sha/${name}`)).filter((block) =>
      block.has('MD'),
    );
    expect(blocks.length).toBeGreaterThan(60);
    for (const block of blocks) {
      const message = field(block, 'Msg').subarray(0, Number(block.get('Len')) / 8);
      expect(bytesToHex(crypto.sha256(message))).toBe(block.get('MD'));
    }
  });

  test('BLAKE3 reference vectors', () => {
    const { cases } = sharedJson('vectors/blake3/test_vectors.json') as {
      cases: { input_len: number; hash: string }[];
    };
    for (const { input_len: size, hash } of cases.filter((one) => one.input_len <= 31_744)) {
      const input = Uint8Array.from({ length: size }, (_, index) => index % 251);
      expect(bytesToHex(crypto.blake3(input))).toBe(hash.slice(0, 64));
    }
  });

  test('HMAC-SHA-256: RFC 4231 and Wycheproof', () => {
    for (const block of responseBlocks(sharedText('vectors/hmac-rfc4231/rfc-4231-sha256.txt'))) {
      if (!block.has('MD')) continue;
      expect(bytesToHex(crypto.hmacSha256(field(block, 'Key'), field(block, 'Msg')))).toBe(
        block.get('MD'),
      );
    }
    for (const group of wycheproof<{ key: string; msg: string; tag: string }>(
      'hmac_sha256_test.json',
    )) {
      for (const one of group.tests) {
        const tag = bytesToHex(crypto.hmacSha256(bytes(one.key), bytes(one.msg)));
        const same = tag.slice(0, one.tag.length) === one.tag;
        expect([one.tcId, same]).toEqual([one.tcId, one.result === 'valid']);
      }
    }
  });

  test('HKDF-SHA-256: RFC 5869 and Wycheproof', () => {
    // An empty line parts the inputs of a case from its outputs: join them.
    const rfc = sharedText('vectors/rfc5869-hkdf/rfc-5869-HKDF-SHA256.txt');
    for (const block of responseBlocks(rfc.replaceAll(/\n+(Hash|PRK)/g, '\n$1'))) {
      if (!block.has('OKM')) continue;
      const [key, salt, info] = [field(block, 'IKM'), field(block, 'salt'), field(block, 'info')];
      const derived = crypto.hkdfSha256(key, salt, info, Number(block.get('L')));
      expect(bytesToHex(derived)).toBe(block.get('OKM'));
    }
    interface Hkdf {
      readonly ikm: string;
      readonly salt: string;
      readonly info: string;
      readonly size: number;
      readonly okm: string;
    }
    for (const group of wycheproof<Hkdf>('hkdf_sha256_test.json')) {
      for (const one of group.tests) {
        const derive = (): string =>
          bytesToHex(crypto.hkdfSha256(bytes(one.ikm), bytes(one.salt), bytes(one.info), one.size));
        expect(resultOf(derive)).toBe(one.result === 'valid' ? one.okm : 'ERR_ASSERTION');
      }
    }
  });

  test('AES-256-GCM: NIST CAVP, nonces of 96 bits and tags of 128', () => {
    const encrypt = responseBlocks(
      sharedText('vectors/nist-cavp-gcm/gcmEncryptExtIV256.rsp.gz'),
    ).filter(fits);
    const decrypt = responseBlocks(sharedText('vectors/nist-cavp-gcm/gcmDecrypt256.rsp.gz')).filter(
      fits,
    );
    expect(encrypt.length).toBe(375);
    expect(decrypt.length).toBe(375);
    for (const block of encrypt) {
      const sealed = bytesToHex(crypto.seal(inputOf(block), field(block, 'PT')));
      expect(sealed).toBe(`${block.get('CT')}${block.get('Tag')}`);
    }
    for (const block of decrypt) {
      const sealed = bytes(`${block.get('CT')}${block.get('Tag')}`);
      const outcome = (): string => bytesToHex(crypto.open(inputOf(block), sealed));
      const expected = block.has('FAIL') ? 'ERR_CRYPTO_OPEN' : block.get('PT');
      expect(resultOf(outcome)).toBe(expected);
    }
  });

  test('AES-256-GCM: Wycheproof', () => {
    interface Gcm {
      readonly key: string;
      readonly iv: string;
      readonly aad: string;
      readonly msg: string;
      readonly ct: string;
      readonly tag: string;
    }
    let count = 0;
    for (const group of wycheproof<Gcm>('aes_gcm_test.json')) {
      if (group['keySize'] !== 256 || group['ivSize'] !== 96 || group['tagSize'] !== 128) continue;
      for (const one of group.tests) {
        const input = {
          key: bytes(one.key),
          nonce: bytes(one.iv),
          associatedData: bytes(one.aad),
        };
        const sealed = one.ct + one.tag;
        expectResult(one, 'ERR_CRYPTO_OPEN', () => {
          expect(bytesToHex(crypto.open(input, bytes(sealed)))).toBe(one.msg);
        });
        expect(bytesToHex(crypto.seal(input, bytes(one.msg))) === sealed).toBe(
          one.result === 'valid',
        );
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(60);
  });

  test('AES-256 KWP: NIST and Wycheproof', () => {
    const blocks = responseBlocks(sharedText('vectors/nist-kw/KWP_AE_256.txt')).filter((block) =>
      block.has('C'),
    );
    expect(blocks.length).toBeGreaterThan(100);
    for (const block of blocks.filter((one) => (one.get('P') as string).length <= 1024)) {
      const [key, plain] = [field(block, 'K'), field(block, 'P')];
      expect(bytesToHex(crypto.wrapKey(key, plain))).toBe(block.get('C'));
      expect(crypto.unwrapKey(key, field(block, 'C'))).toEqual(plain);
    }
    for (const group of wycheproof<{ key: string; msg: string; ct: string }>('aes_kwp_test.json')) {
      if (group['keySize'] !== 256) continue;
      for (const one of group.tests) {
        expectResult(one, 'ERR_CRYPTO_UNWRAP', () => {
          expect(bytesToHex(crypto.unwrapKey(bytes(one.key), bytes(one.ct)))).toBe(one.msg);
        });
      }
    }
  });

  test('Ed25519: Wycheproof', () => {
    const cases = ed25519Cases();
    expect(cases.length).toBe(151);
    for (const { key, msg, sig, case: one } of cases) {
      expectResult(one, 'ERR_CRYPTO_SIGNATURE', () => {
        crypto.ed25519Verify(bytes(key), bytes(msg), bytes(sig));
      });
    }
  });

  test('Ed25519: RFC 8032 sign.input, every 20th', () => {
    const lines = sharedText('vectors/rfc8032-ed25519/sign.input.gz').trim().split('\n');
    expect(lines.length).toBe(1024);
    for (const line of lines.filter((_, index) => index % 20 === 0)) {
      const [secret = '', publicKey = '', message = '', signed = ''] = line.split(':');
      const seed = bytes(secret.slice(0, 64));
      expect(bytesToHex(crypto.ed25519PublicKey(seed))).toBe(publicKey);
      expect(bytesToHex(crypto.ed25519Sign(seed, bytes(message)))).toBe(signed.slice(0, 128));
      crypto.ed25519Verify(bytes(publicKey), bytes(message), bytes(signed.slice(0, 128)));
    }
  });
});

describe.runIf(present)('Ed25519 edge cases (C2SP CCTV)', () => {
  interface Edge {
    readonly number: number;
    readonly key: string;
    readonly sig: string;
    readonly msg: string;
    readonly flags: readonly string[] | null;
  }

  test('both providers say the same, and what they take is strict', () => {
    const edges = sharedJson('vectors/c2sp-cctv-ed25519/ed25519vectors.json') as Edge[];
    expect(edges.length).toBeGreaterThan(500);
    for (const edge of edges) {
      const codes = PROVIDERS.map((crypto) =>
        codeOf(() =>
          crypto.ed25519Verify(
            bytes(edge.key),
            new TextEncoder().encode(edge.msg),
            bytes(edge.sig),
          ),
        ),
      );
      const flags = new Set(edge.flags);
      const refused = ['low_order_A', 'non_canonical_A', 'non_canonical_R', 'low_order_residue'];
      const code = refused.some((flag) => flags.has(flag)) ? 'ERR_CRYPTO_SIGNATURE' : 'none';
      expect([edge.number, ...codes]).toEqual([edge.number, code, code]);
    }
  });
});
