import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesEqual, utf8Decode, utf8Encode } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { KEY_SIZE_MAX, Store, type StoreEntry, type StoreWrite, copyEntry } from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';
import { codeOf, describeEntries } from './model.ts';

const KEY = new Uint8Array(32).fill(7);

function open(disk: MemoryDisk, cachePages?: number): Store {
  const options = { disk, name: 'store', crypto: nativeCrypto, key: KEY };
  return Store.open(cachePages === undefined ? options : { ...options, cachePages });
}

function put(key: string, value: string, tree = 1): StoreWrite {
  return { tree, key: utf8Encode(key), value: utf8Encode(value) };
}

function remove(key: string, tree = 1): StoreWrite {
  return { tree, key: utf8Encode(key), value: null };
}

function textOf(store: Store, key: string, position?: number): string | undefined {
  const bytes = utf8Encode(key);
  const entry =
    position === undefined
      ? store.get(1, bytes, copyEntry)
      : store.getAt(1, bytes, position, copyEntry);
  return entry === undefined ? undefined : `${utf8Decode(entry.value)}@${entry.position}`;
}

describe('store', () => {
  // S212, S213, S214, S215, S216: versions by position; apply(position, batch), applied_position(), get(key), get_at(key, position).
  it('answers as of each position', () => {
    const store = open(new MemoryDisk());
    expect(store.appliedPosition).toBe(-1);
    store.apply(0, [put('a', 'one'), put('b', 'two')]);
    store.apply(1, [put('a', 'three')]);
    store.apply(2, [remove('a')]);
    store.apply(3, []);
    store.apply(4, [put('a', 'four')]);
    const history = [-1, 0, 1, 2, 3, 4].map((position) => textOf(store, 'a', position));
    expect(history).toEqual([undefined, 'one@0', 'three@1', undefined, undefined, 'four@4']);
    expect(textOf(store, 'a')).toBe('four@4');
    expect(textOf(store, 'b', 4)).toBe('two@0');
    expect(store.check()).toMatchObject({ entries: 2, endedVersions: 2 });
  });

  it('keeps one version of a key that is written twice at one position', () => {
    const store = open(new MemoryDisk());
    store.apply(0, [put('a', 'x'.repeat(9000)), put('a', 'y'), remove('b'), put('b', 'z')]);
    store.apply(1, [remove('a'), put('a', 'again'), put('b', 'gone'), remove('b')]);
    expect([textOf(store, 'a', 0), textOf(store, 'a', 1)]).toEqual(['y@0', 'again@1']);
    expect([textOf(store, 'b', 0), textOf(store, 'b', 1)]).toEqual(['z@0', undefined]);
    expect(store.check()).toMatchObject({ entries: 1, endedVersions: 2 });
  });

  // S208, S209
  it('is one file of pages of 4 KiB, each written whole', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    store.apply(
      0,
      Array.from({ length: 100 }, (_, index) => put(`${index}`, 'v'.repeat(100 * index))),
    );
    store.flush(HASH);
    expect(disk.content('store').length % 4096).toBe(0);
    for (const operation of disk.operations) {
      if (operation.kind !== 'write') continue;
      expect([operation.at % 4096, operation.bytes.length % 4096]).toEqual([0, 0]);
    }
  });

  // S217: scan(range, limit), the limit by taking no more.
  it('reads no more of a range than is asked for', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    const keys = Array.from({ length: 3000 }, (_, index) => String(index).padStart(20, '0'));
    store.apply(
      0,
      keys.map((key) => put(key, key)),
    );
    store.flush(HASH);
    const pagesFor = (limit: number): number => {
      const reader = open(disk);
      const before = disk.readCount;
      const from = utf8Encode(keys[1000] ?? '');
      const found: string[] = [];
      for (const key of reader.scan(1, { from }, (entry) => utf8Decode(copyEntry(entry).key))) {
        if (found.push(key) === limit) break;
      }
      expect(found).toEqual(keys.slice(1000, 1000 + limit));
      return disk.readCount - before;
    };
    const [few, many] = [pagesFor(3), pagesFor(1500)];
    expect(few).toBeLessThan(5);
    expect(many).toBeGreaterThan(10 * few);
  });

  it('keeps trees apart, and keys of which one begins another', () => {
    const store = open(new MemoryDisk());
    const long = `a${'\u00ff'.repeat(12)}`;
    store.apply(0, [
      put('a', '1'),
      put(long, '2'),
      put('a', '3', 2),
      put('', '4'),
      put('b', '5', 0),
    ]);
    store.apply(1, [put('a', '6'), put(long, '7'), remove('')]);
    const keys = (tree: number, at: number): string[] =>
      Array.from(store.scanAt(tree, {}, at, copyEntry), ({ key }) => utf8Decode(key));
    expect(keys(1, 0)).toEqual(['', 'a', long]);
    expect(keys(1, 1)).toEqual(['a', long]);
    expect(keys(2, 1)).toEqual(['a']);
    expect(textOf(store, 'a', 0)).toBe('1@0');
    expect(textOf(store, long, 0)).toBe('2@0');
  });

  it('opens where it was flushed, and forgets what was not', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    store.apply(0, [put('a', 'kept'), put('long', 'v'.repeat(50_000))]);
    store.flush(HASH);
    store.apply(1, [put('a', 'lost')]);
    store.close();
    const again = open(disk);
    expect(again.appliedPosition).toBe(0);
    expect(textOf(again, 'a')).toBe('kept@0');
    expect(again.get(1, utf8Encode('long'), copyEntry)?.value).toEqual(
      utf8Encode('v'.repeat(50_000)),
    );
    again.apply(1, [put('a', 'anew')]);
    again.flush(HASH);
    expect(textOf(open(disk), 'a', 0)).toBe('kept@0');
    expect(textOf(open(disk), 'a')).toBe('anew@1');
  });

  it('reads on from where it was when it is written to meanwhile', () => {
    const store = open(new MemoryDisk());
    const keys = Array.from({ length: 300 }, (_, index) => `key ${String(index).padStart(4, '0')}`);
    store.apply(
      0,
      keys.map((key) => put(key, key)),
    );
    for (const reverse of [false, true]) {
      const before = Array.from(store.scan(1, { reverse }, copyEntry));
      const seen: StoreEntry[] = [];
      for (const entry of store.scan(1, { reverse }, copyEntry)) {
        seen.push(entry);
        if (seen.length % 50 !== 0) continue;
        const position = store.appliedPosition + 1;
        const next = keys[(seen.length + 1) % 300] ?? '';
        store.apply(position, [remove(next), put(`key 00${position}x`, 'new'), put('key 01', 'x')]);
        store.flush(HASH);
      }
      expect(seen).toEqual(before);
    }
  });

  it('does not hold on to what it is handed, nor hand out what it holds', () => {
    const store = open(new MemoryDisk());
    const [key, value] = [utf8Encode('a'), utf8Encode('value')];
    store.apply(0, [{ tree: 1, key, value }]);
    key.fill(0);
    value.fill(0);
    store.get(1, utf8Encode('a'), copyEntry)?.value.fill(0);
    expect(textOf(store, 'a')).toBe('value@0');
  });

  it('refuses keys that are too long before it changes anything', () => {
    const store = open(new MemoryDisk());
    const longest = new Uint8Array(KEY_SIZE_MAX).fill(1);
    store.apply(0, [{ tree: 0, key: longest, value: longest }]);
    const longer = new Uint8Array(KEY_SIZE_MAX + 1);
    const writes = [put('a', '1'), { tree: 0, key: longer, value: null }];
    expect(codeOf(() => store.apply(1, writes))).toBe('ERR_STORE_KEY_SIZE');
    expect([store.appliedPosition, textOf(store, 'a')]).toEqual([0, undefined]);
    expect(store.get(0, longest, copyEntry)?.value).toEqual(longest);
    expect(store.get(0, longer, copyEntry)).toBeUndefined();
  });

  it('refuses positions that it has not applied', () => {
    const store = open(new MemoryDisk());
    expect(codeOf(() => store.getAt(1, utf8Encode('a'), 0, copyEntry))).toBe('ERR_STORE_POSITION');
    expect(codeOf(() => store.scanAt(1, {}, 0, copyEntry))).toBe('ERR_STORE_POSITION');
    expect(() => store.apply(1, [])).toThrow('follow');
  });

  it('refuses everything once closed', () => {
    const store = open(new MemoryDisk());
    store.close();
    store.close();
    expect(codeOf(() => store.get(1, utf8Encode('a'), copyEntry))).toBe('ERR_STORE_CLOSED');
    expect(codeOf(() => store.apply(0, []))).toBe('ERR_STORE_CLOSED');
    expect(codeOf(() => store.flush(HASH))).toBe('ERR_STORE_CLOSED');
    expect(codeOf(() => store.scan(1, {}, copyEntry))).toBe('ERR_STORE_CLOSED');
    expect(codeOf(() => store.check())).toBe('ERR_STORE_CLOSED');
  });

  it('opens under its own key only', () => {
    const disk = new MemoryDisk();
    open(disk).close();
    const other = { disk, name: 'store', crypto: nativeCrypto, key: new Uint8Array(32) };
    expect(codeOf(() => Store.open(other))).toBe('ERR_STORE_CORRUPT');
  });

  it('starts over a file that was never finished', () => {
    const disk = new MemoryDisk(new Map([['store.new', new Uint8Array(5000).fill(9)]]));
    const store = open(disk);
    store.apply(0, [put('a', '1')]);
    store.flush(HASH);
    expect(textOf(open(disk), 'a')).toBe('1@0');
    expect(disk.list()).toEqual(['store']);
  });

  it('reads no more pages for what is current, however long the history', () => {
    const disk = new MemoryDisk();
    const store = open(disk);
    const keys = Array.from({ length: 2000 }, (_, index) => String(index).padStart(20, '0'));
    store.apply(
      0,
      keys.map((key) => put(key, 'v'.repeat(50))),
    );
    store.flush(HASH);
    const readsOf = (): number => {
      const reader = open(disk);
      const before = disk.readCount;
      reader.get(1, utf8Encode(keys[1234] ?? ''), copyEntry);
      return disk.readCount - before;
    };
    const reads = readsOf();
    for (let position = 1; position <= 50; position += 1) {
      store.apply(
        position,
        keys.slice(1200, 1300).map((key) => put(key, `${position}`.padStart(50, 'v'))),
      );
    }
    store.flush(HASH);
    expect(store.check().endedVersions).toBe(5000);
    expect(reads).toBeGreaterThan(1);
    expect(readsOf()).toBe(reads);
  });

  it('is the same file, byte for byte, after it is built again as it was under the same key', () => {
    const files = [1, 2].map(() => {
      const disk = new MemoryDisk();
      const store = open(disk, 8);
      for (let position = 0; position < 30; position += 1) {
        const writes = Array.from({ length: 20 }, (_, index) =>
          put(`k${(position * 31 + index * 7) % 200}`, 'v'.repeat((position * index * 13) % 3000)),
        );
        store.apply(position, writes);
        if (position % 4 === 3) store.flush(HASH);
        if (position === 15) store.raiseRetentionFloor(9);
        store.prune(40);
      }
      store.flush(HASH);
      return disk.content('store');
    });
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = files;
    expect(first.length).toBeGreaterThan(40 * 4096);
    expect(bytesEqual(first, second)).toBe(true);
  });

  it('applies a position once', () => {
    const store = open(new MemoryDisk());
    store.apply(0, [put('a', 'one')]);
    store.apply(1, [put('a', 'two')]);
    for (const position of [0, 1]) store.apply(position, [put('a', 'other'), put('b', 'other')]);
    expect([textOf(store, 'a', 0), textOf(store, 'a', 1), store.appliedPosition]).toEqual([
      'one@0',
      'two@1',
      1,
    ]);
    expect(store.check()).toMatchObject({ entries: 1, endedVersions: 1 });
  });

  it('says the same after it is built again from the same batches', () => {
    const batches = Array.from({ length: 28 }, (_, position) =>
      Array.from({ length: 20 }, (_unused, index) =>
        (position * 7 + index * 3) % 5 === 0
          ? remove(`k${(position * 31 + index) % 200}`)
          : put(`k${(position * 31 + index) % 200}`, 'v'.repeat((position * index * 13) % 3000)),
      ),
    );
    const contents = [1, 7, 28].map((flushEvery) => {
      const disk = new MemoryDisk();
      const store = open(disk, 8);
      for (const [position, writes] of batches.entries()) {
        store.apply(position, writes);
        if (position % flushEvery === flushEvery - 1) store.flush(HASH);
      }
      store.check();
      return [store.scan(1, {}, copyEntry), store.scanAt(1, {}, 15, copyEntry)].map(
        describeEntries,
      );
    });
    expect(contents[1]).toEqual(contents[0]);
    expect(contents[2]).toEqual(contents[0]);
  });
});
