import { nativeCrypto } from '@veritydb/crypto/native';
import { loadJson, requireShared } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  RandomSource,
  type Rational,
  rational,
  sampleDiscreteGaussian,
  sampleDiscreteLaplace,
  seededBytes,
  toNumber,
} from '../../src/index.ts';

const source = (byte: number): RandomSource =>
  new RandomSource(seededBytes(nativeCrypto, new Uint8Array(32).fill(byte)));

type Law = (y: number) => number;

function laplace(scale: number): Law {
  const ratio = Math.exp(-1 / scale);
  return (y) => ((1 - ratio) / (1 + ratio)) * ratio ** Math.abs(y);
}

function gaussian(variance: number): Law {
  const weight = (y: number): number => Math.exp(-(y * y) / (2 * variance));
  let whole = 1;
  for (let y = 1; y < 40 * Math.sqrt(variance) + 10; y += 1) whole += 2 * weight(y);
  return (y) => weight(y) / whole;
}

/**
 * χ² of draws against a law, in standard deviations from what chance gives: values that are expected fewer than
 * 50 times are counted together, by side.
 */
function misfit(
  draws: number,
  draw: () => bigint,
  law: Law,
): { readonly score: number; readonly variance: number } {
  const counts = new Map<number, number>();
  let squares = 0;
  for (let index = 0; index < draws; index += 1) {
    const y = Number(draw());
    squares += y * y;
    counts.set(y, (counts.get(y) ?? 0) + 1);
  }
  let edge = 0;
  while (law(edge + 1) * draws >= 50) edge += 1;
  let [statistic, cells, inside] = [0, 0, 0];
  for (let y = -edge; y <= edge; y += 1) {
    const expected = draws * law(y);
    inside += law(y);
    statistic += ((counts.get(y) ?? 0) - expected) ** 2 / expected;
    cells += 1;
  }
  const tail = (draws * (1 - inside)) / 2;
  for (const side of [-1, 1]) {
    let seen = 0;
    for (const [y, count] of counts) if (side * y > edge) seen += count;
    if (tail >= 5) {
      statistic += (seen - tail) ** 2 / tail;
      cells += 1;
    }
  }
  return {
    score: (statistic - (cells - 1)) / Math.sqrt(2 * (cells - 1)),
    variance: squares / draws,
  };
}

describe('a million draws fit their law', () => {
  // The seeds are fixed, so that a test that fits today fits for ever.
  it.each([
    ['scale 1', rational(1n), 100_000, 1],
    ['scale 10', rational(10n), 1_000_000, 2],
    ['scale 7/3', rational(7n, 3n), 100_000, 3],
  ] as const)(
    'Laplace, %s',
    (_, scale, draws, seed) => {
      const from = source(seed);
      const { score } = misfit(
        draws,
        () => sampleDiscreteLaplace(from, scale),
        laplace(toNumber(scale)),
      );
      expect(Math.abs(score)).toBeLessThan(4);
    },
    120_000,
  );

  it.each([
    ['variance 1/4', rational(1n, 4n), 100_000, 4],
    ['variance 10', rational(10n), 1_000_000, 5],
    ['variance 100', rational(100n), 100_000, 6],
    ['variance 29/7', rational(29n, 7n), 100_000, 7],
  ] as const)(
    'Gaussian, %s',
    (_, sigma2, draws, seed) => {
      const from = source(seed);
      const law = gaussian(toNumber(sigma2));
      const { score, variance } = misfit(draws, () => sampleDiscreteGaussian(from, sigma2), law);
      expect(Math.abs(score)).toBeLessThan(4);
      let exact = 0;
      for (let y = -200; y <= 200; y += 1) exact += y * y * law(y);
      expect(Math.abs(variance / exact - 1)).toBeLessThan(0.02);
    },
    120_000,
  );

  it('and a law that is not theirs does not fit', () => {
    const from = source(8);
    const { score } = misfit(
      50_000,
      () => sampleDiscreteGaussian(from, rational(10n)),
      gaussian(10.5),
    );
    expect(score).toBeGreaterThan(4);
  });
});

describe('the source', () => {
  it('gives every number below a bound, about as often', () => {
    const from = source(9);
    for (const bound of [1n, 3n, 256n, 257n, 65_537n, 1n << 32n, (1n << 64n) + 1n]) {
      for (let index = 0; index < 50; index += 1) {
        const drawn = from.below(bound);
        expect(drawn >= 0n && drawn < bound).toBe(true);
      }
    }
    const counts = [0, 0, 0];
    for (let index = 0; index < 30_000; index += 1) {
      const drawn = Number(from.below(3n));
      counts[drawn] = (counts[drawn] as number) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  it('of one seed draws the same again, of another does not', () => {
    const drawn = (byte: number): readonly bigint[] => {
      const from = source(byte);
      return Array.from({ length: 20 }, () => sampleDiscreteGaussian(from, rational(1000n)));
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });
});

it('fractions are exact, and nearest when they are shown', () => {
  const part = fc.bigInt({ min: 1n, max: 1n << 80n });
  fc.assert(
    fc.property(part, part, (a, b) => {
      const { numerator, denominator }: Rational = rational(-a * 6n, -b * 6n);
      expect(numerator * b).toBe(denominator * a);
      expect(Math.abs(toNumber(rational(a, b)) / (Number(a) / Number(b)) - 1)).toBeLessThan(1e-15);
    }),
  );
});

const shared = requireShared('noise, against published figures');

describe.runIf(shared !== undefined)('the laws of the tests', () => {
  it('are those that others computed', () => {
    const oracle = loadJson(shared as string, 'data/oracles/dp-reference.json') as Record<
      string,
      readonly (readonly [number, number & readonly number[], number])[]
    >;
    for (const [variance, , whole] of oracle[
      'discrete_gaussian sigma2 -> [variance, normalizer]'
    ] ?? []) {
      expect(gaussian(variance)(0)).toBeCloseTo(1 / whole, 12);
    }
    for (const [scale, pmf] of oracle['discrete_laplace scale -> pmf[0..3], variance'] ?? []) {
      for (const [y, probability] of (pmf as readonly number[]).entries()) {
        expect(laplace(scale)(y)).toBeCloseTo(probability, 11);
      }
    }
  });
});
