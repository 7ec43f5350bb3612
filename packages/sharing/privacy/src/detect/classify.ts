/**
 * What a column seems to hold, from its name and some of its values: a suggestion for whoever writes
 * `class:` and a policy, never a decision.
 */

import type { DataClass } from '@veritydb/types';

import { detectEntities } from './detect.ts';
import { type EntityType, withoutOverlaps } from './finding.ts';
import { COUNTRIES, FIRST_NAMES } from './lexicon.ts';
import { findStructured } from './structured.ts';

export interface ColumnSuggestion {
  readonly dataClass: DataClass;
  /** What the values or the name look like: an entity type, or a word for what a name says. */
  readonly because: string;
  /** 0 to 1: the share of values, or what a name alone is worth. */
  readonly confidence: number;
  /** A rule to begin with. */
  readonly use: string;
}

interface NameRule {
  readonly pattern: RegExp;
  readonly dataClass: DataClass;
  readonly use: string;
  readonly because: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SHARE_MIN = 0.6;
const FREE_TEXT_LENGTH_MIN = 40;
const NAME_CONFIDENCE = 0.7;
const SAMPLES_COUNT_MAX = 200;

/** The first that fits; the order is from what must never leave to what tells little. */
const NAMES: readonly NameRule[] = [
  rule(/(^|_)(cvv2?|cvc2?|cid|pin|track[12]?|pin_?block)(_|$)/, 'sad', 'drop', 'card secret'),
  rule(
    /(^|_)(pan|card(_?(no|num|number))?|credit_?card)(_|$)/,
    'chd',
    'truncate-pan',
    'card number',
  ),
  rule(
    /(^|_)(race|ethnicity|religion|faith|union|politic\w*|sexual\w*|orientation|biometric\w*|genetic\w*)(_|$)/,
    'special-category',
    'drop',
    'special category',
  ),
  rule(
    /(^|_)(salary|income|wage|balance|expenses|debt|credit|score|grade|coverage|amount|savings|revenue|cost|price)(_|$)/,
    'sensitive',
    'band',
    'money',
  ),
  rule(
    /(^|_)(diagnos\w*|disease|condition|medication|symptom\w*|disab\w*|hiv|pregnan\w*|health\w*|icd(10)?)(_|$)/,
    'special-category',
    'drop',
    'health',
  ),
  rule(
    /(^|_)(ssn|social_security\w*|passport|drivers?(_?licen[sc]e)?|licen[sc]e(_?(no|number))?|tax_?id|national_?id|mrn|medical_record\w*|iban|account(_?(no|num|number))?|vin|plate)(_|$)/,
    'direct-id',
    'token',
    'identifier',
  ),
  rule(
    /(^|_)(e?mail|phone|telephone|mobile|fax|ip(_?addr\w*)?|url|website|user_?name|login|twitter|handle)(_|$)/,
    'direct-id',
    'token',
    'contact',
  ),
  rule(
    /(^|_)(full_?name|first(_?name)?|last(_?name)?|middle(_?name)?|maiden|surname|given_?name|family_?name|name|prefix|suffix|holder|contact)(_|$)/,
    'direct-id',
    'drop',
    'name',
  ),
  rule(/(^|_)(address\d?|street|line\d|birthplace)(_|$)/, 'direct-id', 'drop', 'address'),
  rule(/(^|_)(dob|birth\w*|born|death\w*)(_|$)/, 'quasi-id', 'date-part', 'date of birth or death'),
  rule(/(^|_)age(_|$)/, 'quasi-id', 'age', 'age'),
  rule(/(^|_)(zip\w*|postal\w*|post_?code)(_|$)/, 'quasi-id', 'zip3', 'postal code'),
  rule(/(^|_)(lat\w*|lon|lng|longitude|geo\w*|coord\w*)(_|$)/, 'quasi-id', 'geo-round', 'position'),
  rule(/(^|_)(city|county|town|village|district|parish)(_|$)/, 'quasi-id', 'drop', 'small place'),
  rule(/(^|_)(region|country|state|nationality|native_?country)(_|$)/, 'quasi-id', 'keep', 'place'),
  rule(
    /(^|_)(sex|gender|marital\w*|occupation|job|education|language|workclass|employer)(_|$)/,
    'quasi-id',
    'keep',
    'about a person',
  ),
  rule(
    /(^|_)(notes?|comments?|text|remarks?|message|body|free_?text|narrative)(_|$)/,
    'free-text',
    'detect-redact',
    'free text',
  ),
  rule(
    /(^|_)(date|time|timestamp|start|stop|end|\w+_(at|on))(_|$)/,
    'quasi-id',
    'date-part',
    'date',
  ),
  rule(/^(id|uuid|guid)$|_(id|uuid|guid)$/, 'direct-id', 'surrogate', 'key'),
];

/** Kinds of values that decide a class by themselves. */
const VALUES: Partial<Record<EntityType, { readonly dataClass: DataClass; readonly use: string }>> =
  {
    EMAIL_ADDRESS: { dataClass: 'direct-id', use: 'token' },
    URL: { dataClass: 'direct-id', use: 'drop' },
    IP_ADDRESS: { dataClass: 'direct-id', use: 'ip-prefix' },
    CREDIT_CARD: { dataClass: 'chd', use: 'truncate-pan' },
    IBAN_CODE: { dataClass: 'direct-id', use: 'token' },
    US_SSN: { dataClass: 'direct-id', use: 'token' },
    PHONE_NUMBER: { dataClass: 'direct-id', use: 'token' },
    STREET_ADDRESS: { dataClass: 'direct-id', use: 'drop' },
    PERSON: { dataClass: 'direct-id', use: 'drop' },
    LOCATION: { dataClass: 'quasi-id', use: 'hierarchy' },
    NRP: { dataClass: 'special-category', use: 'drop' },
    DATE_TIME: { dataClass: 'quasi-id', use: 'date-part' },
    ID_NUMBER: { dataClass: 'direct-id', use: 'surrogate' },
  };

function rule(pattern: RegExp, dataClass: DataClass, use: string, because: string): NameRule {
  return { pattern, dataClass, use, because };
}

/**
 * Suggests a class for a column. Values decide where most of them have one unmistakable form; else the
 * name does; else long texts are free text. What nothing speaks of is `non-personal`, without confidence.
 *
 * @param samples values in text; the first 200 are looked at
 */
export function suggestClass(name: string, samples: readonly string[]): ColumnSuggestion {
  const values = samples.filter((value) => value.trim() !== '').slice(0, SAMPLES_COUNT_MAX);
  const named = byName(name);
  const seen = byValues(values, name);
  // A date or a place by its form says less than a name that says whose.
  const isWeak = seen !== null && (seen.because === 'DATE_TIME' || seen.because === 'LOCATION');
  if (seen !== null && !(isWeak && named !== null)) return seen;
  if (named !== null) return named;
  if (meanLength(values) >= FREE_TEXT_LENGTH_MIN) {
    const personal = values.filter((value) => detectEntities(value).length > 0).length;
    const confidence = Math.max(0.5, values.length === 0 ? 0 : personal / values.length);
    return { dataClass: 'free-text', because: 'long text', confidence, use: 'detect-redact' };
  }
  return {
    dataClass: 'non-personal',
    because: 'nothing speaks against it',
    confidence: 0,
    use: 'keep',
  };
}

function byName(name: string): ColumnSuggestion | null {
  const snake = name
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
  const found = NAMES.find(({ pattern }) => pattern.test(snake));
  if (found === undefined) return null;
  const { dataClass, use, because } = found;
  return { dataClass, use, because: `its name: ${because}`, confidence: NAME_CONFIDENCE };
}

function byValues(values: readonly string[], name: string): ColumnSuggestion | null {
  if (values.length === 0) return null;
  const counts = new Map<EntityType, number>();
  for (const value of values) {
    const type = kindOf(value.trim(), name);
    if (type !== null) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1]);
  if (most === undefined || most[1] / values.length < SHARE_MIN) return null;
  const terms = VALUES[most[0]];
  return terms === undefined
    ? null
    : { ...terms, because: most[0], confidence: most[1] / values.length };
}

/** What a value is as a whole; the column's name stands before it as its context. */
function kindOf(value: string, name: string): EntityType | null {
  if (UUID.test(value)) return 'ID_NUMBER';
  const lead = `${name.replaceAll('_', ' ')}: `;
  const found = withoutOverlaps(findStructured(lead + value)).find(
    ({ start, end, score }) =>
      start === lead.length && end === lead.length + value.length && score >= 0.7,
  );
  if (found !== undefined) return found.type;
  const words = value.split(/[\s,]+/);
  if (words.length <= 4 && FIRST_NAMES.has((words[0] ?? '').toLowerCase())) return 'PERSON';
  if (COUNTRIES.has(value.toLowerCase())) return 'LOCATION';
  const [street] = detectEntities(value, { entities: ['STREET_ADDRESS'] });
  return street !== undefined && street.start === 0 ? 'STREET_ADDRESS' : null;
}

function meanLength(values: readonly string[]): number {
  let total = 0;
  for (const { length } of values) total += length;
  return values.length === 0 ? 0 : total / values.length;
}
