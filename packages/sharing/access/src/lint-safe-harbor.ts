/**
 * HSH-*: HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(A) to (R).
 *
 * A column's own definition decides where it is known; names decide as well, because a date kept in a
 * text column, or a ZIP code without a ladder, is one all the same.
 */

import type { TransformRule } from '@veritydb/privacy';
import type { ColumnDefinition } from '@veritydb/types';

import type { Remark } from './finding.ts';
import { HIDING } from './lint-general.ts';
import type { PolicyColumn } from './policy.ts';

interface Linted {
  readonly name: string;
  readonly column: PolicyColumn;
  readonly rule: TransformRule;
  readonly declared: ColumnDefinition | undefined;
}

/** (A), (D) to (Q): names that say by themselves that a column is an identifier. */
export const IDENTIFIERS: RegExp =
  /^(full_?)?name$|^(first|last|middle|maiden|given|family|user|nick)(_?name)?$|^surname$|(^|_)(ssn|phone|telephone|mobile|fax|email|mrn|iban|passport|vin|url|website|photo|fingerprints?)(_|$)|^(social_security|medical_record|account|licen[cs]e|certificate|drivers|plate|device|serial)(_?(number|no|id|plate))?$|(^|_)ip(_?address)?$/;
const DATES =
  /(^|_)(date|dates|dob|birthdate|birthday|deathdate)(_|$)|_(at|on)$|^(start|stop|birth|born|death)$/;
const BIRTHS = /(^|_)(dob|birth|birthdate|birthday|born)(_|$)/;
const AGES = /(^|_)age(s|_years)?$/;
const ZIPS = /(^|_)(zip|zipcode|zip5|zip9|postal|postcode|postalcode)(_|$)/;
export const STREETS: RegExp =
  /(^|_)((?<!(ip|mac|mail|email)_)address|street|birthplace|precinct|residence)(_|$)/;
const PLACES =
  /(^|_)(lat|lon|lng|latitude|longitude|coordinates|geohash|county|city|town|village|parish|district)(_|$)/;

/** Codes that are derived from what they stand for, whatever that is. */
const DERIVED: ReadonlySet<string> = new Set(['token', 'deterministic', 'fpe', 'truncate-pan']);
/** Parts of a text: codes too, where the text is an identifier. */
const PARTS: ReadonlySet<string> = new Set(['truncate', 'partial-mask']);

/** Remarks on a column of a table that is about somebody. */
export function* lintSafeHarbor(
  column: PolicyColumn,
  declared: ColumnDefinition | undefined,
): Generator<Remark> {
  if (HIDING.has(column.rule.use)) return;
  const linted: Linted = { name: column.name, column, rule: column.rule, declared };
  yield* lintIdentifier(linted);
  yield* lintDate(linted);
  yield* lintAge(linted);
  yield* lintGeography(linted);
}

function* lintIdentifier({ name, column, rule, declared }: Linted): Generator<Remark> {
  const direct = column.dataClass === 'direct-id' || declared?.dataClass === 'direct-id';
  const identifier = direct || IDENTIFIERS.test(name) || rule.use === 'ip-prefix';
  if (DERIVED.has(rule.use) || (PARTS.has(rule.use) && identifier)) {
    yield {
      code: 'HSH-2',
      message: `${rule.use} derives a code from what it stands for`,
      hint: 'A code must not be derived from the individual (164.514(c)): use surrogate or drop.',
    };
  } else if (rule.use === 'detect-redact') {
    yield {
      code: 'HSH-1',
      message: 'free text leaves, and what is not found in it',
      hint: 'Detection is probable, not certain: use drop.',
    };
  } else if (identifier && rule.use !== 'surrogate') {
    yield {
      code: 'HSH-1',
      message: `one of the 18 identifiers leaves by ${rule.use}`,
      hint: 'Use drop, or surrogate where rows must be told apart.',
    };
  }
}

function* lintDate({ name, rule, declared }: Linted): Generator<Remark> {
  const type = declared?.type;
  const isDate =
    type === 'date' || type === 'timestamp' || (DATES.test(name) && (type ?? 'text') === 'text');
  if ((isDate && !isYearAtMost(rule)) || rule.use === 'date-shift') {
    yield {
      code: 'HSH-3',
      message: 'a date leaves finer than its year',
      hint: 'Use date-part with part: year, or drop.',
    };
  }
}

/** Whether a rule leaves of a date no more than its year; codes have remarks of their own. */
function isYearAtMost(rule: TransformRule): boolean {
  if (rule.use === 'date-part') return rule.part === 'year';
  if (rule.use === 'ladder') return rule.level === 'year';
  if (rule.use === 'truncate') return rule.length <= 4;
  return rule.use === 'age' || rule.use === 'surrogate' || DERIVED.has(rule.use);
}

/** Whether an age can leave by a rule as more than ninety. */
function tellsOldAge(rule: TransformRule): boolean {
  if (rule.use === 'band') return rule.top === undefined || Number(rule.top) > 90;
  return ['keep', 'encrypt', 'round', 'hierarchy', 'partial-mask'].includes(rule.use);
}

function* lintAge({ name, rule }: Linted): Generator<Remark> {
  if ((rule.use === 'age' && rule.top > 90) || (AGES.test(name) && tellsOldAge(rule))) {
    yield {
      code: 'HSH-4',
      message: 'an age above 89 leaves as itself',
      hint: 'Use age or band with top: 90, or the ladder level band10.',
    };
  }
  const year =
    (rule.use === 'date-part' && rule.ageOver89 === undefined) ||
    rule.use === 'ladder' ||
    rule.use === 'truncate';
  if (BIRTHS.test(name) && year) {
    yield {
      code: 'HSH-4',
      message: 'a year of birth tells an age above 89',
      hint: 'Use date-part with part: year and ageOver89: aggregate.',
    };
  }
}

function* lintGeography({ name, rule, declared }: Linted): Generator<Remark> {
  const zip = ZIPS.test(name) || declared?.ladder === 'us-zip-2020';
  const allowed =
    rule.use === 'zip3' || (rule.use === 'ladder' && rule.level === 'zip3-safe-harbor');
  if ((zip && !allowed) || STREETS.test(name)) {
    yield {
      code: 'HSH-5',
      message: 'a place smaller than a state leaves',
      hint: zip ? 'Use zip3: it checks the population behind the three digits.' : 'Use drop.',
    };
  }
  if (PLACES.test(name) || rule.use === 'geo-round') {
    yield {
      code: 'HSH-6',
      message: 'a city, a county or a position on the map leaves',
      hint: 'Use drop; a code that stands for a place is a place too.',
    };
  }
}
