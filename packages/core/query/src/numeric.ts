/**
 * Arithmetic of integer, bigint and decimal, exact: a result that its type cannot hold is an error and
 * never wraps or loses digits.
 *
 * Integers divide as PostgreSQL's do, truncating toward zero, and `%` takes the dividend's sign. Decimals
 * add at the larger scale, multiply at the sum of the scales, and divide at the largest of both scales
 * and 16, rounding half away from zero.
 */

import { type Decimal, type Value, isDecimal, isValueOf } from '@veritydb/types';

import type { NumericType } from './bound.ts';
import { QueryError } from './error.ts';
import type { ArithmeticOperator } from './statement.ts';

const DIVISION_SCALE_MIN = 16;
const SCALE_MAX = 38;
const RANK: Readonly<Record<NumericType, number>> = { integer: 0, bigint: 1, decimal: 2 };

export function isNumericType(type: string): type is NumericType {
  return type === 'integer' || type === 'bigint' || type === 'decimal';
}

/** The type that holds every value of both. */
export function widerType(a: NumericType, b: NumericType): NumericType {
  return RANK[a] >= RANK[b] ? a : b;
}

/** A number as a type that is as wide or wider. */
export function widen(to: NumericType, value: Value): Value {
  if (value === null || to === 'integer') return value;
  if (to === 'bigint') return typeof value === 'number' ? BigInt(value) : value;
  if (typeof value === 'number') return { unscaled: BigInt(value), scale: 0 };
  return typeof value === 'bigint' ? { unscaled: value, scale: 0 } : value;
}

/**
 * Applies an operator to two numbers of one type.
 *
 * @throws {QueryError} ERR_QUERY_DIVISION, ERR_QUERY_OVERFLOW
 */
export function calculate(
  type: NumericType,
  operator: ArithmeticOperator,
  left: Value,
  right: Value,
): Value {
  switch (type) {
    case 'integer':
      return calculateIntegers(operator, left as number, right as number);
    case 'bigint':
      return calculateBigints(operator, left as bigint, right as bigint);
    case 'decimal':
    default:
      return calculateDecimals(operator, left as Decimal, right as Decimal);
  }
}

export function isNegative(type: NumericType, value: Value): boolean {
  return type === 'decimal' ? (value as Decimal).unscaled < 0n : (value as number | bigint) < 0;
}

/** @throws {QueryError} ERR_QUERY_OVERFLOW */
export function negate(type: NumericType, value: Value): Value {
  switch (type) {
    case 'integer':
      return checked(type, 0 - (value as number));
    case 'bigint':
      return checked(type, -(value as bigint));
    case 'decimal':
    default: {
      const { unscaled, scale } = value as Decimal;
      return { unscaled: -unscaled, scale };
    }
  }
}

/**
 * An exact sum as the type that it is of.
 *
 * @throws {QueryError} ERR_QUERY_OVERFLOW
 */
export function exact(type: NumericType, { unscaled, scale }: Decimal): Value {
  return type === 'decimal'
    ? checkedDecimal(unscaled, scale)
    : checked(type, type === 'bigint' ? unscaled : Number(unscaled));
}

/** A sum divided by how many it is of, as decimals divide. */
export function average({ unscaled, scale }: Decimal, count: bigint): Value {
  const quotientScale = Math.max(scale, DIVISION_SCALE_MIN);
  const dividend = unscaled * 10n ** BigInt(quotientScale - scale);
  return checkedDecimal(divideRounded(dividend, count), quotientScale);
}

function calculateIntegers(operator: ArithmeticOperator, left: number, right: number): Value {
  // Adding 0 makes 0 of -0. A product beyond 2^53 is inexact, and out of range either way.
  switch (operator) {
    case '+':
      return checked('integer', left + right);
    case '-':
      return checked('integer', left - right);
    case '*':
      return checked('integer', left * right + 0);
    case '/':
      if (right === 0) throw divisionByZero();
      return checked('integer', Math.trunc(left / right) + 0);
    case '%':
    default:
      if (right === 0) throw divisionByZero();
      return checked('integer', (left % right) + 0);
  }
}

function calculateBigints(operator: ArithmeticOperator, left: bigint, right: bigint): Value {
  switch (operator) {
    case '+':
      return checked('bigint', left + right);
    case '-':
      return checked('bigint', left - right);
    case '*':
      return checked('bigint', left * right);
    case '/':
      if (right === 0n) throw divisionByZero();
      return checked('bigint', left / right);
    case '%':
    default:
      if (right === 0n) throw divisionByZero();
      return checked('bigint', left % right);
  }
}

function calculateDecimals(operator: ArithmeticOperator, left: Decimal, right: Decimal): Value {
  const scale = Math.max(left.scale, right.scale);
  const a = left.unscaled * 10n ** BigInt(scale - left.scale);
  const b = right.unscaled * 10n ** BigInt(scale - right.scale);
  switch (operator) {
    case '+':
      return checkedDecimal(a + b, scale);
    case '-':
      return checkedDecimal(a - b, scale);
    case '*':
      return checkedDecimal(left.unscaled * right.unscaled, left.scale + right.scale);
    case '/': {
      if (b === 0n) throw divisionByZero();
      const quotientScale = Math.max(scale, DIVISION_SCALE_MIN);
      return checkedDecimal(divideRounded(a * 10n ** BigInt(quotientScale), b), quotientScale);
    }
    case '%':
    default:
      if (b === 0n) throw divisionByZero();
      return checkedDecimal(a % b, scale);
  }
}

/** Half away from zero. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  const twice = remainder < 0n ? -2n * remainder : 2n * remainder;
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

function checked(type: 'integer' | 'bigint', value: number | bigint): Value {
  if (!isValueOf(type, value)) throw overflow(type);
  return value;
}

function checkedDecimal(unscaled: bigint, scale: number): Value {
  const value = { unscaled, scale };
  if (scale > SCALE_MAX || !isDecimal(value)) throw overflow('decimal');
  return value;
}

function divisionByZero(): QueryError {
  return new QueryError('ERR_QUERY_DIVISION', 'division by zero', {
    hint: 'Leave out the rows whose divisor is 0 with an earlier condition joined by AND.',
  });
}

function overflow(type: NumericType): QueryError {
  return new QueryError('ERR_QUERY_OVERFLOW', `a result is out of the range of ${type}`, {
    hint:
      type === 'decimal'
        ? 'Decimals have 38 digits, at most 38 of them after the point.'
        : 'Add 0.0 to an operand to calculate with decimals.',
  });
}
