import { requireShared } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type MondrianAttribute,
  certaintyPenalty,
  measureRisk,
  partitionMondrian,
} from '../../src/index.ts';
import { readAdult } from './adult.ts';

const atLeast =
  (k: number) =>
  (records: Int32Array): boolean =>
    records.length >= k;

describe('Mondrian', () => {
  it('by hand: four ages in two classes of two', () => {
    const age = { name: 'age', values: Float64Array.of(30, 10, 40, 20) };
    const classes = partitionMondrian([age], atLeast(2));
    expect(new Set(classes.map(({ ranges }) => ranges[0]?.join('–')))).toEqual(
      new Set(['10–20', '30–40']),
    );
    expect(certaintyPenalty([age], classes)).toBeCloseTo(1 / 3, 12);
  });

  it('every record is in one class that holds, and in its range; none can be cut any more', () => {
    const records = fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 3 }), (drawn, k) => {
        const attributes: MondrianAttribute[] = [0, 1].map((index) => ({
          name: String(index),
          values: Float64Array.from(drawn, (pair) => pair[index] as number),
        }));
        const classes = partitionMondrian(attributes, atLeast(k));
        const seen = classes.flatMap((one) => [...one.records]).toSorted((a, b) => a - b);
        expect(seen).toEqual(drawn.map((_, record) => record));
        for (const { records: members, ranges } of classes) {
          expect(members.length).toBeGreaterThanOrEqual(k);
          for (const record of members) {
            for (const [index, [least, greatest]] of ranges.entries()) {
              const value = attributes[index]?.values[record] as number;
              expect(value >= least && value <= greatest).toBe(true);
            }
          }
        }
        const penalty = certaintyPenalty(attributes, classes);
        expect(penalty >= 0 && penalty <= 1).toBe(true);
      }),
    );
  });

  const shared = requireShared('Mondrian on the Adult data');

  it.runIf(shared !== undefined)('Adult: k = 10 costs less than a fifth of what is known', () => {
    const adult = readAdult(shared as string);
    const attributes = ['age', 'education', 'marital-status', 'workclass', 'race', 'sex'].map(
      (name) => {
        const values = adult.valuesOf(name);
        const order = [...adult.columnOf(name).hierarchy.rows.keys()];
        const rank = new Map(order.map((value, index) => [value, index]));
        return { name, values: Float64Array.from(values, (value) => rank.get(value) as number) };
      },
    );
    const classes = partitionMondrian(attributes, atLeast(10));
    expect(measureRisk(classes.map(({ records }) => records.length))).toMatchObject({
      recordCount: 30_162,
      prosecutor: { highest: 0.1 },
    });
    expect(certaintyPenalty(attributes, classes)).toBeLessThan(0.2);
  });
});
