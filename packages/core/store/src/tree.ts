/**
 * A B+tree in pages: keys in leaves, ordered as `slotted.ts` says; all leaves at one depth.
 *
 * A page that overflows is split in two, at its end where the new cell comes last (so that ascending
 * keys leave full pages behind), else in the middle. One that falls under a quarter is merged with a
 * neighbour where both fit into one page; one that is empty is freed. The first key of an inner page is
 * never read, so that its first child may go without a trace in the pages above.
 */

import { assert } from '@veritydb/types';

import {
  type LeafValue,
  decodeLeafValue,
  encodeInnerCell,
  encodeLeafCell,
  leafCellSize,
  writeLeafCell,
} from './cell.ts';
import { readUint32, writeUint32 } from './integer.ts';
import { INNER_PAGE, LEAF_PAGE, POINTER_SIZE, type Page, type PageKind } from './page.ts';
import type { Pager } from './pager.ts';
import {
  INNER_POINTER_AT,
  SLOTTED_CAPACITY,
  cellAt,
  cellCount,
  cellFootprint,
  cellSizeAt,
  copyCells,
  fillCells,
  insertCell,
  keyOf,
  removeCell,
  reserveCell,
  searchInner,
  searchLeaf,
  usedSize,
} from './slotted.ts';

/** A page with less in it looks for a neighbour to merge with. */
const USED_MIN: number = SLOTTED_CAPACITY / 4;

/** Is shown what a key led to before, which is gone when it returns. */
export type Replace = (key: Uint8Array, previous: LeafValue) => void;

export class Tree {
  readonly pager: Pager;
  /** Pointer to the root; id 0 when the tree is empty. */
  readonly root: Uint8Array;
  /** Bytes at the end of every key that are compared only when all before them is equal. */
  readonly suffix: number;
  /** From the root to a leaf, as the last descent for a change left them. */
  readonly #pages: Page[] = [];
  /** The slot of each page that leads to the next. */
  readonly #slots: number[] = [];

  constructor(pager: Pager, root: Uint8Array, suffix: number) {
    this.pager = pager;
    this.root = root.slice();
    this.suffix = suffix;
  }

  get isEmpty(): boolean {
    return readUint32(this.root, 0) === 0;
  }

  /** The leaf where a key stands or would stand. Requires the tree not to be empty. */
  leafOf(key: Uint8Array): Page {
    let page = this.pager.load(this.root, 0);
    while (page.bytes[0] === INNER_PAGE) {
      const { bytes } = page;
      const cell = cellAt(bytes, searchInner(bytes, key, this.suffix));
      page = this.pager.load(bytes, cell + INNER_POINTER_AT);
    }
    return page;
  }

  has(key: Uint8Array): boolean {
    return !this.isEmpty && searchLeaf(this.leafOf(key).bytes, key, this.suffix) >= 0;
  }

  /**
   * Sets what a key leads to.
   *
   * @param replace is shown what it led to before, which is gone when it returns
   */
  put(key: Uint8Array, value: LeafValue, replace: Replace): void {
    if (this.isEmpty) this.#setRoot(this.pager.create(LEAF_PAGE));
    const level = this.#descend(key);
    const { bytes } = this.#pages[level] as Page;
    const size = leafCellSize(key, value);
    const found = searchLeaf(bytes, key, this.suffix);
    const slot = found >= 0 ? found : -1 - found;
    if (found >= 0) {
      const cell = cellAt(bytes, slot);
      replace(key, decodeLeafValue(bytes, cell));
      if (cellSizeAt(bytes, cell) === size) {
        writeLeafCell(bytes, cell, key, value);
        return;
      }
      removeCell(bytes, slot);
    }
    const cell = reserveCell(bytes, slot, size);
    if (cell === 0) {
      this.#insert(level, slot, encodeLeafCell(key, value));
      return;
    }
    writeLeafCell(bytes, cell, key, value);
    if (found >= 0) this.#rebalance(level);
  }

  /**
   * Takes a key out, if it is there.
   *
   * @param replace is shown what it led to, which is gone when it returns
   */
  remove(key: Uint8Array, replace: Replace): void {
    if (!this.has(key)) return;
    const level = this.#descend(key);
    const { bytes } = this.#pages[level] as Page;
    const slot = searchLeaf(bytes, key, this.suffix);
    assert(slot >= 0, 'key is lost between two descents');
    replace(key, decodeLeafValue(bytes, cellAt(bytes, slot)));
    removeCell(bytes, slot);
    this.#rebalance(level);
  }

