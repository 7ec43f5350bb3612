/** Bytes of chance: of their own, of any size, never twice. */

import { bytesToHex } from '@veritydb/types';
import { expect, test } from 'vitest';

import { systemRandom } from '../src/random.ts';

test('each call gives bytes of its own that no other gave', () => {
  const given = Array.from({ length: 1000 }, (_, index) => systemRandom.bytes(16 + (index % 40)));
  const starts = new Set(given.map((bytes) => bytesToHex(bytes.subarray(0, 16))));
  expect(starts.size).toBe(given.length);
  for (const [index, bytes] of given.entries()) {
    expect(bytes.length).toBe(16 + (index % 40));
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  }
});

test('more than are taken from the system at once, and none', () => {
  const large = systemRandom.bytes(10_000);
  expect(large.length).toBe(10_000);
  expect(new Set(large).size).toBe(256);
  expect(systemRandom.bytes(0).length).toBe(0);
});
