import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesEqual } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type PageAddress, Store, type StoreWrite, copyEntry } from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';
import { codeOf, describeStore } from './model.ts';

const PAGE_SIZE = 4096;
const FIRST_PAGE = 4;

function open(disk: MemoryDisk, key = 6): Store {
  const options = { disk, name: 'store', crypto: nativeCrypto, key: new Uint8Array(32).fill(key) };
  return Store.open({ ...options, cachePages: 1 });
}

function batch(position: number): StoreWrite[] {
  return Array.from({ length: 90 }, (_, index) => ({
    tree: 1,
    key: Uint8Array.of(index),
    value: new Uint8Array(index % 9 === 0 ? 6000 : 200).fill(position + index),
  }));
}

/** Trees of two levels, long values, a history and a free list. */
function build(): MemoryDisk {
  const disk = new MemoryDisk();
  const store = open(disk);
  for (let position = 0; position < 3; position += 1) {
    store.apply(position, batch(position).slice(0, position === 0 ? 90 : 30));
    store.flush(HASH);
  }
  store.close();
  return disk;
}

function pageOf(disk: MemoryDisk, id: number): Uint8Array {
  return disk.content('store').slice(id * PAGE_SIZE, (id + 1) * PAGE_SIZE);
}

function damage(disk: MemoryDisk, id: number): void {
  disk.content('store').fill(0x55, id * PAGE_SIZE, (id + 1) * PAGE_SIZE);
}

function damagedBy(store: Store): PageAddress | undefined {
  if (codeOf(() => store.check()) === 'none') return undefined;
  return store.damagedPages().at(-1);
}

