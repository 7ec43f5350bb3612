import { describe, expect, it } from 'vitest';

import { parseDurationSeconds } from '../src/index.ts';

describe('durations', () => {
  it.each([
    ['PT1S', 1],
    ['PT10M', 600],
    ['PT1H', 3600],
    ['P1D', 86_400],
    ['P1DT12H', 129_600],
    ['P31D', 2_678_400],
    ['PT1H30M15S', 5415],
    ['PT0S', 0],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseDurationSeconds(text)).toBe(seconds);
  });

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    'P1W',
    'pt1h',
    'PT1.5H',
    'PT-1H',
    '-PT1H',
    ' PT1H',
    'PT1H\n',
    'PT1M1H',
    'PT99999999999S',
  ])('does not take %j', (text) => {
    expect(parseDurationSeconds(text)).toBeUndefined();
  });
});
