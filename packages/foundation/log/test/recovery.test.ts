/**
 * What a log is after whatever happened to it. Two rules: nothing that was acknowledged is ever cut in
 * silence, and no (key, nonce) pair ever seals two plaintexts.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { NonceWatch, SimDisk, SimRandom } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { bytesEqual, bytesToHex, toOffset } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { type Log, LogError, type RecordToAppend, decodeRecoveryRecord } from '../src/index.ts';
import {
  SEGMENT,
  contentsOf,
  killedLog,
  openLog,
  openRecord,
  plaintext,
  record,
  recordEnds,
  segmentsOf,
} from './logs.ts';

const SIZES = [8, 30, 4, 200, 40];
const ENDS = recordEnds(SIZES);
const LAST = ENDS.at(-1) as number;
const CONTENTS = SIZES.map((size, at) => bytesToHex(plaintext(at, size)));

/** Appends to a recovered log, closes it, and opens it once more: all must be as it should. */
function assertGoesOn(disk: SimDisk, log: Log, contents: readonly string[]): void {
  const at = log.nextOffset;
  log.append([record(plaintext(1000), at + 100)]);
  log.close();
  const again = openLog(disk);
  expect(again.recovery).toBeUndefined();
  expect(contentsOf(again)).toEqual([...contents, bytesToHex(plaintext(1000))]);
  again.close();
}

describe('a tail that is cut', () => {
  test.each(['zeros', 'the end of the file'])('at every byte, with %s behind', (behind) => {
    const disk = killedLog(SIZES);
    const snapshot = disk.snapshot();
    for (let cut = 64; cut <= LAST; cut += 1) {
      disk.restore(snapshot);
      const bytes = disk.bytesOf(SEGMENT);
      disk.put(SEGMENT, behind === 'zeros' ? bytes.fill(0, cut) : bytes.slice(0, cut));
      const whole = ENDS.filter((end) => end <= cut).length;
      const log = openLog(disk);
      expect(contentsOf(log), `cut at ${cut}`).toEqual(CONTENTS.slice(0, whole));
      expect(log.generation).toBe(2);
      const { header, payload } = log.read(toOffset(whole));
      expect(header).toMatchObject({ kind: 'recovery', generation: 2, offset: whole });
      const recovery = decodeRecoveryRecord(payload);
      expect(recovery).toEqual(log.recovery);
      const from = whole === 0 ? 64 : (ENDS[whole - 1] as number);
      expect(recovery).toMatchObject({
        previousGeneration: 1,
        generation: 2,
        // Batches of one record each: the last that stands may itself not have been acknowledged.
        knownCommitted: Math.max(whole - 2, -1),
        recoveryPoint: whole,
        discardedFrom: from,
        reason: 'node-restart',
      });
      expect(recovery.discardedBytes).toBeLessThanOrEqual(cut - from);
      // Of the first 8 bytes of a record some are zero.
      expect(recovery.discardedBytes > 0 || cut <= from + 8).toBe(true);
      if (cut % 7 === 0) assertGoesOn(disk, log, CONTENTS.slice(0, whole));
      else log.close();
    }
  });

  test('of a log that was closed is damage, at every byte', () => {
    const disk = killedLog(SIZES);
    openLog(disk).close();
    const end =
      LAST +
      (disk
        .bytesOf(SEGMENT)
        .subarray(LAST)
        .findLastIndex((byte) => byte !== 0) +
        1);
    const bytes = disk.bytesOf(SEGMENT);
    for (let cut = 64; cut < end; cut += 1) {
      disk.put(SEGMENT, bytes.slice(0, cut));
      expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
    }
  });
});

describe('a bit that flips', () => {
  test('in a log that was not closed: cut in the last batch, refused before, never silent', () => {
    const disk = killedLog(SIZES);
    const snapshot = disk.snapshot();
    const lastStart = ENDS.at(-2) as number;
    for (let position = 0; position < LAST + 20; position += 1) {
      for (const bit of [position % 8, (position + 3) % 8]) {
        disk.restore(snapshot);
        disk.flipBit(SEGMENT, position, bit);
        if (position < lastStart) {
          expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
          continue;
        }
        const log = openLog(disk);
        const whole = position < LAST ? SIZES.length - 1 : SIZES.length;
        expect(log.recovery?.discardedBytes, `byte ${position}`).toBeGreaterThan(0);
        expect(log.recovery?.recoveryPoint).toBe(whole);
        expect(log.nextOffset).toBe(whole + 1);
        log.close();
      }
    }
  });

  test('in a log that was closed: refused, wherever it is', () => {
    const disk = killedLog(SIZES);
    openLog(disk).close();
    const { length } = disk.bytesOf(SEGMENT);
    for (let position = 0; position < length; position += position < LAST + 300 ? 1 : 41) {
      disk.flipBit(SEGMENT, position, position % 8);
      expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
      disk.flipBit(SEGMENT, position, position % 8);
    }
    expect(contentsOf(openLog(disk))).toEqual(CONTENTS);
  });

  test('in a batch of several: the whole batch was one acknowledgement', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    log.append([record(plaintext(0), 0)]);
    log.append([1, 2, 3].map((at) => record(plaintext(at), at)));
    const ends = recordEnds([8, 8, 8, 8]);
    disk.flipBit(SEGMENT, (ends[0] as number) + 5, 1);
    expect(openLog(disk).recovery).toMatchObject({ recoveryPoint: 1, knownCommitted: -1 });
  });
});

