/**
 * The Merkle tree of a log (RFC 6962 §2.1), kept incrementally in memory: 64 bytes a leaf.
 *
 * Level 0 holds the leaf hashes, level k the nodes over 2^k leaves that are complete. Every earlier
 * size is still there, so a proof issued for it comes out the same bytes for ever.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, assert, toHash } from '@veritydb/types';

import { emptyRoot, nodeHash, splitPoint } from './hash.ts';
import { walkTree } from './walk.ts';

interface Level {
  nodes: Uint8Array;
  count: number;
}

export class MerkleTree {
  readonly #crypto: Crypto;
  readonly #levels: Level[] = [{ nodes: new Uint8Array(64 * HASH_SIZE), count: 0 }];
  readonly #scratch = new Uint8Array(1 + 2 * HASH_SIZE);

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
    this.#scratch[0] = 1;
  }

  /** Number of leaves. */
  get size(): number {
    return (this.#levels[0] as Level).count;
  }

  /** Appends a leaf hash and returns its index. */
  append(hash: Uint8Array): number {
    assert(hash.length === HASH_SIZE, 'leaf hash is not 32 bytes');
    const index = this.size;
    let level = this.#withRoom(0);
    level.nodes.set(hash, level.count * HASH_SIZE);
    level.count += 1;
    for (let above = 1; level.count % 2 === 0; above += 1) {
      const { nodes, count } = level;
      this.#scratch.set(nodes.subarray((count - 2) * HASH_SIZE, count * HASH_SIZE), 1);
      level = this.#withRoom(above);
      const at = level.count * HASH_SIZE;
      this.#crypto.sha256Into(this.#scratch, 0, this.#scratch.length, level.nodes, at);
      level.count += 1;
    }
    return index;
  }

  /** The level with room for one more node. */
  #withRoom(at: number): Level {
    const level = (this.#levels[at] ??= { nodes: new Uint8Array(8 * HASH_SIZE), count: 0 });
    if ((level.count + 1) * HASH_SIZE > level.nodes.length) {
      const grown = new Uint8Array(level.nodes.length * 2);
      grown.set(level.nodes);
      level.nodes = grown;
    }
    return level;
  }

  /** Requires 0 <= index < size. */
  leafHash(index: number): Hash {
    return this.#node(0, index);
  }

  #node(at: number, index: number): Hash {
    const level = this.#levels[at];
    assert(level !== undefined && index >= 0 && index < level.count, 'node is not in the tree');
    return toHash(level.nodes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE));
  }

  /** Root of the first `size` leaves. Requires 0 <= size <= this.size. */
  root(size: number = this.size): Hash {
    this.#checkSize(size);
    return size === 0 ? emptyRoot(this.#crypto) : this.#subtree(0, size);
  }

  /** Hash of the subtree over [start, start + count): start is a multiple of the next power of two. */
  #subtree(start: number, count: number): Hash {
    // The binary digits of the count are its complete subtrees, the largest first.
    const parts: Hash[] = [];
    let at = start;
    let left = count;
    for (let level = this.#levels.length - 1; level >= 0; level -= 1) {
      const width = 2 ** level;
      if (left < width) continue;
      parts.push(this.#node(level, at / width));
      at += width;
      left -= width;
    }
    assert(left === 0, 'subtree is beyond the tree');
    return parts.reduceRight((right, node) => nodeHash(this.#crypto, node, right));
  }

  /** RFC 6962 §2.1.1: from the leaf up. Requires 0 <= index < size <= this.size. */
  inclusionProof(index: number, size: number = this.size): readonly Hash[] {
    this.#checkSize(size);
    assert(index >= 0 && index < size, 'leaf is not in the tree');
    const proof: Hash[] = [];
    let start = 0;
    let count = size;
    while (count > 1) {
      const half = splitPoint(count);
      if (index < start + half) {
        proof.push(this.#subtree(start + half, count - half));
        count = half;
      } else {
        proof.push(this.#subtree(start, half));
        start += half;
        count -= half;
      }
    }
    // The way down met the root's child first: a proof begins at the leaf's sibling.
    return proof.toReversed();
  }

  /** RFC 6962 §2.1.2. Requires 0 < oldSize <= newSize <= this.size; empty when they are equal. */
  consistencyProof(oldSize: number, newSize: number = this.size): readonly Hash[] {
    this.#checkSize(newSize);
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
        proof.push(this.#subtree(start + half, count - half));
        count = half;
      } else {
        proof.push(this.#subtree(start, half));
        start += half;
        count -= half;
        old -= half;
        known = false;
      }
    }
    if (!known) proof.push(this.#subtree(start, count));
    return proof.toReversed();
  }

  /** One proof for many leaves: see `walk.ts`. Requires strictly increasing indexes below size. */
  batchProof(indices: readonly number[], size: number = this.size): readonly Hash[] {
    this.#checkSize(size);
    assert(
      indices.every((index, at) => index >= 0 && (at === 0 || index > (indices[at - 1] as number))),
      'indexes are not strictly increasing',
    );
    assert((indices.at(-1) ?? 0) < Math.max(size, 1), 'leaf is not in the tree');
    if (size === 0) return [];
    const proof: Hash[] = [];
    const filler = emptyRoot(this.#crypto);
    walkTree(size, indices, {
      subtree: (start, count) => {
        proof.push(this.#subtree(start, count));
        return filler;
      },
      leaf: () => filler,
      node: () => filler,
    });
    return proof;
  }

  #checkSize(size: number): void {
    assert(
      Number.isSafeInteger(size) && size >= 0 && size <= this.size,
      'tree size is out of range',
    );
  }
}
