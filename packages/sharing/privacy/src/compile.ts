/**
 * A rule, a column and a context made into a function over values. Pure: the as-of date, the keys and
 * the vault are handed in. A value that cannot be transformed raises; it never passes through.
 */

import {
  type ColumnDefinition,
  type LadderName,
  type Value,
  assert,
  civilFromDays,
  climbLadder,
  isValueOf,
  ladderLevels,
  unreachable,
} from '@veritydb/types';

import { ageInYears, birthYearMax } from './age.ts';
import { compileBand, compileRound } from './bands.ts';
import { compileKeyed, isKeyed } from './compile-keyed.ts';
import { compileDetectRedact } from './detect/redact.ts';
import { type TransformPlan, planTransform } from './plan.ts';
import { refused } from './refused.ts';
import type { AgeRule, DatePartRule, VisibleRule } from './rule.ts';
import {
  MASK,
  compileHierarchy,
  compileIpPrefix,
  compilePartialMask,
  compileTruncatePan,
} from './text-cut.ts';
import type { RowContext, Step, TransformContext, TransformedValue } from './transform-context.ts';

export interface CompiledTransform extends TransformPlan {
  /**
   * Transforms one value. While `missing` is not empty afterwards, the values are placeholders that
   * must not leave.
   *
   * @throws {PrivacyError} ERR_PRIVACY_VALUE
   */
  readonly apply: (value: Value, row: RowContext) => TransformedValue;
}

const OLDEST_SINGLE_AGE = 89;
const MICROSECONDS_PER_DAY = 86_400_000_000n;

/**
 * Compiles a rule for a column.
 *
 * @throws {PrivacyError} ERR_PRIVACY_RULE when the rule does not fit the column
 */
export function compileTransform(
  rule: VisibleRule,
  column: ColumnDefinition,
  context: TransformContext,
): CompiledTransform {
  const plan = planTransform(rule, column);
  const step = compileStep(rule, column, plan, context);
  const ofNull: TransformedValue = {
    value: rule.use === 'fixed' ? rule.value : null,
    proof: plan.proof,
  };
  const apply = (value: Value, row: RowContext): TransformedValue => {
    if (!isValueOf(column.type, value)) {
      throw refused(column, `value is not of type ${column.type}`);
    }
    return value === null ? ofNull : step(value, row);
  };
  return { ...plan, apply };
}

function compileStep(
  rule: VisibleRule,
  column: ColumnDefinition,
  plan: TransformPlan,
  context: TransformContext,
): Step {
  const valued =
    (make: (value: NonNullable<Value>) => Value): Step =>
    (value) => ({ value: make(value), proof: plan.proof });
  if (isKeyed(rule)) return compileKeyed(rule, column, context);
  switch (rule.use) {
    case 'keep':
      return valued((value) => value);
    case 'null':
      return valued(() => null);
    case 'mask':
      return valued(() => MASK);
    case 'fixed':
      return valued(() => rule.value);
    case 'truncate':
      return valued((value) =>
        Array.from(value as string)
          .slice(0, rule.length)
          .join(''),
      );
    case 'partial-mask':
      return valued(compilePartialMask(rule));
    case 'truncate-pan':
      return valued(compileTruncatePan(column));
    case 'ladder':
      assert(column.ladder !== null, 'a ladder rule was planned for a column without a ladder');
      return valued(climber(column.ladder, plan.ladderLevel as number));
    case 'zip3':
      return valued(climber('us-zip-2020', 2));
    case 'date-part':
      return datePart(rule, column, plan, context);
    case 'age':
      return age(rule, column, context);
    case 'band':
      return valued(compileBand(rule, column));
    case 'round':
    case 'geo-round':
      return valued(compileRound(rule, column));
    case 'hierarchy':
      return valued(compileHierarchy(rule, column));
    case 'detect-redact':
      return valued(compileDetectRedact(rule, column));
    case 'ip-prefix':
      return valued(compileIpPrefix(rule, column));
    default:
      return unreachable(rule);
  }
}

function climber(ladder: LadderName, level: number): (value: Value) => string | null {
  assert(level >= 1, 'the level of a ladder is above the value itself');
  return (value) => climbLadder(ladder, value)[level - 1] ?? null;
}

function datePart(
  rule: DatePartRule,
  column: ColumnDefinition,
  plan: TransformPlan,
  context: TransformContext,
): Step {
  const ladder = column.type === 'date' ? 'date' : 'timestamp';
  const climb =
    rule.part === 'quarter'
      ? (value: Value): string => quarterOf(toDays(column, value))
      : climber(ladder, ladderLevels(ladder).indexOf(rule.part) + 1);
  const { proof } = plan;
  if (rule.ageOver89 === undefined) return (value) => ({ value: climb(value), proof });
  const oldest = OLDEST_SINGLE_AGE + 1;
  const lastYear = String(birthYearMax(oldest, context.asOfDate)).padStart(4, '0');
  const aggregate: TransformedValue = { value: `<= ${lastYear}`, proof: 'auditor' };
  return (value) => {
    const years = ageInYears(toDays(column, value), context.asOfDate);
    return years >= oldest ? aggregate : { value: climb(value), proof };
  };
}

/** `2024-Q1`. */
function quarterOf(days: number): string {
  const { year, month } = civilFromDays(days);
  return `${String(year).padStart(4, '0')}-Q${Math.ceil(month / 3)}`;
}

function toDays(column: ColumnDefinition, value: Value): number {
  if (column.type === 'date') return value as number;
  const microseconds = value as bigint;
  const days = Number(microseconds / MICROSECONDS_PER_DAY);
  return microseconds % MICROSECONDS_PER_DAY < 0n ? days - 1 : days;
}

function age(rule: AgeRule, column: ColumnDefinition, context: TransformContext): Step {
  return (value) => {
    const years =
      column.type === 'date' ? ageInYears(value as number, context.asOfDate) : (value as number);
    if (years < 0) throw refused(column, 'age is negative');
    return { value: Math.min(years, rule.top), proof: 'auditor' };
  };
}
