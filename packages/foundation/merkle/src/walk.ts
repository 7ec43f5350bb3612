/**
 * The pre-order walk of a batch proof.
 *
 * A tree of n leaves over [start, start + n) splits at the largest power of two below n. The walk goes
 * left before right. A subtree without any of the given leaves contributes one hash of the proof; a
 * subtree of one given leaf is that leaf; every other subtree is descended. So a batch proof is the
 * list of those subtree hashes in the order of the walk, every given leaf is used exactly once, and so
 * is every hash of the proof. No given leaf at all: the proof is the root.
 */

import { type Hash, assert } from '@veritydb/types';

import { splitPoint } from './hash.ts';

/** Depth of the tallest tree: indexes are safe integers. */
export const DEPTH_MAX = 54;

export interface Visitor {
  /** A subtree without a given leaf. */
  readonly subtree: (start: number, count: number) => Hash;
  /** The given leaf at this place among the given ones. */
  readonly leaf: (place: number) => Hash;
  readonly node: (left: Hash, right: Hash) => Hash;
}

interface Frame {
  readonly start: number;
  readonly count: number;
  /** Given leaves from this place up to that one lie in the subtree. */
  readonly from: number;
  readonly to: number;
  /** Whether its two children have been pushed already. */
  readonly split: boolean;
}

/** Walks the tree of `size` leaves with the given ones, and combines what the visitor returns. */
export function walkTree(size: number, indices: readonly number[], visitor: Visitor): Hash {
  assert(size > 0, 'an empty tree is not walked');
  const pending: Frame[] = [{ start: 0, count: size, from: 0, to: indices.length, split: false }];
  const done: Hash[] = [];
  for (let frame = pending.pop(); frame !== undefined; frame = pending.pop()) {
    const { start, count, from, to } = frame;
    if (frame.split) {
      const right = done.pop();
      const left = done.pop();
      assert(left !== undefined && right !== undefined, 'a node has two children');
      done.push(visitor.node(left, right));
    } else if (from === to) {
      done.push(visitor.subtree(start, count));
    } else if (count === 1) {
      assert(to - from === 1, 'a leaf is given once');
      done.push(visitor.leaf(from));
    } else {
      const half = splitPoint(count);
      let middle = from;
      while (middle < to && (indices[middle] as number) < start + half) middle += 1;
      pending.push(
        { start, count, from, to, split: true },
        { start: start + half, count: count - half, from: middle, to, split: false },
        { start, count: half, from, to: middle, split: false },
      );
      assert(pending.length <= 3 * DEPTH_MAX, 'the walk is deeper than any tree');
    }
  }
  const root = done.pop();
  assert(root !== undefined && done.length === 0, 'the walk ends with one root');
  return root;
}
