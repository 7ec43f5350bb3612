/**
 * Entries of a range, in order, as of a position: those of the current tree that are old enough, merged
 * with those of the history that were not ended yet. No key is visible in both.
 */

import { assert, compareBytes } from '@veritydb/types';

import { positionAt } from './cell.ts';
import { Cursor } from './cursor.ts';
import { writeUint32 } from './integer.ts';
import { compareKeyAt, keyAt, keySizeAt } from './slotted.ts';
import {
  POSITION_SIZE,
  TREE_ID_SIZE,
  type EntryView,
  type Versions,
  currentKey,
  historyKey,
  historyStart,
  isVersionOf,
  madeAt,
} from './versions.ts';

/** Keys of a tree from `from` on, and before `to`. */
export interface ScanRange {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
  /** From the last to the first. */
  readonly reverse?: boolean;
}

/** The same, in keys of the current tree. */
export interface ScanBounds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly reverse: boolean;
}

const NO_BYTES = new Uint8Array(0);

export function scanBounds(tree: number, range: ScanRange): ScanBounds {
  const reverse = range.reverse === true;
  const from = currentKey(tree, range.from ?? NO_BYTES);
  if (range.to !== undefined) return { from, to: currentKey(tree, range.to), reverse };
  // Ends where the next tree begins: no tree has the highest id.
  const to = new Uint8Array(TREE_ID_SIZE);
  writeUint32(to, 0, tree + 1);
  return { from, to, reverse };
}

/** Copies the key of an entry, over another of its size where there is one. */
export function keepKey(kept: Uint8Array, { keyBytes, keyEnd, keyStart }: EntryView): Uint8Array {
  const size = keyEnd - keyStart;
  const key = kept.length === size ? kept : new Uint8Array(size);
  for (let at = 0; at < size; at += 1) key[at] = keyBytes[keyStart + at] as number;
  return key;
}

/** What is left of a range after a key was handed out. */
export function boundsAfter(bounds: ScanBounds, key: Uint8Array): ScanBounds {
  const full = new Uint8Array(TREE_ID_SIZE + key.length + 1);
  full.set(bounds.from.subarray(0, TREE_ID_SIZE));
  full.set(key, TREE_ID_SIZE);
  // The next key after one is that key with a zero byte more.
  return bounds.reverse ? { ...bounds, to: full.slice(0, -1) } : { ...bounds, from: full };
}

/** Entries as of a position, in order. The versions must not change while they are read. */
export function* scanVersions(
  versions: Versions,
  bounds: ScanBounds,
  position: number,
): Generator<EntryView, void> {
  const current = scanCurrent(versions, bounds, position);
  const history = scanHistory(versions, bounds, position);
  let left = current.next();
  let right = history.next();
  while (left.done !== true && right.done !== true) {
    const order = compareEntries(left.value, right.value);
    assert(order !== 0, 'two versions of a key are visible at one position');
    if (order < 0 === bounds.reverse) {
      yield right.value;
      right = history.next();
    } else {
      yield left.value;
      left = current.next();
    }
  }
  for (; left.done !== true; left = current.next()) yield left.value;
  for (; right.done !== true; right = history.next()) yield right.value;
}

function compareEntries(a: EntryView, b: EntryView): number {
  return compareBytes(
    a.keyBytes.subarray(a.keyStart, a.keyEnd),
    b.keyBytes.subarray(b.keyStart, b.keyEnd),
  );
}

/** Entries of the current tree that were made at a position or before. */
export function* scanCurrent(
  versions: Versions,
  bounds: ScanBounds,
  position: number,
): Generator<EntryView, void> {
  const cursor = new Cursor(versions.current);
  if (bounds.reverse) cursor.seekBefore(bounds.to);
  else cursor.seekAtOrAfter(bounds.from);
  while (cursor.isValid && !isPastEnd(cursor, bounds, 0)) {
    const entry = versions.openCurrent(cursor.bytes, cursor.cell);
    if (entry.position <= position) yield entry;
    if (bounds.reverse) cursor.previous();
    else cursor.next();
  }
}

/** Entries of the history tree that were made at a position or before, and ended after it. */
function* scanHistory(
  versions: Versions,
  bounds: ScanBounds,
  position: number,
): Generator<EntryView, void> {
  const ends = {
    from: historyStart(bounds.from),
    to: historyStart(bounds.to),
    reverse: bounds.reverse,
  };
  const cursor = new Cursor(versions.history);
  if (ends.reverse) cursor.seekBefore(ends.to);
  else cursor.seekAtOrAfter(ends.from);
  while (cursor.isValid && !isPastEnd(cursor, ends, POSITION_SIZE)) {
    const start = keyAt(cursor.bytes, cursor.cell);
    const size = keySizeAt(cursor.bytes, cursor.cell) - POSITION_SIZE;
    const key = cursor.bytes.slice(start, start + size);
    const wanted = historyKey(key, position);
    // Forwards the newest version of a key comes first: often the one that is wanted.
    if (ends.reverse || madeAt(cursor.bytes, cursor.cell) > position) cursor.seekAtOrAfter(wanted);
    const isFound = cursor.isValid && isVersionOf(cursor.bytes, cursor.cell, wanted);
    if (isFound && positionAt(cursor.bytes, cursor.cell) > position) {
      yield versions.openHistory(cursor.bytes, cursor.cell);
    }
    if (ends.reverse) cursor.seekBefore(historyStart(key));
    else if (isFound) skipVersions(cursor, wanted);
  }
}

/** Versions that ended, with the position that ended each; by key, the newest of a key first. */
export function* scanEnded(
  versions: Versions,
  bounds: ScanBounds,
): Generator<{ readonly entry: EntryView; readonly endedAt: number }, void> {
  const ends = { from: historyStart(bounds.from), to: historyStart(bounds.to), reverse: false };
  const cursor = new Cursor(versions.history);
  cursor.seekAtOrAfter(ends.from);
  while (cursor.isValid && !isPastEnd(cursor, ends, POSITION_SIZE)) {
    const endedAt = positionAt(cursor.bytes, cursor.cell);
    yield { entry: versions.openHistory(cursor.bytes, cursor.cell), endedAt };
    cursor.next();
  }
}

/** Goes forwards to the next key that has a history. */
function skipVersions(cursor: Cursor, key: Uint8Array): void {
  cursor.next();
  if (!cursor.isValid || !isVersionOf(cursor.bytes, cursor.cell, key)) return;
  const next = new Uint8Array(key.length + 1);
  next.set(key.subarray(0, key.length - POSITION_SIZE));
  cursor.seekAtOrAfter(next);
}

function isPastEnd(cursor: Cursor, bounds: ScanBounds, suffix: number): boolean {
  const { bytes, cell } = cursor;
  if (bounds.reverse) return compareKeyAt(bytes, cell, bounds.from, suffix) < 0;
  return compareKeyAt(bytes, cell, bounds.to, suffix) >= 0;
}