const SECOND = 'log/00000000000000000003.vlog';

function twoSegments(isClosed: boolean): SimDisk {
  const disk = new SimDisk();
  const log = openLog(disk);
  for (let at = 0; at < 6; at += 1) log.append([record(plaintext(at, 1000), at)]);
  if (isClosed) log.close();
  expect(segmentsOf(disk).length).toBe(2);
  return disk;
}

describe('segments', () => {
  test.each([true, false])('one that is missing is refused (closed: %s)', (isClosed) => {
    for (const name of [SEGMENT, SECOND]) {
      const disk = twoSegments(isClosed);
      disk.remove(name);
      expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
    }
  });

  test('damage at the end of one that another follows is refused', () => {
    const disk = twoSegments(false);
    const end = 64 + 3 * (168 + 2 + 12 + 1000 + 16 + 4);
    for (const position of [end - 1, end - 1000, end + 10, 4095]) {
      disk.flipBit(SEGMENT, position, 2);
      expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
      disk.flipBit(SEGMENT, position, 2);
    }
  });

  test('of another log of the same tenant is refused', () => {
    const disk = twoSegments(true);
    const other = new SimDisk();
    const log = openLog(other, { identity: () => new Uint8Array(16).fill(1) });
    for (let at = 0; at < 6; at += 1) log.append([record(plaintext(at, 1000), at)]);
    disk.put(SECOND, other.bytesOf(SECOND));
    expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
  });

  test('a log that was written anew beside the superblock of the old one is refused', () => {
    const disk = killedLog(SIZES);
    openLog(disk).close();
    const forged = killedLog(SIZES.map((size) => size + 1));
    openLog(forged).close();
    disk.put(SEGMENT, forged.bytesOf(SEGMENT));
    expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
  });

  test('a log that was put back to an earlier state beside a newer superblock is refused', () => {
    const disk = twoSegments(false);
    const earlier = disk.bytesOf(SECOND);
    const log = openLog(disk);
    log.append([record(plaintext(9), 2000)]);
    log.close();
    disk.put(SECOND, earlier);
    expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
  });

  test('files that are none are left alone', () => {
    const disk = twoSegments(true);
    disk.put('log/notes.txt', plaintext(1));
    expect(openLog(disk).nextOffset).toBe(6);
    expect(disk.exists('log/notes.txt')).toBe(true);
  });

  test('one with records that the superblock does not count is refused', () => {
    const disk = twoSegments(true);
    disk.put('log/00000000000000000009.vlog', disk.bytesOf(SECOND));
    expect(expectCode(() => openLog(disk), 'ERR_LOG_CORRUPT').kind).toBe('verification');
  });
});

/** A life of a log: opens, appends of random batches, closes; stops where the disk does. */
class Life {
  readonly disk = new SimDisk();
  readonly watch = new NonceWatch(nativeCrypto);
  readonly acknowledged: string[] = [];
  #attempted: string[] = [];
  #number = 0;
  #clock = 0;

  open(): Log {
    return openLog(this.disk, { crypto: this.watch.crypto });
  }

