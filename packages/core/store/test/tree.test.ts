import { nativeCrypto } from '@veritydb/crypto/native';
import { compareBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Store, type StoreWrite, copyEntry } from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';

const OPTIONS = { name: 'store', crypto: nativeCrypto, key: new Uint8Array(32).fill(5) };

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

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(12);
  new DataView(key.buffer).setUint32(8, number);
  return key;
}

function batchesOf(numbers: readonly number[], value: Uint8Array | null): StoreWrite[][] {
  const batches: StoreWrite[][] = [];
  for (let at = 0; at < numbers.length; at += 500) {
    const batch = numbers.slice(at, at + 500);
    batches.push(batch.map((number) => ({ tree: 1, key: keyOf(number), value })));
  }
  return batches;
}

function shuffled(count: number, random: (below: number) => number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index -= 1) {
    const other = random(index + 1);
    [numbers[index], numbers[other]] = [numbers[other] as number, numbers[index] as number];
  }
  return numbers;
}

// S210: a B+tree, looked up by key.
describe('tree', () => {
  it('holds 20,000 keys put and deleted in any order, and gives every page back', () => {
    const disk = new MemoryDisk();
    const store = Store.open({ ...OPTIONS, disk });
    const random = randomFrom(42);
    const numbers = shuffled(20_000, random);
    const value = new Uint8Array(40).fill(1);
    const applyAll = (batches: StoreWrite[][]): void => {
      for (const batch of batches) store.apply(store.appliedPosition + 1, batch);
      store.flush(HASH);
    };
    applyAll(batchesOf(numbers, value));
    const full = store.check();
    expect(full.entries).toBe(20_000);
    // 70 bytes an entry, and no page less than half full: splits in the middle leave two thirds.
    expect(full.pages).toBeLessThan((20_000 * 70) / 4072 / 0.55);

    const gone = numbers.filter((number) => number % 10 !== 0);
    applyAll(batchesOf(gone, null));
    const left = Array.from(store.scan(1, {}, copyEntry), ({ key }) => key);
    expect(left.length).toBe(2000);
    expect(left).toEqual(left.toSorted(compareBytes));
    expect(store.get(1, keyOf(11), copyEntry)).toBeUndefined();
    expect(store.get(1, keyOf(10), copyEntry)?.value).toEqual(value);
    expect(store.check()).toMatchObject({ entries: 2000, endedVersions: 18_000 });

    applyAll(
      batchesOf(
        Array.from({ length: 2000 }, (_, index) => index * 10),
        null,
      ),
    );
    expect(Array.from(store.scan(1, {}, copyEntry))).toEqual([]);
    expect(store.check()).toMatchObject({ entries: 0, endedVersions: 20_000 });
  });

  it('fills pages of ascending keys', () => {
    const store = Store.open({ ...OPTIONS, disk: new MemoryDisk() });
    const numbers = Array.from({ length: 5000 }, (_, index) => index);
    for (const batch of batchesOf(numbers, new Uint8Array(40))) {
      store.apply(store.appliedPosition + 1, batch);
    }
    expect(store.check().pages).toBeLessThan((5000 * 73) / 4072 / 0.95);
  });

  it('does not grow for what is written and deleted at one position', () => {
    const disk = new MemoryDisk();
    const store = Store.open({ ...OPTIONS, disk });
    const random = randomFrom(7);
    let size = 0;
    for (let round = 0; round < 60; round += 1) {
      const writes: StoreWrite[] = [];
      for (const number of shuffled(60, random)) {
        const value = new Uint8Array(random(9000));
        writes.push({ tree: 1, key: keyOf(number), value });
      }
      for (const number of shuffled(60, random)) {
        writes.push({ tree: 1, key: keyOf(number), value: null });
      }
      store.apply(round, writes);
      store.flush(HASH);
      if (round === 20) size = disk.content('store').length;
    }
    expect(store.check()).toEqual({ pages: 0, entries: 0, endedVersions: 0 });
    expect(disk.content('store').length).toBeLessThanOrEqual(size * 1.5);
  });

  it('stays in order with keys of all sizes, in few pages and deep trees', () => {
    const key = fc
      .tuple(fc.nat(255), fc.constantFrom(1, 2, 700, 1024))
      .map(([lead, size]) => new Uint8Array(size).fill(lead, 0, 1));
    const writes = fc.array(
      fc.record({
        tree: fc.constant(1),
        key,
        value: fc.option(fc.constantFrom(new Uint8Array(1), new Uint8Array(1500)), { nil: null }),
      }),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(fc.array(writes, { maxLength: 8 }), (batches) => {
        const store = Store.open({ ...OPTIONS, disk: new MemoryDisk() });
        for (const [position, batch] of batches.entries()) {
          store.apply(position, batch);
          const { entries } = store.check();
          expect(Array.from(store.scan(1, {}, copyEntry)).length).toBe(entries);
        }
      }),
      { numRuns: 60 },
    );
  });
});
