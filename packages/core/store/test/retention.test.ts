import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { Store, type StoreWrite, copyEntry } from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';
import { codeOf, describeStore } from './model.ts';

const KEY = new Uint8Array(32).fill(8);
const PAGE_SIZE = 4096;

function open(disk: MemoryDisk): Store {
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key: KEY });
}

/** Each of so many keys, with a value that its position decides; some values need pages of their own. */
function batch(position: number, keyCount: number): StoreWrite[] {
  return Array.from({ length: keyCount }, (_, index) => {
    const size = index % 10 === 0 ? 5000 : 80;
    return {
      tree: 1,
      key: Uint8Array.of(index >> 8, index),
      value: new Uint8Array(size).fill(position),
    };
  });
}

function storeOf(disk: MemoryDisk, positionCount: number, keyCount: number): Store {
  const store = open(disk);
  for (let position = 0; position < positionCount; position += 1) {
    store.apply(position, batch(position, keyCount));
  }
  return store;
}

function pruneAll(store: Store, versionCount = 50): void {
  while (!store.prune(versionCount));
}

describe('retention floor', () => {
  it('refuses what is below it, and answers the rest as before', () => {
    const store = storeOf(new MemoryDisk(), 6, 30);
    const before = describeStore(store, [1]);
    expect(store.retentionFloor).toBe(0);
    expect(store.raiseRetentionFloor(3)).toBe(3);
    const reads = [
      (position: number) => store.getAt(1, Uint8Array.of(0, 1), position, copyEntry),
      (position: number) => store.scanAt(1, {}, position, copyEntry),
      (position: number) => store.hold(position),
    ];
    for (const read of reads) {
      const codes = [-1, 0, 2, 3, 5].map((position) => codeOf(() => read(position)));
      const refused = 'ERR_STORE_RETENTION';
      expect(codes).toEqual([refused, refused, refused, 'none', 'none']);
    }
    pruneAll(store);
    // Two versions of each key ended after position 3.
    expect(store.check()).toMatchObject({ entries: 30, endedVersions: 60 });
    const from = before.indexOf('tree 1 at 3');
    expect(describeStore(store, [1])).toEqual(before.slice(from));
  });

  it('never falls, and does not pass what is applied', () => {
    const store = storeOf(new MemoryDisk(), 4, 3);
    expect(store.raiseRetentionFloor(-1)).toBe(0);
    expect(store.raiseRetentionFloor(2)).toBe(2);
    expect(store.raiseRetentionFloor(1)).toBe(2);
    expect(codeOf(() => store.raiseRetentionFloor(4))).toBe('ERR_STORE_POSITION');
    expect(store.retentionFloor).toBe(2);
  });

  it('stays at what is held until it is let go', () => {
    const store = storeOf(new MemoryDisk(), 6, 3);
    const releases = [store.hold(2), store.hold(2), store.hold(4)];
    expect(store.raiseRetentionFloor(5)).toBe(2);
    releases[0]?.();
    releases[0]?.();
    expect(store.raiseRetentionFloor(5)).toBe(2);
    releases[1]?.();
    expect(store.raiseRetentionFloor(5)).toBe(4);
    releases[2]?.();
    expect(store.raiseRetentionFloor(5)).toBe(5);
  });

  it('refuses the rest of a range that is being read when it rises above it', () => {
    const store = storeOf(new MemoryDisk(), 4, 200);
    for (const reverse of [false, true]) {
      const at = store.appliedPosition - 1;
      const seen: number[] = [];
      const code = codeOf(() => {
        for (const { value } of store.scanAt(1, { reverse }, at, copyEntry)) {
          seen.push(value[0] as number);
          if (seen.length === 100) store.raiseRetentionFloor(at + 1);
        }
      });
      expect([code, seen.length, new Set(seen)]).toEqual([
        'ERR_STORE_RETENTION',
        100,
        new Set([at]),
      ]);
      store.apply(at + 2, batch(at + 2, 200));
    }
  });

  it('lets a range be read to its end at or above it, while versions are taken out', () => {
    const store = storeOf(new MemoryDisk(), 5, 200);
    for (const reverse of [false, true]) {
      const at = reverse ? 3 : 2;
      const due = Array.from(store.scanAt(1, { reverse }, at, copyEntry));
      const seen = [];
      for (const entry of store.scanAt(1, { reverse }, at, copyEntry)) {
        seen.push(entry);
        if (seen.length === 20) store.raiseRetentionFloor(at);
        if (seen.length % 20 === 0) store.prune(37);
      }
      expect(seen).toEqual(due);
    }
  });

  it('is kept with the next flush, and pruning goes on where it was not done', () => {
    const disk = new MemoryDisk();
    const store = storeOf(disk, 6, 100);
    store.flush(HASH);
    store.raiseRetentionFloor(4);
    store.prune(10);
    expect(open(disk).retentionFloor).toBe(0);
    expect(open(disk).prune(1)).toBe(true);
    store.flush(HASH);
    store.close();
    const again = open(disk);
    expect(again.retentionFloor).toBe(4);
    expect(codeOf(() => again.getAt(1, Uint8Array.of(0, 1), 3, copyEntry))).toBe(
      'ERR_STORE_RETENTION',
    );
    pruneAll(again);
    again.flush(HASH);
    expect(open(disk).check()).toMatchObject({ entries: 100, endedVersions: 100 });
  });

  it('keeps the file from growing, however often rows are changed', () => {
    const sizeAfter = (roundCount: number, keptCount: number | null): number => {
      const disk = new MemoryDisk();
      const store = open(disk);
      for (let position = 0; position < roundCount; position += 1) {
        store.apply(position, batch(position, 120));
        if (keptCount !== null && position > keptCount) {
          store.raiseRetentionFloor(position - keptCount);
          pruneAll(store);
        }
        store.flush(HASH);
      }
      store.check();
      return disk.content('store').length / PAGE_SIZE;
    };
    const after = [20, 60, 180].map((roundCount) => sizeAfter(roundCount, 3));
    const [early = 0, , late = 0] = after;
    expect(late).toBeLessThanOrEqual(early * 1.1);
    // Without a floor it holds every version that there was.
    expect(sizeAfter(60, null)).toBeGreaterThan(5 * late);
  });
});
