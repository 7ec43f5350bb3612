import { clearBytes, constantTimeEqual, nonceOf } from '@veritydb/crypto';
import { codeOf } from '@veritydb/testkit';
import { bytesEqual, bytesToHex, toGeneration } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

test('a nonce is generation u32 and counter u64, big-endian', () => {
  for (const [generation, counter, nonce] of [
    [1, 0, '000000010000000000000000'],
    [0x01020304, 0x05060708, '010203040000000005060708'],
    [0xffff_ffff, Number.MAX_SAFE_INTEGER, 'ffffffff001fffffffffffff'],
  ] as const) {
    expect(bytesToHex(nonceOf(toGeneration(generation), counter))).toBe(nonce);
  }
});

// S019, S066: a nonce comes from a position, and no two positions share one.
test('positions and nonces are one to one', () => {
  const position = fc.tuple(
    fc.integer({ min: 1, max: 0xffff_ffff }),
    fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  );
  fc.assert(
    fc.property(position, position, (a, b) => {
      const same = a[0] === b[0] && a[1] === b[1];
      const [first, second] = [a, b].map(([generation, counter]) =>
        bytesToHex(nonceOf(toGeneration(generation), counter)),
      );
      expect(first === second).toBe(same);
    }),
  );
});

test('a counter that is no safe integer is refused', () => {
  for (const counter of [-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    expect(codeOf(() => nonceOf(toGeneration(1), counter))).toBe('ERR_ASSERTION');
  }
});

test('constantTimeEqual says the same as bytesEqual', () => {
  const bytes = fc.uint8Array({ maxLength: 4, max: 3 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(constantTimeEqual(a, b)).toBe(bytesEqual(a, b));
      expect(constantTimeEqual(a, a.slice())).toBe(true);
    }),
  );
});

// S020, S069
test('clearBytes leaves zeros', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  clearBytes(bytes);
  expect(bytes).toEqual(new Uint8Array(3));
});
