import {
  COLUMN_TYPES,
  type ColumnType,
  type LadderName,
  type Value,
  bytesToHex,
  civilFromDays,
  climbLadder,
  isValueOf,
  parseDate,
  parseTimestamp,
  toTenantId,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type TransformContext,
  type VisibleRule,
  compileTransform,
  formatPseudonym,
} from '../src/index.ts';
import { column, context, transform, valuesOf } from './fixtures.ts';

const asOf = (date: string): { asOfDate: number } => ({ asOfDate: parseDate(date) });

describe('keep, null, mask, fixed', () => {
  it('keep gives the value, publicly', () => {
    for (const type of COLUMN_TYPES) {
      fc.assert(
        fc.property(valuesOf[type], (value) => {
          expect(transform({ use: 'keep' }, column(type), value)).toMatchObject({
            value,
            proof: 'public',
          });
        }),
        { numRuns: 10 },
      );
    }
  });

  // S123: masking
  it('null, mask and fixed tell nothing about the value', () => {
    for (const type of COLUMN_TYPES) {
      fc.assert(
        fc.property(valuesOf[type], (value) => {
          const of = column(type);
          expect(transform({ use: 'null' }, of, value).value).toBeNull();
          expect(transform({ use: 'mask' }, of, value).value).toBe('****');
          expect(transform({ use: 'fixed', value: 'x' }, of, value).value).toBe('x');
        }),
        { numRuns: 10 },
      );
    }
  });
});

describe('NULL', () => {
  it.each<[VisibleRule, ColumnType, LadderName | null, Value]>([
    [{ use: 'keep' }, 'text', null, null],
    [{ use: 'null' }, 'text', null, null],
    [{ use: 'mask' }, 'text', null, null],
    [{ use: 'fixed', value: 'x' }, 'text', null, 'x'],
    [{ use: 'ladder', level: 'year' }, 'date', 'date', null],
    [{ use: 'date-part', part: 'year', ageOver89: 'aggregate' }, 'date', 'date', null],
    [{ use: 'zip3' }, 'text', null, null],
    [{ use: 'age', top: 90 }, 'date', null, null],
    [{ use: 'truncate', length: 3 }, 'text', null, null],
    [{ use: 'surrogate' }, 'uuid', null, null],
    [{ use: 'token' }, 'uuid', null, null],
  ])('under %j of %s with ladder %s is %j', (rule, type, ladder, expected) => {
    const { value, missing } = transform(rule, column(type, ladder), null);
    expect(value).toBe(expected);
    expect(missing).toHaveLength(0);
  });
});

// S125
describe('date-part', () => {
  const aggregate = { use: 'date-part', part: 'year', ageOver89: 'aggregate' } as const;

  it.each([
    ['1936-11-22', '2026-11-22', '<= 1936', 'auditor'],
    ['1936-11-23', '2026-11-22', '1936', 'public'],
    ['1937-01-01', '2026-11-22', '1937', 'public'],
    ['1901-05-05', '2026-11-22', '<= 1936', 'auditor'],
    ['1936-02-29', '2026-02-28', '1936', 'public'],
    ['1936-02-29', '2026-03-01', '<= 1936', 'auditor'],
    ['1936-12-31', '2026-12-31', '<= 1936', 'auditor'],
    ['1937-01-01', '2026-12-31', '1937', 'public'],
    ['1937-01-01', '2027-01-01', '<= 1937', 'auditor'],
    ['2026-11-22', '2026-11-22', '2026', 'public'],
    ['0950-01-01', '1040-06-01', '<= 0950', 'auditor'],
  ])('of birth %s at %s is %s (%s)', (birth, day, value, proof) => {
    const of = column('date', 'date');
    expect(transform(aggregate, of, parseDate(birth), asOf(day))).toMatchObject({ value, proof });
  });

  it.each([
    ['1969-12-31T23:59:59.999999Z', 'year', '1969'],
    ['1970-01-01T00:00:00Z', 'year', '1970'],
    ['1969-12-31T23:59:59.999999Z', 'month', '1969-12'],
    ['2024-02-29T12:00:00Z', 'month', '2024-02'],
    ['0001-01-01T00:00:00Z', 'year', '0001'],
  ] as const)('of the moment %s: %s %s', (moment, part, value) => {
    const rule = { use: 'date-part', part } as const;
    expect(transform(rule, column('timestamp'), parseTimestamp(moment)).value).toBe(value);
    const of = column('timestamp', 'timestamp');
    expect(transform(rule, of, parseTimestamp(moment))).toMatchObject({ value, proof: 'public' });
  });

  it('of a birth told as a moment counts whole days', () => {
    const of = column('timestamp', 'timestamp');
    const late = parseTimestamp('1936-11-22T23:59:59.999999Z');
    expect(transform(aggregate, of, late).value).toBe('<= 1936');
    expect(transform(aggregate, of, late + 1n).value).toBe('1936');
  });

  it('never tells the year of who is older than 89, and equals the committed level otherwise', () => {
    const of = column('date', 'date');
    const day = fc.integer({ min: parseDate('1900-01-01'), max: parseDate('2100-12-31') });
    fc.assert(
      fc.property(valuesOf.date, day, (birth, asOfDate) => {
        const { value, proof } = transform(aggregate, of, birth, { asOfDate });
        const { year } = civilFromDays(birth as number);
        const cutOff = civilFromDays(asOfDate).year - 90;
        const old = proof === 'auditor';
        expect(value).toBe(old ? `<= ${cutOff}` : climbLadder('date', birth)[1]);
        expect(old ? year <= cutOff : year >= cutOff).toBe(true);
      }),
    );
  });
});

