/**
 * A second look at text that a policy lets out as it is: direct identifiers that have a form. Only what a
 * checksum, a rule of issue or an unmistakable form tells is found, so that a code is hardly ever taken
 * for a person's number; names, and numbers without a form, are not found at all.
 */

import { digitsOf } from './checks.ts';
import { type EntityFinding, withoutOverlaps } from './finding.ts';
import { redact } from './redact.ts';
import { findStructured } from './structured.ts';

export const GUARD_KINDS = [
  'US_SSN',
  'IBAN_CODE',
  'CREDIT_CARD',
  'EMAIL_ADDRESS',
  'PHONE_NUMBER',
  'URL',
  'IP_ADDRESS',
] as const;
export type GuardKind = (typeof GUARD_KINDS)[number];

/** Without URLs, which name systems of codes too, and IP addresses, which versions look like. */
export const GUARD_KINDS_DEFAULT: readonly GuardKind[] = GUARD_KINDS.slice(0, 5);

/** What stands in place of an identifier. */
export const GUARD_MARK: RegExp = new RegExp(`\\[(?:${GUARD_KINDS.join('|')})\\]`);

const SCORE_MIN = 0.85;
/** Every kind has a digit, an at sign, or is an address of the web. */
const CANDIDATE = /[\p{Nd}@]|:\/\/|www\.|\.\p{L}/iu;

/**
 * Makes the guard of these kinds: a text with each identifier replaced by the name of its kind, or the
 * text itself where none is found. Time is linear in the text.
 */
export function compileGuard(kinds: readonly GuardKind[]): (text: string) => string {
  const wanted: ReadonlySet<string> = new Set(kinds);
  return (text) => {
    if (!CANDIDATE.test(text)) return text;
    const findings = findStructured(text, wanted).filter(
      (finding) => finding.score >= SCORE_MIN && isUnmistakable(finding, text),
    );
    return findings.length === 0 ? text : redact(text, withoutOverlaps(findings));
  };
}

/** Codes of medicine and trade pass checksums by chance, one in ten: of these more is asked. */
function isUnmistakable({ type, start, end }: EntityFinding, text: string): boolean {
  const found = text.slice(start, end);
  if (type === 'CREDIT_CARD') return isIssued(digitsOf(found).join(''));
  if (type === 'PHONE_NUMBER') {
    return /^(?:\(?\+|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|\(\d{3}\)\d{3}[ .-]\d{4}|1[ .-]\(?\d{3}\)?[ .-]\d{3})/.test(
      found,
    );
  }
  return true;
}

/** Length and first digits of the networks that issue cards (ISO/IEC 7812-1). */
function isIssued(digits: string): boolean {
  return /^(?:3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12})$/.test(
    digits,
  );
}
