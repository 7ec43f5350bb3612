import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { drawRisk, formatRisk, measureRisk } from '../../src/index.ts';

describe('measureRisk', () => {
  it('by hand: classes of 1, 2 and 5', () => {
    expect(measureRisk([1, 2, 5], null, 0.4)).toMatchObject({
      recordCount: 8,
      classCount: 3,
      smallestClass: 1,
      prosecutor: { highest: 1, mean: 3 / 8, aboveThreshold: 3 / 8 },
      journalist: null,
      marketer: 3 / 8,
      uniqueCount: 1,
      uniqueShare: 1 / 8,
    });
  });

  it('a population hides: each record is one of more', () => {
    const report = measureRisk([1, 2], [10, 4], 0.2);
    expect(report.journalist).toEqual({
      highest: 1 / 4,
      mean: (1 / 10 + 2 / 4) / 3,
      aboveThreshold: 2 / 3,
    });
    expect(report.marketer).toBe(report.journalist?.mean);
    // A register that is smaller than the sample is wrong; nobody is safer for it.
    expect(measureRisk([4], [1]).journalist?.highest).toBe(1 / 4);
  });

  it('of nothing is nothing', () => {
    expect(measureRisk([])).toMatchObject({ recordCount: 0, smallestClass: 0, uniqueShare: 0 });
    expect(formatRisk(measureRisk([]))).toContain('0 records');
  });

  it('shares lie in 0 to 1, and counts add up', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (sizes) => {
        const report = measureRisk(sizes);
        const { highest, mean, aboveThreshold } = report.prosecutor;
        expect(mean).toBeLessThanOrEqual(highest);
        expect(aboveThreshold).toBeLessThanOrEqual(1);
        const counted = report.histogram.reduce((sum, band) => sum + band.recordCount, 0);
        expect(counted).toBe(report.recordCount);
        expect(JSON.parse(JSON.stringify(report))).toEqual(report);
      }),
    );
  });

  it('is text, and a picture without scripts', () => {
    const report = measureRisk([1, 2, 5]);
    expect(formatRisk(report).split('\n')[1]).toBe(
      'prosecutor  highest 100.00 %, mean 37.50 %, 100.00 % of the records above 9.00 %',
    );
    const picture = drawRisk(report);
    expect(picture.match(/<rect /g)).toHaveLength(7);
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>\n$/);
    expect(picture).not.toMatch(/script|href/);
  });
});
