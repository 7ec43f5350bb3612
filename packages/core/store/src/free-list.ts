/**
 * Pages that hold nothing.
 *
 * Durable as a chain of pages full of ids, used as a stack: a flush writes again only the part of it
 * that was taken up since the last one. An id freed by a page of the durable state waits until a newer
 * state is durable; an id that was given out since the last flush can be given out again at once.
 */

import { assert } from '@veritydb/types';

import { corruptPage } from './error.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integer.ts';
import type { PageFile } from './page-file.ts';
import {
  CHAIN_COUNT_AT,
  CHAIN_DATA_AT,
  CHAIN_NEXT_AT,
  FREE_CAPACITY,
  FREE_PAGE,
  PAGE_BODY_SIZE,
  POINTER_SIZE,
} from './page.ts';

export class FreeList {
  readonly #file: PageFile;
  /** Pointer to the part of the durable chain that was not taken up. */
  readonly #rest: Uint8Array;
  /** Free in the durable state, and now. */
  #ready: number[] = [];
  /** Held by the durable state. */
  #waiting: number[] = [];

  constructor(file: PageFile, pointer: Uint8Array) {
    this.#file = file;
    this.#rest = pointer.slice();
  }

  /** An id that may be written over, if there is one. */
  take(): number | undefined {
    // A page of the chain may be empty of all but its own id, which has to wait.
    while (this.#ready.length === 0 && readUint32(this.#rest, 0) !== 0) {
      this.#waiting.push(readUint32(this.#rest, 0));
      this.#ready = this.#readPage(this.#rest);
    }
    return this.#ready.pop();
  }

  /** Gives back an id that was taken since the last flush. */
  giveBack(id: number): void {
    this.#ready.push(id);
  }

  /** Frees an id that the durable state holds. */
  release(id: number): void {
    this.#waiting.push(id);
  }

  /**
   * Writes what is free and returns the pointer to it; nothing may be taken until {@link settle}.
   * `allocate` gives ids for pages of the list itself, out of this list where it can.
   */
  write(allocate: () => number): Uint8Array {
    const pageIds: number[] = [];
    while (pageIds.length * FREE_CAPACITY < this.#ready.length + this.#waiting.length) {
      pageIds.push(allocate());
    }
    const free = [...this.#ready, ...this.#waiting];
    const pointer = this.#rest.slice();
    for (const [index, pageId] of pageIds.entries()) {
      const ids = free.slice(index * FREE_CAPACITY, (index + 1) * FREE_CAPACITY);
      const body = new Uint8Array(PAGE_BODY_SIZE);
      body[0] = FREE_PAGE;
      writeUint16(body, CHAIN_COUNT_AT, ids.length);
      body.set(pointer, CHAIN_NEXT_AT);
      for (const [at, id] of ids.entries()) writeUint32(body, CHAIN_DATA_AT + 4 * at, id);
      this.#file.write(pageId, body, pointer, 0);
    }
    return pointer;
  }

  /** What was written is durable: all of it is free now. */
  settle(pointer: Uint8Array): void {
    this.#rest.set(pointer);
    this.#ready = [];
    this.#waiting = [];
  }

  /** Every id that is free, or will be after the next flush, the list's own pages with them. */
  ids(): readonly number[] {
    const ids = [...this.#ready, ...this.#waiting];
    const pointer = this.#rest.slice();
    while (readUint32(pointer, 0) !== 0) {
      ids.push(readUint32(pointer, 0));
      for (const id of this.#readPage(pointer)) ids.push(id);
    }
    return ids;
  }

  /** Ids in a page of the chain; the pointer then leads to the next. */
  #readPage(pointer: Uint8Array): number[] {
    const body = this.#file.read(pointer, 0);
    const count = readUint16(body, CHAIN_COUNT_AT);
    if (body[0] !== FREE_PAGE || count > FREE_CAPACITY) {
      throw corruptPage(readUint32(pointer, 0), 'is not a page of the free list');
    }
    const ids: number[] = [];
    for (let at = 0; at < count; at += 1) ids.push(readUint32(body, CHAIN_DATA_AT + 4 * at));
    assert(!ids.includes(0), 'free list holds page 0');
    pointer.set(body.subarray(CHAIN_NEXT_AT, CHAIN_NEXT_AT + POINTER_SIZE));
    return ids;
  }
}