  #batch(random: SimRandom): RecordToAppend[] {
    const batch = Array.from({ length: 1 + random.below(5) }, () => {
      this.#number += 1;
      return plaintext(this.#number, 4 + random.below(random.isOneIn(3) ? 1500 : 60));
    });
    this.#attempted = batch.map((bytes) => bytesToHex(bytes));
    return batch.map((bytes) => {
      this.#clock += 1;
      return record(bytes, this.#clock, {}, this.watch.crypto);
    });
  }

  /** Runs for some steps, or until the disk fails. */
  run(random: SimRandom, steps: number): void {
    try {
      let log = this.open();
      for (let step = 0; step < steps; step += 1) {
        log.append(this.#batch(random));
        this.acknowledged.push(...this.#attempted);
        this.#attempted = [];
        if (random.isOneIn(4)) {
          log.close();
          log = this.open();
        }
      }
    } catch (error) {
      if (!(error instanceof LogError) || error.kind !== 'unavailable') throw error;
    }
  }

  /** After a crash: what is there beside what should be: all acknowledged, and a beginning of the last batch. */
  check(): readonly [found: readonly string[], expected: readonly string[]] {
    const log = this.open();
    const found = contentsOf(log);
    const stood = Math.max(0, found.length - this.acknowledged.length);
    this.acknowledged.push(...this.#attempted.slice(0, stood));
    this.#attempted = [];
    this.#clock += 10_000;
    for (let offset = 0; offset < log.nextOffset; offset += 3) log.readVerified(toOffset(offset));
    // Not closed: the next life begins with a recovery, too.
    return [found, [...this.acknowledged]];
  }
}

describe('a loss of power', () => {
  test('at every call of a life, whatever the disk keeps of it', () => {
    let crashes = 0;
    for (let call = 1; call <= 80; call += 1) {
      const life = new Life();
      // Three lives on one disk: crash, go on, crash again.
      for (const seed of [call, call + 1000, call + 2000]) {
        life.disk.failAfter(seed === call ? call : 1 + ((call * 7) % 60));
        life.run(new SimRandom(seed), 12);
        life.disk.crash(seed);
        const [found, expected] = life.check();
        expect(found).toEqual(expected);
        crashes += 1;
      }
      expect(life.watch.count).toBeGreaterThanOrEqual(life.acknowledged.length);
    }
    expect(crashes).toBe(240);
  });

  test('during a recovery, again and again', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const life = new Life();
      life.disk.failAfter(25);
      life.run(new SimRandom(seed), 12);
      life.disk.crash(seed);
      for (let call = 1; call <= 20; call += 1) {
        life.disk.failAfter(call);
        life.run(new SimRandom(seed), 0);
        life.disk.crash(seed * 100 + call);
      }
      const [found, expected] = life.check();
      expect(found).toEqual(expected);
    }
  });

  // S032, S101
  test('every generation begins with a Recovery record', () => {
    const life = new Life();
    for (let seed = 1; seed < 12; seed += 1) {
      life.disk.failAfter(3 + seed * 5);
      life.run(new SimRandom(seed), 12);
      life.disk.crash(seed);
      life.check();
    }
    let generation = 1;
    for (const { header, payload } of life.open().scan(toOffset(0))) {
      const isFirst = header.generation > generation;
      expect(header.kind === 'recovery').toBe(isFirst);
      if (!isFirst) continue;
      const recovery = decodeRecoveryRecord(payload);
      expect(recovery).toMatchObject({
        generation: header.generation,
        recoveryPoint: header.offset,
      });
      ({ generation } = header);
    }
    expect(generation).toBeGreaterThan(5);
  });
});

describe('a disk that refuses', () => {
  test('full: the append is refused, the log stops, and nothing acknowledged is lost', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    const written: string[] = [];
    // The superblock, three segments, and an index of one entry for each of the first two.
    disk.fillAt(16_384 + 3 * 4096 + 2 * 68);
    const error = expectCode(() => {
      for (;;) {
        const bytes = plaintext(written.length, 500);
        log.append([record(bytes, written.length)]);
        written.push(bytesToHex(bytes));
      }
    }, 'ERR_LOG_WRITE');
    expect(error.kind).toBe('unavailable');
    expect(written.length).toBe(15);
    for (const use of [
      () => log.append([record(plaintext(0), 99)]),
      () => log.read(toOffset(0)),
      () => log.readVerified(toOffset(0)),
      () => [...log.scan(toOffset(0))],
    ]) {
      expect(expectCode(use, 'ERR_LOG_CLOSED').kind).toBe('unavailable');
    }
    log.close();
    disk.repair();
    const again = openLog(disk);
    expect(contentsOf(again)).toEqual(written);
    assertGoesOn(disk, again, written);
  });

  test('a record that is read while the disk fails is unavailable, not damaged', () => {
    const disk = killedLog([4]);
    const log = openLog(disk);
    disk.failAfter(1);
    expect(expectCode(() => log.read(toOffset(0)), 'ERR_LOG_READ').kind).toBe('unavailable');
    disk.repair();
    expect(openRecord(log.read(toOffset(0)))).toEqual(plaintext(0, 4));
  });

  test('a log that cannot be marked as closed recovers when it is opened', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    log.append([record(plaintext(0), 0)]);
    disk.failAfter(1);
    log.close();
    disk.repair();
    const again = openLog(disk);
    expect(again.recovery).toMatchObject({ recoveryPoint: 1, discardedBytes: 0 });
    expect(bytesEqual(openRecord(again.read(toOffset(0))), plaintext(0))).toBe(true);
  });
});
