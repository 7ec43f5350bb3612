import { utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeBase32 } from '../src/base32.ts';

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('RFC 4648 §10: %j', (text, expected) => {
    expect(encodeBase32(utf8Encode(text))).toBe(expected);
  });

  it('is the number in base 32, digit by digit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
        const digits = (bits.match(/.{1,5}/g) as string[]).map(
          (group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group.padEnd(5, '0'), 2)],
        );
        expect(encodeBase32(bytes)).toBe(digits.join(''));
      }),
    );
  });
});
