/**
 * Roots and proofs of a tree (RFC 6962 §2.1.1, §2.1.2) from its complete nodes, wherever those come
 * from: node (level, index) is the hash over the leaves [index · 2^level, (index + 1) · 2^level).
 */

import type { Crypto } from '@veritydb/crypto';
import { type Hash, assert } from '@veritydb/types';

import { nodeHash, splitPoint } from './hash.ts';
import { DEPTH_MAX } from './walk.ts';

/** A complete node of the tree. */
export type NodeReader = (level: number, index: number) => Hash;

/** Hash of the subtree over [start, start + count): start is a multiple of the next power of two. */
export function subtreeHash(crypto: Crypto, node: NodeReader, start: number, count: number): Hash {
  assert(count > 0, 'an empty subtree has no place in a tree');
  // The binary digits of the count are its complete subtrees, the largest first.
  const parts: Hash[] = [];
  let at = start;
  let left = count;
  for (let level = DEPTH_MAX - 1; level >= 0; level -= 1) {
    const width = 2 ** level;
    if (left < width) continue;
    parts.push(node(level, at / width));
    at += width;
    left -= width;
  }
  return parts.reduceRight((right, hash) => nodeHash(crypto, hash, right));
}

/** RFC 6962 §2.1.1: from the leaf up. Requires 0 <= index < size. */
export function inclusionPath(
  crypto: Crypto,
  node: NodeReader,
  index: number,
  size: number,
): readonly Hash[] {
  assert(index >= 0 && index < size, 'leaf is not in the tree');
  const proof: Hash[] = [];
  let start = 0;
  let count = size;
  while (count > 1) {
    const half = splitPoint(count);
    if (index < start + half) {
      proof.push(subtreeHash(crypto, node, start + half, count - half));
      count = half;
    } else {
      proof.push(subtreeHash(crypto, node, start, half));
      start += half;
      count -= half;
    }
  }
  // The way down met the root's child first: a proof begins at the leaf's sibling.
  return proof.toReversed();
}

/** RFC 6962 §2.1.2. Requires 0 < oldSize <= newSize; empty when they are equal. */
export function consistencyPath(
  crypto: Crypto,
  node: NodeReader,
  oldSize: number,
  newSize: number,
): readonly Hash[] {
  assert(oldSize > 0 && oldSize <= newSize, 'old size is not from 1 to the new size');
  const proof: Hash[] = [];
  let start = 0;
  let count = newSize;
  let old = oldSize;
  // Whether the old tree is so far a whole subtree of ours that the verifier knows already.
  let known = true;
  while (old !== count) {
    const half = splitPoint(count);
    if (old <= half) {
      proof.push(subtreeHash(crypto, node, start + half, count - half));
      count = half;
    } else {
      proof.push(subtreeHash(crypto, node, start, half));
      start += half;
      count -= half;
      old -= half;
      known = false;
    }
  }
  if (!known) proof.push(subtreeHash(crypto, node, start, count));
  return proof.toReversed();
}
