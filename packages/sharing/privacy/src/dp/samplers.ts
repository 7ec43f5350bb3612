/**
 * Discrete noise, exactly as its law says: Canonne, Kamath & Steinke, "The Discrete Gaussian for Differential
 * Privacy" (2020, arXiv 2004.00010), algorithms 1 to 3. No floating point stands between a probability and
 * a draw, so that no low bits give anything away (Mironov 2012).
 */

import { assert } from '@veritydb/types';

import type { RandomSource } from './random-source.ts';
import { type Rational, rational } from './rational.ts';

/** True with probability numerator / denominator, which is 0 to 1. */
function bernoulli(source: RandomSource, numerator: bigint, denominator: bigint): boolean {
  return source.below(denominator) < numerator;
}

/** True with probability exp(−numerator / denominator): algorithm 1. */
function bernoulliExp(source: RandomSource, numerator: bigint, denominator: bigint): boolean {
  let rest = numerator;
  while (rest > denominator) {
    if (!bernoulliExpUnit(source, 1n, 1n)) return false;
    rest -= denominator;
  }
  return bernoulliExpUnit(source, rest, denominator);
}

function bernoulliExpUnit(source: RandomSource, numerator: bigint, denominator: bigint): boolean {
  let count = 1n;
  while (bernoulli(source, numerator, denominator * count)) count += 1n;
  return (count & 1n) === 1n;
}

/**
 * P(y) ∝ exp(−|y| / scale): algorithm 2.
 *
 * @param scale above zero
 */
export function sampleDiscreteLaplace(source: RandomSource, scale: Rational): bigint {
  const { numerator: t, denominator: s } = scale;
  assert(t > 0n, 'the scale of noise is above zero');
  for (;;) {
    const u = source.below(t);
    if (!bernoulliExp(source, u, t)) continue;
    let v = 0n;
    while (bernoulliExpUnit(source, 1n, 1n)) v += 1n;
    const magnitude = (u + t * v) / s;
    const isNegative = source.bit();
    // Zero would come twice as often, once with each sign.
    if (isNegative && magnitude === 0n) continue;
    return isNegative ? -magnitude : magnitude;
  }
}

/**
 * P(y) ∝ exp(−y² / 2σ²): algorithm 3.
 *
 * @param variance σ², above zero
 */
export function sampleDiscreteGaussian(source: RandomSource, variance: Rational): bigint {
  const { numerator: n, denominator: d } = variance;
  assert(n > 0n, 'the variance of noise is above zero');
  const t = squareRoot(n / d) + 1n;
  const scale = rational(t);
  // Accepted with exp(−(|y| − σ²/t)² / 2σ²) = exp(−(|y|·t·d − n)² / (2·n·d·t²)).
  const denominator = 2n * n * d * t * t;
  for (;;) {
    const y = sampleDiscreteLaplace(source, scale);
    const distance = (y < 0n ? -y : y) * t * d - n;
    if (bernoulliExp(source, distance * distance, denominator)) return y;
  }
}

/** The whole part of a square root, by Newton's method. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}
