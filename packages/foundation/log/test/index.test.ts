import { expectCode } from '@veritydb/testkit';
import { type Hash, toHash, toOffset } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { CheckpointIndex } from '../src/checkpoint-index.ts';
import { INDEX_STRIDE, OffsetIndex, type Place } from '../src/offset-index.ts';

/** Records of any sizes in segments of 600: the positions at which they begin. */
function placesOf(sizes: readonly number[]): readonly Place[] {
  let position = 64;
  return sizes.map((size, offset) => {
    if (offset % 600 === 0) position = 64;
    const place = { offset: toOffset(offset), segment: Math.floor(offset / 600), position };
    position += size;
    return place;
  });
}

const hashOf = (offset: number): Hash => toHash(new Uint8Array(32).fill(offset % 251));

// S110, S111, S141: an entry at or before every record, and not more than a stride away.
test('offset index finds where to look for every record, beyond its first size', () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 172, max: 900 }), fc.nat(90_000)), {
    minLength: 1,
    maxLength: 2000,
    size: 'max',
  });
  fc.assert(
    fc.property(sizes, (all) => {
      const places = placesOf(all);
      const index = new OffsetIndex();
      for (const { offset, segment, position } of places) {
        index.note(offset, segment, position, hashOf(offset));
      }
      const entries = Array.from({ length: index.count }, (_, at) => index.entry(at));
      for (const place of places) {
        const before = index.entry(index.numberAtOrBefore(place.offset));
        expect(before).toEqual(entries.findLast(({ offset }) => offset <= place.offset));
        expect(before.segment).toBe(place.segment);
        expect(place.position - before.position).toBeLessThan(INDEX_STRIDE + 90_000);
        const isEntry = before.offset === place.offset;
        expect(isEntry || place.position - before.position < INDEX_STRIDE).toBe(true);
        expect(index.findAtOrAfter(place.offset)).toEqual(
          entries.find(({ offset }) => offset >= place.offset),
        );
      }
      for (const entry of entries) {
        const { offset, ...rest } = places[entry.offset] as Place;
        expect(entry).toEqual({ offset, ...rest, chainHash: hashOf(offset) });
      }
      expect([0, 1, 2, 3].flatMap((segment) => index.ofSegment(segment))).toEqual(entries);
    }),
    { numRuns: 20 },
  );
});

test('offset index goes from one segment to the next also where a segment is at its largest', () => {
  const index = new OffsetIndex();
  index.note(0, 0, 64, hashOf(0));
  index.note(1, 0, 0xffff_ff00, hashOf(1));
  index.note(2, 1, 64, hashOf(2));
  expect(index.entry(index.numberAtOrBefore(toOffset(2)))).toMatchObject({
    segment: 1,
    position: 64,
  });
  expect(expectCode(() => index.entry(3), 'ERR_ASSERTION').kind).toBe('assertion');
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
