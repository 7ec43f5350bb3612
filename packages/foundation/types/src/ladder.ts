/**
 * Generalisation ladders: the coarser levels of a column that are committed when a row is written.
 *
 * Because each level has a digest of its own in the row's commitment, a recipient who gets a ZIP3 or a
 * birth year can check it against the log without learning the exact value. A ladder's name pins its
 * rules for ever: new rules are a new name. Level 0 is the value itself; levels 1 and up are text.
 */

import { civilFromDays } from './civil-time.ts';
import { unreachable } from './error.ts';
import type { ColumnType, Value } from './value.ts';

export type LadderName = 'date' | 'timestamp' | 'us-zip-2020' | 'age';

export interface Ladder {
  /** Types of the columns that it fits. */
  readonly types: readonly ColumnType[];
  /** Names of the levels 1 and up. */
  readonly levels: readonly string[];
}

export const LADDERS: Readonly<Record<LadderName, Ladder>> = {
  /** date → `YYYY-MM` → `YYYY`. */
  date: { types: ['date'], levels: ['month', 'year'] },
  /** timestamp → `YYYY-MM-DD` → `YYYY-MM` → `YYYY`. */
  timestamp: { types: ['timestamp'], levels: ['day', 'month', 'year'] },
  /**
   * US ZIP code → ZIP3 → ZIP3 as 45 CFR 164.514(b)(2)(i)(B) allows it: `000` where the three digits
   * cover 20,000 people or fewer by the 2020 census.
   */
  'us-zip-2020': { types: ['text'], levels: ['zip3', 'zip3-safe-harbor'] },
  /** Age in years → ten-year band, the top one open: `[30,40)`, `90+`. */
  age: { types: ['integer'], levels: ['band10'] },
};

export function isLadderName(name: string): name is LadderName {
  return Object.hasOwn(LADDERS, name);
}

/** Names of the levels above the value itself. */
export function ladderLevels(ladder: LadderName | null): readonly string[] {
  return ladder === null ? [] : LADDERS[ladder].levels;
}

/** The values of the levels 1 and up; NULL where the value is NULL or the rule does not apply to it. */
export function climbLadder(ladder: LadderName, value: Value): readonly (string | null)[] {
  if (value === null) return LADDERS[ladder].levels.map(() => null);
  switch (ladder) {
    case 'date':
      return dateLevels(value as number);
    case 'timestamp': {
      const days = Number((value as bigint) / 86_400_000_000n);
      const whole = (value as bigint) % 86_400_000_000n < 0n ? days - 1 : days;
      const { day } = civilFromDays(whole);
      const [month, year] = dateLevels(whole);
      return [`${month}-${String(day).padStart(2, '0')}`, month, year];
    }
    case 'us-zip-2020':
      return zipLevels(value as string);
    case 'age': {
      const age = value as number;
      if (age < 0) return [null];
      const floor = Math.floor(age / 10) * 10;
      return [age >= 90 ? '90+' : `[${floor},${floor + 10})`];
    }
    default:
      return unreachable(ladder);
  }
}

function dateLevels(days: number): [string, string] {
  const { year, month } = civilFromDays(days);
  const yearText = String(year).padStart(4, '0');
  return [`${yearText}-${String(month).padStart(2, '0')}`, yearText];
}

function zipLevels(zip: string): readonly (string | null)[] {
  if (!/^[0-9]{5}(-?[0-9]{4})?$/.test(zip)) return [null, null];
  const zip3 = zip.slice(0, 3);
  return [zip3, ZIP3_ABOVE_20000_IN_2020.has(zip3) ? zip3 : '000'];
}

/**
 * The three-digit prefixes that cover more than 20,000 people (U.S. Census Bureau, 2020 census, summed
 * over ZCTAs). A prefix that is not listed is refused: unknown is not safe.
 */
const ZIP3_RANGES =
  '006-007 009-035 037-054 056-058 060-089 100-101 103-191 193-201 206-212 214-268 270-310 ' +
  '312-331 333-339 341-342 344 346-347 349-352 354-368 370-374 376-398 400-418 420-427 ' +
  '430-458 460-508 510-516 520-528 530-532 534-535 537-551 553-554 557-567 570-577 580-588 ' +
  '590-620 622-631 633-641 644-648 650-658 660-662 664-681 683-691 693 700-701 703-708 ' +
  '710-714 716-731 734-741 743-752 754-770 773-816 820 822 824-838 840-841 843-847 850-853 ' +
  '855-857 859-860 863-865 870-871 873-875 877 880-883 890-891 894-895 897-898 900 902-908 ' +
  '910-928 930-937 939-941 943-961 967-968 970-986 988-999 ';

const ZIP3_ABOVE_20000_IN_2020: ReadonlySet<string> = new Set(
  ZIP3_RANGES.trim()
    .split(' ')
    .flatMap((range) => {
      const first = Number(range.slice(0, 3));
      const last = Number(range.slice(-3));
      return Array.from({ length: last - first + 1 }, (_, index) =>
        String(first + index).padStart(3, '0'),
      );
    }),
);
