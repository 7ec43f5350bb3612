import { type ColumnType, type Value, formatDecimal, parseDecimal } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { VisibleRule } from '../src/index.ts';
import { formatNetwork, parseIpAddress } from '../src/ip-address.ts';
import { isLuhn, luhnDigit } from '../src/luhn.ts';
import { column, transform } from './fixtures.ts';

const refusedValue: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_VALUE' });
const refusedRule: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_RULE' });

function of(rule: VisibleRule, type: ColumnType, value: Value): Value {
  return transform(rule, column(type), value).value;
}

// S124. S243: anonymised by rules.
describe('band', () => {
  it.each([
    [{ size: 10 }, 37, '[30,40)'],
    [{ size: 10 }, 30, '[30,40)'],
    [{ size: 10 }, 0, '[0,10)'],
    [{ size: 10 }, -1, '[-10,0)'],
    [{ size: 10 }, -10, '[-10,0)'],
    [{ size: 10, origin: 5 }, 14, '[5,15)'],
    [{ size: 10, origin: 5 }, 4, '[-5,5)'],
    [{ size: 6, bottom: 18, top: 90 }, 17, '<18'],
    [{ size: 6, bottom: 18, top: 90 }, 18, '[18,24)'],
    [{ size: 6, bottom: 18, top: 90 }, 90, '90+'],
    [{ size: 6, bottom: 18, top: 90 }, 2 ** 31 - 1, '90+'],
  ])('%j of %i is %s', (parameters, value, label) => {
    expect(of({ use: 'band', ...parameters }, 'integer', value)).toBe(label);
    expect(of({ use: 'band', ...parameters }, 'bigint', BigInt(value))).toBe(label);
  });

  it.each([
    ['0.5', '0.49', '[0.0,0.5)'],
    ['0.5', '0.5', '[0.5,1.0)'],
    ['0.5', '-0.001', '[-0.5,0.0)'],
    ['0.1', '0.3', '[0.3,0.4)'],
    ['1000', '123456.78', '[123000,124000)'],
  ])('of %s: %s is in %s, exactly', (size, value, label) => {
    expect(of({ use: 'band', size }, 'decimal', parseDecimal(value))).toBe(label);
  });

  it('holds every value, whatever its size, and nothing twice', () => {
    const size = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(size, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (width, value) => {
        const label = of({ use: 'band', size: width }, 'integer', value) as string;
        const [, from, to] = /^\[(-?\d+),(-?\d+)\)$/.exec(label) as unknown as string[];
        expect(Number(from) <= value && value < Number(to)).toBe(true);
        expect(Number(to) - Number(from)).toBe(width);
        expect(Math.abs(Number(from) % width)).toBe(0);
      }),
    );
  });

  it.each<[ColumnType, VisibleRule]>([
    ['text', { use: 'band', size: 10 }],
    ['integer', { use: 'band', size: 0 }],
    ['integer', { use: 'band', size: -1 }],
    ['integer', { use: 'band', size: '0.5' }],
    ['integer', { use: 'band', size: 'ten' }],
    ['integer', { use: 'band', size: 10, top: 85 }],
    ['integer', { use: 'band', size: 10, bottom: 20, top: 10 }],
    ['integer', { use: 'round', to: 0 }],
    ['text', { use: 'round', to: 5 }],
    ['integer', { use: 'geo-round', digits: 1 }],
    ['decimal', { use: 'geo-round', digits: 5 }],
    ['bytes', { use: 'hierarchy', groups: { a: ['b'] } }],
    ['text', { use: 'hierarchy', groups: { a: ['x'], b: ['x'] } }],
    ['text', { use: 'hierarchy', groups: {} }],
    ['integer', { use: 'ip-prefix' }],
    ['text', { use: 'ip-prefix', v4: 32 }],
    ['text', { use: 'partial-mask', show: 9 }],
    ['integer', { use: 'truncate-pan' }],
    ['date', { use: 'date-part', part: 'day' }],
  ])('of %s, %j does not fit', (type, rule) => {
    expect(() => of(rule, type, null)).toThrow(refusedRule);
  });
});

describe('round', () => {
  it.each([
    [5, 12, 10],
    [5, 13, 15],
    [10, 5, 10],
    [10, -5, -10],
    [10, -4, 0],
    [1000, 499, 0],
  ])('to %i: %i is %i', (to, value, rounded) => {
    expect(of({ use: 'round', to }, 'integer', value)).toBe(rounded);
    expect(of({ use: 'round', to }, 'bigint', BigInt(value))).toBe(BigInt(rounded));
  });

  it.each([
    ['0.05', '0.125', '0.15'],
    ['0.05', '0.12', '0.10'],
    ['100', '149.99', '100'],
    ['0.5', '-0.25', '-0.5'],
  ])('to %s: %s is %s', (to, value, rounded) => {
    const result = of({ use: 'round', to }, 'decimal', parseDecimal(value));
    expect(formatDecimal(result as ReturnType<typeof parseDecimal>)).toBe(rounded);
  });

  it('refuses what becomes too large for its type', () => {
    expect(() => of({ use: 'round', to: 1000 }, 'integer', 2 ** 31 - 1)).toThrow(refusedValue);
  });
});

// S126
describe('geo-round', () => {
  it.each([
    [1, '42.418430', '42.4'],
    [0, '-71.5', '-72'],
    [2, '180', '180.00'],
  ])('to %i digits: %s is %s', (digits, value, rounded) => {
    const result = of({ use: 'geo-round', digits }, 'decimal', parseDecimal(value));
    expect(formatDecimal(result as ReturnType<typeof parseDecimal>)).toBe(rounded);
  });

  it('refuses what is nowhere on the map', () => {
    const beyond = parseDecimal('180.0001');
    expect(() => of({ use: 'geo-round', digits: 1 }, 'decimal', beyond)).toThrow(refusedValue);
  });
});

