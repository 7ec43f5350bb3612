/**
 * Pages in memory, by id: dirty ones until they are written, clean ones within a budget. Clean pages
 * leave by the clock: the hand passes over a page that was read since it last came by.
 */

import { assert } from '@veritydb/types';

import type { Page } from './page.ts';

const NO_FRAME = -1;

export class PageCache {
  readonly #pages = new Map<number, Page>();
  readonly #frames: (Page | undefined)[] = [];
  readonly #emptyFrames: number[] = [];
  readonly #frameCount: number;
  #hand = 0;

  constructor(frameCount: number) {
    assert(Number.isSafeInteger(frameCount) && frameCount > 0, 'page cache has no room');
    this.#frameCount = frameCount;
  }

  get(id: number): Page | undefined {
    const page = this.#pages.get(id);
    if (page !== undefined) page.referenced = true;
    return page;
  }

  /** Takes in a page that is dirty, under its id. */
  addDirty(page: Page): void {
    assert(page.dirty && page.frame === NO_FRAME, 'page of the clock is taken in as dirty');
    this.#pages.set(page.id, page);
  }

  /** Takes in a page that is clean, and puts another out where there is no room. */
  addClean(page: Page): void {
    assert(!page.dirty && page.frame === NO_FRAME, 'page is in the clock twice');
    this.#pages.set(page.id, page);
    page.frame = this.#emptyFrame();
    this.#frames[page.frame] = page;
  }

  /** Forgets a page; who holds it may go on reading it. */
  remove(page: Page): void {
    if (this.#pages.get(page.id) === page) this.#pages.delete(page.id);
    if (page.frame === NO_FRAME) return;
    this.#frames[page.frame] = undefined;
    this.#emptyFrames.push(page.frame);
    page.frame = NO_FRAME;
  }

  clear(): void {
    this.#pages.clear();
    this.#frames.length = 0;
    this.#emptyFrames.length = 0;
    this.#hand = 0;
  }

  #emptyFrame(): number {
    const empty = this.#emptyFrames.pop();
    if (empty !== undefined) return empty;
    if (this.#frames.length < this.#frameCount) return this.#frames.length;
    for (;;) {
      const frame = this.#hand;
      this.#hand = (frame + 1) % this.#frameCount;
      const page = this.#frames[frame];
      assert(page !== undefined, 'clock has an empty frame that it does not know');
      if (!page.referenced) {
        this.#pages.delete(page.id);
        page.frame = NO_FRAME;
        return frame;
      }
      page.referenced = false;
    }
  }
}
