/**
 * Numbers made coarser: bands, and the nearest multiple. Exact: every number is an integer over a power
 * of ten, so that no band depends on binary fractions.
 */

import {
  type ColumnDefinition,
  type Decimal,
  TypesError,
  type Value,
  formatDecimal,
  isValueOf,
  parseDecimal,
} from '@veritydb/types';

import { misfit, refused } from './refused.ts';
import type { BandRule, DecimalParameter, GeoRoundRule, RoundRule } from './rule.ts';

export const GEO_DIGITS_MAX = 4;
const DEGREES_MAX = 180n;
/** Labels that are kept: a column has few bands, or the rule is a poor one. */
const LABELS_COUNT_MAX = 1024;
const NUMBER_TYPES: ReadonlySet<string> = new Set(['integer', 'bigint', 'decimal']);

interface Bands {
  /** Digits after the point of all members. */
  readonly scale: number;
  readonly size: bigint;
  readonly origin: bigint;
  readonly bottom: bigint | null;
  readonly top: bigint | null;
}

/** @throws {PrivacyError} ERR_PRIVACY_RULE */
export function planBand(rule: BandRule, column: ColumnDefinition): void {
  bandsOf(rule, column);
}

/** Value to label: `[30,40)`, `<18`, `90+`. Requires `isValueOf(column.type, value)`. */
export function compileBand(rule: BandRule, column: ColumnDefinition): (value: Value) => string {
  const bands = bandsOf(rule, column);
  const { scale, size, origin, bottom, top } = bands;
  const labels = new Map<bigint, string>();
  const below = bottom === null ? '' : `<${formatDecimal({ unscaled: bottom, scale })}`;
  const above = top === null ? '' : `${formatDecimal({ unscaled: top, scale })}+`;
  return (value) => {
    // Floored to the scale of the edges: no edge lies between.
    const number = floorTo(toDecimal(value), scale);
    if (bottom !== null && number < bottom) return below;
    if (top !== null && number >= top) return above;
    const index = floorDivide(number - origin, size);
    const known = labels.get(index);
    if (known !== undefined) return known;
    const lower = origin + index * size;
    const [from, to] = [lower, lower + size].map((unscaled) => formatDecimal({ unscaled, scale }));
    const label = `[${from},${to})`;
    if (labels.size < LABELS_COUNT_MAX) labels.set(index, label);
    return label;
  };
}

function bandsOf(rule: BandRule, column: ColumnDefinition): Bands {
  checkType(rule.use, column);
  const given = [rule.size, rule.origin ?? 0, rule.bottom ?? 0, rule.top ?? 0];
  const numbers = given.map((parameter) => parameterOf(parameter, column));
  const scale = Math.max(...numbers.map((number) => number.scale));
  const [size, origin, bottom, top] = numbers.map((number) => floorTo(number, scale)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if (size <= 0n) throw misfit(column, 'size is not above zero', 'Give the width of a band.');
  const bands = {
    scale,
    size,
    origin,
    bottom: rule.bottom === undefined ? null : bottom,
    top: rule.top === undefined ? null : top,
  };
  for (const edge of [bands.bottom, bands.top]) {
    if (edge !== null && (edge - origin) % size !== 0n) {
      throw misfit(column, 'bottom or top is not the edge of a band', 'Count them from origin.');
    }
  }
  if (bands.bottom !== null && bands.top !== null && bottom >= top) {
    throw misfit(column, 'bottom is not below top', 'Exchange them.');
  }
  return bands;
}

/** @throws {PrivacyError} ERR_PRIVACY_RULE */
export function planRound(rule: RoundRule | GeoRoundRule, column: ColumnDefinition): void {
  stepOf(rule, column);
}

/** Value to the nearest multiple, of the column's own type. */
export function compileRound(
  rule: RoundRule | GeoRoundRule,
  column: ColumnDefinition,
): (value: Value) => Value {
  const { unscaled: step, scale } = stepOf(rule, column);
  const isPlace = rule.use === 'geo-round';
  return (value) => {
    const number = toDecimal(value);
    const common = Math.max(scale, number.scale);
    const exact = floorTo(number, common);
    const multiple = step * 10n ** BigInt(common - scale);
    if (isPlace && magnitudeOf(exact) > DEGREES_MAX * 10n ** BigInt(common)) {
      throw refused(column, 'it is no latitude or longitude');
    }
    const count = (2n * magnitudeOf(exact) + multiple) / (2n * multiple);
    const rounded = exact < 0n ? -(count * step) : count * step;
    const result = fromDecimal(column, { unscaled: rounded, scale });
    if (!isValueOf(column.type, result)) throw refused(column, 'rounded, it is too large');
    return result;
  };
}

function stepOf(rule: RoundRule | GeoRoundRule, column: ColumnDefinition): Decimal {
  checkType(rule.use, column);
  if (rule.use === 'geo-round') {
    if (column.type !== 'decimal') throw misfit(column, 'geo-round takes decimals', 'Use round.');
    if (!Number.isInteger(rule.digits) || rule.digits < 0 || rule.digits > GEO_DIGITS_MAX) {
      throw misfit(column, `digits is 0 to ${GEO_DIGITS_MAX}`, 'One digit is about 11 km.');
    }
    return { unscaled: 1n, scale: rule.digits };
  }
  const step = parameterOf(rule.to, column);
  if (step.unscaled <= 0n) throw misfit(column, 'to is not above zero', 'Give a step.');
  return step;
}

function checkType(use: string, column: ColumnDefinition): void {
  if (NUMBER_TYPES.has(column.type)) return;
  throw misfit(column, `${use} takes integers and decimals`, 'Use hierarchy, or drop.');
}

function parameterOf(parameter: DecimalParameter, column: ColumnDefinition): Decimal {
  try {
    const decimal = parseDecimal(String(parameter));
    if (column.type === 'decimal' || decimal.scale === 0) return decimal;
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
  }
  throw misfit(column, 'a parameter is no number of its type', "Write 10, or '0.05' of decimals.");
}

function toDecimal(value: Value): Decimal {
  if (typeof value === 'number') return { unscaled: BigInt(value), scale: 0 };
  return typeof value === 'bigint' ? { unscaled: value, scale: 0 } : (value as Decimal);
}

function fromDecimal(column: ColumnDefinition, decimal: Decimal): Value {
  if (column.type === 'decimal') return decimal;
  return column.type === 'integer' ? Number(decimal.unscaled) : decimal.unscaled;
}

/** The number as an integer over 10^scale, rounded down. */
function floorTo({ unscaled, scale: own }: Decimal, scale: number): bigint {
  if (own === scale) return unscaled;
  return own < scale
    ? unscaled * 10n ** BigInt(scale - own)
    : floorDivide(unscaled, 10n ** BigInt(own - scale));
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

function magnitudeOf(number: bigint): bigint {
  return number < 0n ? -number : number;
}
