/**
 * Budgets of zero-concentrated differential privacy (Bun & Steinke 2016): costs add up, exactly. What is spent
 * is never given back. ε at a δ is what a budget is told as; nothing is decided by it.
 */

import { PrivacyError } from '../error.ts';
import { type Rational, add, compare, rational, toNumber } from './rational.ts';

export interface PrivacyBudget {
  /** ρ that there is in all. */
  readonly total: Rational;
  readonly spent: Rational;
}

export function openBudget(total: Rational): PrivacyBudget {
  return { total, spent: rational(0n) };
}

/** What is left. */
export function remaining({ total, spent }: PrivacyBudget): Rational {
  return add(total, { numerator: -spent.numerator, denominator: spent.denominator });
}

/**
 * The budget after a cost.
 *
 * @throws {PrivacyError} ERR_PRIVACY_BUDGET when it does not cover it; nothing is spent then
 */
export function spend(budget: PrivacyBudget, cost: Rational): PrivacyBudget {
  if (cost.numerator <= 0n) {
    throw new PrivacyError('ERR_PRIVACY_BUDGET', 'a cost is above zero', {
      hint: 'Ask for an answer with a share of the budget.',
    });
  }
  const spent = add(budget.spent, cost);
  if (compare(spent, budget.total) > 0) {
    throw new PrivacyError('ERR_PRIVACY_BUDGET', 'the privacy budget does not cover this answer', {
      hint: 'Ask for less precision, or read again what was answered before: that costs nothing.',
    });
  }
  return { total: budget.total, spent };
}

const STEPS_MAX = 200;

/** δ at an ε of ρ-zCDP: Canonne, Kamath & Steinke 2020, corollary 13, at its best α. */
export function deltaOf(rho: number, epsilon: number): number {
  if (rho <= 0) return 0;
  let [low, high] = [1.01, (epsilon + 1) / (2 * rho) + 2];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const alpha = (low + high) / 2;
    const slope = (2 * alpha - 1) * rho - epsilon + Math.log1p(-1 / alpha);
    if (slope < 0) low = alpha;
    else high = alpha;
  }
  const alpha = (low + high) / 2;
  const exponent = (alpha - 1) * (alpha * rho - epsilon) + alpha * Math.log1p(-1 / alpha);
  return Math.min(Math.exp(exponent) / (alpha - 1), 1);
}

/** The least ε at a δ that a spent ρ is worth. */
export function epsilonOf(rho: Rational, delta: number): number {
  const spent = toNumber(rho);
  if (spent <= 0) return 0;
  let [low, high] = [0, spent + 2 * Math.sqrt(spent * Math.log(1 / delta))];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const middle = (low + high) / 2;
    if (deltaOf(spent, middle) <= delta) high = middle;
    else low = middle;
  }
  return high;
}

/** The greatest ρ, as a double, that an ε at a δ allows. */
export function rhoOf(epsilon: number, delta: number): number {
  let [low, high] = [0, epsilon + 1];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const middle = (low + high) / 2;
    if (deltaOf(middle, epsilon) <= delta) low = middle;
    else high = middle;
  }
  return low;
}
