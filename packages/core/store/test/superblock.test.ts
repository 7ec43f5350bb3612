import { nativeCrypto } from '@veritydb/crypto/native';
import { toOffset } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { StoreError } from '../src/index.ts';
import {
  EMPTY_SUPERBLOCK,
  type Superblock,
  decodeSuperblock,
  encodeSuperblock,
  readSuperblock,
  writeSuperblock,
} from '../src/superblock.ts';
import { HASH, MemoryDisk, flips } from './memory-disk.ts';

const KEY = new Uint8Array(32).fill(3);
const SECTOR_SIZE = 4096;

function superblockOf(sequence: number): Superblock {
  return {
    generation: 3,
    sequence,
    applied: { offset: toOffset(2 ** 40 + sequence), hash: HASH },
    retentionFloor: 12,
    pageCount: 77,
    currentRoot: new Uint8Array(20).fill(1),
    historyRoot: new Uint8Array(20).fill(2),
    freeList: new Uint8Array(20).fill(3),
  };
}

function fileOf(...sequences: number[]): MemoryDisk {
  const disk = new MemoryDisk();
  const file = disk.open('store', 'create');
  for (const sequence of sequences) {
    writeSuperblock(nativeCrypto, KEY, file, superblockOf(sequence));
  }
  return disk;
}

function sequenceOf(disk: MemoryDisk): number | string {
  try {
    return readSuperblock(nativeCrypto, KEY, disk.open('store', 'existing')).sequence;
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

describe('superblock', () => {
  it('is what was written', () => {
    for (const superblock of [superblockOf(9), EMPTY_SUPERBLOCK]) {
      const sector = encodeSuperblock(nativeCrypto, KEY, superblock);
      expect(decodeSuperblock(nativeCrypto, KEY, sector)).toEqual(superblock);
      expect(decodeSuperblock(nativeCrypto, new Uint8Array(32), sector)).toBeUndefined();
    }
  });

  it('is read from the version before, which had no retention floor, and from no other', () => {
    const versions = [1, 2, 3, 4].map((version) => {
      const superblock = { ...superblockOf(9), retentionFloor: 0 };
      const sector = encodeSuperblock(nativeCrypto, KEY, superblock);
      sector[11] = version;
      const authenticated = sector.subarray(0, SECTOR_SIZE - 32);
      sector.set(nativeCrypto.hmacSha256(KEY, authenticated), authenticated.length);
      return decodeSuperblock(nativeCrypto, KEY, sector)?.retentionFloor;
    });
    expect(versions).toEqual([undefined, 0, 0, undefined]);
  });

  it('is the newest that is whole', () => {
    expect(sequenceOf(fileOf(4, 5, 6))).toBe(6);
    const disk = fileOf(4, 5);
    const file = disk.content('store');
    file.fill(0, 2 * SECTOR_SIZE, 3 * SECTOR_SIZE);
    expect(sequenceOf(disk)).toBe(5);
    file.fill(0, 3 * SECTOR_SIZE, 4 * SECTOR_SIZE);
    expect(sequenceOf(disk)).toBe(4);
    file.fill(0);
    expect(sequenceOf(disk)).toBe('ERR_STORE_CORRUPT');
  });

  it('is the same, whichever byte of its copies is flipped', () => {
    const disk = fileOf(4, 5);
    const file = disk.content('store');
    const found = new Set<number | string>();
    for (const at of flips(file, 0, file.length)) found.add(sequenceOf(disk) || at);
    expect(file.length).toBe(4 * SECTOR_SIZE);
    expect([...found]).toEqual([5]);
  });

  it('is refused when it is anything else', () => {
    const sector = encodeSuperblock(nativeCrypto, KEY, superblockOf(9));
    const bytes = fc.uint8Array({ maxLength: 5000, size: 'max' });
    fc.assert(
      fc.property(bytes, fc.nat(4095), (noise, at) => {
        const mixed = sector.slice();
        mixed.set(noise.subarray(0, SECTOR_SIZE - at), at);
        for (const input of [noise, mixed]) {
          const isSame =
            input.length === SECTOR_SIZE && input.every((byte, i) => byte === sector[i]);
          expect(decodeSuperblock(nativeCrypto, KEY, input) !== undefined).toBe(isSame);
        }
      }),
      { numRuns: 100 },
    );
  });
});
