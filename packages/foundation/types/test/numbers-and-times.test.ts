import {
  type Decimal,
  civilFromDays,
  compareDecimals,
  daysFromCivil,
  formatDate,
  formatDecimal,
  formatTimestamp,
  parseDate,
  parseDecimal,
  parseTimestamp,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';
import { VALUES } from './values.ts';

const DAY_MS = 86_400_000;

describe('dates', () => {
  test('known days', () => {
    for (const [text, days] of [
      ['0001-01-01', -719_162],
      ['1582-10-15', -141_427],
      ['1969-12-31', -1],
      ['1970-01-01', 0],
      ['2000-02-29', 11_016],
      ['9999-12-31', 2_932_896],
    ] as const) {
      expect(parseDate(text)).toBe(days);
      expect(formatDate(days)).toBe(text);
    }
  });

  test('the same as the platform, years 1 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), (days) => {
        const date = new Date(days * DAY_MS);
        expect(civilFromDays(days)).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
        });
        expect(daysFromCivil(civilFromDays(days))).toBe(days);
        expect(formatDate(days)).toBe(date.toISOString().slice(0, 10));
        expect(parseDate(formatDate(days))).toBe(days);
      }),
      { numRuns: 1000 },
    );
  });

  test('days that do not exist, and other spellings', () => {
    for (const text of [
      '2023-02-29',
      '1900-02-29',
      '2023-04-31',
      '2023-00-01',
      '2023-13-01',
      '2023-01-00',
      '2023-01-32',
      '23-01-01',
      '2023-1-1',
      '2023/01/01',
      '02023-01-01',
      '2023-01-01\n',
      ' 2023-01-01',
      '-2023-01-01',
      '２０２３-01-01',
    ]) {
      expect([text, codeOf(() => parseDate(text))]).toEqual([text, 'ERR_TYPES_VALUE']);
    }
  });
});

describe('timestamps', () => {
  test('the same as the platform, to the millisecond, years 1 to 9999', () => {
    const milliseconds = fc.integer({ min: -719_162 * DAY_MS, max: 2_932_897 * DAY_MS - 1 });
    fc.assert(
      fc.property(milliseconds, (at) => {
        const text = formatTimestamp(BigInt(at) * 1000n);
        expect(Date.parse(text)).toBe(at);
        const iso = new Date(at).toISOString();
        expect(text).toBe(
          iso.endsWith('.000Z') ? iso.replace('.000', '') : iso.replace('Z', '000Z'),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('round trip, to the microsecond', () => {
    fc.assert(
      fc.property(VALUES.timestamp, (at) => {
        expect(parseTimestamp(formatTimestamp(at as bigint))).toBe(at);
      }),
    );
  });

  test('spellings that are read', () => {
    for (const text of [
      '2024-01-27T16:17:47Z',
      '2024-01-27 16:17:47Z',
      '2024-01-27T16:17:47+00:00',
      '2024-01-27T16:17:47.0Z',
    ]) {
      expect(formatTimestamp(parseTimestamp(text))).toBe('2024-01-27T16:17:47Z');
    }
    expect(parseTimestamp('1969-12-31T23:59:59.999999Z')).toBe(-1n);
  });

  test('other spellings are refused', () => {
    for (const text of [
      '2024-01-27',
      '2024-01-27T16:17Z',
      '2024-01-27T16:17:47',
      '2024-01-27T16:17:60Z',
      '2024-01-27T24:00:00Z',
      '2024-01-27T16:60:00Z',
      '2024-01-27T16:17:47+01:00',
      '2024-01-27T16:17:47.Z',
      '2024-01-27T16:17:47.1234567Z',
      '2023-02-29T00:00:00Z',
      '2024-01-27t16:17:47Z',
      '2024-01-27T16:17:47z',
    ]) {
      expect([text, codeOf(() => parseTimestamp(text))]).toEqual([text, 'ERR_TYPES_VALUE']);
    }
  });
});

function thousandths(value: Decimal): number {
  return Math.round(Number(value.unscaled) * 10 ** (3 - value.scale));
}

describe('decimals', () => {
  test('text, unscaled and scale', () => {
    for (const [text, unscaled, scale] of [
      ['0', 0n, 0],
      ['0.00', 0n, 2],
      ['-12.30', -1230n, 2],
      ['0.05', 5n, 2],
      ['-0.05', -5n, 2],
      ['99999999999999999999999999999999999999', 10n ** 38n - 1n, 0],
      [`0.${'0'.repeat(37)}1`, 1n, 38],
    ] as const) {
      expect(parseDecimal(text)).toEqual({ unscaled, scale });
      expect(formatDecimal({ unscaled, scale })).toBe(text);
    }
    expect(formatDecimal(parseDecimal('-0'))).toBe('0');
    expect(formatDecimal(parseDecimal('007.10'))).toBe('7.10');
  });

  test('round trip', () => {
    fc.assert(
      fc.property(VALUES.decimal, (value) => {
        expect(parseDecimal(formatDecimal(value as Decimal))).toEqual(value);
      }),
    );
  });

  test('what is not a decimal of 38 digits is refused', () => {
    for (const text of [
      '',
      '-',
      '+1',
      '1.',
      '.5',
      '1e3',
      '1,5',
      ' 1',
      '1\n',
      '--1',
      '0x1',
      'NaN',
      '1'.repeat(39),
      `1.${'0'.repeat(38)}`,
      `0.${'0'.repeat(39)}`,
      '9'.repeat(100),
    ]) {
      expect([text, codeOf(() => parseDecimal(text))]).toEqual([text, 'ERR_TYPES_VALUE']);
    }
  });

  test('ordered by size, whatever the scale', () => {
    const small = fc.record({ unscaled: fc.bigInt({ min: -999n, max: 999n }), scale: fc.nat(3) });
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(compareDecimals(a, b)).toBe(Math.sign(thousandths(a) - thousandths(b)));
      }),
    );
    expect(compareDecimals(parseDecimal('1.50'), parseDecimal('1.5'))).toBe(0);
  });
});