// S126
describe('zip3', () => {
  it.each([
    ['02155', '021'],
    ['02155-1234', '021'],
    ['021551234', '021'],
    ['03601', '000'],
    ['10201', '000'],
    ['00000', '000'],
    ['99999', '999'],
    ['0215', null],
    ['SW1A 1AA', null],
    ['', null],
    ['０２１５５', null],
  ])('of %j is %j', (zip, value) => {
    expect(transform({ use: 'zip3' }, column('text'), zip).value).toBe(value);
    expect(transform({ use: 'zip3' }, column('text', 'us-zip-2020'), zip)).toMatchObject({
      value,
      proof: 'public',
    });
  });
});

describe('ladder', () => {
  it('gives exactly what was committed at the level', () => {
    const ladders = [
      ['date', 'date', ['month', 'year']],
      ['timestamp', 'timestamp', ['day', 'month', 'year']],
      ['us-zip-2020', 'text', ['zip3', 'zip3-safe-harbor']],
      ['age', 'integer', ['band10']],
    ] as const;
    for (const [ladder, type, levels] of ladders) {
      for (const [index, level] of levels.entries()) {
        fc.assert(
          fc.property(valuesOf[type], (value) => {
            const of = column(type, ladder);
            const compiled = compileTransform({ use: 'ladder', level }, of, context());
            expect(compiled.ladderLevel).toBe(index + 1);
            expect(compiled.apply(value, { missing: [] })).toStrictEqual({
              value: climbLadder(ladder, value)[index],
              proof: 'public',
            });
          }),
          { numRuns: 20 },
        );
      }
    }
  });
});

describe('age', () => {
  it.each([
    ['integer', 0, 0],
    ['integer', 89, 89],
    ['integer', 90, 90],
    ['integer', 104, 90],
    ['date', parseDate('1930-01-01'), 90],
    ['date', parseDate('1936-11-23'), 89],
    ['date', parseDate('2026-11-22'), 0],
  ] as const)('%s %j is %i', (type, from, value) => {
    expect(transform({ use: 'age', top: 90 }, column(type), from)).toMatchObject({
      value,
      proof: 'auditor',
    });
  });

  it.each([
    ['integer', -1],
    ['integer', -(2 ** 31)],
    ['date', parseDate('2026-11-23')],
  ] as const)('of %s %j is refused', (type, from) => {
    expect(() => transform({ use: 'age', top: 90 }, column(type), from)).toThrow(
      expect.objectContaining({ code: 'ERR_PRIVACY_VALUE', kind: 'conflict' }),
    );
  });
});

