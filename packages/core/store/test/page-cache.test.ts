import { describe, expect, it } from 'vitest';

import { PageCache } from '../src/page-cache.ts';
import type { Page } from '../src/page.ts';

function pageOf(id: number, dirty = false): Page {
  return { id, bytes: new Uint8Array(0), dirty, referenced: false, frame: -1 };
}

function idsIn(cache: PageCache, upTo: number): number[] {
  return Array.from({ length: upTo }, (_, id) => id).filter((id) => cache.get(id) !== undefined);
}

describe('page cache', () => {
  it('keeps as many clean pages as it has room for, those that are read before others', () => {
    const cache = new PageCache(4);
    for (let id = 0; id < 4; id += 1) cache.addClean(pageOf(id));
    cache.get(1);
    cache.addClean(pageOf(4));
    cache.addClean(pageOf(5));
    cache.addClean(pageOf(6));
    expect(idsIn(cache, 10)).toEqual([1, 4, 5, 6]);
  });

  it('keeps every dirty page', () => {
    const cache = new PageCache(1);
    for (let id = 0; id < 50; id += 1) cache.addDirty(pageOf(id, true));
    for (let id = 50; id < 60; id += 1) cache.addClean(pageOf(id));
    expect(idsIn(cache, 60)).toEqual([...Array.from({ length: 50 }, (_, id) => id), 59]);
  });

  it('has the room again of a page that it is told to forget', () => {
    const cache = new PageCache(2);
    const pages = [pageOf(0), pageOf(1)];
    for (const page of pages) cache.addClean(page);
    for (const page of pages) {
      cache.get(page.id);
      cache.remove(page);
      cache.addClean(pageOf(page.id + 10));
    }
    expect(idsIn(cache, 20)).toEqual([10, 11]);
  });

  it('forgets no page in the place of another that has its id', () => {
    const cache = new PageCache(1);
    const older = pageOf(3);
    cache.addClean(older);
    cache.addClean(pageOf(4));
    const newer = pageOf(3);
    cache.addClean(newer);
    cache.remove(older);
    expect(cache.get(3)).toBe(newer);
  });
});
