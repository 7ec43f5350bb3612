/** Many keys are wrapped as each is by itself, by whichever provider. */

import { wrapKeys } from '@veritydb/crypto';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex, hexToBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PROVIDERS } from './providers.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe.each(PROVIDERS)('keys wrapped at once over the $name provider', (crypto) => {
  test('are what each is by itself', () => {
    fc.assert(
      fc.property(key, fc.array(key, { maxLength: 20 }), (wrappingKey, keys) => {
        const wrapped = wrapKeys(crypto, wrappingKey, keys);
        expect(wrapped.length).toBe(keys.length * 40);
        for (const [index, one] of keys.entries()) {
          const own = wrapped.slice(index * 40, index * 40 + 40);
          expect(bytesToHex(own)).toBe(bytesToHex(crypto.wrapKey(wrappingKey, one)));
          expect(crypto.unwrapKey(wrappingKey, own)).toEqual(one);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('are of 32 bytes', () => {
    const short = hexToBytes('00112233445566778899aabbccddeeff');
    expect(codeOf(() => wrapKeys(crypto, new Uint8Array(32), [short]))).toBe('ERR_ASSERTION');
  });
});
