import { requireShared } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { QuasiTable, estimatePopulationUniqueness } from '../../src/index.ts';
import { readAdult } from './adult.ts';

describe('estimatePopulationUniqueness', () => {
  it('is a share, or none, and less of a larger population', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(sizes, (drawn) => {
        const [half, tenth] = [0.5, 0.1].map((part) => estimatePopulationUniqueness(drawn, part));
        if (half === null || tenth === null || half === undefined || tenth === undefined) {
          expect(half).toBe(tenth);
          return;
        }
        expect(tenth).toBeGreaterThanOrEqual(0);
        expect(tenth).toBeLessThanOrEqual(half);
        expect(half).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it.each([[[]], [[1, 1, 1]], [[4]]])('of %j is unknown', (sizes) => {
    expect(estimatePopulationUniqueness(sizes, 0.1)).toBeNull();
  });

  it('of no sample, or of more than everybody, is unknown', () => {
    expect(estimatePopulationUniqueness([1, 2], 0)).toBeNull();
    expect(estimatePopulationUniqueness([1, 2], 1.5)).toBeNull();
  });

  const shared = requireShared('uniqueness of the Adult data in its population');

  it.runIf(shared !== undefined)('Adult, one in ten: as ARX has it', () => {
    const adult = readAdult(shared as string);
    const table = new QuasiTable(adult.names.map(adult.columnOf), null);
    const { sizes } = table.classesAt(adult.names.map(() => 0));
    const share = estimatePopulationUniqueness(sizes, 0.1) as number;
    // Published: 0.27684993883653597; exp of a difference of numbers of 2·10⁴ leaves eleven digits.
    expect(Math.abs(share / 0.276_849_938_836_535_97 - 1)).toBeLessThan(1e-10);
  });
});
