import { expectCode } from '@veritydb/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  EventQueue,
  SimNetwork,
  Trace,
  drawBelow,
  drawBits,
  drawChance,
  drawExponential,
  shrinkList,
} from '../src/index.ts';

// S165
describe('EventQueue', () => {
  it('gives events by time, and by entry where times are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const queue = new EventQueue<readonly [number, number]>();
        for (const [index, time] of times.entries()) queue.push(time, [time, index]);
        const expected = [...times.entries()].map(([index, time]) => [time, index] as const);
        expected.sort(([a, i], [b, j]) => a - b || i - j);
        expect(Array.from({ length: times.length }, () => queue.pop())).toEqual(expected);
        expect(queue.pop()).toBeUndefined();
      }),
    );
  });

  it('lets nothing happen in the past', () => {
    const queue = new EventQueue<string>();
    queue.push(5, 'a');
    queue.pop();
    expect(queue.nowUs).toBe(5);
    expectCode(() => queue.push(4, 'b'), 'ERR_ASSERTION');
  });
});

describe('draws', () => {
  it('depend on seed, stream and counter, and on nothing else', () => {
    expect(drawBits(1, 2, 3)).toBe(drawBits(1, 2, 3));
    const some = [drawBits(1, 2, 3), drawBits(2, 2, 3), drawBits(1, 3, 3), drawBits(1, 2, 4)];
    expect(new Set(some).size).toBe(4);
    // Pinned: a seed that failed once must find the same failure later.
    expect(some).toMatchInlineSnapshot(`
      [
        3332702243,
        1176787810,
        1705365060,
        3295506229,
      ]
    `);
  });

  it('spread as they say', () => {
    const draws = Array.from({ length: 20_000 }, (_, counter) => drawBits(7, 1, counter));
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b) / list.length;
    expect(mean(draws.map((bits) => drawBelow(bits, 100)))).toBeCloseTo(49.5, -1);
    expect(draws.filter((bits) => drawChance(bits, 100)).length / 20_000).toBeCloseTo(0.1, 1);
    const exponential = draws.map((bits) => drawExponential(bits, 1000));
    expect(Math.abs(mean(exponential) - 1000)).toBeLessThan(60);
    expect(exponential.every((value) => value >= 0)).toBe(true);
    expect(exponential.filter((value) => value > 3000).length).toBeGreaterThan(500);
  });
});

const steady = {
  seed: 1,
  nodeCount: 3,
  delayMinUs: 10,
  delayMeanUs: 100,
  lossPermille: 0,
  duplicatePermille: 0,
};

// S167, S201
describe('SimNetwork', () => {
  it('delays, reorders, loses and doubles', () => {
    const network = new SimNetwork(steady);
    const times = Array.from({ length: 100 }, () => network.route(0, 1, 0));
    expect(times.every((one) => one.length === 1 && (one[0] as number) >= 10)).toBe(true);
    expect(times.flat()).not.toEqual(times.flat().toSorted((a, b) => a - b));
    const bad = new SimNetwork({ ...steady, lossPermille: 300, duplicatePermille: 300 });
    const counts = Array.from({ length: 1000 }, () => bad.route(0, 1, 0).length);
    expect(counts.filter((count) => count === 0).length).toBeGreaterThan(200);
    expect(counts.filter((count) => count === 2).length).toBeGreaterThan(150);
  });

  it('treats a message alike, whatever went over other links', () => {
    const alone = new SimNetwork(steady);
    const busy = new SimNetwork(steady);
    busy.route(1, 2, 0);
    busy.route(2, 0, 0);
    expect(busy.route(0, 1, 5)).toEqual(alone.route(0, 1, 5));
  });

  it('cuts one way, clogs, and calms', () => {
    const network = new SimNetwork(steady);
    network.cut(0, 1);
    expect(network.route(0, 1, 0)).toEqual([]);
    expect(network.route(1, 0, 0)).toHaveLength(1);
    expect(network.isCut(0, 1)).toBe(true);
    network.mend(0, 1);
    expect(network.route(0, 1, 0)).toHaveLength(1);
    network.clog(0, 1, 5000);
    expect(network.route(0, 1, 0)[0]).toBeGreaterThanOrEqual(5010);
    network.cut(0, 1);
    network.calm();
    expect(network.route(0, 1, 0)[0]).toBeLessThan(5000);
    expectCode(() => network.mend(0, 1), 'ERR_ASSERTION');
    expectCode(() => network.route(0, 3, 0), 'ERR_ASSERTION');
  });
});

describe('Trace', () => {
  it('tells runs apart, and keeps the last lines when asked', () => {
    const digestOf = (...numbers: readonly number[]): string => {
      const trace = new Trace();
      for (const number of numbers) trace.add(number);
      return trace.digest();
    };
    expect(digestOf(1, 2)).toBe(digestOf(1, 2));
    expect(digestOf(1, 2)).not.toBe(digestOf(2, 1));
    expect(digestOf(1)).not.toBe(digestOf(1 + 2 ** 32));
    const trace = new Trace(2);
    for (const text of ['a', 'b', 'c', 'd', 'e']) trace.line(0, text);
    expect(trace.lines.map(({ text }) => text)).toEqual(['d', 'e']);
    const silent = new Trace();
    silent.line(0, 'a');
    expect([silent.lines, silent.isVerbose]).toEqual([[], false]);
  });
});

describe('shrinkList', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);

  it('finds what fails, and no more', () => {
    const fails = (list: readonly number[]): boolean => list.includes(7) && list.includes(31);
    expect(shrinkList(items, fails, 1000)).toEqual([7, 31]);
    expect(shrinkList(items, () => true, 1000)).toEqual([]);
    expect(shrinkList([1], (list) => list.length === 1, 1000)).toEqual([1]);
  });

  it('stops when its runs are used up, with something that fails', () => {
    let runs = 0;
    const fails = (list: readonly number[]): boolean => {
      runs += 1;
      return list.includes(7) && list.includes(31);
    };
    const found = shrinkList(items, fails, 5);
    expect(runs).toBe(5);
    expect(found).toEqual(expect.arrayContaining([7, 31]));
  });
});
