import { DATE_MAX, DATE_MIN, civilFromDays, formatDate, parseDate } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ageInYears, birthYearMax } from '../src/age.ts';

describe('age in years', () => {
  it.each([
    ['1936-11-22', '2026-11-22', 90],
    ['1936-11-23', '2026-11-22', 89],
    ['1936-11-21', '2026-11-22', 90],
    ['2026-11-22', '2026-11-22', 0],
    ['2026-11-23', '2026-11-22', -1],
    ['2000-12-31', '2001-01-01', 0],
    ['1936-02-29', '2026-02-28', 89],
    ['1936-02-29', '2026-03-01', 90],
    ['1936-02-29', '2024-02-29', 88],
    ['1934-03-01', '2024-02-29', 89],
    ['1934-02-28', '2024-02-29', 90],
    ['1899-12-31', '1970-01-01', 70],
  ])('born %s is at %s %i', (birth, asOf, age) => {
    expect(ageInYears(parseDate(birth), parseDate(asOf))).toBe(age);
  });

  it('counts the birthdays that the calendar shows', () => {
    const day = fc.integer({ min: parseDate('1800-01-01'), max: parseDate('2100-12-31') });
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 50_000 }), (birth, lived) => {
        const asOf = birth + lived;
        let birthdays = 0;
        for (
          let year = civilFromDays(birth).year + 1;
          year <= civilFromDays(asOf).year;
          year += 1
        ) {
          if (`${year}${formatDate(birth).slice(4)}` <= formatDate(asOf)) birthdays += 1;
        }
        expect(ageInYears(birth, asOf)).toBe(birthdays);
      }),
    );
  });

  it('nobody of the age was born after the last year of birth', () => {
    const day = fc.integer({ min: DATE_MIN, max: DATE_MAX });
    fc.assert(
      fc.property(day, day, (birth, asOf) => {
        if (ageInYears(birth, asOf) < 90) return;
        expect(civilFromDays(birth).year).toBeLessThanOrEqual(birthYearMax(90, asOf));
      }),
    );
  });
});
