import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { bytesEqual, toGeneration, toHash, toTenantId } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { Superblock } from '../src/superblock.ts';

const TENANT = toTenantId(7);
const NAME = 'superblock';
const SECTOR = 4096;
const OLD = 2;

const create = (disk: SimDisk, fill = 1): Superblock =>
  Superblock.create(nativeCrypto, disk, {
    tenant: TENANT,
    identity: new Uint8Array(16).fill(fill),
  });
const open = (disk: SimDisk): Superblock | undefined => Superblock.open(nativeCrypto, disk, TENANT);

/** Bytes of the file at sequence 2 and at sequence 3. */
function versions(): readonly [old: Uint8Array, next: Uint8Array] {
  const disk = new SimDisk();
  const superblock = create(disk);
  superblock.update({ mode: 'open' });
  const old = disk.bytesOf(NAME);
  superblock.update({ generation: toGeneration(2), segmentCount: 4, recordCount: 99 });
  return [old, disk.bytesOf(NAME)];
}

const [OLD_BYTES, NEW_BYTES] = versions();

function diskWith(copies: readonly ('old' | 'new' | 'bad')[]): SimDisk {
  const bytes = new Uint8Array(copies.length * SECTOR);
  for (const [index, copy] of copies.entries()) {
    const start = index * SECTOR;
    const source = copy === 'old' ? OLD_BYTES : NEW_BYTES;
    bytes.set(source.subarray(start, start + SECTOR), start);
    const torn = start + ((index * 977) % 160);
    if (copy === 'bad') bytes[torn] = (bytes[torn] as number) ^ 0x10;
  }
  const disk = new SimDisk();
  disk.put(NAME, bytes);
  return disk;
}

const FATES = ['old', 'new', 'bad'] as const;
const COMBINATIONS = FATES.flatMap((a) =>
  FATES.flatMap((b) => FATES.flatMap((c) => FATES.map((d) => [a, b, c, d] as const))),
);

