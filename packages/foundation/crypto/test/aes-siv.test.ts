import { openSiv, sealSiv } from '@veritydb/crypto';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hasShared, sharedJson } from '../../types/test/shared-vectors.ts';
import { bytes } from './providers.ts';

// RFC 5297, appendices A.1 and A.2.
it.each([
  [
    'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
    ['101112131415161718191a1b1c1d1e1f2021222324252627'],
    '112233445566778899aabbccddee',
    '85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c',
  ],
  [
    '7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f',
    [
      '00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100',
      '102030405060708090a0',
      '09f911029d74e35bd84156c5635688c0',
    ],
    '7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553',
    '7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d',
  ],
])('%s', (key, associated, plain, sealed) => {
  const strings = associated.map(bytes);
  expect(bytesToHex(sealSiv(bytes(key), strings, bytes(plain)))).toBe(sealed);
  expect(bytesToHex(openSiv(bytes(key), strings, bytes(sealed)))).toBe(plain);
});

// S120: fields are encrypted one by one where a policy says so, by this and by FF1 and JWE.
it('opens nothing that was changed by a bit, cut, or sealed for other data', () => {
  const key = new Uint8Array(64).fill(5);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), (plain, at) => {
      const sealed = sealSiv(key, [plain], plain);
      const changed = sealed.slice();
      const bit = at % (8 * sealed.length);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => openSiv(key, [plain], changed))).toBe('ERR_CRYPTO_OPEN');
      expect(codeOf(() => openSiv(key, [plain], sealed.subarray(0, at % 16)))).toBe(
        'ERR_CRYPTO_OPEN',
      );
      expect(codeOf(() => openSiv(key, [], sealed))).toBe('ERR_CRYPTO_OPEN');
    }),
  );
});

interface Group {
  readonly tests: readonly {
    readonly key: string;
    readonly aad: string;
    readonly msg: string;
    readonly ct: string;
    readonly result: string;
  }[];
}

describe.runIf(hasShared('vectors/wycheproof'))('Wycheproof', () => {
  it('AES-SIV-CMAC', () => {
    const { testGroups } = sharedJson('vectors/wycheproof/aes_siv_cmac_test.json') as {
      testGroups: Group[];
    };
    const cases = testGroups.flatMap(({ tests }) => tests);
    expect(cases).toHaveLength(442);
    for (const { key, aad, msg, ct, result } of cases) {
      const open = (): string => bytesToHex(openSiv(bytes(key), [bytes(aad)], bytes(ct)));
      if (result === 'valid') {
        expect(bytesToHex(sealSiv(bytes(key), [bytes(aad)], bytes(msg)))).toBe(ct);
        expect(open()).toBe(msg);
      } else {
        expect(open).toThrow();
      }
    }
  });
});
