/**
 * Recognisers of what has a form: addresses of mail and web, numbers with check digits, phones, dates, ages.
 *
 * Each pattern is linear: no repetition inside a repetition that could match the same signs. A pattern
 * finds candidates; checksum, rule of issue or a word beside it decides.
 */

import { parseIpAddress } from '../ip-address.ts';
import {
  cutCardNumber,
  cutIban,
  digitsOf,
  isCardNumber,
  isIban,
  isSocialSecurityNumber,
} from './checks.ts';
import type { EntityFinding, EntityType } from './finding.ts';

/** How far before and after a candidate its words of context may stand, in UTF-16 units. */
const CONTEXT_BEFORE = 48;
const CONTEXT_AFTER = 24;

interface Recognizer {
  readonly type: EntityType;
  readonly pattern: RegExp;
  /** The group that is found; 0 the whole. */
  readonly group?: number;
  /** A score, or 0 for none. */
  readonly score: (found: string, context: () => string, text: string, start: number) => number;
}

const MONTHS =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const CARD_WORDS = /card|credit|debit|visa|amex|mastercard|pan\b|payment|charge/i;
const SSN_WORDS = /social|ssn|security|ss#/i;
const PHONE_WORDS =
  /phone|call|cell|mobile|\btel\b|telephone|fax|dial|text|whatsapp|contact|reach|number|office|home|messages|sms|line\b|ring|voicemail/i;
const ID_WORDS =
  /licen[sc]e|passport|account|\bmrn\b|medical record|member|policy|routing|\bid\b|identification|identity|plate|\bvin\b|serial|npi|\bdea\b|registration|tax|case|national|swift|bic\b/i;

const always =
  (score: number): Recognizer['score'] =>
  () =>
    score;

