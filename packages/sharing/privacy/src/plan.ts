/**
 * What a rule makes of a column, before any row is seen: the type, what may be asked, and who can check
 * the result. A rule that does not fit is refused here, when a policy is activated, and again when it
 * is used.
 */

import { X25519_KEY_SIZE } from '@veritydb/crypto';
import {
  type ColumnDefinition,
  type ColumnType,
  TypesError,
  decodeBase64Url,
  ladderLevels,
  unreachable,
} from '@veritydb/types';

import { planBand, planRound } from './bands.ts';
import { type FieldProof, TRANSFORMS, type TransformOperations } from './catalogue.ts';
import { spanDays } from './date-shift.ts';
import { DETECTOR_VERSION } from './detect/detect.ts';
import { planDetectRedact } from './detect/redact.ts';
import { misfit } from './refused.ts';
import {
  type AgeRule,
  type DatePartRule,
  type EncryptRule,
  FPE_ALPHABETS,
  type FpeRule,
  type VisibleRule,
} from './rule.ts';
import { IP_BITS, SHOW_LENGTH_MAX, V6_BITS, planHierarchy } from './text-cut.ts';

export const TRUNCATE_LENGTH_MAX = 255;
export const AGE_TOP_MAX = 150;

export interface TransformPlan {
  readonly type: ColumnType;
  readonly notNull: boolean;
  /** Each value equals the base column's. */
  readonly exact: boolean;
  readonly operations: TransformOperations;
  /** Class of the column; single rows may be `auditor` where it is `public`, never the other way. */
  readonly proof: FieldProof;
  /** Level of the column's ladder that the value is taken from: 0 the value itself, null none. */
  readonly ladderLevel: number | null;
  /** In words, for recipients: names no column and no value. */
  readonly describe: string;
}

/**
 * Plans a rule for a column.
 *
 * @throws {PrivacyError} ERR_PRIVACY_RULE when the rule does not fit the column
 */
export function planTransform(rule: VisibleRule, column: ColumnDefinition): TransformPlan {
  const declaration = TRANSFORMS[rule.use];
  const plan: TransformPlan = {
    type: declaration.output === 'same' ? column.type : declaration.output,
    notNull: column.notNull,
    exact: false,
    operations: declaration.operations,
    proof: 'auditor',
    ladderLevel: null,
    describe: rule.use,
  };
  if (isUncommitted(rule)) return { ...plan, describe: describeUncommitted(rule, column) };
  switch (rule.use) {
    case 'keep':
      return { ...plan, exact: true, proof: 'public', ladderLevel: 0 };
    case 'null':
      return { ...plan, notNull: false };
    case 'fixed':
      return { ...plan, notNull: true };
    case 'ladder': {
      const level = ladderLevels(column.ladder).indexOf(rule.level) + 1;
      if (level === 0) {
        const hint = 'Declare the ladder on the column, or use date-part, zip3 or age.';
        throw misfit(column, `it declares no ladder with the level ${rule.level}`, hint);
      }
      return committed({ ...plan, describe: `ladder ${rule.level}` }, column, level);
    }
    case 'date-part':
      return planDatePart(rule, column, plan);
    case 'zip3': {
      needsText(rule.use, column, 'Keep ZIP codes as text.');
      const level = ladderLevels(column.ladder).indexOf('zip3-safe-harbor') + 1;
      return level === 0 ? { ...plan, notNull: false } : committed(plan, column, level);
    }
    default:
      return unreachable(rule);
  }
}

/** Rules of which the plan says more than that they fit. */
const PLANNED = ['keep', 'null', 'fixed', 'ladder', 'date-part', 'zip3'] as const;
type PlannedRule = Extract<VisibleRule, { readonly use: (typeof PLANNED)[number] }>;
type UncommittedRule = Exclude<VisibleRule, PlannedRule>;

function isUncommitted(rule: VisibleRule): rule is UncommittedRule {
  return !PLANNED.some((use) => use === rule.use);
}

