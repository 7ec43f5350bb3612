import { nativeCrypto } from '@veritydb/crypto/native';
import type { SimDisk } from '@veritydb/sim';
import { SimDisk as Disk } from '@veritydb/sim';
import { bytesEqual, toGeneration, toOffset, toTimestamp } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type LogFault,
  LogError,
  decodeRecoveryRecord,
  inspectLog,
  listSegments,
  restartLog,
} from '../src/index.ts';
import { NOW, SEGMENT, TENANT, contentsOf, killedLog, openLog, plaintext, record } from './logs.ts';

interface Inspected {
  readonly records: number;
  readonly sound: number;
  readonly faults: readonly LogFault[];
}

function inspect(disk: SimDisk): Inspected {
  const faults: LogFault[] = [];
  let [records, sound] = [0, 0];
  const onFault = (fault: LogFault): unknown => faults.push(fault);
  for (const { isSound } of inspectLog({ crypto: nativeCrypto, disk, tenant: TENANT, onFault })) {
    records += 1;
    if (isSound) sound += 1;
  }
  return { records, sound, faults };
}

function closedLog(sizes: readonly number[]): SimDisk {
  const disk = killedLog(sizes);
  openLog(disk).close();
  return disk;
}

const damage = (disk: SimDisk): readonly LogFault[] =>
  inspect(disk).faults.filter(({ isHarmless }) => !isHarmless);

describe('inspection', () => {
  test('of a log that was closed finds every record and no fault', () => {
    const disk = closedLog([10, 2000, 1500, 900, 30]);
    expect(inspect(disk)).toEqual({ records: 6, sound: 6, faults: [] });
    expect(listSegments(disk).length).toBeGreaterThan(1);
  });

  test('of a log that was killed says that the next open recovers', () => {
    const { faults, records } = inspect(killedLog([10, 20]));
    expect(records).toBe(2);
    expect(faults).toMatchObject([{ check: 'end', isHarmless: true }]);
  });

  test('goes on behind a damaged record, and finds the one behind it good', () => {
    const disk = closedLog([10, 20, 30, 40]);
    disk.flipBit(SEGMENT, 64 + 168 + 20, 3);
    const { faults, records, sound } = inspect(disk);
    expect([records, sound]).toEqual([5, 4]);
    const first = { file: SEGMENT, position: 64, offset: 0 };
    expect(faults).toMatchObject([
      { ...first, check: 'checksums' },
      { ...first, check: 'payload-digests' },
    ]);
  });

  test('names a header that was changed by its CRC, and by the chain of the record behind', () => {
    const disk = closedLog([10, 20, 30]);
    // Schema version: nothing else looks at it.
    disk.flipBit(SEGMENT, 64 + 36, 0);
    expect(inspect(disk).faults.map(({ check, offset }) => `${check} ${offset}`)).toEqual([
      'checksums 0',
      'chain 1',
    ]);
  });

  /** The twin is the engine: what it refuses to open is damaged, and nothing else is. */
  test('finds damage exactly where the log does not open', () => {
    const sizes = fc.array(fc.integer({ min: 4, max: 1200 }), { minLength: 1, maxLength: 8 });
    const flips = fc.array(
      fc.record({
        file: fc.nat(),
        at: fc.nat(),
        /** The bytes that say something lie at the beginning of files. */
        within: fc.constantFrom(200, 1200, 100_000),
        bit: fc.nat(7),
      }),
      { minLength: 1, maxLength: 3 },
    );
    let opened = 0;
    let refused = 0;
    fc.assert(
      fc.property(sizes, flips, fc.boolean(), (all, places, isClosed) => {
        const disk = isClosed ? closedLog(all) : killedLog(all);
        const names = ['superblock', ...listSegments(disk)];
        for (const { at, bit, file, within } of places) {
          const name = names[file % names.length] as string;
          const size = Math.min(within, disk.bytesOf(name).length);
          disk.flipBit(name, at % size, bit);
        }
        const before = new Map(names.map((name) => [name, disk.bytesOf(name).slice()]));
        const found = damage(disk);
        for (const [name, bytes] of before) {
          expect(bytesEqual(disk.bytesOf(name), bytes)).toBe(true);
        }
        let isRefused = false;
        try {
          openLog(disk).close();
        } catch (error) {
          expect(error).toBeInstanceOf(LogError);
          isRefused = true;
        }
        if (isRefused) refused += 1;
        else opened += 1;
        expect(found.length > 0, JSON.stringify(found)).toBe(isRefused);
      }),
      { numRuns: 300 },
    );
    expect(Math.min(opened, refused)).toBeGreaterThan(20);
  });

  test('finds segments that are missing', () => {
    const disk = closedLog([2000, 2000, 2000, 2000]);
    const names = listSegments(disk);
    disk.remove(names.at(-1) as string);
    expect(damage(disk).map(({ check }) => check)).toContain('segments');
  });
});

describe('a copied log that is restarted', () => {
  function copyOf(source: SimDisk): SimDisk {
    const disk = new Disk();
    for (const name of listSegments(source)) disk.put(name, source.bytesOf(name));
    return disk;
  }

  test('opens closed, in its new generation, with a record that says that a person did it', () => {
    const source = killedLog([10, 2000, 1500, 900]);
    const log = openLog(source);
    const copied = {
      tenant: TENANT,
      identity: log.identity,
      generation: log.generation,
      segmentCount: listSegments(source).length,
      recordCount: toOffset(log.nextOffset),
      lastHash: log.lastHash,
      lastTimestamp: log.lastTimestamp,
    };
    log.close();
    const disk = copyOf(source);
    const ports = { crypto: nativeCrypto, disk, now: NOW };
    const generation = toGeneration(5_000_000);
    const recovery = restartLog(ports, copied, generation);
    expect(inspect(disk).faults).toEqual([]);
    const again = openLog(disk);
    expect(again.recovery).toBeUndefined();
    expect(again.generation).toBe(generation);
    const last = again.read(toOffset(again.nextOffset - 1));
    expect(decodeRecoveryRecord(last.payload)).toEqual(recovery);
    // S107: ManualIntervention is a reason of its own.
    expect(recovery).toMatchObject({
      reason: 'manual-intervention',
      previousGeneration: copied.generation,
      knownCommitted: copied.recordCount - 1,
      recoveryPoint: copied.recordCount,
    });
    again.append([record(plaintext(9), 9, { timestamp: toTimestamp(NOW + 10_000n) })]);
    expect(contentsOf(again).length).toBe(5);
    again.close();
    expect(inspect(disk).faults).toEqual([]);
  });
});
