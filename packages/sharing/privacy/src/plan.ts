/**
 * What a rule makes of a column, before any row is seen: the type, what may be asked, and who can check
 * the result. A rule that does not fit is refused here, when a policy is activated, and again when it
 * is used.
 */

import { type ColumnDefinition, type ColumnType, ladderLevels, unreachable } from '@veritydb/types';

import { type FieldProof, TRANSFORMS, type TransformOperations } from './catalogue.ts';
import { PrivacyError } from './error.ts';
import type { DatePartRule, VisibleRule } from './rule.ts';

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
  switch (rule.use) {
    case 'keep':
      return { ...plan, exact: true, proof: 'public', ladderLevel: 0 };
    case 'null':
      return { ...plan, notNull: false };
    case 'fixed':
      return { ...plan, notNull: true };
    case 'mask':
    case 'surrogate':
      return plan;
    case 'token':
      if ((rule.alg ?? 'hmac-sha256') !== 'hmac-sha256' || (rule.bits ?? 128) !== 128) {
        throw misfit(column, 'token is hmac-sha256 of 128 bits', 'Leave alg and bits out.');
      }
      return plan;
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
      if (column.type !== 'text')
        throw misfit(column, 'zip3 takes text', 'Keep ZIP codes as text.');
      const level = ladderLevels(column.ladder).indexOf('zip3-safe-harbor') + 1;
      return level === 0 ? { ...plan, notNull: false } : committed(plan, column, level);
    }
    case 'age':
      if (column.type !== 'integer' && column.type !== 'date') {
        throw misfit(
          column,
          'age takes an age (integer) or a birth date (date)',
          'Use null or drop.',
        );
      }
      if (!isIntegerWithin(rule.top, 1, AGE_TOP_MAX)) {
        throw misfit(column, `top is 1 to ${AGE_TOP_MAX}`, 'HIPAA Safe Harbor asks for 90.');
      }
      return { ...plan, describe: `age top ${rule.top}` };
    case 'truncate':
      if (column.type !== 'text') throw misfit(column, 'truncate takes text', 'Use mask or drop.');
      if (!isIntegerWithin(rule.length, 1, TRUNCATE_LENGTH_MAX)) {
        throw misfit(
          column,
          `length is 1 to ${TRUNCATE_LENGTH_MAX}`,
          'Give a length in characters.',
        );
      }
      return { ...plan, describe: `truncate ${rule.length}` };
    default:
      return unreachable(rule);
  }
}

function planDatePart(
  rule: DatePartRule,
  column: ColumnDefinition,
  plan: TransformPlan,
): TransformPlan {
  if (column.type !== 'date' && column.type !== 'timestamp') {
    throw misfit(column, 'date-part takes a date or a timestamp', 'Use drop, or change its type.');
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

function isIntegerWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function misfit(column: ColumnDefinition, what: string, hint: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_RULE', `rule does not fit column ${column.name}: ${what}`, {
    hint,
  });
}
