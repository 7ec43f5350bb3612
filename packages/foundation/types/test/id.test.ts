import {
  createIdempotencyId,
  idempotencyIdFromBytes,
  idempotencyIdToBytes,
  monotonicTimestamp,
  parseIdempotencyId,
  toGeneration,
  toHash,
  toKeyId,
  toOffset,
  toTableId,
  toTenantId,
  toTimestamp,
} from '@veritydb/types';
import { expect, test } from 'vitest';

import { codeOf } from './code-of.ts';

test('S082: numbers and hashes outside their range are bugs of the caller', () => {
  for (const call of [
    () => toOffset(-1),
    () => toOffset(2 ** 53),
    () => toOffset(0.5),
    () => toTenantId(0),
    () => toTableId(0),
    () => toKeyId(-1),
    () => toGeneration(0),
    () => toGeneration(2 ** 32),
    () => toTimestamp(-1n),
    () => toTimestamp(1n << 64n),
    () => toHash(new Uint8Array(31)),
    () => idempotencyIdFromBytes(new Uint8Array(15)),
  ]) {
    expect(codeOf(call)).toBe('ERR_ASSERTION');
  }
});

test('S089: an idempotency id is 16 bytes, not all zero', () => {
  const text = '000102030405060708090a0b0c0d0e0f';
  const id = parseIdempotencyId(text);
  expect(idempotencyIdFromBytes(idempotencyIdToBytes(id))).toBe(text);
  expect(parseIdempotencyId(`${'0'.repeat(31)}1`)).toBe(`${'0'.repeat(31)}1`);
  for (const wrong of [
    '',
    text.slice(1),
    `${text}0`,
    text.toUpperCase(),
    `${text}\n`,
    '0'.repeat(32),
  ]) {
    expect([wrong, codeOf(() => parseIdempotencyId(wrong))]).toEqual([wrong, 'ERR_TYPES_ID']);
  }
});

test('S083, S091, S092: time goes on, also when the clock goes back', () => {
  const at = toTimestamp;
  expect(monotonicTimestamp(at(10n), at(5n))).toBe(10n);
  expect(monotonicTimestamp(at(5n), at(5n))).toBe(6n);
  expect(monotonicTimestamp(at(1n), at(5n))).toBe(6n);
});

test('S100: an idempotency id is made of the random bytes that it is given, or of the client’s own', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index);
  const asked: number[] = [];
  const random = {
    bytes: (size: number): Uint8Array => {
      asked.push(size);
      return bytes;
    },
  };
  const id = createIdempotencyId(random);
  expect(asked).toEqual([16]);
  expect(id).toBe('000102030405060708090a0b0c0d0e0f');
  expect(idempotencyIdFromBytes(bytes)).toBe(id);
  // Chance that gives nothing is no chance: all zeros means no id in a record.
  const broken = { bytes: (size: number): Uint8Array => new Uint8Array(size) };
  expect(codeOf(() => createIdempotencyId(broken))).toBe('ERR_TYPES_ID');
});
