import { loadJson, requireShared } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  deltaOf,
  epsilonOf,
  openBudget,
  parseRational,
  rational,
  remaining,
  rhoOf,
  spend,
} from '../../src/index.ts';

const refused: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_BUDGET', kind: 'denied' });

describe('a budget', () => {
  it('adds exactly: ten tenths are one, and not a hair more is there', () => {
    let budget = openBudget(rational(1n));
    for (let index = 0; index < 10; index += 1) budget = spend(budget, parseRational('0.1'));
    expect(remaining(budget)).toEqual(rational(0n));
    expect(() => spend(budget, rational(1n, 10n ** 30n))).toThrow(refused);
  });

  it('is never overspent, whatever is asked in whatever order, and gives nothing back', () => {
    const cost = fc.tuple(fc.bigInt({ min: 1n, max: 50n }), fc.bigInt({ min: 1n, max: 97n }));
    fc.assert(
      fc.property(fc.array(cost, { maxLength: 30 }), (costs) => {
        let budget = openBudget(rational(5n));
        for (const [numerator, denominator] of costs) {
          const before = remaining(budget);
          try {
            budget = spend(budget, rational(numerator, denominator));
          } catch (error) {
            expect(error).toEqual(refused);
          }
          const after = remaining(budget);
          expect(after.numerator >= 0n).toBe(true);
          expect(after.numerator * before.denominator <= before.numerator * after.denominator).toBe(
            true,
          );
        }
      }),
    );
    expect(() => spend(openBudget(rational(1n)), rational(0n))).toThrow(refused);
    expect(() => spend(openBudget(rational(1n)), rational(-1n))).toThrow(refused);
  });
});

const shared = requireShared('zCDP, against published figures');

describe.runIf(shared !== undefined)('ε, δ and ρ', () => {
  // Bodies of suites that are skipped run as well, to find their tests.
  const oracle = (
    shared === undefined ? {} : loadJson(shared, 'data/oracles/dp-reference.json')
  ) as Record<string, readonly (readonly [number, number, number])[]>;

  it.each(oracle['cdp_eps(rho,delta)'] ?? [])('ρ %f at δ %f is ε %f', (rho, delta, epsilon) => {
    expect(Math.abs(epsilonOf(parseRational(String(rho)), delta) / epsilon - 1)).toBeLessThan(
      1e-12,
    );
    const standard = (oracle['standard_bound rho+2sqrt(rho ln(1/delta))'] ?? []).find(
      ([a, b]) => a === rho && b === delta,
    );
    expect(epsilon).toBeLessThan(standard?.[2] as number);
  });

  it.each(oracle['cdp_rho(eps,delta)'] ?? [])('ε %f at δ %f is ρ %f', (epsilon, delta, rho) => {
    expect(Math.abs(rhoOf(epsilon, delta) / rho - 1)).toBeLessThan(1e-12);
    expect(deltaOf(rho, epsilon)).toBeLessThanOrEqual(delta * (1 + 1e-9));
  });
});
