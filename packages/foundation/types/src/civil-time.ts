/**
 * Dates and times of the proleptic Gregorian calendar, UTC, without a clock.
 *
 * Day arithmetic after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */

import { TypesError } from './error.ts';

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

const MICROSECONDS_PER_DAY = 86_400_000_000n;

/** Days since 1970-01-01. Requires a date that exists. */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  };
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/**
 * Reads `YYYY-MM-DD`, a day that exists.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function parseDate(text: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match !== null) {
    const days = daysFromCivil({
      year: Number(match[1]),
      month: Number(match[2]),
      day: Number(match[3]),
    });
    if (formatDate(days) === text) return days;
  }
  throw new TypesError('ERR_TYPES_VALUE', 'expected a date as YYYY-MM-DD');
}

/** `YYYY-MM-DDThh:mm:ss[.ffffff]Z`; the fraction only where there is one, all six digits. */
export function formatTimestamp(microseconds: bigint): string {
  let days = microseconds / MICROSECONDS_PER_DAY;
  let rest = microseconds % MICROSECONDS_PER_DAY;
  if (rest < 0n) {
    days -= 1n;
    rest += MICROSECONDS_PER_DAY;
  }
  const fraction = Number(rest % 1_000_000n);
  const seconds = Number(rest / 1_000_000n);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => pad(part, 2))
    .join(':');
  return `${formatDate(Number(days))}T${time}${fraction === 0 ? '' : `.${pad(fraction, 6)}`}Z`;
}

/**
 * Reads RFC 3339 in UTC: `2024-01-27T16:17:47Z`, a space for the T, up to six digits of fraction.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function parseTimestamp(text: string): bigint {
  const match =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|\+00:00)$/.exec(text);
  if (match !== null) {
    const [hour, minute, second] = [Number(match[2]), Number(match[3]), Number(match[4])];
    if (hour < 24 && minute < 60 && second < 60) {
      const days = BigInt(parseDate(match[1] as string));
      const time = BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n;
      return days * MICROSECONDS_PER_DAY + time + BigInt((match[5] ?? '').padEnd(6, '0'));
    }
  }
  throw new TypesError('ERR_TYPES_VALUE', 'expected a time as YYYY-MM-DDThh:mm:ss[.ffffff]Z');
}
