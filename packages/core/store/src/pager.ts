/**
 * Pages of a store, changed by copy-on-write.
 *
 * - A page that the durable superblock reaches is never written over. To change it is to give it an id
 *   that was free in that state; the id that it had is free once a newer superblock is durable.
 * - Dirty pages are those that were given an id since the last flush, and they alone; they change in
 *   place, and are in memory until the flush.
 * - The pointer to a dirty page has its id; its tag is put in when the page is written.
 */

import { assert } from '@veritydb/types';

import { corruptPage } from './error.ts';
import { FreeList } from './free-list.ts';
import { readUint32, writeUint32 } from './integer.ts';
import { PageCache } from './page-cache.ts';
import type { PageFile } from './page-file.ts';
import {
  FREE_PAGE,
  INNER_PAGE,
  LEAF_PAGE,
  OVERFLOW_PAGE,
  PAGE_BODY_SIZE,
  PAGE_ID_MAX,
  POINTER_SIZE,
  CHAIN_NEXT_AT,
  type Page,
  type PageKind,
} from './page.ts';
import {
  INNER_POINTER_AT,
  cellAt,
  cellCount,
  formatSlotted,
  isOverflow,
  payloadAt,
} from './slotted.ts';

export class Pager {
  readonly #file: PageFile;
  readonly #cache: PageCache;
  readonly #free: FreeList;
  #pageCount: number;

  constructor(
    file: PageFile,
    state: { readonly pageCount: number; readonly freeList: Uint8Array },
    cachePages: number,
  ) {
    this.#file = file;
    this.#cache = new PageCache(cachePages);
    this.#free = new FreeList(file, state.freeList);
    this.#pageCount = state.pageCount;
  }

  get pageCount(): number {
    return this.#pageCount;
  }

  /** The page that a pointer points to. */
  load(pointer: Uint8Array, at: number): Page {
    const cached = this.#cache.get(readUint32(pointer, at));
    if (cached !== undefined) return cached;
    const page = this.#read(pointer, at);
    this.#cache.addClean(page);
    return page;
  }

  /** The same, from disk unless it is dirty: what memory says does not count. */
  audit(pointer: Uint8Array, at: number): Page {
    const cached = this.#cache.get(readUint32(pointer, at));
    return cached?.dirty === true ? cached : this.#read(pointer, at);
  }

  #read(pointer: Uint8Array, at: number): Page {
    const id = readUint32(pointer, at);
    if (id >= this.#pageCount) throw corruptPage(id, 'is past the end of the store');
    const bytes = this.#file.read(pointer, at);
    const kind = bytes[0] as number;
    if (kind < LEAF_PAGE || kind >= FREE_PAGE) throw corruptPage(id, 'is of no known kind');
    return { id, bytes, dirty: false, referenced: true, frame: -1 };
  }

  /** A new page, dirty. */
  create(kind: PageKind): Page {
    const bytes = new Uint8Array(PAGE_BODY_SIZE);
    formatSlotted(bytes, kind);
    const page: Page = { id: this.#allocate(), bytes, dirty: true, referenced: true, frame: -1 };
    this.#cache.addDirty(page);
    return page;
  }

  #allocate(): number {
    const free = this.#free.take();
    if (free !== undefined) return free;
    assert(this.#pageCount <= PAGE_ID_MAX, 'store has no page ids left');
    this.#pageCount += 1;
    return this.#pageCount - 1;
  }

  /** Makes a page one that can be changed, and the pointer to it follow. */
  modify(page: Page, pointer: Uint8Array, at: number): void {
    assert(readUint32(pointer, at) === page.id, 'page is not the one that the pointer leads to');
    if (page.dirty) return;
    this.#cache.remove(page);
    this.#free.release(page.id);
    page.id = this.#allocate();
    page.dirty = true;
    this.#cache.addDirty(page);
    writeUint32(pointer, at, page.id);
  }

  /** Frees a page; nothing may point to it any more. */
  discard(page: Page): void {
    this.#cache.remove(page);
    if (page.dirty) this.#free.giveBack(page.id);
    else this.#free.release(page.id);
  }

  /** Writes the page that a pointer points to, and all below it, where dirty; puts the tags in. */
  write(pointer: Uint8Array, at: number): void {
    const page = this.#dirtyPage(pointer, at);
    if (page === undefined) return;
    const { bytes } = page;
    if (bytes[0] === OVERFLOW_PAGE) {
      this.#writeChain(page, pointer, at);
      return;
    }
    for (let slot = 0; slot < cellCount(bytes); slot += 1) {
      const cell = cellAt(bytes, slot);
      if (bytes[0] === INNER_PAGE) this.write(bytes, cell + INNER_POINTER_AT);
      else if (isOverflow(bytes, cell)) this.write(bytes, payloadAt(bytes, cell));
    }
    this.#writePage(page, pointer, at);
  }

  #dirtyPage(pointer: Uint8Array, at: number): Page | undefined {
    const id = readUint32(pointer, at);
    const page = id === 0 ? undefined : this.#cache.get(id);
    return page?.dirty === true ? page : undefined;
  }

  /** A chain is written from its end, in a loop: it may be longer than the stack is deep. */
  #writeChain(first: Page, pointer: Uint8Array, at: number): void {
    const chain = [first];
    for (;;) {
      const next = this.#dirtyPage((chain.at(-1) as Page).bytes, CHAIN_NEXT_AT);
      if (next === undefined) break;
      chain.push(next);
    }
    for (let index = chain.length - 1; index > 0; index -= 1) {
      const parent = chain[index - 1] as Page;
      this.#writePage(chain[index] as Page, parent.bytes, CHAIN_NEXT_AT);
    }
    this.#writePage(first, pointer, at);
  }

  #writePage(page: Page, pointer: Uint8Array, at: number): void {
    this.#file.write(page.id, page.bytes, pointer, at);
    page.dirty = false;
    this.#cache.addClean(page);
  }

  /** Writes what is free, after all pages; returns the pointer to it. */
  writeFreeList(): Uint8Array {
    return this.#free.write(() => this.#allocate());
  }

  /** The flush is durable: what the state before it held is free. */
  settle(freeList: Uint8Array): void {
    assert(freeList.length === POINTER_SIZE, 'free list is no pointer');
    this.#free.settle(freeList);
  }

  freeIds(): readonly number[] {
    return this.#free.ids();
  }

  clear(): void {
    this.#cache.clear();
  }
}