const RECOGNIZERS: readonly Recognizer[] = [
  {
    type: 'EMAIL_ADDRESS',
    pattern: /[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}/gu,
    score: always(1),
  },
  {
    type: 'URL',
    pattern: /\b(?:https?|ftp):\/\/[^\s<>"')\]}]{2,2048}/giu,
    score: always(1),
  },
  {
    type: 'URL',
    pattern:
      /\bwww\.[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}(?:\/[^\s<>"')\]}]{0,2048})?/giu,
    score: always(0.95),
  },
  {
    type: 'URL',
    pattern:
      /(?<![@\p{L}\p{N}._-])[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,4}\.(?:com|org|net|edu|gov|mil|int|info|biz|io|dev|app|co|us|uk|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|cz|sk|si|hr|hu|ro|bg|gr|cy|pt|ie|ee|lv|lt|lu|mt|is|ru|ua|tr|il|in|cn|jp|kr|au|nz|za|br|ar|cl|mx|ca|eu|tv|me)(?![\p{L}\p{N}-])(?:\.[a-z]{2}(?![\p{L}\p{N}]))?(?:\/[^\s<>"')\]}]{0,2048})?/giu,
    score: (found) => (/^[\p{Lu}][^.]*\.(?:in|is|it|at|no|me|be)$/u.test(found) ? 0 : 0.85),
  },
  {
    type: 'IP_ADDRESS',
    pattern: /(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.]\d|\d)/g,
    score: (found, _context, text, start) => {
      const isVersion = /\bv(?:er(?:sion)?)?\.? ?$/i.test(
        text.slice(Math.max(0, start - 10), start),
      );
      return isVersion || parseIpAddress(found) === null ? 0 : 1;
    },
  },
  {
    type: 'IP_ADDRESS',
    pattern:
      /(?<![\p{L}\p{N}:.])[0-9a-f:]{2,39}(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})?(?![\p{L}\p{N}:])/giu,
    score: (found) =>
      found.split(':').length >= 4 && parseIpAddress(found) !== null && /[0-9a-f]/i.test(found)
        ? 1
        : 0,
  },
  {
    type: 'IBAN_CODE',
    pattern:
      /(?<![\p{L}\p{N}])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{2,4}){3,8}(?:[ -]?[a-z0-9]{1,3})?(?![\p{L}\p{N}])/giu,
    score: (found, context) => {
      if (isIban(found)) return 1;
      return /iban/i.test(context()) && !/\s/.test(found) ? 0.7 : 0;
    },
  },
  {
    type: 'CREDIT_CARD',
    pattern: /(?<![\p{L}\d.-])\d(?:[ -]?\d){11,18}(?![\p{L}\d-]|\.\d)/gu,
    score: (found, context) => {
      if (isCardNumber(found))
        return CARD_WORDS.test(context()) ? 1 : found.startsWith('0') ? 0.5 : 0.92;
      const { length } = digitsOf(found);
      return length >= 13 && CARD_WORDS.test(context()) ? 0.6 : 0;
    },
  },
  {
    type: 'US_SSN',
    pattern: /(?<![\d-])\d{3}([- .])\d{2}\1\d{4}(?![\d-])/g,
    score: (found, context) => {
      if (isSocialSecurityNumber(found)) return 0.98;
      return SSN_WORDS.test(context()) ? 0.9 : 0;
    },
  },
  {
    type: 'US_SSN',
    pattern: /(?<![\d.-])\d{9}(?![\d-])/g,
    score: (found, context) =>
      isSocialSecurityNumber(found) && SSN_WORDS.test(context()) ? 0.9 : 0,
  },
  {
    type: 'PHONE_NUMBER',
    pattern:
      /(?<![\p{L}\d.+-])(?:\+|\(|00)?\(?\d{1,5}\)?(?:[ .\-/]{0,2}\(?\d{1,5}\)?){1,6}(?:(?: ?x| ?ext\.? ?)\d{1,6})?(?![\d\p{L}]|-\d)/giu,
    score: scorePhone,
  },
  {
    type: 'DATE_TIME',
    pattern:
      /(?<![\d/.-])(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2})(?:[T ]+\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?Z?)?(?![\d/-])/g,
    score: (found) => (isDateLike(found) ? 0.93 : 0),
  },
  {
    type: 'DATE_TIME',
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:(?:\d{1,2}(?:st|nd|rd|th)?,? (?:of )?)${MONTHS}\.?(?:,? \d{4})?|${MONTHS}\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?|${MONTHS}\.?,? \d{4})(?!\p{L})`,
      'giu',
    ),
    score: always(0.9),
  },
  {
    type: 'DATE_TIME',
    pattern: /(?<![\d.:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?: ?[ap]\.?m\.?)?(?![\d:])/giu,
    score: always(0.75),
  },
  {
    type: 'DATE_TIME',
    pattern:
      /(?<=\b(?:in|during|since|of|from|until|till|by|before|after|around|circa|year|to|a|an|the|born|and)\s)(?:1[89]|20)\d{2}s?(?![\d\p{L}]|-\d|[.,]\d)/giu,
    score: always(0.7),
  },
  {
    type: 'AGE',
    pattern:
      /(?<![\d.])(\d{1,3})(?=[- ]?(?:years?|yrs?)[- ]?olds?|[- ]?y\/?o\b|[- ]year-old| years of age)/giu,
    score: (found) => (Number(found) <= 120 ? 0.95 : 0),
  },
  {
    type: 'AGE',
    pattern:
      /\b(?:turn(?:s|ed|ing)?|aged|age(?: is| of|d|:)?|(?:he|she)(?: was|'s| is)|i(?:'m| am)|when (?:he|she|i) was)\s(?:now |just |only |about |already )?(\d{1,3})(?![\d\p{L}:/%]|[.,]\d| (?:and a half )?(?:times|minutes|hours|days|weeks|months|miles|km|percent))/giu,
    group: 1,
    score: (found) => (Number(found) > 0 && Number(found) <= 120 ? 0.9 : 0),
  },
  {
    type: 'ZIP_CODE',
    pattern:
      /(?<=\b[A-Z]{2}[ ,]{1,2}|zip(?: ?code)?(?: is|:)? |postcode(?: is|:)? )\d{5}(?:-\d{4})?(?!\d)/giu,
    score: (_found, context) => (/zip|post/i.test(context()) ? 0.9 : 0.8),
  },
  {
    type: 'ID_NUMBER',
    pattern:
      /(?<![\p{L}\d@.-])(?=[A-Z-]{0,8}\d)[A-Z0-9](?:-?[A-Z0-9]){5,19}(?![\p{L}\d@]|-\p{L})/giu,
    score: (found, context) => {
      if (digitsOf(found).length < 4 || !ID_WORDS.test(context())) return 0;
      return 0.65;
    },
  },
];

/**
 * Attacker-controlled: any text.
 *
 * @param wanted kinds to look for; all when left out
 */
export function findStructured(text: string, wanted?: ReadonlySet<string>): EntityFinding[] {
  const findings: EntityFinding[] = [];
  for (const { type, pattern, group = 0, score } of RECOGNIZERS) {
    if (wanted !== undefined && !wanted.has(type)) continue;
    pattern.lastIndex = 0;
    for (const match of text.matchAll(pattern)) {
      const found = trimmed(type, match[group] ?? '');
      if (found === '') continue;
      const start = match.index + (group === 0 ? 0 : match[0].lastIndexOf(found));
      const end = start + found.length;
      const context = (): string =>
        `${text.slice(Math.max(0, start - CONTEXT_BEFORE), start)} ${text.slice(end, end + CONTEXT_AFTER)}`;
      const given = score(found, context, text, start);
      if (given > 0) findings.push({ type, start, end, score: given });
    }
  }
  return findings;
}

/** Without the punctuation of the sentence around it. */
function trimmed(type: EntityType, found: string): string {
  // What stands behind a number may look like its last group.
  if (type === 'CREDIT_CARD') return cutCardNumber(found) || found;
  if (type === 'IBAN_CODE') return cutIban(found) || found;
  if (type === 'URL') return found.replace(/[.,;:!?'"]{1,8}$/u, '');
  return type === 'EMAIL_ADDRESS' ? found.replace(/^['.-]+/u, '') : found.trimEnd();
}

function scorePhone(found: string, context: () => string, text: string, start: number): number {
  const { length } = digitsOf(found);
  if (length < 7 || length > 15) return 0;
  if (/^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}$/.test(found)) return 0;
  if (/^(?:1[89]|20)\d\d\s?-\s?(?:1[89]|20)\d\d$/.test(found)) return 0;
  if (/^\d+(?:\.\d+){3}$/.test(found)) return 0;
  const words = PHONE_WORDS.test(context());
  const isInternational = /^(?:\+|00\d|\(\+)/.test(found);
  const isNorthAmerican = /^(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}/.test(found);
  if (isInternational || isNorthAmerican) return words ? 0.95 : 0.85;
  if (words && ID_WORDS.test(context()) && !/phone|call|\btel|fax|mobile/i.test(context()))
    return 0;
  const isGrouped = /[ .\-/()]/.test(found);
  if (isGrouped) {
    // A number of a house before that of a street is no phone.
    if (/^\d{2,5}[ ]\d{1,5}$/.test(found) && !words) return 0;
    return words
      ? 0.8
      : found.startsWith('0')
        ? 0.7
        : /^\s*$/.test(text.slice(0, start))
          ? 0
          : 0.45;
  }
  return words ? 0.6 : 0;
}

function isDateLike(found: string): boolean {
  const [a = 0, b = 0, c = 0] = found.split(/[T ]/)[0]?.split(/[/.-]/).map(Number) ?? [];
  if (a > 31) return b >= 1 && b <= 12 && c >= 1 && c <= 31;
  return (a >= 1 && a <= 12 && b >= 1 && b <= 31) || (b >= 1 && b <= 12 && a >= 1 && a <= 31);
}
