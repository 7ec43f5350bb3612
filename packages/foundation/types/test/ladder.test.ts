import {
  LADDERS,
  type LadderName,
  type Value,
  climbLadder,
  isLadderName,
  isValueOf,
  ladderLevels,
  parseDate,
  parseTimestamp,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedText } from './shared-vectors.ts';
import { VALUES } from './values.ts';

/** The rules, as text tables: a ladder's name pins them for ever. */
const TABLES: readonly (readonly [LadderName, Value, readonly (string | null)[]])[] = [
  ['date', parseDate('1980-02-29'), ['1980-02', '1980']],
  ['date', parseDate('0001-01-01'), ['0001-01', '0001']],
  ['date', parseDate('1969-12-31'), ['1969-12', '1969']],
  ['date', null, [null, null]],
  ['timestamp', parseTimestamp('2024-01-27T16:17:47Z'), ['2024-01-27', '2024-01', '2024']],
  ['timestamp', -1n, ['1969-12-31', '1969-12', '1969']],
  ['timestamp', 0n, ['1970-01-01', '1970-01', '1970']],
  ['timestamp', -86_400_000_000n, ['1969-12-31', '1969-12', '1969']],
  ['timestamp', null, [null, null, null]],
  ['us-zip-2020', '02138', ['021', '021']],
  ['us-zip-2020', '02138-1234', ['021', '021']],
  ['us-zip-2020', '021381234', ['021', '021']],
  ['us-zip-2020', '03601', ['036', '000']],
  ['us-zip-2020', '00000', ['000', '000']],
  ['us-zip-2020', '2138', [null, null]],
  ['us-zip-2020', '02138 ', [null, null]],
  ['us-zip-2020', '02138\n', [null, null]],
  ['us-zip-2020', 'SW1A 1AA', [null, null]],
  ['us-zip-2020', '', [null, null]],
  ['us-zip-2020', null, [null, null]],
  ['age', 0, ['[0,10)']],
  ['age', 9, ['[0,10)']],
  ['age', 10, ['[10,20)']],
  ['age', 89, ['[80,90)']],
  ['age', 90, ['90+']],
  ['age', 2_147_483_647, ['90+']],
  ['age', -1, [null]],
  ['age', null, [null]],
];

// S124, S125, S126: bands of age, parts of dates, areas of a ZIP code.
test.each(TABLES)('%s of %s', (ladder, value, levels) => {
  expect(climbLadder(ladder, value)).toEqual(levels);
});

describe('any value of a column that a ladder fits', () => {
  test.each(Object.keys(LADDERS) as LadderName[])('%s: a text or NULL for each level', (ladder) => {
    for (const type of LADDERS[ladder].types) {
      fc.assert(
        fc.property(VALUES[type], (value) => {
          const levels = climbLadder(ladder, value);
          expect(levels).toHaveLength(ladderLevels(ladder).length);
          expect(levels.every((level) => isValueOf('text', level))).toBe(true);
        }),
      );
    }
  });
});

test('names', () => {
  expect(isLadderName('date')).toBe(true);
  for (const name of ['', 'Date', 'constructor', '__proto__'])
    expect(isLadderName(name)).toBe(false);
  expect(ladderLevels(null)).toEqual([]);
  expect(LADDERS).toEqual({
    date: { types: ['date'], levels: ['month', 'year'] },
    timestamp: { types: ['timestamp'], levels: ['day', 'month', 'year'] },
    'us-zip-2020': { types: ['text'], levels: ['zip3', 'zip3-safe-harbor'] },
    age: { types: ['integer'], levels: ['band10'] },
  });
});

describe.runIf(hasShared('data/zip'))('45 CFR 164.514(b)(2)(i)(B) by the 2020 census', () => {
  test('a ZIP3 is shown where its ZCTAs hold more than 20,000 people, and nowhere else', () => {
    const people = new Map<string, number>();
    for (const line of sharedText('data/zip/zcta-population-2020.csv')
      .trim()
      .split(/\r?\n/)
      .slice(1)) {
      const [zip = '', population = ''] = line.split(',');
      const zip3 = zip.replaceAll('"', '').slice(0, 3);
      people.set(zip3, (people.get(zip3) ?? 0) + Number(population.replaceAll('"', '')));
    }
    expect(people.size).toBeGreaterThan(800);
    for (let number = 0; number < 1000; number += 1) {
      const zip3 = String(number).padStart(3, '0');
      const shown = (people.get(zip3) ?? 0) > 20_000 ? zip3 : '000';
      expect(climbLadder('us-zip-2020', `${zip3}00`)).toEqual([zip3, shown]);
    }
  });
});
