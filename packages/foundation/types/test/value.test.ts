import {
  COLUMN_TYPES,
  CanonicalReader,
  CanonicalWriter,
  type ColumnType,
  DATE_MAX,
  DATE_MIN,
  type JsonValue,
  type Value,
  bytesToHex,
  compareValues,
  hexToBytes,
  isValueOf,
  parseValue,
  readValue,
  valueFromJson,
  valueToJson,
  writeValue,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';
import { TYPED_VALUE, VALUES } from './values.ts';

function encode(type: ColumnType, value: Value): string {
  const writer = new CanonicalWriter(1);
  writeValue(writer, type, value);
  return bytesToHex(writer.finish());
}

function decode(type: ColumnType, hex: string): Value {
  const reader = new CanonicalReader(hexToBytes(hex));
  const value = readValue(reader, type);
  reader.end();
  return value;
}

describe('canonical bytes', () => {
  test.each([
    ['integer', -1, '20'],
    ['bigint', 1n << 53n, '1b0020000000000000'],
    ['decimal', { unscaled: -1230n, scale: 2 }, '8267646563696d616c662d31322e3330'],
    ['text', 'a', '6161'],
    ['boolean', true, 'f5'],
    ['date', 0, '82646461746500'],
    ['timestamp', -1n, '826974696d657374616d7020'],
    [
      'uuid',
      '00112233-4455-6677-8899-aabbccddeeff',
      '8264757569645000112233445566778899aabbccddeeff',
    ],
    ['bytes', Uint8Array.of(1), '4101'],
    ['json', '{}', '82646a736f6e627b7d'],
    ['json', null, 'f6'],
  ] as const)('%s, pinned', (type, value, hex) => {
    expect(encode(type, value)).toBe(hex);
    expect(decode(type, hex)).toEqual(value);
  });

  test('round trip of any value', () => {
    fc.assert(
      fc.property(TYPED_VALUE, ([type, value]) => {
        expect(isValueOf(type, value)).toBe(true);
        expect(decode(type, encode(type, value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes that are read are what would be written', () => {
    const spoiled = fc
      .tuple(TYPED_VALUE, fc.nat(), fc.nat(255))
      .map(([[type, value], pick, byte]) => {
        const bytes = hexToBytes(encode(type, value));
        bytes[pick % bytes.length] = byte;
        return [type, bytesToHex(bytes)] as const;
      });
    const other = fc
      .tuple(fc.constantFrom(...COLUMN_TYPES), TYPED_VALUE)
      .map(([type, [from, value]]) => [type, encode(from, value)] as const);
    fc.assert(
      fc.property(fc.oneof(spoiled, other), ([type, hex]) => {
        const code = codeOf(() => expect(encode(type, decode(type, hex))).toBe(hex));
        expect(['none', 'ERR_TYPES_CANONICAL']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a decimal with a leading zero', 'decimal', '8267646563696d616c623031'],
    ['a negative zero', 'decimal', '8267646563696d616c622d30'],
    ['a decimal that is no number', 'decimal', '8267646563696d616c6178'],
    ['a decimal under another name', 'decimal', '8264646174656131'],
    ['a decimal as text', 'decimal', '6131'],
    ['a date out of range', 'date', '8264646174651a7fffffff'],
    ['a date beyond 2^53', 'date', '8264646174651bffffffffffffffff'],
    ['an integer out of range', 'integer', '1a80000000'],
    ['a bigint out of range', 'bigint', '1b8000000000000000'],
    ['a uuid of 15 bytes', 'uuid', `8264757569644f${'00'.repeat(15)}`],
    ['JSON with a space', 'json', '82646a736f6e637b207d'],
    ['JSON that is none', 'json', '82646a736f6e617b'],
    ['a pair of three', 'date', '8364646174650000'],
    ['a timestamp as a date', 'date', '826974696d657374616d7020'],
  ] as const)('%s is refused', (_, type, hex) => {
    expect(codeOf(() => decode(type, hex))).toBe('ERR_TYPES_CANONICAL');
  });
});

describe('JSON', () => {
  test('round trip of any value, through the text', () => {
    fc.assert(
      fc.property(TYPED_VALUE, ([type, value]) => {
        const json = JSON.parse(JSON.stringify(valueToJson(type, value))) as JsonValue;
        expect(valueFromJson(type, json)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['integer', '1'],
    ['integer', 1.5],
    ['integer', 2 ** 31],
    ['bigint', '1'],
    ['bigint', 2 ** 53],
    ['bigint', '9223372036854775808'],
    ['bigint', '09007199254740993'],
    ['decimal', 1],
    ['decimal', '01'],
    ['decimal', '-0'],
    ['decimal', '1e3'],
    ['text', 1],
    ['text', '\ud800'],
    ['boolean', 'true'],
    ['date', '2023-02-29'],
    ['date', '2023-2-1'],
    ['date', '0000-01-01'],
    ['timestamp', '2024-01-27 16:17:47Z'],
    ['timestamp', '2024-01-27T16:17:47.5Z'],
    ['timestamp', '2024-01-27T16:17:47.000000Z'],
    ['timestamp', '2024-01-27T24:00:00Z'],
    ['uuid', '00112233-4455-6677-8899-AABBCCDDEEFF'],
    ['uuid', '00112233445566778899aabbccddeeff'],
    ['bytes', 'AQ'],
    ['json', '{ }'],
    ['text', ['a']],
  ] as const)('%s %j is refused', (type, json) => {
    expect(codeOf(() => valueFromJson(type, json))).toBe('ERR_TYPES_VALUE');
  });
});

describe('text of people and CSV files', () => {
  test.each([
    ['integer', '-42', -42],
    ['bigint', '9223372036854775807', (1n << 63n) - 1n],
    ['decimal', '-1.50', { unscaled: -150n, scale: 2 }],
    ['boolean', 'false', false],
    ['date', '1980-02-29', 3711],
    ['timestamp', '1970-01-01 00:00:00.5Z', 500_000n],
    ['uuid', '00112233-4455-6677-8899-AABBCCDDEEFF', '00112233-4455-6677-8899-aabbccddeeff'],
    ['bytes', 'AQ==', Uint8Array.of(1)],
    ['json', '{ "b": 1, "a": 2 }', '{"a":2,"b":1}'],
  ] as const)('%s %s', (type, text, value) => {
    expect(parseValue(type, text)).toEqual(value);
  });

  test('any text is a value or is refused with a code', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '-0',
        '+1',
        '1.',
        '.5',
        '',
        ' 1',
        '1 ',
        '1\n',
        '2147483648',
        'TRUE',
        '0x10',
        '1_000',
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...COLUMN_TYPES), text, (type, one) => {
        const code = codeOf(() => expect(isValueOf(type, parseValue(type, one))).toBe(true));
        expect(['none', 'ERR_TYPES_VALUE', 'ERR_TYPES_JSON']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what a column can hold', () => {
  test.each([
    ['integer', -0],
    ['integer', 2 ** 31],
    ['integer', 0.5],
    ['integer', 1n],
    ['bigint', 1],
    ['bigint', 1n << 63n],
    ['decimal', { unscaled: 10n ** 38n, scale: 0 }],
    ['decimal', { unscaled: 1n, scale: 39 }],
    ['decimal', { unscaled: 1n, scale: -1 }],
    ['text', '\udc00'],
    ['date', DATE_MIN - 1],
    ['date', DATE_MAX + 1],
    ['timestamp', 253_402_300_800_000_000n],
    ['uuid', 'x'],
    ['bytes', 'AQ=='],
    ['json', '{ }'],
    ['json', '{"a":1,"a":2}'],
  ] as const)('%s does not hold %s', (type, value) => {
    expect(isValueOf(type, value)).toBe(false);
  });

  test('NULL is one of each', () => {
    for (const type of COLUMN_TYPES) expect(isValueOf(type, null)).toBe(true);
  });
});

test('an order is total: same, opposite, and transitive on sorted triples', () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(...COLUMN_TYPES)
        .chain((type) => fc.tuple(fc.constant(type), VALUES[type], VALUES[type], VALUES[type])),
      ([type, ...three]) => {
        const [a, b, c] = three.toSorted((one, other) => compareValues(type, one, other)) as [
          Value,
          Value,
          Value,
        ];
        expect(compareValues(type, a, a)).toBe(0);
        expect(Math.sign(compareValues(type, a, b)) + Math.sign(compareValues(type, b, a))).toBe(0);
        expect(compareValues(type, a, c)).toBeLessThanOrEqual(0);
      },
    ),
    { numRuns: 300 },
  );
});
