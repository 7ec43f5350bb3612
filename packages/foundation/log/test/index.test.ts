import { expectCode } from '@veritydb/testkit';
import { toHash, toOffset } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { CheckpointIndex } from '../src/checkpoint-index.ts';
import { OffsetIndex, type Place } from '../src/offset-index.ts';

const placeOf = (offset: number): Place => ({
  segment: Math.floor(offset / 700),
  position: 0xffff_ffff - offset,
});

test('offset index finds every place, beyond its first size', () => {
  const index = new OffsetIndex();
  for (let offset = 0; offset < 3000; offset += 1) index.append(placeOf(offset));
  for (let offset = 0; offset < 3000; offset += 1) {
    expect(index.lookup(toOffset(offset))).toEqual(placeOf(offset));
  }
  expect(expectCode(() => index.lookup(toOffset(3000)), 'ERR_ASSERTION').kind).toBe('assertion');
});

test('S080, S117: checkpoint index finds the nearest, as a slow search does', () => {
  const offsets = fc.uniqueArray(fc.nat(60), { maxLength: 12 });
  fc.assert(
    fc.property(offsets, fc.nat(70), (numbers, asked) => {
      const places = numbers
        .toSorted((a, b) => a - b)
        .map((number) => ({
          offset: toOffset(number),
          chainHash: toHash(new Uint8Array(32).fill(number)),
        }));
      const index = new CheckpointIndex();
      for (const place of places) index.append(place);
      const offset = toOffset(asked);
      expect(index.findAtOrBefore(offset)).toBe(places.findLast((place) => place.offset <= asked));
      expect(index.findAtOrAfter(offset)).toBe(places.find((place) => place.offset >= asked));
    }),
  );
});
