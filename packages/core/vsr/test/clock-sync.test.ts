import fc from 'fast-check';
import { expect, it } from 'vitest';

import { type ClockInterval, smallestInterval } from '../src/index.ts';

const at = (lower: number, upper: number): ClockInterval => ({ lower, upper });

it('finds the interval that most clocks share', () => {
  // Marzullo's own examples.
  expect(smallestInterval([at(8, 12), at(11, 13), at(10, 12)])).toEqual({
    lower: 11,
    upper: 12,
    sources: 3,
  });
  expect(smallestInterval([at(8, 12), at(11, 13), at(14, 15)])).toEqual({
    lower: 11,
    upper: 12,
    sources: 2,
  });
  expect(smallestInterval([at(8, 9), at(8, 12), at(10, 12)])).toEqual({
    lower: 8,
    upper: 9,
    sources: 2,
  });
  expect(smallestInterval([at(1, 2), at(2, 3)])).toEqual({ lower: 2, upper: 2, sources: 2 });
});

it('agrees with counting at every edge', () => {
  const interval = fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.nat(6))
    .map(([lower, size]) => at(lower, lower + size));
  fc.assert(
    fc.property(fc.array(interval, { minLength: 1, maxLength: 6 }), (intervals) => {
      const countAt = (point: number): number =>
        intervals.filter(({ lower, upper }) => lower <= point && point <= upper).length;
      const found = smallestInterval(intervals);
      expect(found.sources).toBe(Math.max(...intervals.map(({ lower }) => countAt(lower))));
      expect(countAt(found.lower)).toBe(found.sources);
      expect(countAt(found.upper)).toBe(found.sources);
    }),
  );
});
