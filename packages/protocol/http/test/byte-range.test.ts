import { describe, expect, it } from 'vitest';

import { chooseRange } from '../src/byte-range.ts';

const TAG = '"abc"';

function chosen(range: string | null, condition: string | null = null): readonly number[] {
  const headers = new Headers();
  if (range !== null) headers.set('range', range);
  if (condition !== null) headers.set('if-range', condition);
  const { status, start, end } = chooseRange(headers, 10, TAG);
  return [status, start, end];
}

describe('a range', () => {
  it.each([
    [null, 200, 0, 10],
    ['bytes=0-', 206, 0, 10],
    ['bytes=4-', 206, 4, 10],
    ['bytes=2-5', 206, 2, 6],
    ['bytes=9-9', 206, 9, 10],
    ['bytes=2-99', 206, 2, 10],
    ['bytes=-3', 206, 7, 10],
    ['bytes=-99', 206, 0, 10],
    ['bytes=10-', 416, 0, 0],
    ['bytes=-0', 416, 0, 0],
    ['bytes=5-2', 200, 0, 10],
    ['bytes=-', 200, 0, 10],
    ['bytes=0-1,4-5', 200, 0, 10],
    ['bytes=1.5-', 200, 0, 10],
    ['bytes=99999999999999999999-', 200, 0, 10],
    ['lines=1-2', 200, 0, 10],
  ])('of %s', (range, status, start, end) => {
    expect(chosen(range)).toEqual([status, start, end]);
  });

  it('is given only of the version that was begun', () => {
    expect(chosen('bytes=4-', TAG)).toEqual([206, 4, 10]);
    expect(chosen('bytes=4-', '"other"')).toEqual([200, 0, 10]);
    expect(chosen('bytes=4-', 'W/"abc"')).toEqual([200, 0, 10]);
  });
});
