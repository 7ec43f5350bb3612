/** Hashes of RFC 6962 §2.1: leaf = SHA-256(0x00 ‖ entry), node = SHA-256(0x01 ‖ left ‖ right). */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, concatBytes, toHash } from '@veritydb/types';

const LEAF_PREFIX = new Uint8Array([0]);
const NODE_PREFIX = new Uint8Array([1]);

/** Root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(crypto: Crypto): Hash {
  return crypto.sha256(new Uint8Array(0));
}

export function leafHash(crypto: Crypto, entry: Uint8Array): Hash {
  return crypto.sha256(concatBytes(LEAF_PREFIX, entry));
}

export function nodeHash(crypto: Crypto, left: Uint8Array, right: Uint8Array): Hash {
  return crypto.sha256(concatBytes(NODE_PREFIX, left, right));
}

/** Largest power of two below n. Requires 2 <= n. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * Root of a tree from all its leaf hashes: level by level, an odd last node carried up as it is, which
 * gives the same tree as the split at the largest power of two.
 */
export function treeRoot(crypto: Crypto, leafHashes: readonly Uint8Array[]): Hash {
  const [first] = leafHashes;
  if (first === undefined) return emptyRoot(crypto);
  if (leafHashes.length === 1) return toHash(first);
  const scratch = new Uint8Array(1 + 2 * HASH_SIZE);
  scratch[0] = 1;
  const nodes = new Uint8Array(leafHashes.length * HASH_SIZE);
  for (const [index, hash] of leafHashes.entries()) nodes.set(hash, index * HASH_SIZE);
  let count = leafHashes.length;
  while (count > 1) {
    const pairs = Math.floor(count / 2);
    for (let pair = 0; pair < pairs; pair += 1) {
      const at = pair * 2 * HASH_SIZE;
      scratch.set(nodes.subarray(at, at + 2 * HASH_SIZE), 1);
      crypto.sha256Into(scratch, 0, scratch.length, nodes, pair * HASH_SIZE);
    }
    if (count % 2 === 1) {
      nodes.copyWithin(pairs * HASH_SIZE, (count - 1) * HASH_SIZE, count * HASH_SIZE);
    }
    count = pairs + (count % 2);
  }
  return nodes.slice(0, HASH_SIZE) as Hash;
}
