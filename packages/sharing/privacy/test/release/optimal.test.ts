import { requireShared, loadJson } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type Hierarchy,
  type LossMetric,
  QuasiTable,
  type ReleaseModel,
  findOptimalRelease,
  measureRisk,
  parseHierarchy,
  violations,
} from '../../src/index.ts';
import { readAdult } from './adult.ts';

const HIERARCHIES: readonly Hierarchy[] = [
  parseHierarchy('a;ab;*\nb;ab;*\nc;cd;*\nd;cd;*'),
  parseHierarchy('a;x\nb;x\nc;y\nd;y'),
  parseHierarchy('a;*\nb;*\nc;*\nd;*'),
];

const models: fc.Arbitrary<ReleaseModel> = fc.record({
  k: fc.integer({ min: 1, max: 4 }),
  suppressionLimit: fc.constantFrom(0, 0.1, 0.3),
  diversity: fc.constantFrom(
    undefined,
    { kind: 'distinct', l: 2 } as const,
    { kind: 'entropy', l: 2 } as const,
    { kind: 'recursive', c: 2, l: 2 } as const,
  ),
  closeness: fc.constantFrom(
    undefined,
    { t: 0.4, distance: 'equal' } as const,
    { t: 0.3, distance: 'ordered' } as const,
    { t: 0.4, distance: 'hierarchical' } as const,
  ),
});
const rows = fc.array(
  fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 4, maxLength: 4 }),
  {
    minLength: 1,
    maxLength: 24,
  },
);

/** Over a tree of two levels, ab and cd below *: first within each pair, then between them. */
function slowDistance(order: readonly string[], differences: readonly number[]): number {
  const of = (name: string): number => differences[order.indexOf(name)] ?? 0;
  const within = ([x, y]: readonly [string, string]): number =>
    of(x) * of(y) < 0 ? Math.min(Math.abs(of(x)), Math.abs(of(y))) / 2 : 0;
  return within(['a', 'b']) + within(['c', 'd']) + Math.abs(of('a') + of('b'));
}

/** Every node, every class by the text of its records: slow, and obvious. */
function slowOptimum(
  records: readonly (readonly string[])[],
  { k, suppressionLimit, diversity, closeness }: ReleaseModel,
  metric: LossMetric,
): { readonly loss: number; readonly validCount: number } | null {
  const spell = (value: string, attribute: number, level: number): string =>
    HIERARCHIES[attribute]?.rows.get(value)?.[level] as string;
  const order = [...new Set(records.map((record) => record[3] as string))].toSorted();
  const share = (among: readonly (readonly string[])[], value: string): number =>
    among.filter((record) => record[3] === value).length / among.length;
  const holdsIn = (members: readonly (readonly string[])[]): boolean => {
    if (members.length < k) return false;
    const shares = order.map((value) => share(members, value)).filter((part) => part > 0);
    if (diversity?.kind === 'distinct' && shares.length < diversity.l) return false;
    const entropy = -shares.reduce((sum, part) => sum + part * Math.log2(part), 0);
    if (diversity?.kind === 'entropy' && entropy < Math.log2(diversity.l) - 1e-12) return false;
    if (diversity?.kind === 'recursive') {
      const counts = shares
        .map((part) => Math.round(part * members.length))
        .toSorted((a, b) => b - a);
      const rest = counts.slice(diversity.l - 1).reduce((sum, count) => sum + count, 0);
      if ((counts[0] as number) >= diversity.c * rest) return false;
    }
    if (closeness === undefined) return true;
    const differences = order.map((value) => share(members, value) - share(records, value));
    if (closeness.distance === 'hierarchical')
      return slowDistance(order, differences) <= closeness.t;
    let [cumulated, distance] = [0, 0];
    for (const difference of differences) {
      cumulated += difference;
      distance += Math.abs(closeness.distance === 'equal' ? difference : cumulated);
    }
    return (
      distance / (closeness.distance === 'equal' ? 2 : Math.max(order.length - 1, 1)) <= closeness.t
    );
  };
  let best: number | null = null;
  let validCount = 0;
  for (const levels of [0, 1, 2].flatMap((a) =>
    [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c])),
  )) {
    const classes = new Map<string, (readonly string[])[]>();
    for (const record of records) {
      const name = levels.map((level, at) => spell(record[at] as string, at, level)).join(';');
      classes.set(name, [...(classes.get(name) ?? []), record]);
    }
    const all = [...classes.values()];
    const bad = all.filter((members) => !holdsIn(members));
    const suppressed = bad.reduce((sum, { length }) => sum + length, 0);
    if (suppressed > suppressionLimit * records.length) continue;
    validCount += 1;
    const squares = (some: typeof all): number =>
      some.reduce((sum, { length }) => sum + length ** 2, 0);
    const nue = records.reduce(
      (sum, record) =>
        sum +
        levels.reduce((bits, level, index) => {
          const mine = records.filter((other) => other[index] === record[index]).length;
          const label = spell(record[index] as string, index, level);
          const ours = records.filter(
            (other) => spell(other[index] as string, index, level) === label,
          );
          return bits - Math.log2(mine / ours.length);
        }, 0),
      0,
    );
    const dm =
      squares(all.filter((members) => !bad.includes(members))) + records.length * suppressed;
    const loss = { nue, dm, 'dm-star': squares(all) }[metric];
    if (best === null || loss < best) best = loss;
  }
  return best === null ? null : { loss: best, validCount };
}

