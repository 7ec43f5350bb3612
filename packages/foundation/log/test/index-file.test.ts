/**
 * The index of a segment on disk: written when the segment is full and at close, compared with what the
 * scan found at each open, and never able to make a read give another record.
 */

import { crc32 } from 'node:zlib';

import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { bytesToHex, toHash, toOffset } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { CheckpointIndex } from '../src/checkpoint-index.ts';
import type { Log } from '../src/index.ts';
import { OffsetIndex } from '../src/offset-index.ts';
import { Reader } from '../src/reader.ts';
import { SegmentFile } from '../src/segment.ts';
import { Segments } from '../src/segments.ts';
import {
  SEGMENT,
  contentsOf,
  openLog,
  openRecord,
  plaintext,
  record,
  recordEnds,
  segmentsOf,
} from './logs.ts';

const INDEX = `${SEGMENT}.idx`;
const SEGMENT_SIZE = 64 * 1024;
const SIZES = Array.from({ length: 320 }, (_, at) => 4 + ((at * 97) % 600));

/** A log of some segments, each with several entries. */
function write(disk: SimDisk): Log {
  const log = openLog(disk, { segmentSize: SEGMENT_SIZE });
  for (const [at, size] of SIZES.entries()) log.append([record(plaintext(at, size), at)]);
  expect(segmentsOf(disk).length).toBeGreaterThan(2);
  return log;
}

function closedDisk(): SimDisk {
  const disk = new SimDisk();
  write(disk).close();
  return disk;
}

const indexesOf = (disk: SimDisk): readonly string[] =>
  disk.list('log').filter((name) => name.endsWith('.idx'));

// S076
describe('the index file', () => {
  test('holds what the page says: positions that the sizes give, under a CRC-32 (S108, S109)', () => {
    const disk = closedDisk();
    const bytes = disk.bytesOf(INDEX);
    const view = new DataView(bytes.buffer);
    expect(bytesToHex(bytes.subarray(0, 16))).toBe('56525459494458310100000000000000');
    expect([view.getBigUint64(16, true), view.getBigUint64(24, true)]).toEqual([7n, 0n]);
    expect(bytesToHex(bytes.subarray(32, 48))).toBe('a5'.repeat(16));
    expect(view.getUint32(bytes.length - 4, true)).toBe(crc32(bytes.subarray(0, -4)));
    const starts = [64, ...recordEnds(SIZES)];
    const count = view.getUint32(48, true);
    expect(bytes.length).toBe(60 + 8 * count);
    let last = Number.NEGATIVE_INFINITY;
    const expected = starts.flatMap((position, offset) => {
      if (position - last < 16 * 1024) return [];
      last = position;
      return [[offset, position]];
    });
    const entries = Array.from({ length: count }, (_, at) => [
      view.getUint32(56 + 8 * at, true),
      view.getUint32(60 + 8 * at, true),
    ]);
    expect(entries).toEqual(expected.slice(0, count));
    expect(count).toBe(4);
  });

  test('is written when a segment is full, and at close for the last (S113)', () => {
    const disk = new SimDisk();
    const log = write(disk);
    const segments = segmentsOf(disk);
    const names = segments.map((name) => `${name}.idx`);
    expect(indexesOf(disk)).toEqual(names.slice(0, -1));
    log.close();
    expect(indexesOf(disk)).toEqual(names);
    expect(openLog(disk).rebuiltIndexes).toEqual([]);
  });

  test('missing or wrong, at any byte, is written again and said once (S112, S114)', () => {
    const disk = closedDisk();
    const good = disk.bytesOf(INDEX);
    const spoiled: (() => void)[] = [
      () => {
        disk.remove(INDEX);
      },
      ...Array.from({ length: good.length }, (_, at) => () => {
        disk.flipBit(INDEX, at, at % 8);
      }),
      ...Array.from({ length: good.length }, (_, size) => () => {
        disk.put(INDEX, good.slice(0, size));
      }),
      () => {
        disk.put(INDEX, new Uint8Array(good.length + 1));
      },
    ];
    for (const spoil of spoiled) {
      spoil();
      const log = openLog(disk);
      expect(log.rebuiltIndexes).toEqual([INDEX]);
      expect(openRecord(log.read(toOffset(100)))).toEqual(plaintext(100, SIZES[100]));
      log.close();
      expect(disk.bytesOf(INDEX)).toEqual(good);
      expect(openLog(disk).rebuiltIndexes).toEqual([]);
    }
  });

  test('of the last segment is not missed where the log was not closed', () => {
    const disk = new SimDisk();
    write(disk);
    const log = openLog(disk);
    expect([log.recovery?.discardedBytes, log.rebuiltIndexes]).toEqual([0, []]);
    log.close();
    expect(openLog(disk).rebuiltIndexes).toEqual([]);
  });

  test('that a full disk does not take is no reason to refuse', () => {
    const disk = closedDisk();
    const good = disk.bytesOf(INDEX);
    disk.remove(INDEX);
    disk.fillAt(0);
    const log = openLog(disk);
    expect(log.rebuiltIndexes).toEqual([INDEX]);
    expect(contentsOf(log).length).toBe(SIZES.length);
    log.close();
    disk.repair();
    expect(openLog(disk).rebuiltIndexes).toEqual([INDEX]);
    expect(disk.bytesOf(INDEX)).toEqual(good);
  });
});

// S077, S141: a random read is a look-up and a short walk, whatever was read before.
test('records are read at random as they were written, also while more are appended', () => {
  const disk = new SimDisk();
  const log = write(disk);
  for (let step = 0; step < 600; step += 1) {
    const at = (step * 7919) % SIZES.length;
    expect(openRecord(log.read(toOffset(at)))).toEqual(plaintext(at, SIZES[at]));
    expect(openRecord(log.readVerified(toOffset(at)))).toEqual(plaintext(at, SIZES[at]));
  }
  const seen: number[] = [];
  for (const { header } of log.scan(toOffset(SIZES.length - 3))) {
    seen.push(header.offset);
    if (seen.length > 40) break;
    log.append([record(plaintext(1), header.offset + 1000)]);
    log.read(toOffset(0));
  }
  expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => SIZES.length - 3 + index));
});

test('an entry that points anywhere gives the right record or a refusal, never another one', () => {
  const disk = closedDisk();
  const segment = SegmentFile.open(disk, SEGMENT, 0);
  const segments = new Segments(disk);
  segments.add(segment);
  for (let position = 0; position < 3000; position += 1) {
    const index = new OffsetIndex();
    index.note(0, 0, position, toHash(new Uint8Array(32)));
    const sources = { crypto: nativeCrypto, segments, index, checkpoints: new CheckpointIndex() };
    const read = () => new Reader(sources).read(toOffset(2));
    if (position === 64) expect(openRecord(read())).toEqual(plaintext(2, SIZES[2]));
    else expectCode(read, 'ERR_LOG_RECORD');
  }
});
