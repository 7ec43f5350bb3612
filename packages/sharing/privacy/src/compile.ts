/**
 * A rule, a column and a context made into a function over values. Pure: the as-of date, the keys and
 * the vault are handed in. A value that cannot be transformed raises; it never passes through.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type ColumnDefinition,
  type LadderName,
  type TenantId,
  type Value,
  assert,
  climbLadder,
  isValueOf,
  unreachable,
} from '@veritydb/types';

import { ageInYears, birthYearMax } from './age.ts';
import type { FieldProof } from './catalogue.ts';
import { PrivacyError } from './error.ts';
import { type TransformPlan, planTransform } from './plan.ts';
import {
  PSEUDONYM_SIZE,
  columnKey,
  derivePseudonymKey,
  formatPseudonym,
  isPseudonym,
  pseudonymMac,
} from './pseudonym.ts';
import type { AgeRule, DatePartRule, SurrogateRule, TokenRule, VisibleRule } from './rule.ts';

export interface TransformContext {
  readonly crypto: Crypto;
  readonly tenant: TenantId;
  readonly table: string;
  /** Who may join what: the pseudonymisation domain. */
  readonly domain: string;
  /** The day at which ages are counted, in days since 1970-01-01. */
  readonly asOfDate: number;
  /** 32 bytes, of this tenant. */
  readonly tokenKey: Uint8Array;
  /** The vault's code for a value, by the MAC that stands for it; undefined where none was minted. */
  readonly lookupSurrogate: (domain: string, sourceMac: Uint8Array) => string | undefined;
}

/** A code that the vault lacks: mint it durably, then run the transform again. */
export interface MissingSurrogate {
  readonly domain: string;
  /** 32 bytes; tells nothing about the value to who lacks the key. */
  readonly sourceMac: Uint8Array;
}

/** What the transforms of one row leave behind. */
export interface RowContext {
  readonly missing: MissingSurrogate[];
}

export interface TransformedValue {
  readonly value: Value;
  readonly proof: FieldProof;
}

export interface CompiledTransform extends TransformPlan {
  /**
   * Transforms one value. While `missing` is not empty afterwards, the values are placeholders that
   * must not leave.
   *
   * @throws {PrivacyError} ERR_PRIVACY_VALUE
   */
  readonly apply: (value: Value, row: RowContext) => TransformedValue;
}

/** What every masked value looks like, whatever its length. */
const MASK = '****';
const OLDEST_SINGLE_AGE = 89;
const MICROSECONDS_PER_DAY = 86_400_000_000n;

type Step = (value: NonNullable<Value>, row: RowContext) => TransformedValue;

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
  const { proof } = plan;
  switch (rule.use) {
    case 'keep':
      return (value) => ({ value, proof });
    case 'null':
      return () => ({ value: null, proof });
    case 'mask':
      return () => ({ value: MASK, proof });
    case 'fixed':
      return () => ({ value: rule.value, proof });
    case 'truncate':
      return (value) => ({
        value: Array.from(value as string)
          .slice(0, rule.length)
          .join(''),
        proof,
      });
    case 'ladder': {
      assert(column.ladder !== null, 'a ladder rule was planned for a column without a ladder');
      const climb = climber(column.ladder, plan.ladderLevel as number);
      return (value) => ({ value: climb(value), proof });
    }
    case 'zip3': {
      const climb = climber('us-zip-2020', 2);
      return (value) => ({ value: climb(value), proof });
    }
    case 'date-part':
      return datePart(rule, column, plan, context);
    case 'age':
      return age(rule, column, context);
    case 'surrogate':
      return surrogate(rule, column, context);
    case 'token':
      return token(rule, column, context);
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
  const fromTop = rule.part === 'year' ? 1 : 2;
  const climb = climber(ladder, (ladder === 'date' ? 3 : 4) - fromTop);
  const { proof } = plan;
  if (rule.ageOver89 === undefined) return (value) => ({ value: climb(value), proof });
  const oldest = OLDEST_SINGLE_AGE + 1;
  const lastYear = String(birthYearMax(oldest, context.asOfDate)).padStart(4, '0');
  const aggregate: TransformedValue = { value: `<= ${lastYear}`, proof: 'auditor' };
  return (value) => {
    const days = column.type === 'date' ? (value as number) : daysOf(value as bigint);
    const years = ageInYears(days, context.asOfDate);
    return years >= oldest ? aggregate : { value: climb(value), proof };
  };
}

function daysOf(microseconds: bigint): number {
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

function surrogate(rule: SurrogateRule, column: ColumnDefinition, context: TransformContext): Step {
  const { crypto, domain, table, tenant } = context;
  const scope = { tenant, domain, columnKey: columnKey(table, column.name, rule.of) };
  const key = derivePseudonymKey(crypto, context.tokenKey, 'veritydb surrogate v1', scope);
  return (value, row) => {
    const sourceMac = pseudonymMac(crypto, key, column.type, value);
    const code = context.lookupSurrogate(domain, sourceMac);
    if (code === undefined) {
      row.missing.push({ domain, sourceMac });
      return { value: null, proof: 'auditor' };
    }
    assert(isPseudonym(code), 'a code of the vault is not 26 characters of base32');
    return { value: code, proof: 'auditor' };
  };
}

function token(rule: TokenRule, column: ColumnDefinition, context: TransformContext): Step {
  const { crypto, domain, table, tenant } = context;
  const scope = { tenant, domain, columnKey: columnKey(table, column.name, rule.of) };
  const key = derivePseudonymKey(crypto, context.tokenKey, 'veritydb token v1', scope);
  return (value) => {
    const mac = pseudonymMac(crypto, key, column.type, value);
    return { value: formatPseudonym(mac.slice(0, PSEUDONYM_SIZE)), proof: 'auditor' };
  };
}

function refused(column: ColumnDefinition, what: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_VALUE', `column ${column.name} cannot leave: ${what}`, {
    hint: 'Correct the value with a later write, or drop the column in the policy.',
  });
}
