/**
 * Walks all of a store: every page read from disk against its pointer, every key in its order and under
 * its parent's, every page either reached once or free.
 */

import { assert } from '@veritydb/types';

import { positionAt } from './cell.ts';
import { corruptPage } from './error.ts';
import { readUint32 } from './integer.ts';
import { visitChain } from './overflow.ts';
import { FIRST_PAGE_ID, INNER_PAGE, LEAF_PAGE, type Page } from './page.ts';
import type { Pager } from './pager.ts';
import {
  INNER_POINTER_AT,
  SLOTTED_CAPACITY,
  cellAt,
  cellCount,
  cellFootprint,
  cellSizeAt,
  compareKeys,
  isOverflow,
  keyOf,
  payloadAt,
  usedSize,
  valueSizeAt,
} from './slotted.ts';
import type { Tree } from './tree.ts';
import type { Versions } from './versions.ts';

export interface StoreCheck {
  /** Pages that hold something: of both trees, and of long values. */
  readonly pages: number;
  /** Keys that are current. */
  readonly entries: number;
  /** Versions that were ended. */
  readonly endedVersions: number;
}

/** Keys that a page may hold: from `from` on, and before `to`. */
interface KeyBounds {
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

/** @throws {StoreError} ERR_STORE_CORRUPT */
export function checkVersions(versions: Versions, appliedPosition: number): StoreCheck {
  const walk = new Walk(versions.pager, appliedPosition);
  const entries = walk.countEntries(versions.current);
  const endedVersions = walk.countEntries(versions.history);
  walk.checkFree();
  return { pages: walk.pageCount, entries, endedVersions };
}

class Walk {
  readonly #pager: Pager;
  readonly #appliedPosition: number;
  readonly #seen = new Set<number>();

  constructor(pager: Pager, appliedPosition: number) {
    this.#pager = pager;
    this.#appliedPosition = appliedPosition;
  }

  get pageCount(): number {
    return this.#seen.size;
  }

  countEntries(tree: Tree): number {
    if (tree.isEmpty) return 0;
    const bounds = { from: undefined, to: undefined };
    return this.#walkPage(tree, this.#visit(tree.root, 0), bounds).entries;
  }

  /** Every page that is not reached is free, and every free one is not reached. */
  checkFree(): void {
    const reached = this.#seen.size;
    const all = new Set(this.#seen);
    const free = this.#pager.freeIds();
    for (const id of free) {
      if (id < FIRST_PAGE_ID || id >= this.#pager.pageCount) throw corruptPage(id, 'is no page');
      if (all.has(id)) throw corruptPage(id, 'is free and in use, or free twice');
      all.add(id);
    }
    const expected = this.#pager.pageCount - FIRST_PAGE_ID;
    if (reached + free.length === expected) return;
    for (let id = FIRST_PAGE_ID; id < this.#pager.pageCount; id += 1) {
      if (!all.has(id)) throw corruptPage(id, 'is neither free nor in use');
    }
  }

  #visit(pointer: Uint8Array, at: number): Page {
    const id = readUint32(pointer, at);
    if (this.#seen.has(id)) throw corruptPage(id, 'has two parents');
    this.#seen.add(id);
    return this.#pager.audit(pointer, at);
  }

  #walkPage(tree: Tree, page: Page, bounds: KeyBounds): { entries: number; depth: number } {
    const { bytes } = page;
    if (bytes[0] !== LEAF_PAGE && bytes[0] !== INNER_PAGE) throw corruptPage(page.id, 'is no node');
    checkCells(page);
    checkOrder(page, bounds, tree.suffix);
    const count = cellCount(bytes);
    if (bytes[0] === LEAF_PAGE) {
      for (let slot = 0; slot < count; slot += 1) this.#walkEntry(page, cellAt(bytes, slot));
      return { entries: count, depth: 0 };
    }
    let entries = 0;
    let depth = -1;
    for (let slot = 0; slot < count; slot += 1) {
      const child = this.#visit(bytes, cellAt(bytes, slot) + INNER_POINTER_AT);
      const below = this.#walkPage(tree, child, {
        from: slot === 0 ? bounds.from : keyOf(bytes, slot),
        to: slot + 1 === count ? bounds.to : keyOf(bytes, slot + 1),
      });
      if (slot > 0 && below.depth !== depth) throw corruptPage(child.id, 'is at another depth');
      depth = below.depth;
      entries += below.entries;
    }
    return { entries, depth: depth + 1 };
  }

  #walkEntry(page: Page, cell: number): void {
    const { bytes } = page;
    if (positionAt(bytes, cell) > this.#appliedPosition) {
      throw corruptPage(page.id, 'holds a version from after the applied position');
    }
    if (!isOverflow(bytes, cell)) return;
    const pointer = bytes.subarray(payloadAt(bytes, cell));
    visitChain(
      pointer,
      valueSizeAt(bytes, cell),
      (next, at) => this.#visit(next, at),
      (part) => assert(part.id >= FIRST_PAGE_ID, 'value is in a superblock'),
    );
  }
}

/** What the header of a page says of its cells is so. */
function checkCells(page: Page): void {
  const { bytes } = page;
  const count = cellCount(bytes);
  let used = 0;
  for (let slot = 0; slot < count; slot += 1) {
    used += cellFootprint(cellSizeAt(bytes, cellAt(bytes, slot)));
  }
  if (count === 0) throw corruptPage(page.id, 'is empty');
  if (used !== usedSize(bytes) || used > SLOTTED_CAPACITY) {
    throw corruptPage(page.id, 'counts its bytes wrongly');
  }
}

/** Keys ascend, within what the parents say. The first key of an inner page says nothing. */
function checkOrder(page: Page, bounds: KeyBounds, suffix: number): void {
  const { bytes } = page;
  let last = bounds.from;
  for (let slot = bytes[0] === INNER_PAGE ? 1 : 0; slot < cellCount(bytes); slot += 1) {
    const key = keyOf(bytes, slot);
    const order = last === undefined ? 1 : compareKeys(last, key, suffix);
    // The least key of a page may be the one that its parent has for it.
    const isFirst = last === bounds.from;
    if (last !== undefined && (isFirst ? order > 0 : order >= 0)) {
      throw corruptPage(page.id, 'has keys out of order');
    }
    if (bounds.to !== undefined && compareKeys(key, bounds.to, suffix) >= 0) {
      throw corruptPage(page.id, 'has a key that is past its end');
    }
    last = key;
  }
}
