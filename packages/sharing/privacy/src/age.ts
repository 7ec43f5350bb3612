/** Ages in whole years, by civil dates. Who is born on 29 February turns older on 1 March elsewhere. */

import { civilFromDays } from '@veritydb/types';

/** Whole years from a birth to a day, both in days since 1970-01-01; negative before the birth. */
export function ageInYears(birth: number, asOf: number): number {
  const from = civilFromDays(birth);
  const to = civilFromDays(asOf);
  const birthdayAhead = to.month < from.month || (to.month === from.month && to.day < from.day);
  return to.year - from.year - (birthdayAhead ? 1 : 0);
}

/** The last year in which somebody of that age or older can have been born. */
export function birthYearMax(age: number, asOf: number): number {
  return civilFromDays(asOf).year - age;
}