describe('superblock', () => {
  // S033, S193, S195
  test('all 81 ways in which four copies can be new, old or bad', () => {
    for (const copies of COMBINATIONS) {
      const disk = diskWith(copies);
      if (copies.every((copy) => copy === 'bad')) {
        expect(expectCode(() => open(disk), 'ERR_LOG_SUPERBLOCK').kind).toBe('verification');
        continue;
      }
      const sequence = copies.includes('new') ? OLD + 1 : OLD;
      expect(open(disk)?.state.sequence, copies.join()).toBe(sequence);
      // Mended: from now on an older copy cannot come back when the newest is lost.
      const mended = sequence === OLD ? OLD_BYTES : NEW_BYTES;
      expect(bytesEqual(disk.bytesOf(NAME), mended)).toBe(true);
    }
  });

  // 4 survivors × 4³ ways in which the other three are bad.
  test('survives any three bad copies: torn, zeroed, with a bit flipped, or older', () => {
    const damages: readonly ((sector: Uint8Array, index: number) => void)[] = [
      (sector, index) => {
        // Torn: the first sectors of the device are new, the rest is old.
        sector.set(OLD_BYTES.subarray(0, 64 + 16 * index));
      },
      (sector) => {
        sector.fill(0);
      },
      (sector, index) => {
        sector[17 * index] = (sector[17 * index] as number) ^ (1 << index);
      },
      (sector) => {
        sector.set(OLD_BYTES.subarray(0, SECTOR));
      },
    ];
    for (let survivor = 0; survivor < 4; survivor += 1) {
      for (let choice = 0; choice < damages.length ** 3; choice += 1) {
        const bytes = NEW_BYTES.slice();
        for (let other = 1; other < 4; other += 1) {
          const index = (survivor + other) % 4;
          const damage = damages[Math.floor(choice / damages.length ** (other - 1)) % 4];
          damage?.(bytes.subarray(index * SECTOR, (index + 1) * SECTOR), index);
        }
        const disk = new SimDisk();
        disk.put(NAME, bytes);
        expect(open(disk)?.state.sequence, `${survivor} and ${choice}`).toBe(OLD + 1);
        expect(bytesEqual(disk.bytesOf(NAME), NEW_BYTES)).toBe(true);
      }
    }
  });

  test('keeps its state, and survives the flip of any bit of any copy', () => {
    const disk = diskWith(['new', 'new', 'new', 'new']);
    const state = open(disk)?.state;
    expect(state).toMatchObject({
      mode: 'open',
      generation: 2,
      segmentCount: 4,
      recordCount: 99,
      tenant: 7,
    });
    for (let bit = 0; bit < 4 * SECTOR * 8; bit += 257) {
      disk.flipBit(NAME, bit >> 3, bit & 7);
      expect(open(disk)?.state).toEqual(state);
      expect(bytesEqual(disk.bytesOf(NAME), NEW_BYTES)).toBe(true);
    }
  });

  // S033, S193
  test('an update torn at any call leaves the old state or the new one', () => {
    for (let call = 1; call <= 8; call += 1) {
      for (let seed = 0; seed < 12; seed += 1) {
        const disk = diskWith(['old', 'old', 'old', 'old']);
        const superblock = open(disk) as Superblock;
        disk.failAfter(call);
        expect(() => {
          superblock.update({ generation: toGeneration(2) });
        }).toThrow('EIO');
        disk.crash(seed);
        const state = open(disk)?.state;
        expect([OLD, OLD + 1]).toContain(state?.sequence);
        expect(state?.generation).toBe(state?.sequence === OLD ? 1 : 2);
      }
    }
  });

  test('a creation torn at any call is made again, or is whole', () => {
    for (let call = 2; call <= 9; call += 1) {
      for (let seed = 0; seed < 12; seed += 1) {
        const disk = new SimDisk();
        disk.failAfter(call);
        expect(() => create(disk)).toThrow('EIO');
        disk.crash(seed);
        expect((open(disk) ?? create(disk)).state.sequence).toBe(1);
        expect(open(disk)?.state.sequence).toBe(1);
      }
    }
  });

  test('copies of two histories are refused', () => {
    const fork = new SimDisk();
    const superblock = create(fork);
    superblock.update({ mode: 'open' });
    superblock.update({ generation: toGeneration(9) });
    const bytes = NEW_BYTES.slice();
    bytes.set(fork.bytesOf(NAME).subarray(0, SECTOR));
    const disk = new SimDisk();
    disk.put(NAME, bytes);
    expect(expectCode(() => open(disk), 'ERR_LOG_SUPERBLOCK').kind).toBe('verification');
    const foreign = new SimDisk();
    create(foreign, 2).update({ mode: 'open' });
    bytes.set(foreign.bytesOf(NAME).subarray(0, SECTOR));
    disk.put(NAME, bytes);
    expect(expectCode(() => open(disk), 'ERR_LOG_SUPERBLOCK').kind).toBe('verification');
  });

  test('another tenant’s is refused; none is none', () => {
    const disk = diskWith(['new', 'new', 'new', 'new']);
    expect(
      expectCode(() => Superblock.open(nativeCrypto, disk, toTenantId(8)), 'ERR_LOG_SUPERBLOCK')
        .kind,
    ).toBe('verification');
    expect(open(new SimDisk())).toBeUndefined();
  });

  // S101: nor does a generation.
  test('numbers never fall', () => {
    const superblock = open(diskWith(['new', 'new', 'new', 'new'])) as Superblock;
    expect(
      expectCode(() => {
        superblock.update({ generation: toGeneration(1) });
      }, 'ERR_ASSERTION').kind,
    ).toBe('assertion');
    expect(
      expectCode(() => {
        superblock.update({ recordCount: 98, lastHash: toHash(new Uint8Array(32)) });
      }, 'ERR_ASSERTION').kind,
    ).toBe('assertion');
  });
});
