/**
 * Versions of keys: what is current, and what was.
 *
 * - current tree: tree id u32 ‖ key → position of the write that made it, value
 * - history tree: tree id u32 ‖ key ‖ ~position u64 of the write that made it → position of the write
 *   that ended it, value; so that the newest of a key comes first
 *
 * A version is visible from the position that made it up to, and without, the one that ended it: at any
 * position at most one version of a key. A deletion leaves nothing in the current tree. What is longer
 * than a leaf takes moves to the history by its pointer. Pages of the two trees are apart: however long
 * the history, a look at what is current reads the same pages.
 */

import { assert } from '@veritydb/types';

import { type LeafValue, isInline, positionAt } from './cell.ts';
import { Cursor } from './cursor.ts';
import { StoreError } from './error.ts';
import { readUint64, writeUint32, writeUint64 } from './integer.ts';
import { createChain, discardChain, readChain } from './overflow.ts';
import type { Pager } from './pager.ts';
import { cellAt, isOverflow, keyAt, keySizeAt, searchLeaf, valueSizeAt } from './slotted.ts';
import type { Superblock } from './superblock.ts';
import { Tree } from './tree.ts';

export const KEY_SIZE_MAX = 1024;
/** One below the highest u32, so that every tree has an id after it to end a scan at. */
export const TREE_ID_MAX = 0xffff_fffe;
export const TREE_ID_SIZE = 4;
export const POSITION_SIZE = 8;
/** Longer keys than are looked up often. */
const SOUGHT_SIZE_MAX = 256;

/** A change of one key; a value of null deletes it. */
export interface StoreWrite {
  readonly tree: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/**
 * A version of a key where it lies: a view of pages, good until the function that it is handed to
 * returns. That function takes what it needs, keeps no view, and changes nothing in the store.
 */
export interface EntryView {
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Of the write that made this version. */
  readonly position: number;
}

/** What a caller makes of an entry while it lies open. */
export type EntryReader<Made> = (entry: EntryView) => Made;

/** A version of a key, in bytes of its own. */
export interface StoreEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Of the write that made this version. */
  readonly position: number;
}

/** The {@link EntryReader} of who keeps an entry. */
export function copyEntry(entry: EntryView): StoreEntry {
  return {
    key: entry.keyBytes.slice(entry.keyStart, entry.keyEnd),
    value: entry.valueBytes.slice(entry.valueStart, entry.valueEnd),
    position: entry.position,
  };
}

/** Tree id ‖ key. */
export function currentKey(tree: number, key: Uint8Array): Uint8Array {
  const full = new Uint8Array(TREE_ID_SIZE + key.length);
  fillCurrentKey(full, tree, key);
  return full;
}

function fillCurrentKey(full: Uint8Array, tree: number, key: Uint8Array): void {
  assert(Number.isSafeInteger(tree) && tree >= 0 && tree <= TREE_ID_MAX, 'tree id is out of range');
  writeUint32(full, 0, tree);
  // A loop: `set` costs more than keys are long.
  for (let at = 0; at < key.length; at += 1) full[TREE_ID_SIZE + at] = key[at] as number;
}

/** For each size of a key one that is written over and over: a key to look up is not kept. */
const soughtKeys: (Uint8Array | undefined)[] = [];

/** {@link currentKey}, good until the next one is asked for. */
function soughtKey(tree: number, key: Uint8Array): Uint8Array {
  const size = TREE_ID_SIZE + key.length;
  let full = size < SOUGHT_SIZE_MAX ? soughtKeys[size] : new Uint8Array(size);
  if (full === undefined) {
    full = new Uint8Array(size);
    soughtKeys[size] = full;
  }
  fillCurrentKey(full, tree, key);
  return full;
}

/** Key of the version that a write at a position made; below it come all that were made later. */
export function historyKey(key: Uint8Array, position: number): Uint8Array {
  assert(position >= 0, 'no version was made before position 0');
  const full = new Uint8Array(key.length + POSITION_SIZE);
  full.set(key);
  writeUint64(full, key.length, position);
  for (let at = key.length; at < full.length; at += 1) full[at] = ~(full[at] as number);
  return full;
}

/** Below the keys of all versions of a key. */
export function historyStart(key: Uint8Array): Uint8Array {
  const full = new Uint8Array(key.length + POSITION_SIZE);
  full.set(key);
  return full;
}

/** The position in the key of a history cell. */
export function madeAt(bytes: Uint8Array, cell: number): number {
  const end = keyAt(bytes, cell) + keySizeAt(bytes, cell);
  const inverted = new Uint8Array(POSITION_SIZE);
  for (let index = 0; index < POSITION_SIZE; index += 1) {
    inverted[index] = ~(bytes[end - POSITION_SIZE + index] as number);
  }
  return readUint64(inverted, 0);
}

/** @throws {StoreError} ERR_STORE_KEY_SIZE */
export function checkKeySize(key: Uint8Array): void {
  if (key.length <= KEY_SIZE_MAX) return;
  throw new StoreError(
    'ERR_STORE_KEY_SIZE',
    `expected a key of at most ${KEY_SIZE_MAX} bytes, got ${key.length}`,
    { hint: 'shorten the values of the key columns' },
  );
}

