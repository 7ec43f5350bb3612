/** What the disk does to a store: it is seen, or it does not matter; never a wrong answer. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { Store, StoreError, type StoreWrite, copyEntry } from '../src/index.ts';
import { flips, HASH, MemoryDisk } from './memory-disk.ts';
import { describeEntries, describeStore } from './model.ts';

const KEY = new Uint8Array(32).fill(3);
const PAGE_SIZE = 4096;

function open(disk: MemoryDisk, cachePages = 100): Store {
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key: KEY, cachePages });
}

function put(key: number, size: number): StoreWrite {
  return { tree: 1, key: Uint8Array.of(key), value: new Uint8Array(size).fill(key) };
}

/** A store with current entries, a history, a long value and a free list, in as few pages as may be. */
function buildSmallStore(): MemoryDisk {
  const disk = new MemoryDisk();
  const store = open(disk);
  store.apply(0, [put(1, 10), put(2, 10), put(3, 1500)]);
  store.flush(HASH);
  store.apply(1, [put(1, 20), { tree: 1, key: Uint8Array.of(2), value: null }]);
  store.flush(HASH);
  store.close();
  return disk;
}

function errorOf(action: () => unknown): StoreError | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  return undefined;
}

/** Everything that a file says, or the code of its refusal. */
function readAll(disk: MemoryDisk, isChecked: boolean): string {
  let found = '';
  const error = errorOf(() => {
    const store = open(disk);
    if (isChecked) store.check();
    found = describeStore(store, [1]).join('\n');
  });
  return error?.code ?? found;
}

describe('a damaged store', () => {
  it('tells, whichever byte of a page is flipped', () => {
    const disk = buildSmallStore();
    const pageCount = disk.content('store').length / PAGE_SIZE;
    expect(pageCount).toBeLessThan(14);
    const whole = describeEntries(open(disk).scanAt(1, {}, 0, copyEntry)).join();
    const refusals = new Map<number, number>();
    const answers = new Set<string>();
    for (let page = 4; page < pageCount; page += 1) {
      // One page in memory: each look reads all that it needs from the disk again.
      const store = open(disk, 1);
      for (const at of flips(disk.content('store'), page * PAGE_SIZE, (page + 1) * PAGE_SIZE)) {
        try {
          answers.add(describeEntries(store.scanAt(1, {}, 0, copyEntry)).join());
        } catch (error) {
          answers.add((error as StoreError).code);
          refusals.set(page, (refusals.get(page) ?? 0) + Math.sign(at));
        }
      }
    }
    expect([...answers].toSorted()).toEqual([whole, 'ERR_STORE_CORRUPT'].toSorted());
    // A leaf of each tree and a long value: each is refused for each of its bytes.
    expect([...refusals.values()]).toEqual([PAGE_SIZE, PAGE_SIZE, PAGE_SIZE]);
  });

  it('tells, or says the same, whatever byte of a larger file is flipped', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    for (let position = 0; position < 8; position += 1) {
      const writes = Array.from({ length: 150 }, (_, index) => ({
        tree: index % 3,
        key: new Uint8Array(40).fill(index),
        value: new Uint8Array((index * 131) % 1200).fill(position),
      }));
      store.apply(
        position,
        position === 0 ? writes : writes.slice(position * 9, position * 9 + 30),
      );
      store.flush(HASH);
    }
    store.close();
    const trees = [0, 1, 2];
    const whole = describeStore(open(disk), trees).join('\n');
    const file = disk.content('store');
    expect(file.length / PAGE_SIZE).toBeGreaterThan(60);
    const answers = new Set<string>();
    // A step that meets each page some four times, in another place each time.
    for (let at = 0; at < file.length; at += 1031) {
      file[at] = (file[at] as number) ^ (1 << (at % 8));
      const error = errorOf(() => {
        const damaged = open(disk);
        damaged.check();
        answers.add(describeStore(damaged, trees).join('\n'));
      });
      if (error !== undefined) answers.add(error.code);
      file[at] = (file[at] as number) ^ (1 << (at % 8));
    }
    expect(answers).toEqual(new Set(['ERR_STORE_CORRUPT', whole]));
  });

  it('names the page that is damaged, and check finds it in the free list too', () => {
    const disk = buildSmallStore();
    const file = disk.content('store');
    const named: string[] = [];
    const whole = readAll(disk, true);
    for (let page = 4; page < file.length / PAGE_SIZE; page += 1) {
      const damaged = new MemoryDisk(disk.files);
      damaged.content('store').fill(0, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
      const error = errorOf(() => open(damaged).check());
      const answer =
        error === undefined ? readAll(damaged, true) : `${error.code} ${error.message}`;
      if (answer !== whole) named.push(answer);
    }
    // A leaf of each tree, a long value, the free list.
    expect(named.length).toBe(4);
    for (const name of named) expect(name).toMatch(/^ERR_STORE_CORRUPT page [4-9] /);
  });

  it('refuses a page of its own in the place of another, and an older one in its own', () => {
    const disk = buildSmallStore();
    const whole = readAll(disk, true);
    const pageCount = disk.content('store').length / PAGE_SIZE;
    const older = new MemoryDisk(disk.files);
    const store = open(disk);
    for (let position = 2; position < 6; position += 1) {
      store.apply(position, [put(1, position), put(3, 1500 + position)]);
      store.flush(HASH);
    }
    const newer = readAll(disk, true);
    for (let to = 4; to < pageCount; to += 1) {
      for (let from = 4; from < pageCount; from += 1) {
        for (const source of [older, disk]) {
          const mixed = new MemoryDisk(disk.files);
          const page = source.content('store').slice(from * PAGE_SIZE, (from + 1) * PAGE_SIZE);
          mixed.content('store').set(page, to * PAGE_SIZE);
          expect([newer, 'ERR_STORE_CORRUPT']).toContain(readAll(mixed, false));
        }
      }
    }
    expect(newer).not.toBe(whole);
  });

  it('is refused when it is cut off, empty or made of nothing', () => {
    const disk = buildSmallStore();
    const file = disk.content('store').slice();
    for (const size of [0, 1, 4095]) {
      const cut = new MemoryDisk(new Map([['store', file.slice(0, size)]]));
      expect(readAll(cut, false)).toBe('ERR_STORE_CORRUPT');
    }
    const cut = new MemoryDisk(new Map([['store', file.slice(0, 4 * PAGE_SIZE)]]));
    expect(readAll(cut, false)).toBe('ERR_STORE_CORRUPT');
    const zeros = new MemoryDisk(new Map([['store', new Uint8Array(file.length)]]));
    expect(readAll(zeros, false)).toBe('ERR_STORE_CORRUPT');
  });
});
