/**
 * Loss of power, from a record of what was written: for each stretch between two syncs, the disk may
 * hold any beginning of it, all of it but one write, a write torn or its room without its bytes, the
 * writes in reverse, any of them in any order. A store then opens where it was, or where the flush would
 * have brought it, and goes on from there.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { Store, type StoreWrite, copyEntry } from '../src/index.ts';
import { type DiskOperation, HASH, MemoryDisk } from './memory-disk.ts';
import { codeOf, describeStore } from './model.ts';

const PAGE_SIZE = 4096;
const SECTOR_SIZE = 512;
/** Images of some of the writes since a sync, in some order. */
const SUBSETS = 12;

function open(disk: MemoryDisk): Store {
  const key = new Uint8Array(32).fill(9);
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key });
}

/** Nearly every page is read from the disk, again and again. */
function openUncached(disk: MemoryDisk): Store {
  const key = new Uint8Array(32).fill(9);
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key, cachePages: 1 });
}

function batch(position: number): StoreWrite[] {
  return Array.from({ length: 12 }, (_, index) => {
    const number = (position * 5 + index * index) % 40;
    const key = new Uint8Array(200).fill(number);
    const size = (number * 97 * (position + 1)) % 5000;
    return { tree: 1, key, value: (number + position) % 4 === 0 ? null : new Uint8Array(size) };
  });
}

/** The images that a loss of power may leave of the writes since a sync. */
function imagesOf(base: MemoryDisk, writes: readonly DiskOperation[]): MemoryDisk[] {
  const images: MemoryDisk[] = [];
  const build = (kept: readonly DiskOperation[]): void => {
    const image = new MemoryDisk(base.files);
    for (const operation of kept) image.perform(operation);
    images.push(image);
  };
  for (const [index, write] of writes.entries()) {
    const before = writes.slice(0, index);
    build(before);
    build([...before, ...writes.slice(index + 1)]);
    build(writes.slice(index).toReversed());
    if (write.kind !== 'write') continue;
    // The file grew, or the place was given out, and the bytes never came.
    build([...before, { ...write, bytes: new Uint8Array(write.bytes.length) }]);
    build([...before, { ...write, bytes: new Uint8Array(write.bytes.length).fill(0xa5) }]);
    for (let size = SECTOR_SIZE; size < write.bytes.length; size += SECTOR_SIZE * 5) {
      build([...before, { ...write, bytes: write.bytes.slice(0, size) }]);
      build([...before, { ...write, at: write.at + size, bytes: write.bytes.slice(size) }]);
    }
  }
  build(writes);
  const random = randomFrom(writes.length + 1);
  for (let count = 0; count < SUBSETS; count += 1) {
    const kept = writes.filter(() => random(2) === 0);
    build(kept.toSorted(() => random(3) - 1));
  }
  return images;
}

/** Marsaglia's xorshift32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Nonces of the pages that were written. */
function noncesOf(operations: readonly DiskOperation[]): string[] {
  return operations.flatMap((operation) => {
    if (operation.kind !== 'write' || operation.at < 4 * PAGE_SIZE) return [];
    return [String(operation.bytes.slice(0, 12))];
  });
}