export class Versions {
  readonly pager: Pager;
  readonly current: Tree;
  readonly history: Tree;
  readonly #historyCursor: Cursor;
  readonly #openedAt: number;
  /** Where each tree was written to last, of those that were since the opening. */
  readonly #changedAt = new Map<number, number>();
  /** Of the write that is being made. */
  #position = 0;
  /** One for all writes: one for each would be most of what a write leaves behind. */
  readonly #replace = (key: Uint8Array, previous: LeafValue): void => {
    this.#end(this.#position, key, previous);
  };

  constructor(pager: Pager, opened: Pick<Superblock, 'applied' | 'currentRoot' | 'historyRoot'>) {
    this.pager = pager;
    this.current = new Tree(pager, opened.currentRoot, 0);
    this.history = new Tree(pager, opened.historyRoot, POSITION_SIZE);
    this.#historyCursor = new Cursor(this.history);
    this.#openedAt = opened.applied?.offset ?? -1;
  }

  /** From which position on, at the latest, a tree has held what it holds now. */
  changedAt(tree: number): number {
    return this.#changedAt.get(tree) ?? this.#openedAt;
  }

  write(position: number, { tree, key, value }: StoreWrite): void {
    this.#changedAt.set(tree, position);
    const full = soughtKey(tree, key);
    this.#position = position;
    if (value === null) this.current.remove(full, this.#replace);
    else this.current.put(full, this.#leafValue(position, full, value), this.#replace);
  }

  /** What a write at a position takes the place of. */
  #end(position: number, key: Uint8Array, previous: LeafValue): void {
    const { overflow, payload, position: madePosition, valueSize } = previous;
    assert(madePosition <= position, 'version is newer than the write that ends it');
    if (madePosition < position) {
      const ended = { position, overflow, valueSize, payload };
      this.history.put(historyKey(key, madePosition), ended, refuseTwice);
    } else if (overflow) {
      discardChain(this.pager, payload, valueSize);
    }
  }

  #leafValue(position: number, key: Uint8Array, value: Uint8Array): LeafValue {
    const overflow = !isInline(key.length, value.length);
    const payload = overflow ? createChain(this.pager, value) : value;
    return { position, overflow, valueSize: value.length, payload };
  }

  get<Made>(tree: number, key: Uint8Array, read: EntryReader<Made>): Made | undefined {
    const entry = this.#openCurrent(tree, key);
    return entry === undefined ? undefined : read(entry);
  }

  getAt<Made>(
    tree: number,
    key: Uint8Array,
    position: number,
    read: EntryReader<Made>,
  ): Made | undefined {
    const entry = this.#openCurrent(tree, key);
    if (entry !== undefined && entry.position <= position) return read(entry);
    const cursor = this.#historyCursor;
    const full = historyKey(currentKey(tree, key), position);
    cursor.seekAtOrAfter(full);
    if (!cursor.isValid || !isVersionOf(cursor.bytes, cursor.cell, full)) return undefined;
    const endedAt = positionAt(cursor.bytes, cursor.cell);
    if (endedAt <= position) return undefined;
    return read(this.openHistory(cursor.bytes, cursor.cell));
  }

  #openCurrent(tree: number, key: Uint8Array): EntryView | undefined {
    if (this.current.isEmpty) return undefined;
    const full = soughtKey(tree, key);
    const { bytes } = this.current.leafOf(full);
    const slot = searchLeaf(bytes, full, 0);
    return slot < 0 ? undefined : this.openCurrent(bytes, cellAt(bytes, slot));
  }

  /** The entry in a cell of the current tree. */
  openCurrent(bytes: Uint8Array, cell: number): EntryView {
    return this.#open(bytes, cell, 0, positionAt(bytes, cell));
  }

  /** The entry in a cell of the history tree. */
  openHistory(bytes: Uint8Array, cell: number): EntryView {
    return this.#open(bytes, cell, POSITION_SIZE, madeAt(bytes, cell));
  }

  #open(bytes: Uint8Array, cell: number, suffix: number, position: number): EntryView {
    const start = keyAt(bytes, cell);
    const payload = start + keySizeAt(bytes, cell);
    const size = valueSizeAt(bytes, cell);
    const isInPage = !isOverflow(bytes, cell);
    return {
      keyBytes: bytes,
      keyStart: start + TREE_ID_SIZE,
      keyEnd: payload - suffix,
      valueBytes: isInPage ? bytes : readChain(this.pager, bytes.subarray(payload), size),
      valueStart: isInPage ? payload : 0,
      valueEnd: isInPage ? payload + size : size,
      position,
    };
  }
}

function refuseTwice(): void {
  assert(false, 'version ended twice');
}

/** Whether a history cell is a version of the key that a history key is of. */
export function isVersionOf(bytes: Uint8Array, cell: number, key: Uint8Array): boolean {
  if (keySizeAt(bytes, cell) !== key.length) return false;
  const start = keyAt(bytes, cell);
  for (let index = 0; index < key.length - POSITION_SIZE; index += 1) {
    if (bytes[start + index] !== key[index]) return false;
  }
  return true;
}
