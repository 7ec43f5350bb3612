import { crc32 as zlibCrc32 } from 'node:zlib';

import { utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { crc32, portableCrypto } from '../src/index.ts';
import { nativeCrypto } from '../src/native.ts';

// S043
describe('crc32', () => {
  test.each([
    // The check value of CRC-32/ISO-HDLC, and of nothing.
    ['123456789', 0xcbf43926],
    ['', 0],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j', (text, expected) => {
    expect(crc32(utf8Encode(text))).toBe(expected);
  });

  test('agrees with zlib on every part of every input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, a, b) => {
        const start = Math.min(a, b, bytes.length);
        const end = Math.min(Math.max(a, b), bytes.length);
        expect(crc32(bytes, start, end)).toBe(zlibCrc32(bytes.subarray(start, end)));
      }),
    );
  });

  test('goes on from what stood before, with either provider', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(400), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        for (const crypto of [nativeCrypto, portableCrypto]) {
          const before = crypto.crc32(bytes, 0, middle, 0);
          expect(crypto.crc32(bytes, middle, bytes.length, before)).toBe(zlibCrc32(bytes));
        }
      }),
    );
  });
});