describe('a store that loses power', () => {
  it('opens at the old state or the new one, and uses no nonce twice', () => {
    const disk = new MemoryDisk();
    open(disk).close();
    let expected = ['-1', ...describeStore(open(disk), [1])].join('\n');
    let count = 0;
    for (let round = 0; round < 4; round += 1) {
      const base = new MemoryDisk(disk.files);
      // Opened anew each time: so the start of a generation is under test too.
      const store = open(disk);
      const earlier = disk.operations.length;
      store.apply(round, batch(round));
      // The last rounds let go of history too, which frees pages that the state before still holds.
      if (round > 1) store.raiseRetentionFloor(round);
      while (!store.prune(7));
      store.flush(HASH);
      const next = [String(round), ...describeStore(store, [1])].join('\n');
      store.close();

      let synced = base;
      let epoch: DiskOperation[] = [];
      const used = new Set(noncesOf(disk.operations.slice(0, earlier)));
      for (const operation of disk.operations.slice(earlier)) {
        if (operation.kind !== 'sync') {
          epoch.push(operation);
          continue;
        }
        for (const nonce of noncesOf(epoch)) used.add(nonce);
        for (const image of imagesOf(synced, epoch)) {
          count += 1;
          const survivor = open(image);
          const found = [String(survivor.appliedPosition), ...describeStore(survivor, [1])];
          expect([expected, next]).toContain(found.join('\n'));
          survivor.check();
          const position = survivor.appliedPosition + 1;
          const seen = image.operations.length;
          survivor.apply(position, batch(position + 100));
          survivor.flush(HASH);
          survivor.check();
          for (const nonce of noncesOf(image.operations.slice(seen))) {
            expect(used.has(nonce)).toBe(false);
          }
        }
        const following = new MemoryDisk(synced.files);
        for (const write of epoch) following.perform(write);
        synced = following;
        epoch = [];
      }
      expect(epoch).toEqual([]);
      expected = next;
    }
    expect(count).toBeGreaterThan(100);
  });

  it('never seals under one nonce twice in its life', () => {
    const disk = new MemoryDisk();
    for (let round = 0; round < 20; round += 1) {
      const store = open(disk);
      for (let flush = 0; flush < 3; flush += 1) {
        store.apply(store.appliedPosition + 1, batch(round * 3 + flush));
        store.flush(HASH);
      }
      store.close();
    }
    const nonces = noncesOf(disk.operations);
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(nonces.length).toBeGreaterThan(300);
  });

  it('uses no nonce twice, though the newest copies of the superblock are lost as well', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    store.apply(0, batch(0));
    store.flush(HASH);
    store.close();
    const failing = open(disk);
    failing.apply(1, batch(1));
    // Two superblocks with their syncs, then pages, of which the last are never written.
    disk.changesLeft = 10;
    expect(codeOf(() => failing.flush(HASH))).toBe('ERR_STORE_WRITE');
    const used = new Set(noncesOf(disk.operations));
    for (const pair of [0, 2]) {
      const image = new MemoryDisk(disk.files);
      image.content('store').fill(0, pair * PAGE_SIZE, (pair + 2) * PAGE_SIZE);
      const survivor = open(image);
      expect(survivor.appliedPosition).toBe(0);
      survivor.apply(1, batch(2));
      survivor.flush(HASH);
      const nonces = noncesOf(image.operations);
      expect(nonces.length).toBeGreaterThan(0);
      expect(nonces.filter((nonce) => used.has(nonce))).toEqual([]);
    }
  });

  it('fails at any write or sync with a code, and is then where it was or where it would be', () => {
    const outcomes: string[] = [];
    for (let changesLeft = 0; outcomes.at(-1) !== 'none 1'; changesLeft += 1) {
      const disk = new MemoryDisk();
      const store = open(disk);
      store.apply(0, batch(0));
      store.flush(HASH);
      store.apply(1, batch(1));
      disk.changesLeft = changesLeft;
      const code = codeOf(() => store.flush(HASH));
      // It stays refused, though the disk is well again.
      disk.changesLeft = Number.POSITIVE_INFINITY;
      expect(codeOf(() => store.flush(HASH))).toBe(code);
      expect(codeOf(() => store.apply(2, []))).toBe(code);
      expect(codeOf(() => store.get(1, new Uint8Array(1), copyEntry))).toBe(code);
      const again = open(disk);
      again.check();
      outcomes.push(`${code} ${again.appliedPosition}`);
    }
    // Many fail before the superblock is written, one after it: at the sync that should have made it last.
    expect(outcomes.length).toBeGreaterThan(8);
    expect(outcomes.slice(-2)).toEqual(['ERR_STORE_WRITE 1', 'none 1']);
    expect(new Set(outcomes.slice(0, -2))).toEqual(new Set(['ERR_STORE_WRITE 0']));
  });

  it('answers rightly or with a code when any read of the disk fails, and so it does afterwards', () => {
    const disk = new MemoryDisk();
    const store = openUncached(disk);
    for (let position = 0; position < 4; position += 1) {
      store.apply(position, batch(position));
      store.flush(HASH);
    }
    store.close();
    const due = describeStore(openUncached(disk), [1]);
    const uses: readonly ((used: Store) => unknown)[] = [
      (used) => used.check(),
      (used) => expect(describeStore(used, [1])).toEqual(due),
      (used) => {
        used.apply(4, batch(4));
        used.flush(HASH);
      },
    ];
    for (const use of uses) {
      const codes = new Set<string>();
      for (let readsLeft = 0; !codes.has('none'); readsLeft += 1) {
        const image = new MemoryDisk(disk.files);
        const failing = openUncached(image);
        image.readsLeft = readsLeft;
        codes.add(codeOf(() => use(failing)));
        image.readsLeft = Number.POSITIVE_INFINITY;
        const again = openUncached(image);
        again.check();
        expect(again.appliedPosition).toBe(codes.has('none') ? failing.appliedPosition : 3);
      }
      expect([...codes].filter((code) => code !== 'none')).not.toEqual([]);
      for (const code of codes) {
        expect(['none', 'ERR_STORE_CORRUPT', 'ERR_STORE_WRITE']).toContain(code);
      }
    }
  });
});
