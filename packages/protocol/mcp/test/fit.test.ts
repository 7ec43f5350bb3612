import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { fitAnswer } from '../src/fit.ts';

const cell = fc.oneof(
  fc.string({ maxLength: 4000, size: 'max' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 2000, size: 'max' }), { maxLength: 3 }),
);

test('an answer fits, keeps its first rows, and says what was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 40 }), (rows) => {
      const fitted = fitAnswer({ rows, truncated: false, position: 7 }, 'rows');
      const kept = fitted['rows'] as unknown[][];
      expect(JSON.stringify(fitted).length).toBeLessThanOrEqual(40_000);
      expect(fitted['truncated']).toBe(kept.length < rows.length);
      expect(fitted['position']).toBe(7);
      for (const value of kept.flat()) expect(JSON.stringify(value).length).toBeLessThan(6200);
      for (const value of kept.flat().filter((each) => typeof each === 'string')) {
        expect(value.length).toBeLessThanOrEqual(1024);
      }
    }),
    { numRuns: 50 },
  );
});

test('what was truncated stays so; what has no list stays as it is', () => {
  expect(fitAnswer({ rows: [['a']], truncated: true }, 'rows')).toEqual({
    rows: [['a']],
    truncated: true,
    cells_cut: 0,
  });
  expect(fitAnswer({ entries: [1, 2] }, 'entries')).toEqual({ entries: [1, 2], truncated: false });
  expect(fitAnswer({ valid: true }, null)).toEqual({ valid: true });
});

test('a cut does not split a character', () => {
  const fitted = fitAnswer({ rows: [[`${'x'.repeat(1022)}🦉🦉`]] }, 'rows');
  expect(fitted['rows']).toEqual([[`${'x'.repeat(1022)}…`]]);
});
