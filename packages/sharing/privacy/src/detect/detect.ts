/**
 * Personal data in free text: probabilistic, and always to be called so. What has a form is found by
 * form, checksum and context; names and addresses by rules over words. Nothing is learned, nothing is
 * downloaded, and the time is linear in the text.
 */

import { findAddresses } from './address.ts';
import { type EntityFinding, type EntityType, Marks, withoutOverlaps } from './finding.ts';
import { findNames } from './names.ts';
import { findStructured } from './structured.ts';
import { type Token, tokenize } from './tokens.ts';

/** Raised whenever a rule or a list changes what is found. */
export const DETECTOR_VERSION = 1;
const SCORE_MIN = 0.4;

export interface DetectOptions {
  /** Kinds to find; all when left out. */
  readonly entities?: readonly EntityType[] | undefined;
  /** Findings below are left out; 0.4 when left out. */
  readonly scoreMin?: number | undefined;
}

/** Findings without overlaps, in the order of the text. Attacker-controlled: any text. */
export function detectEntities(
  text: string,
  options: DetectOptions = {},
): readonly EntityFinding[] {
  const { entities, scoreMin = SCORE_MIN } = options;
  const structured = withoutOverlaps(
    findStructured(text).filter(({ score }) => score >= SCORE_MIN),
  );
  const tokens = tokenize(text);
  const hasCase = hasBothCases(text);
  const nameish = (token: Token): boolean =>
    token.kind === 'word' && !token.common && (hasCase ? token.capital : token.text.length > 1);
  const addresses = findAddresses(tokens, nameish);
  const sure = withoutOverlaps([...structured, ...addresses]);
  const names = findNames({ tokens, nameish, hasCase, taken: takenBy(sure) });
  return withoutOverlaps([...sure, ...names]).filter(
    ({ type, score }) => score >= scoreMin && (entities === undefined || entities.includes(type)),
  );
}

function takenBy(findings: readonly EntityFinding[]): (token: Token) => boolean {
  const marks = new Marks();
  for (const finding of findings) marks.add(finding);
  return (token) => !marks.isFree(token);
}

/** Neither shouted nor without a capital: only then do capitals tell names. */
function hasBothCases(text: string): boolean {
  return /\p{Lu}/u.test(text) && /\p{Ll}/u.test(text);
}
