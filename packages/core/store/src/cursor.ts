/**
 * A place in a tree, from which to go on in either direction. Good until the tree changes: who holds
 * one seeks anew then.
 */

import { INNER_PAGE, type Page } from './page.ts';
import { INNER_POINTER_AT, cellAt, cellCount, searchInner, searchLeaf } from './slotted.ts';
import type { Tree } from './tree.ts';

export class Cursor {
  readonly #tree: Tree;
  readonly #pages: Page[] = [];
  readonly #slots: number[] = [];
  /** Level of the leaf, or −1 when the cursor stands nowhere. */
  #level = -1;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Whether the cursor stands at an entry. */
  get isValid(): boolean {
    return this.#level >= 0;
  }

  /** Body of the leaf of the entry. Requires a valid cursor. */
  get bytes(): Uint8Array {
    return (this.#pages[this.#level] as Page).bytes;
  }

  /** Where the entry's cell starts in the leaf. Requires a valid cursor. */
  get cell(): number {
    return cellAt(this.bytes, this.#slots[this.#level] as number);
  }

  /** Goes to the first entry at or after a key. */
  seekAtOrAfter(key: Uint8Array): void {
    const slot = this.#descend(key);
    if (this.#level >= 0 && slot === cellCount(this.bytes)) this.#step(1);
  }

  /** Goes to the last entry before a key. */
  seekBefore(key: Uint8Array): void {
    this.#descend(key);
    if (this.#level >= 0) this.#step(-1);
  }

  next(): void {
    this.#step(1);
  }

  previous(): void {
    this.#step(-1);
  }

  /** Goes down to the leaf of a key, and to the slot where it stands or would stand. */
  #descend(key: Uint8Array): number {
    this.#level = -1;
    if (this.#tree.isEmpty) return 0;
    const { pager, root, suffix } = this.#tree;
    let page = pager.load(root, 0);
    let level = 0;
    while (page.bytes[0] === INNER_PAGE) {
      const slot = searchInner(page.bytes, key, suffix);
      this.#pages[level] = page;
      this.#slots[level] = slot;
      level += 1;
      page = pager.load(page.bytes, cellAt(page.bytes, slot) + INNER_POINTER_AT);
    }
    const found = searchLeaf(page.bytes, key, suffix);
    const slot = found >= 0 ? found : -1 - found;
    this.#pages[level] = page;
    this.#slots[level] = slot;
    this.#level = level;
    return slot;
  }

  /** One entry onwards (1) or back (−1). */
  #step(direction: 1 | -1): void {
    const leafLevel = this.#level;
    let level = leafLevel;
    for (; level >= 0; level -= 1) {
      const slot = (this.#slots[level] as number) + direction;
      if (slot < 0 || slot >= cellCount((this.#pages[level] as Page).bytes)) continue;
      this.#slots[level] = slot;
      break;
    }
    this.#level = level < 0 ? -1 : leafLevel;
    for (; level >= 0 && level < leafLevel; level += 1) {
      const { bytes } = this.#pages[level] as Page;
      const at = cellAt(bytes, this.#slots[level] as number) + INNER_POINTER_AT;
      const child = this.#tree.pager.load(bytes, at);
      this.#pages[level + 1] = child;
      this.#slots[level + 1] = direction === 1 ? 0 : cellCount(child.bytes) - 1;
    }
  }
}