describe('truncate', () => {
  it.each([
    ['abcdef', 'abc'],
    ['ab', 'ab'],
    ['', ''],
    ['😀😀😀😀', '😀😀😀'],
  ])('of %j is %j', (text, value) => {
    expect(transform({ use: 'truncate', length: 3 }, column('text'), text).value).toBe(value);
  });

  it('never tears a character', () => {
    const length = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(valuesOf.text, length, (text, count) => {
        const { value } = transform({ use: 'truncate', length: count }, column('text'), text);
        expect(isValueOf('text', value)).toBe(true);
        expect((text as string).startsWith(value as string)).toBe(true);
      }),
    );
  });
});

const patient = 'd88f994a-5efa-421d-9c40-5f116d2114a6';
const code = formatPseudonym(new Uint8Array(16).fill(9));
const lookupPatient = (): string => patient;

function macOf(
  of: string | undefined,
  name: string,
  changes: Partial<TransformContext> = {},
): string {
  const rule = { use: 'surrogate', of } as const;
  const { missing } = transform(rule, column('uuid', null, name), patient, changes);
  return bytesToHex(missing[0]?.sourceMac as Uint8Array);
}

describe('surrogate', () => {
  it('asks for what the vault lacks, then gives its code', () => {
    const first = transform({ use: 'surrogate', of: 'patient' }, column('uuid'), patient);
    expect(first).toMatchObject({ value: null, proof: 'auditor' });
    const [missing] = first.missing;
    const asked: string[] = [];
    const second = transform({ use: 'surrogate', of: 'patient' }, column('uuid'), patient, {
      lookupSurrogate: (domain, sourceMac) => {
        asked.push(`${domain} ${bytesToHex(sourceMac)}`);
        return code;
      },
    });
    expect(second).toMatchObject({ value: code, proof: 'auditor', missing: [] });
    expect(asked).toStrictEqual([`recipient=lab ${bytesToHex(missing?.sourceMac as Uint8Array)}`]);
  });

  it('shares codes between columns of one key, over tables, and between no others', () => {
    expect(macOf('patient', 'id', { table: 'patients' })).toBe(
      macOf('patient', 'patient', { table: 'encounters' }),
    );
    const apart = [
      macOf('patient', 'id'),
      macOf('encounter', 'id'),
      macOf(undefined, 'id'),
      macOf(undefined, 'patient'),
      macOf(undefined, 'id', { table: 'other' }),
      macOf('patient', 'id', { domain: 'recipient=other' }),
      macOf('patient', 'id', { tenant: toTenantId(2) }),
    ];
    expect(new Set(apart).size).toBe(apart.length);
  });

  it('does not take from the vault what is no code', () => {
    expect(() =>
      transform({ use: 'surrogate' }, column('uuid'), patient, { lookupSurrogate: lookupPatient }),
    ).toThrow(expect.objectContaining({ code: 'ERR_ASSERTION' }));
  });
});

describe('every transform', () => {
  const rules: readonly [VisibleRule, ColumnType][] = [
    [{ use: 'keep' }, 'decimal'],
    [{ use: 'date-part', part: 'month' }, 'timestamp'],
    [{ use: 'zip3' }, 'text'],
    [{ use: 'age', top: 90 }, 'date'],
    [{ use: 'truncate', length: 5 }, 'text'],
    [{ use: 'mask' }, 'bytes'],
    [{ use: 'token' }, 'bigint'],
  ];

  it('gives values of the type that it says, the same each time', () => {
    for (const [rule, type] of rules) {
      const { type: output } = compileTransform(rule, column(type), context());
      fc.assert(
        fc.property(valuesOf[type], (value) => {
          const first = transform(rule, column(type), value).value;
          expect(isValueOf(output, first)).toBe(true);
          expect(transform(rule, column(type), value).value).toStrictEqual(first);
        }),
        { numRuns: 20 },
      );
    }
  });

  it('refuses a value of another type and never repeats it', () => {
    for (const [rule, type] of rules) {
      const foreign: Value = type === 'bytes' ? 'secret' : new Uint8Array([115]);
      expect(() => transform(rule, column(type), foreign)).toThrow(
        expect.objectContaining({
          code: 'ERR_PRIVACY_VALUE',
          message: expect.not.stringContaining('secret') as string,
        }),
      );
    }
  });
});