/** Checks a rule of which no ladder holds the result; its words. */
function describeUncommitted(rule: UncommittedRule, column: ColumnDefinition): string {
  switch (rule.use) {
    case 'mask':
    case 'surrogate':
    case 'deterministic':
      return rule.use;
    case 'token':
      if ((rule.alg ?? 'hmac-sha256') !== 'hmac-sha256' || (rule.bits ?? 128) !== 128) {
        throw misfit(column, 'token is hmac-sha256 of 128 bits', 'Leave alg and bits out.');
      }
      return rule.use;
    case 'age':
      return planAge(rule, column);
    case 'truncate':
      needsText(rule.use, column, 'Use mask or drop.');
      needsWithin(rule.length, 'length', { min: 1, max: TRUNCATE_LENGTH_MAX }, column);
      return `truncate ${rule.length}`;
    case 'partial-mask':
      needsText(rule.use, column, 'Use mask.');
      needsWithin(rule.show, 'show', { min: 1, max: SHOW_LENGTH_MAX }, column);
      return `partial-mask ${rule.side ?? 'last'} ${rule.show}`;
    case 'truncate-pan':
      needsText(rule.use, column, 'Keep card numbers as text.');
      return 'truncate-pan first6-last4';
    case 'band':
      planBand(rule, column);
      return `band ${rule.size}`;
    case 'round':
      planRound(rule, column);
      return `round ${rule.to}`;
    case 'geo-round':
      planRound(rule, column);
      return `geo-round ${rule.digits}`;
    case 'hierarchy':
      planHierarchy(rule, column);
      return `hierarchy of ${Object.keys(rule.groups).length} groups`;
    case 'ip-prefix': {
      const { v4 = IP_BITS.v4.max, v6 = V6_BITS } = rule;
      needsText(rule.use, column, 'Keep addresses as text.');
      needsWithin(v4, 'v4', IP_BITS.v4, column);
      needsWithin(v6, 'v6', IP_BITS.v6, column);
      return `ip-prefix ${v4} ${v6}`;
    }
    case 'detect-redact':
      needsText(rule.use, column, 'Use drop.');
      planDetectRedact(rule, column);
      return `detect-redact ${DETECTOR_VERSION}, probabilistic`;
    case 'fpe':
      return planFpe(rule, column);
    case 'date-shift':
      return `date-shift ${spanDays(rule, column)} days`;
    case 'encrypt':
      needsKey(rule, column);
      return rule.use;
    default:
      return unreachable(rule);
  }
}

function planAge(rule: AgeRule, column: ColumnDefinition): string {
  if (column.type !== 'integer' && column.type !== 'date') {
    const hint = 'Use null or drop.';
    throw misfit(column, 'age takes an age (integer) or a birth date (date)', hint);
  }
  needsWithin(rule.top, 'top', { min: 1, max: AGE_TOP_MAX }, column);
  return `age top ${rule.top}`;
}

function planFpe(rule: FpeRule, column: ColumnDefinition): string {
  needsText(rule.use, column, 'Keep numbers with a format as text.');
  if (!Object.hasOwn(FPE_ALPHABETS, rule.alphabet)) {
    throw misfit(
      column,
      'there is no such alphabet',
      `Use ${Object.keys(FPE_ALPHABETS).join(', ')}.`,
    );
  }
  if (rule.luhn === true && rule.alphabet !== 'digits') {
    throw misfit(column, 'a Luhn digit is one of digits', 'Use alphabet: digits.');
  }
  return `fpe ${rule.alphabet}`;
}

function needsKey(rule: EncryptRule, column: ColumnDefinition): void {
  try {
    if (decodeBase64Url(rule.to).length === X25519_KEY_SIZE) return;
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
  }
  const hint = 'Give member x of the recipient’s public JWK, crv X25519.';
  throw misfit(column, 'to is no X25519 public key in base64url', hint);
}

function needsText(use: string, column: ColumnDefinition, hint: string): void {
  if (column.type !== 'text') throw misfit(column, `${use} takes text`, hint);
}

function needsWithin(
  value: number,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
  column: ColumnDefinition,
): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw misfit(column, `${name} is ${min} to ${max}`, 'Give a whole number.');
}

function planDatePart(
  rule: DatePartRule,
  column: ColumnDefinition,
  plan: TransformPlan,
): TransformPlan {
  if (column.type !== 'date' && column.type !== 'timestamp') {
    throw misfit(column, 'date-part takes a date or a timestamp', 'Use drop, or change its type.');
  }
  if (rule.part === 'day' && column.type === 'date') {
    throw misfit(column, 'a date has no part finer than itself', 'Use keep.');
  }
  const over89 = rule.ageOver89 === undefined ? '' : ', over 89 as one group';
  const described = { ...plan, describe: `date-part ${rule.part}${over89}` };
  const level = ladderLevels(column.ladder).indexOf(rule.part) + 1;
  return level === 0 ? described : committed(described, column, level);
}

/** Taken from a committed level. A ZIP code that is none has NULL there; a date never has. */
function committed(plan: TransformPlan, column: ColumnDefinition, level: number): TransformPlan {
  const always = column.ladder === 'date' || column.ladder === 'timestamp';
  return { ...plan, notNull: column.notNull && always, proof: 'public', ladderLevel: level };
}