// S187, S189: a page is identified by (address, checksum), and repaired by its bytes.
describe('repair of a page', () => {
  it('takes the bytes that were lost, for each page there is, and no others', () => {
    const whole = build();
    const content = describeStore(open(whole), [1]);
    const pageCount = whole.content('store').length / PAGE_SIZE;
    let repaired = 0;
    for (let id = FIRST_PAGE; id < pageCount; id += 1) {
      const disk = new MemoryDisk(whole.files);
      damage(disk, id);
      const store = open(disk);
      const address = damagedBy(store);
      // A page that is free is nobody's loss.
      if (address === undefined) continue;
      repaired += 1;
      expect(address.id).toBe(id);
      expect(store.damagedPages()).toEqual([address]);
      for (let other = 0; other < pageCount; other += 1) {
        const bytes = pageOf(whole, other);
        // Another page in its place, or a page that is not lost.
        if (other !== id) expect(store.repairPage(id, bytes)).toBe(false);
        if (other !== id) expect(store.repairPage(other, bytes)).toBe(false);
      }
      expect(store.repairPage(id, pageOf(disk, id))).toBe(false);
      const bytes = open(whole).sealedPage(address);
      expect(store.repairPage(id, bytes ?? new Uint8Array(0))).toBe(true);
      expect(store.damagedPages()).toEqual([]);
      expect(describeStore(store, [1])).toEqual(content);
      store.check();
      expect(bytesEqual(disk.content('store'), whole.content('store'))).toBe(true);
    }
    expect(repaired).toBeGreaterThan(30);
  });

  it('refuses the page with any byte flipped, cut off or longer', () => {
    const whole = build();
    const disk = new MemoryDisk(whole.files);
    const root = FIRST_PAGE + 1;
    for (let id = root; codeOf(() => open(disk).check()) === 'none'; id += 1) damage(disk, id);
    const store = open(disk);
    const address = damagedBy(store);
    const bytes = pageOf(whole, address?.id ?? 0);
    for (let at = 0; at < PAGE_SIZE; at += 1) {
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      expect(store.repairPage(address?.id ?? 0, bytes)).toBe(false);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    }
    for (const size of [0, 16, PAGE_SIZE - 1]) {
      expect(store.repairPage(address?.id ?? 0, bytes.slice(0, size))).toBe(false);
    }
    expect(store.repairPage(address?.id ?? 0, Uint8Array.of(...bytes, 0))).toBe(false);
    expect(store.repairPage(address?.id ?? 0, bytes)).toBe(true);
  });

  it('mends a store of which every page is lost, one after the other', () => {
    const whole = build();
    const disk = new MemoryDisk(whole.files);
    const pageCount = whole.content('store').length / PAGE_SIZE;
    for (let id = FIRST_PAGE; id < pageCount; id += 1) damage(disk, id);
    const store = open(disk);
    const peer = open(whole);
    let repaired = 0;
    for (let lost = damagedBy(store); lost !== undefined; lost = damagedBy(store)) {
      expect(store.repairPage(lost.id, peer.sealedPage(lost) ?? new Uint8Array(0))).toBe(true);
      repaired += 1;
    }
    expect(repaired).toBeGreaterThan(30);
    expect(describeStore(store, [1])).toEqual(describeStore(peer, [1]));
    store.apply(3, batch(3));
    store.flush(HASH);
    expect(open(disk).check()).toEqual(store.check());
  });

  it('hands out a page only to who names it rightly', () => {
    const whole = build();
    const disk = new MemoryDisk(whole.files);
    let id = FIRST_PAGE;
    for (; codeOf(() => open(disk).check()) === 'none'; id += 1) damage(disk, id);
    const store = open(disk);
    const address = damagedBy(store) as PageAddress;
    const peer = open(whole);
    const tag = address.tag.slice();
    tag[3] = (tag[3] as number) ^ 1;
    const asked: PageAddress[] = [
      { ...address, tag },
      { ...address, tag: address.tag.slice(0, 15) },
      { ...address, tag: new Uint8Array(17) },
      ...[-1, 0, 3, 0.5, Number.NaN, 2 ** 32, address.id + 1, 100_000].map((other) => ({
        tag: address.tag,
        id: other,
      })),
    ];
    for (const each of asked) expect(peer.sealedPage(each)).toBeUndefined();
    expect(store.sealedPage(address)).toBeUndefined();
    expect(peer.sealedPage(address)).toEqual(pageOf(whole, address.id));
  });

  it('is not fooled by an older page of the same place, nor by one of another key', () => {
    const whole = build();
    const older = new MemoryDisk(whole.files);
    const store = open(whole);
    for (let position = 3; position < 6; position += 1) {
      store.apply(position, batch(position));
      store.flush(HASH);
    }
    store.close();
    const other = new MemoryDisk();
    const stranger = open(other, 7);
    stranger.apply(0, batch(0));
    stranger.flush(HASH);
    const pageCount = whole.content('store').length / PAGE_SIZE;
    let refused = 0;
    for (let id = FIRST_PAGE; id < pageCount; id += 1) {
      const disk = new MemoryDisk(whole.files);
      damage(disk, id);
      const damaged = open(disk);
      if (damagedBy(damaged) === undefined) continue;
      for (const source of [older, other]) {
        if (bytesEqual(pageOf(source, id), pageOf(whole, id))) continue;
        refused += 1;
        expect(damaged.repairPage(id, pageOf(source, id))).toBe(false);
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  it('is possible when a write met the damage, and survives a loss of power while it is done', () => {
    const whole = build();
    const disk = new MemoryDisk(whole.files);
    const pageCount = whole.content('store').length / PAGE_SIZE;
    for (let id = FIRST_PAGE; id < pageCount; id += 1) damage(disk, id);
    const failed = open(disk);
    expect(codeOf(() => failed.apply(3, batch(3)))).toBe('ERR_STORE_CORRUPT');
    expect(codeOf(() => failed.get(1, Uint8Array.of(1), copyEntry))).toBe('ERR_STORE_WRITE');
    const [lost] = failed.damagedPages();
    const bytes = pageOf(whole, lost?.id ?? 0);
    disk.changesLeft = 1;
    expect(codeOf(() => failed.repairPage(lost?.id ?? 0, bytes))).toBe('ERR_STORE_WRITE');
    disk.changesLeft = Number.POSITIVE_INFINITY;
    // Torn in the middle.
    damage(disk, lost?.id ?? 0);
    disk.content('store').set(bytes.subarray(0, 2048), (lost?.id ?? 0) * PAGE_SIZE);
    expect(failed.repairPage(lost?.id ?? 0, bytes)).toBe(true);
    failed.close();
    expect(codeOf(() => failed.check())).toBe('ERR_STORE_CLOSED');
    const again = open(disk);
    expect(again.damagedPages()).toEqual([]);
    expect(damagedBy(again)?.id).not.toBe(lost?.id);
  });
});
