import { nativeCrypto } from '@veritydb/crypto/native';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  RandomSource,
  type Statistic,
  type StatisticRow,
  answerStatistic,
  boundContributions,
  planStatistic,
  previewCost,
  rational,
  seededBytes,
} from '../../src/index.ts';

const key = new Uint8Array(32).fill(3);
const one = { rowsPerSubject: 1, keysPerSubject: 1 };
const source = (): RandomSource =>
  new RandomSource(seededBytes(nativeCrypto, new Uint8Array(32).fill(1)));
const refused: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_STATISTIC' });

describe('a plan', () => {
  it.each<[Statistic, { rowsPerSubject: number; keysPerSubject: number }, bigint, bigint]>([
    // σ² = Δ² / 2ρ with ρ = 1/2.
    [{ kind: 'count' }, one, 1n, 1n],
    [{ kind: 'count' }, { rowsPerSubject: 3, keysPerSubject: 1 }, 9n, 9n],
    [{ kind: 'sum', lower: -5n, upper: 10n }, one, 100n, 100n],
    [
      { kind: 'sum', lower: -50n, upper: 10n },
      { rowsPerSubject: 2, keysPerSubject: 1 },
      10_000n,
      10_000n,
    ],
    [{ kind: 'histogram', keys: ['a', 'b'] }, { rowsPerSubject: 2, keysPerSubject: 3 }, 12n, 12n],
  ])('has the noise of its sensitivity (%#)', (statistic, bound, sensitivity, variance) => {
    const plan = planStatistic(statistic, bound, rational(1n, 2n));
    expect(plan.parts).toMatchObject([
      { sensitivitySquared: rational(sensitivity), variance: rational(variance) },
    ]);
  });

  it('of an average shares its cost out, and adds up', () => {
    const plan = planStatistic({ kind: 'average', lower: 0n, upper: 100n }, one, rational(1n, 3n));
    expect(plan.parts.map(({ name, cost }) => [name, cost])).toEqual([
      ['sum', rational(1n, 6n)],
      ['count', rational(1n, 6n)],
    ]);
    expect(plan.cost).toEqual(rational(1n, 3n));
  });

  it.each<[Statistic, typeof one]>([
    [{ kind: 'count' }, { rowsPerSubject: 0, keysPerSubject: 1 }],
    [{ kind: 'count' }, { rowsPerSubject: 1, keysPerSubject: 2 }],
    [{ kind: 'sum', lower: 1n, upper: 1n }, one],
    [{ kind: 'sum', lower: 2n, upper: 1n }, one],
    [{ kind: 'histogram', keys: ['a', 'a'] }, one],
  ])('is refused where nothing bounds it (%#)', (statistic, bound) => {
    expect(() => planStatistic(statistic, bound, rational(1n))).toThrow(refused);
  });

  it('says beforehand what it costs and how exact it is', () => {
    const plan = planStatistic({ kind: 'count' }, one, rational(1n, 200n));
    const preview = previewCost(plan, 1e-6);
    expect(preview.rho).toBe(0.005);
    expect(preview.epsilon).toBeCloseTo(0.4299414688369493, 12);
    expect(preview.noise).toMatchObject([{ name: 'count', deviation: 10 }]);
    expect(preview.noise[0]?.reach95).toBeCloseTo(19.6, 2);
    expect(() => planStatistic({ kind: 'count' }, one, rational(0n))).toThrow(refused);
  });
});

describe('an answer', () => {
  const rows: readonly StatisticRow[] = Array.from({ length: 400 }, (_, index) => ({
    id: String(index),
    subject: String(index),
    key: index % 4 === 0 ? 'a' : 'b',
    value: BigInt(index),
  }));

  it('is near the truth where the budget is large, and clamps what is beyond the bounds', () => {
    const ask = (statistic: Statistic): ReturnType<typeof answerStatistic> =>
      answerStatistic(
        statistic,
        planStatistic(statistic, one, rational(1_000_000n)),
        rows,
        source(),
      );
    expect(ask({ kind: 'count' }).count).toBe(400n);
    const sum = ask({ kind: 'sum', lower: 0n, upper: 10n }).sum as bigint;
    expect(sum - 3945n).toBe(0n);
    expect(ask({ kind: 'average', lower: 0n, upper: 10n }).average).toBe(3945 / 400);
    expect(ask({ kind: 'histogram', keys: ['a', 'b', 'c'] }).histogram).toEqual(
      new Map([
        ['a', 100n],
        ['b', 300n],
        ['c', 0n],
      ]),
    );
  });

  it('has noise of its plan, also where nothing is', () => {
    const statistic: Statistic = {
      kind: 'histogram',
      keys: Array.from({ length: 2000 }, (_, i) => `k${i}`),
    };
    const plan = planStatistic(statistic, one, rational(1n, 200n));
    const { histogram } = answerStatistic(statistic, plan, [], source());
    let squares = 0;
    for (const count of histogram?.values() ?? []) squares += Number(count) ** 2;
    expect(Math.sqrt(squares / 2000)).toBeGreaterThan(9.5);
    expect(Math.sqrt(squares / 2000)).toBeLessThan(10.5);
  });

  it('of an average of nobody is none', () => {
    const statistic: Statistic = { kind: 'average', lower: 0n, upper: 1n };
    const plan = planStatistic(statistic, one, rational(10_000n));
    expect(answerStatistic(statistic, plan, [], source()).average).toBeNull();
  });
});

describe('boundContributions', () => {
  const row = fc.record({
    id: fc.uuid(),
    subject: fc.constantFrom('anna', 'ben', 'cleo'),
    key: fc.constantFrom('x', 'y', 'z'),
  });
  const bound = fc.record({
    rowsPerSubject: fc.integer({ min: 1, max: 3 }),
    keysPerSubject: fc.integer({ min: 1, max: 3 }),
  });

  it('keeps what it may of each subject, whatever the order of rows and the other subjects', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), bound, (rows, limits) => {
        const kept = boundContributions(nativeCrypto, key, rows, limits);
        const ids = (some: readonly StatisticRow[]): ReadonlySet<string> =>
          new Set(some.map(({ id }) => id));
        expect(ids(boundContributions(nativeCrypto, key, rows.toReversed(), limits))).toEqual(
          ids(kept),
        );
        for (const subject of ['anna', 'ben', 'cleo']) {
          const own = rows.filter((other) => other.subject === subject);
          const left = kept.filter((other) => other.subject === subject);
          expect(ids(boundContributions(nativeCrypto, key, own, limits))).toEqual(ids(left));
          const keys = new Set(left.map((other) => other.key));
          const all = new Set(own.map((other) => other.key));
          expect(keys.size).toBe(Math.min(all.size, limits.keysPerSubject));
          for (const name of keys) {
            const members = own.filter((other) => other.key === name);
            expect(left.filter((other) => other.key === name)).toHaveLength(
              Math.min(members.length, limits.rowsPerSubject),
            );
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps other rows under another key', () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({ id: String(index), subject: 'anna' }));
    const kept = [1, 2, 3, 4].map((byte) =>
      boundContributions(nativeCrypto, new Uint8Array(32).fill(byte), rows, one).map(
        ({ id }) => id,
      ),
    );
    expect(new Set(kept.flat()).size).toBeGreaterThan(1);
  });
});
