/** A statistic is a disclosure: trackers, differences and small groups are refused. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type StatisticMembers, isStatisticSafe } from '../src/index.ts';

/** Rows of these numbers, each about somebody of its own. */
function people(...ranges: readonly (readonly [number, number])[]): StatisticMembers {
  return ranges.flatMap(([from, before]) =>
    Array.from({ length: before - from }, (_, index) => ({
      row: `r${from + index}`,
      subject: `s${from + index}`,
    })),
  );
}
const K = 11;
const ALL = people([0, 100]);

describe('statistics', () => {
  it('need enough data subjects, not rows', () => {
    expect(isStatisticSafe([people([0, 11])], [], K)).toBe(true);
    expect(isStatisticSafe([people([0, 10])], [], K)).toBe(false);
    expect(isStatisticSafe([people()], [], K)).toBe(false);
    const visits = people([0, 50]).map(({ row }, index) => ({ row, subject: `s${index % 5}` }));
    expect(isStatisticSafe([visits], [], K)).toBe(false);
  });

  it('may be asked again', () => {
    expect(isStatisticSafe([ALL], [ALL, ALL], K)).toBe(true);
  });

  it('do not differ by few: the individual tracker', () => {
    expect(isStatisticSafe([people([0, 99])], [ALL], K)).toBe(false);
    expect(isStatisticSafe([people([0, 89])], [ALL], K)).toBe(true);
    expect(isStatisticSafe([people([0, 90])], [ALL], K)).toBe(false);
    // In either order.
    expect(isStatisticSafe([ALL], [people([0, 99])], K)).toBe(false);
    // And within one statement.
    expect(isStatisticSafe([ALL, people([1, 100])], [], K)).toBe(false);
  });

  it('do not add up to few: the general tracker', () => {
    // q(C or T) + q(C or not T) - q(all) = q(C), with C of one data subject: no two of them are close.
    const [inT, notT] = [people([0, 50]), people([50, 100])];
    const first = [...inT, ...people([70, 71])];
    expect(isStatisticSafe([first], [], K)).toBe(true);
    expect(isStatisticSafe([notT], [first], K)).toBe(false);
    expect(isStatisticSafe([ALL], [first, inT], K)).toBe(false);
  });

  it('do not change by few from one time to the next', () => {
    expect(isStatisticSafe([people([0, 101])], [ALL], K)).toBe(false);
    expect(isStatisticSafe([people([0, 111])], [ALL], K)).toBe(true);
    expect(isStatisticSafe([people([0, 99], [100, 101])], [ALL], K)).toBe(false);
  });

  it('told one after the other leave no combination that is about few', () => {
    // A slow twin: every difference and sum of two or three answers, with signs.
    const set = fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 6 }), (sets) => {
        const told: StatisticMembers[] = [];
        for (const numbers of sets) {
          const members = numbers.map((n) => ({ row: `r${n}`, subject: `s${n}` }));
          if (isStatisticSafe([members], told, 4)) told.push(members);
        }
        const vectors = told.map((members) => {
          const rows = new Set(members.map(({ row }) => row));
          return Array.from({ length: 24 }, (_, n) => (rows.has(`r${n}`) ? 1 : 0));
        });
        const signs = vectors.map(() => fc.constantFrom(-2, -1, 0, 1, 2));
        for (const weights of fc.sample(fc.tuple(...signs), { numRuns: 20, seed: sets.length })) {
          const support = Array.from({ length: 24 }, (_, n) =>
            vectors.reduce((sum, vector, at) => sum + (vector[n] ?? 0) * (weights[at] ?? 0), 0),
          ).filter((weight) => weight !== 0).length;
          expect(support === 0 || support >= 4).toBe(true);
        }
      }),
    );
  });
});
