/**
 * Ranges of keys, and what a position in a trie says of them.
 *
 * A range holds its lower bound and not its upper one. Every other is one of these: the least key above
 * a key is that key with a 00 behind it.
 */

import { compareBytes } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { STATE_KEY_SIZE_MAX, bytesFor } from './node.ts';

/** Keys from `from` on and before `to`, as memcmp orders them; without a bound where there is none. */
export interface KeyRange {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
}

/** The range of one key. */
export function pointRange(key: Uint8Array): KeyRange {
  return { from: key, to: successorOf(key) };
}

/** The least key above a key: bounds a range that is to hold its last key, or not its first. */
export function successorOf(key: Uint8Array): Uint8Array {
  const successor = new Uint8Array(key.length + 1);
  successor.set(key);
  return successor;
}

/**
 * Refuses a range that can hold no key, of which a proof would say nothing, and bounds that are longer
 * than a key and the byte behind it.
 *
 * @throws {MerkleError} ERR_MERKLE_RANGE
 */
export function checkRange({ from, to }: KeyRange): void {
  for (const bound of [from, to]) {
    if (bound !== undefined && bound.length > STATE_KEY_SIZE_MAX + 1) {
      throw refused(`a bound of at most ${STATE_KEY_SIZE_MAX + 1} bytes`, `${bound.length}`);
    }
  }
  if (to === undefined) return;
  if (to.length === 0 || (from !== undefined && compareBytes(from, to) >= 0)) {
    throw refused('a lower bound below the upper one', 'a range without keys');
  }
}

export function isInRange({ from, to }: KeyRange, key: Uint8Array): boolean {
  if (from !== undefined && compareBytes(key, from) < 0) return false;
  return to === undefined || compareBytes(key, to) < 0;
}

/**
 * Whether a position alone keeps a subtree out of a range: whatever key begins with the first `bits` bits
 * of `path`, it is below the range or above it. The least such key is these bits with zeros up to the
 * byte; above the greatest there is none of them, however long.
 */
export function excludesPosition({ from, to }: KeyRange, path: Uint8Array, bits: number): boolean {
  const size = bytesFor(bits);
  const unused = bits === 0 ? 0 : 0xff >> (((bits - 1) & 7) + 1);
  return (
    (from !== undefined && isBelow(path, size, unused, from)) ||
    (to !== undefined && isAtOrAbove(path, size, unused, to))
  );
}

/** Whether all keys at a position are below a bound: those with ones behind it, too. */
function isBelow(path: Uint8Array, size: number, unused: number, bound: Uint8Array): boolean {
  for (let at = 0; at < size && at < bound.length; at += 1) {
    const byte = (path[at] as number) | (at === size - 1 ? unused : 0);
    if (byte !== bound[at]) return byte < (bound[at] as number);
  }
  return false;
}

/** Whether all keys at a position are at a bound or above it: the one with zeros behind it, too. */
function isAtOrAbove(path: Uint8Array, size: number, unused: number, bound: Uint8Array): boolean {
  for (let at = 0; at < size && at < bound.length; at += 1) {
    const byte = (path[at] as number) & ~(at === size - 1 ? unused : 0);
    if (byte !== bound[at]) return byte > (bound[at] as number);
  }
  return size >= bound.length;
}

function refused(expected: string, got: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_RANGE', `expected ${expected}, got ${got}`);
}