describe('the optimum', () => {
  it('is what trying every node finds, for every model and metric', () => {
    fc.assert(
      fc.property(
        rows,
        models,
        fc.constantFrom('nue', 'dm', 'dm-star'),
        (records, asked, metric) => {
          const table = new QuasiTable(
            HIERARCHIES.map((hierarchy, index) => ({
              name: String(index),
              values: records.map((record) => record[index] as string),
              hierarchy,
            })),
            {
              name: 's',
              values: records.map((record) => record[3] as string),
              hierarchy: HIERARCHIES[0],
            },
          );
          const found = findOptimalRelease(table, asked, metric);
          const slow = slowOptimum(records, asked, metric);
          expect(found === null).toBe(slow === null);
          if (found === null || slow === null) return;
          expect(found.loss).toBeCloseTo(slow.loss, 9);
          expect(found.validCount).toBe(slow.validCount);
          const classes = table.classesAt(found.levels);
          const violating = violations(asked, classes, table.sensitive);
          const suppressed = classes.sizes.filter((_, id) => violating[id] === 1);
          expect(suppressed.reduce((sum, size) => sum + size, 0)).toBe(found.suppressedCount);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('t-closeness', () => {
  // Li et al. 2007, §4.1: salaries in thousands, of which a class has the lowest three.
  it('ordered, as in the paper: 0.375 and 0.167', () => {
    const salaries = ['3', '4', '5', '6', '7', '8', '9', '10', '11'];
    const flat = parseHierarchy('x;*\ny;*\nz;*');
    for (const [members, distance] of [
      [['3', '4', '5'], 0.375],
      [['6', '8', '11'], 0.16666666666666669],
    ] as const) {
      const groups = salaries.map((salary) =>
        (members as readonly string[]).includes(salary) ? 'x' : 'y',
      );
      const table = new QuasiTable([{ name: 'q', values: groups, hierarchy: flat }], {
        name: 'salary',
        values: salaries,
        order: salaries,
      });
      const holds = (t: number): boolean => {
        const model = { k: 1, suppressionLimit: 0, closeness: { t, distance: 'ordered' } } as const;
        const classes = table.classesAt([0]);
        const id = table.classOfRecords(classes)[salaries.indexOf(members[0])] as number;
        return violations(model, classes, table.sensitive)[id] === 0;
      };
      expect(holds(distance + 1e-9)).toBe(true);
      expect(holds(distance - 1e-9)).toBe(false);
    }
  });

  it('refuses an order or a hierarchy that lacks a value', () => {
    const column = { name: 'q', values: ['a'], hierarchy: HIERARCHIES[0] as Hierarchy };
    for (const terms of [{ order: ['y'] }, { hierarchy: HIERARCHIES[0] }]) {
      expect(() => new QuasiTable([column], { name: 's', values: ['x'], ...terms })).toThrow(
        expect.objectContaining({ code: 'ERR_PRIVACY_HIERARCHY' }),
      );
    }
  });
});

describe('a hierarchy', () => {
  it.each(['', 'a;b\nc', 'a;b\na;c', 'a;x;1\nb;x;2'])('refuses %j', (text) => {
    expect(() => parseHierarchy(text)).toThrow(
      expect.objectContaining({ code: 'ERR_PRIVACY_HIERARCHY' }),
    );
  });

  it('parses or refuses with a code, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ';', '\n', '\r', ' ') }), (text) => {
        try {
          expect(parseHierarchy(text).levelCount).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_PRIVACY_HIERARCHY' });
        }
      }),
    );
  });

  it('that lacks a value is told, without the value', () => {
    const column = { name: 'c', values: ['secret'], hierarchy: HIERARCHIES[0] as Hierarchy };
    expect(() => new QuasiTable([column], null)).toThrow(/^column c holds a value that/);
  });
});

interface Oracle {
  readonly qi_order_9: readonly string[];
  readonly k_anonymity_NUE: readonly {
    readonly k: number;
    readonly limit: number;
    readonly optimum: readonly number[];
    readonly loss: number;
  }[];
  readonly t_closeness_equal_DMstar: {
    readonly cases: readonly {
      readonly t: number;
      readonly k: number;
      readonly limit: number;
      readonly optimum: readonly number[];
      readonly loss: number;
      readonly suppressed: number;
      readonly valid_nodes: number;
    }[];
  };
  readonly l_diversity_NUE: {
    readonly cases: readonly {
      readonly l: number;
      readonly limit: number;
      readonly optimum: readonly number[];
      readonly loss: number;
      readonly valid_nodes: number;
    }[];
  };
  readonly risk_raw_9qi: { readonly classes: number; readonly average_prosecutor_risk: number };
}

const shared = requireShared('anonymity of the Adult data, against published figures');

describe.runIf(shared !== undefined)('Adult: 30,162 records, to the last digit', () => {
  const folder = shared as string;
  const oracle = (): Oracle => loadJson(folder, 'data/oracles/kanonymity-adult.json') as Oracle;
  const relative = (value: number, expected: number): number => Math.abs(value / expected - 1);

  it('k-anonymity', () => {
    const adult = readAdult(folder);
    const { qi_order_9: names, k_anonymity_NUE: cases, risk_raw_9qi: raw } = oracle();
    const table = new QuasiTable(names.map(adult.columnOf), null);
    expect(table.recordCount).toBe(30_162);
    for (const { k, limit, optimum, loss } of cases) {
      const found = findOptimalRelease(table, { k, suppressionLimit: limit }, 'nue');
      expect(found?.levels).toEqual(optimum);
      expect(relative(found?.loss ?? 0, loss)).toBeLessThan(1e-14);
      expect(found?.nodeCount).toBe(12_960);
    }
    const report = measureRisk(table.classesAt(names.map(() => 0)).sizes);
    expect(report.classCount).toBe(raw.classes);
    expect(report.prosecutor.mean).toBe(raw.average_prosecutor_risk);
    expect(report).toMatchObject({
      smallestClass: 1,
      uniqueCount: 15_512,
      marketer: report.prosecutor.mean,
    });
  });

  it('t-closeness and ℓ-diversity', () => {
    const adult = readAdult(folder);
    const { t_closeness_equal_DMstar: closeness, l_diversity_NUE: diversity } = oracle();
    const names = adult.names.filter((name) => name !== 'occupation');
    const table = new QuasiTable(names.map(adult.columnOf), {
      name: 'occupation',
      values: adult.valuesOf('occupation'),
    });
    for (const { t, k, limit, optimum, loss, suppressed, valid_nodes: valid } of closeness.cases) {
      const model = { k, suppressionLimit: limit, closeness: { t, distance: 'equal' } } as const;
      expect(findOptimalRelease(table, model, 'dm-star')).toMatchObject({
        levels: optimum,
        loss,
        suppressedCount: suppressed,
        validCount: valid,
      });
    }
    for (const { l, limit, optimum, loss, valid_nodes: valid } of diversity.cases) {
      const model = { k: 1, suppressionLimit: limit, diversity: { kind: 'entropy', l } } as const;
      const found = findOptimalRelease(table, model, 'nue');
      expect(found).toMatchObject({ levels: optimum, validCount: valid, suppressedCount: 0 });
      expect(relative(found?.loss ?? 0, loss)).toBeLessThan(1e-14);
    }
  });
});