  #setRoot(page: Page): void {
    writeUint32(this.root, 0, page.id);
  }

  /** Goes down to the leaf of a key, making each page on the way one that can be changed. */
  #descend(key: Uint8Array): number {
    let page = this.pager.load(this.root, 0);
    this.pager.modify(page, this.root, 0);
    let level = 0;
    while (page.bytes[0] === INNER_PAGE) {
      const slot = searchInner(page.bytes, key, this.suffix);
      this.#pages[level] = page;
      this.#slots[level] = slot;
      level += 1;
      page = this.#child(page, slot);
    }
    this.#pages[level] = page;
    return level;
  }

  /** A child of a dirty page, dirty. */
  #child(parent: Page, slot: number): Page {
    assert(parent.dirty, 'child of a clean page is to be changed');
    const at = cellAt(parent.bytes, slot) + INNER_POINTER_AT;
    const page = this.pager.load(parent.bytes, at);
    this.pager.modify(page, parent.bytes, at);
    return page;
  }

  /** Puts a cell into the page of a level, which is split where there is no room for it. */
  #insert(level: number, slot: number, cell: Uint8Array): void {
    const page = this.#pages[level] as Page;
    if (insertCell(page.bytes, slot, cell)) return;
    const right = this.pager.create(page.bytes[0] as PageKind);
    const separator = this.#split(page.bytes, right.bytes, slot, cell);
    const rightCell = encodeInnerCell(separator, pointerTo(right));
    if (level > 0) {
      this.#insert(level - 1, (this.#slots[level - 1] as number) + 1, rightCell);
      return;
    }
    const root = this.pager.create(INNER_PAGE);
    fillCells(root.bytes, [
      encodeInnerCell(new Uint8Array(this.suffix), pointerTo(page)),
      rightCell,
    ]);
    this.#setRoot(root);
  }

  /** Spreads the cells of a page and a new one over it and another; returns the least key there. */
  #split(left: Uint8Array, right: Uint8Array, slot: number, cell: Uint8Array): Uint8Array {
    if (slot === cellCount(left)) {
      fillCells(right, [cell]);
    } else {
      const cells = copyCells(left);
      cells.splice(slot, 0, cell);
      const at = middleOf(cells);
      fillCells(left, cells.slice(0, at));
      fillCells(right, cells.slice(at));
    }
    const least = keyOf(right, 0).slice();
    if (left[0] === INNER_PAGE) return least;
    return separatorOf(keyOf(left, cellCount(left) - 1), least, this.suffix);
  }

  /** Mends a page that something was taken out of, and the pages above it. */
  #rebalance(level: number): void {
    const page = this.#pages[level] as Page;
    if (level === 0) {
      this.#shrinkRoot(page);
      return;
    }
    const parent = this.#pages[level - 1] as Page;
    const slot = this.#slots[level - 1] as number;
    if (cellCount(page.bytes) === 0) {
      this.pager.discard(page);
      removeCell(parent.bytes, slot);
    } else if (usedSize(page.bytes) >= USED_MIN || !this.#mergeBeside(parent, slot)) {
      return;
    }
    this.#rebalance(level - 1);
  }

  #shrinkRoot(root: Page): void {
    let page = root;
    while (page.bytes[0] === INNER_PAGE && cellCount(page.bytes) === 1) {
      const at = cellAt(page.bytes, 0) + INNER_POINTER_AT;
      this.root.set(page.bytes.subarray(at, at + POINTER_SIZE));
      this.pager.discard(page);
      page = this.pager.load(this.root, 0);
    }
    if (cellCount(page.bytes) > 0) return;
    this.pager.discard(page);
    this.root.fill(0);
  }

  /** Merges the child of a slot with the one before or after it, where both fit into a page. */
  #mergeBeside(parent: Page, slot: number): boolean {
    for (const left of [slot - 1, slot]) {
      if (left < 0 || left + 1 >= cellCount(parent.bytes)) continue;
      if (this.#merge(parent, left)) return true;
    }
    return false;
  }

  #merge(parent: Page, slot: number): boolean {
    const leftAt = cellAt(parent.bytes, slot) + INNER_POINTER_AT;
    const rightCell = cellAt(parent.bytes, slot + 1);
    const left = this.pager.load(parent.bytes, leftAt);
    const right = this.pager.load(parent.bytes, rightCell + INNER_POINTER_AT);
    const cells = copyCells(right.bytes);
    if (right.bytes[0] === INNER_PAGE) {
      // The first key of an inner page is not read while it is first: it is the one above that counts.
      const first = cells[0] as Uint8Array;
      const pointer = first.subarray(INNER_POINTER_AT, INNER_POINTER_AT + POINTER_SIZE);
      cells[0] = encodeInnerCell(keyOf(parent.bytes, slot + 1), pointer);
    }
    const size = cells.reduce((sum, cell) => sum + cellFootprint(cell.length), 0);
    if (usedSize(left.bytes) + size > SLOTTED_CAPACITY) return false;
    this.pager.modify(left, parent.bytes, leftAt);
    fillCells(left.bytes, [...copyCells(left.bytes), ...cells]);
    this.pager.discard(right);
    removeCell(parent.bytes, slot + 1);
    return true;
  }
}

/** A pointer to a dirty page: its tag comes when it is written. */
function pointerTo(page: Page): Uint8Array {
  const pointer = new Uint8Array(POINTER_SIZE);
  writeUint32(pointer, 0, page.id);
  return pointer;
}

/** How many of the cells make up the first half in bytes; at least one stays on each side. */
function middleOf(cells: readonly Uint8Array[]): number {
  const size = cells.reduce((sum, cell) => sum + cellFootprint(cell.length), 0);
  let left = 0;
  let count = 0;
  while (count < cells.length - 1 && left < size / 2) {
    left += cellFootprint((cells[count] as Uint8Array).length);
    count += 1;
  }
  return count;
}

/** The shortest key above the last on the left and not above the first on the right. */
function separatorOf(last: Uint8Array, first: Uint8Array, suffix: number): Uint8Array {
  const lastBody = last.subarray(0, last.length - suffix);
  const firstBody = first.subarray(0, first.length - suffix);
  let common = 0;
  while (common < lastBody.length && lastBody[common] === firstBody[common]) common += 1;
  // Bodies are equal, or the right one is no shorter than what is kept of it.
  if (common === firstBody.length) return first;
  const separator = new Uint8Array(common + 1 + suffix);
  separator.set(firstBody.subarray(0, common + 1));
  return separator;
}