describe('date-part', () => {
  it.each([
    ['quarter', 0, '1970-Q1'],
    ['quarter', 89, '1970-Q1'],
    ['quarter', 90, '1970-Q2'],
    ['quarter', 364, '1970-Q4'],
    ['quarter', -1, '1969-Q4'],
  ] as const)('%s of day %i is %s', (part, day, value) => {
    expect(transform({ use: 'date-part', part }, column('date', 'date'), day)).toMatchObject({
      value,
      proof: 'auditor',
    });
  });

  it('day of a moment is committed where the column has the ladder', () => {
    const rule = { use: 'date-part', part: 'day' } as const;
    expect(transform(rule, column('timestamp', 'timestamp'), -1n)).toMatchObject({
      value: '1969-12-31',
      proof: 'public',
    });
  });
});

describe('hierarchy', () => {
  const groups = { Europe: ['DE', 'FR'], America: ['US'] };

  it('gives the group, or what stands for the others, or nothing at all', () => {
    expect(of({ use: 'hierarchy', groups }, 'text', 'FR')).toBe('Europe');
    expect(of({ use: 'hierarchy', groups, otherwise: '*' }, 'text', 'JP')).toBe('*');
    expect(() => of({ use: 'hierarchy', groups }, 'text', 'JP')).toThrow(refusedValue);
    expect(() => of({ use: 'hierarchy', groups }, 'text', 'constructor')).toThrow(refusedValue);
  });

  it('spells values of other types as JSON does', () => {
    expect(of({ use: 'hierarchy', groups: { small: ['1', '2'] } }, 'integer', 2)).toBe('small');
    expect(of({ use: 'hierarchy', groups: { yes: ['true'] } }, 'boolean', true)).toBe('yes');
    expect(of({ use: 'hierarchy', groups: { epoch: ['1970-01-01'] } }, 'date', 0)).toBe('epoch');
  });
});

describe('partial-mask', () => {
  it.each([
    [4, 'last', '4111111111111111', '****1111'],
    [2, 'first', 'Margarethe', 'Ma****'],
    [4, 'last', '12345678', '****'],
    [4, 'last', '123456789', '****6789'],
    [1, 'last', '', '****'],
    [1, 'last', '😀😀😀', '****😀'],
  ] as const)('%i %s of %j is %j', (show, side, text, masked) => {
    expect(of({ use: 'partial-mask', show, side }, 'text', text)).toBe(masked);
  });

  it('never shows half of a text, nor its length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 8 }), (text, show) => {
        const masked = of({ use: 'partial-mask', show }, 'text', text) as string;
        const shown = Array.from(masked).length - 4;
        expect(shown === 0 || (shown === show && 2 * show < Array.from(text).length)).toBe(true);
      }),
    );
  });
});

describe('truncate-pan', () => {
  // PCI SSC FAQ 1091: of 16 digits at least 4 are taken, of 15 at least 5.
  it.each([
    ['4111111111111111', '411111******1111'],
    ['4111 1111 1111 1111', '411111******1111'],
    ['3782-822463-10005', '378282*****0005'],
    ['6011000990139424123', '601100*********4123'],
    ['4222222222222', '422222***2222'],
  ])('%s is %s', (pan, cut) => {
    expect(of({ use: 'truncate-pan' }, 'text', pan)).toBe(cut);
  });

  it.each([
    '',
    '411111111111',
    '41111111111111111111',
    '4111x11111111111',
    '４１１１１１１１１１１１１１１１',
  ])('refuses %j', (text) => {
    expect(() => of({ use: 'truncate-pan' }, 'text', text)).toThrow(refusedValue);
  });
});

describe('ip-prefix', () => {
  it.each([
    ['192.0.2.129', '192.0.2.0/24'],
    ['255.255.255.255', '255.255.255.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:DB8::1', '2001:db8::/48'],
    ['::1', '::/48'],
    ['::ffff:192.0.2.129', '192.0.2.0/24'],
    ['64:ff9b::192.0.2.33', '64:ff9b::/48'],
    ['1:0:0:2::', '1::/48'],
  ])('%s is in %s', (address, network) => {
    expect(of({ use: 'ip-prefix' }, 'text', address)).toBe(network);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'fe80::1%eth0',
    '1.2.3.4::',
  ])('refuses %j', (text) => {
    const wrong = text === '1:2:3:4:5:6:7::8' ? null : parseIpAddress(text);
    expect(wrong).toBeNull();
    if (text !== '1:2:3:4:5:6:7::8') {
      expect(() => of({ use: 'ip-prefix' }, 'text', text)).toThrow(refusedValue);
    }
  });

  it('reads what it writes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (drawn) => {
        const address = Uint8Array.from(drawn);
        fc.pre(address.length === 4 || address[10] !== 255);
        const [text = ''] = formatNetwork(address, 8 * address.length).split('/');
        expect(parseIpAddress(text)).toEqual(address);
      }),
    );
  });
});

it('Luhn: every single wrong digit and every exchange but 09 is found', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 18, max: 9 }), fc.nat(), (drawn, at) => {
      const digits = Uint8Array.from([...drawn, luhnDigit(drawn, drawn.length)]);
      expect(isLuhn(digits)).toBe(true);
      const index = at % digits.length;
      const changed = digits.slice();
      changed[index] = ((changed[index] as number) + 1 + (at % 9)) % 10;
      expect(isLuhn(changed)).toBe(changed[index] === digits[index]);
    }),
  );
});
