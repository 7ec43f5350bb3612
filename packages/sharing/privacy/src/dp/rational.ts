/** Exact fractions, for budgets and for the probabilities of samplers: nothing of either is rounded. */

import { assert, parseDecimal } from '@veritydb/types';

export interface Rational {
  readonly numerator: bigint;
  /** Above zero, without a divisor in common. */
  readonly denominator: bigint;
}

export function rational(numerator: bigint, denominator = 1n): Rational {
  assert(denominator !== 0n, 'a fraction is of nothing');
  const sign = denominator < 0n ? -1n : 1n;
  const divisor = gcd(numerator < 0n ? -numerator : numerator, denominator * sign);
  return {
    numerator: (sign * numerator) / divisor,
    denominator: (sign * denominator) / divisor,
  };
}

/**
 * Reads a decimal, `0.05`, without rounding.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function parseRational(text: string): Rational {
  const { unscaled, scale } = parseDecimal(text);
  return rational(unscaled, 10n ** BigInt(scale));
}

export function add(a: Rational, b: Rational): Rational {
  return rational(
    a.numerator * b.denominator + b.numerator * a.denominator,
    a.denominator * b.denominator,
  );
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

export function divide(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** The nearest double, for showing. */
export function toNumber({ numerator, denominator }: Rational): number {
  // 64 bits of quotient, whatever the sizes.
  const shift = 64 + denominator.toString(2).length - numerator.toString(2).length;
  if (shift <= 0) return Number(numerator / denominator);
  return Number((numerator << BigInt(shift)) / denominator) / 2 ** shift;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
