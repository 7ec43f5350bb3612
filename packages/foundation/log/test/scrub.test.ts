/** Rot of the disk: each damaged record is named by file, byte and offset, and the others go on being read. */

import { SimDisk } from '@veritydb/sim';
import { type Hash, type Offset, toHash, toOffset } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import type { DamagedRecord, Log } from '../src/index.ts';
import { SEGMENT, openLog, openRecord, plaintext, record, recordEnds } from './logs.ts';

const SIZES = Array.from({ length: 120 }, (_, at) => 20 + ((at * 37) % 400));
const STARTS = [64, ...recordEnds(SIZES)];

function house(): { disk: SimDisk; log: Log; leafHashAt: (offset: Offset) => Hash } {
  const disk = new SimDisk();
  const log = openLog(disk, { segmentSize: 1 << 20 });
  const { leafHashes } = log.append(SIZES.map((size, at) => record(plaintext(at, size), at)));
  const leafHashAt = (offset: Offset): Hash =>
    toHash(leafHashes.slice(offset * 32, offset * 32 + 32));
  return { disk, log, leafHashAt };
}

/** A whole pass, in steps. */
function pass(log: Log, leafHashAt: (offset: Offset) => Hash): readonly DamagedRecord[] {
  const found: DamagedRecord[] = [];
  let at = toOffset(0);
  while (at < log.nextOffset) {
    const { damaged, next } = log.scrub(at, 17, leafHashAt);
    expect(next).toBe(Math.min(at + 17, log.nextOffset));
    found.push(...damaged);
    at = next;
  }
  return found;
}

describe('scrubbing', () => {
  test('finds nothing in a log that is whole', () => {
    const { leafHashAt, log } = house();
    expect(pass(log, leafHashAt)).toEqual([]);
  });

  test('names each record whose payload has rotted, and no other', () => {
    const { disk, leafHashAt, log } = house();
    const rotten = [3, 4, 61, 119];
    for (const at of rotten) disk.flipBit(SEGMENT, (STARTS[at] as number) + 190, at % 8);
    expect(pass(log, leafHashAt)).toEqual(
      rotten.map((offset) => ({ file: SEGMENT, position: STARTS[offset], offset })),
    );
    expect(openRecord(log.read(toOffset(5)))).toEqual(plaintext(5, SIZES[5]));
    log.append([record(plaintext(500), 500)]);
  });

  test('names a record at any byte of which a bit has flipped', () => {
    const { disk, leafHashAt, log } = house();
    const [start, end] = [STARTS[50] as number, STARTS[51] as number];
    for (let position = start; position < end; position += 1) {
      disk.flipBit(SEGMENT, position, position % 8);
      const found = new Set(
        pass(log, leafHashAt).map((each) => `${each.file} ${each.position} ${each.offset}`),
      );
      // A size that has rotted leads past the next record: that is where the walk finds it out.
      const isSize = position >= start + 4 && position < start + 8;
      expect(found.has(`${SEGMENT} ${start} 50`), `byte ${position - start}`).toBe(true);
      expect(found.size).toBeLessThanOrEqual(isSize ? 2 : 1);
      disk.flipBit(SEGMENT, position, position % 8);
    }
  });

  test('finds a record that is whole, and another one', () => {
    const { disk, leafHashAt, log } = house();
    const forged = new SimDisk();
    const twin = openLog(forged, { segmentSize: 1 << 20 });
    twin.append(SIZES.map((size, at) => record(plaintext(at === 7 ? 200 : at, size), at)));
    const [start, end] = [STARTS[7] as number, STARTS[8] as number];
    disk.open(SEGMENT, 'existing').writeAt(forged.bytesOf(SEGMENT).subarray(start, end), start);
    expect(openRecord(log.read(toOffset(7)))).toEqual(plaintext(200, SIZES[7]));
    expect(pass(log, leafHashAt)).toEqual([{ file: SEGMENT, position: start, offset: 7 }]);
  });
});
