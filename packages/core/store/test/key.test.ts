import {
  COLUMN_TYPES,
  type ColumnType,
  DATE_MAX,
  DATE_MIN,
  type Decimal,
  type Row,
  type Value,
  bytesToHex,
  canonicalJson,
  compareBytes,
  compareValues,
  parseJson,
  parseValue,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeKey } from '../src/index.ts';

const DIGITS_MAX = 10n ** 38n - 1n;

const decimal: fc.Arbitrary<Decimal> = fc.record({
  unscaled: fc.oneof(
    fc.bigInt({ min: -DIGITS_MAX, max: DIGITS_MAX }),
    fc.bigInt({ min: -1200n, max: 1200n }),
  ),
  scale: fc.oneof(fc.integer({ min: 0, max: 38 }), fc.integer({ min: 0, max: 3 })),
});

/** Few units, so that values share beginnings, hold the bytes that are escaped, and leave the plane. */
const text = fc.string({
  unit: fc.constantFrom('\u0000', '\u0001', 'a', 'b', '\u007f', '\u00ff', '\ufffd', '\u{1f600}'),
  maxLength: 5,
});

const DAY = 86_400_000_000n;
const VALUES: Readonly<Record<ColumnType, fc.Arbitrary<Value>>> = {
  integer: fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.integer({ min: -300, max: 300 }),
  ),
  bigint: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  decimal,
  text,
  boolean: fc.boolean(),
  date: fc.integer({ min: DATE_MIN, max: DATE_MAX }),
  timestamp: fc.bigInt({ min: BigInt(DATE_MIN) * DAY, max: BigInt(DATE_MAX) * DAY }),
  uuid: fc.uuid().map((uuid) => uuid.toLowerCase()),
  bytes: fc.uint8Array({ maxLength: 5, max: 3 }),
  json: fc.json().map((json) => canonicalJson(parseJson(json))),
};

function orNull(type: ColumnType): fc.Arbitrary<Value> {
  return fc.option(VALUES[type], { freq: 8, nil: null });
}

/** Column types, and two rows of them. */
const rows: fc.Arbitrary<readonly [readonly ColumnType[], Row, Row]> = fc
  .array(fc.constantFrom(...COLUMN_TYPES), { minLength: 1, maxLength: 3 })
  .chain((types) =>
    fc.tuple(
      fc.constant(types),
      fc.tuple(...types.map((type) => orNull(type))),
      fc.tuple(...types.map((type) => orNull(type))),
    ),
  );

function compareRows(types: readonly ColumnType[], a: Row, b: Row): number {
  for (const [index, type] of types.entries()) {
    const [left, right] = [a[index] as Value, b[index] as Value];
    if (left === null && right === null) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    const order = compareValues(type, left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function hexOf(type: ColumnType, value: Value): string {
  return bytesToHex(encodeKey([type], [value]));
}

describe('encodeKey', () => {
  it('writes the bytes that its page says', () => {
    expect(hexOf('integer', 1)).toBe('018000000000000001');
    expect(hexOf('integer', -1)).toBe('017fffffffffffffff');
    expect(hexOf('bigint', -1n)).toBe(hexOf('integer', -1));
    expect(hexOf('text', 'a\u0000b')).toBe('016100ff620000');
    expect(hexOf('boolean', true)).toBe('0101');
    expect(hexOf('uuid', '00112233-4455-6677-8899-aabbccddeeff')).toBe(
      '0100112233445566778899aabbccddeeff',
    );
    expect(hexOf('decimal', parseValue('decimal', '1.50'))).toBe('0102811000');
    expect(hexOf('decimal', parseValue('decimal', '-1.5'))).toBe('01007eefff');
    expect(hexOf('decimal', parseValue('decimal', '0.00'))).toBe('0101');
    expect(hexOf('bytes', null)).toBe('02');
    expect(bytesToHex(encodeKey([], []))).toBe('');
  });

  it.each(COLUMN_TYPES)('orders %s as SQL does, NULL last', (type) => {
    fc.assert(
      fc.property(orNull(type), orNull(type), (a, b) => {
        const order = compareBytes(encodeKey([type], [a]), encodeKey([type], [b]));
        expect(Math.sign(order)).toBe(Math.sign(compareRows([type], [a], [b])));
      }),
      { numRuns: 300 },
    );
  });

  it('orders rows column by column, and no key begins another', () => {
    fc.assert(
      fc.property(rows, ([types, a, b]) => {
        const [left, right] = [encodeKey(types, a), encodeKey(types, b)];
        expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(compareRows(types, a, b)));
        const size = Math.min(left.length, right.length);
        const isPrefix = compareBytes(left.slice(0, size), right.slice(0, size)) === 0;
        expect(isPrefix).toBe(compareRows(types, a, b) === 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('begins with the key of the first columns, and stays below that and FF', () => {
    fc.assert(
      fc.property(rows, ([types, row]) => {
        const key = encodeKey(types, row);
        const prefix = encodeKey(types.slice(0, -1), row.slice(0, -1));
        expect(key.slice(0, prefix.length)).toEqual(prefix);
        expect(compareBytes(key, Uint8Array.of(...prefix, 0xff))).toBeLessThan(0);
      }),
    );
  });

  it('stops at values that are not of their types', () => {
    expect(() => encodeKey(['integer'], [1.5])).toThrow('type');
    expect(() => encodeKey(['text'], ['\ud800'])).toThrow('type');
    expect(() => encodeKey(['text'], [])).toThrow('number of values');
  });
});
