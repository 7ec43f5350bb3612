/**
 * The Merkle tree of a log (RFC 6962 §2.1), kept incrementally in memory: 64 bytes a leaf.
 *
 * Level 0 holds the leaf hashes, level k the nodes over 2^k leaves that are complete. Every earlier
 * size is still there, so a proof issued for it comes out the same bytes for ever.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, assert, toHash } from '@veritydb/types';

import { emptyRoot } from './hash.ts';
import { type NodeReader, consistencyPath, inclusionPath, subtreeHash } from './paths.ts';
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

  /** Appends leaf hashes, one behind the other, and returns the index of the first. */
  append(hashes: Uint8Array): number {
    assert(hashes.length % HASH_SIZE === 0, 'leaf hash is not 32 bytes');
    const index = this.size;
    let below = this.#withRoom(0, hashes.length / HASH_SIZE);
    below.nodes.set(hashes, below.count * HASH_SIZE);
    below.count += hashes.length / HASH_SIZE;
    for (let at = 1; below.count > 1; at += 1) {
      const complete = Math.floor(below.count / 2);
      const level = this.#withRoom(at, complete - (this.#levels[at]?.count ?? 0));
      if (level.count === complete) break;
      for (; level.count < complete; level.count += 1) this.#hashPair(below, level);
      below = level;
    }
    return index;
  }

  /** The next node of a level, from the two below it. */
  #hashPair({ nodes }: Level, level: Level): void {
    const pair = this.#scratch;
    const shift = 2 * level.count * HASH_SIZE - 1;
    for (let at = 1; at < pair.length; at += 1) pair[at] = nodes[shift + at] as number;
    this.#crypto.sha256Into(pair, 0, pair.length, level.nodes, level.count * HASH_SIZE);
  }

  /** The level with room for so many nodes more. */
  #withRoom(at: number, count: number): Level {
    const level = (this.#levels[at] ??= { nodes: new Uint8Array(8 * HASH_SIZE), count: 0 });
    const size = (level.count + count) * HASH_SIZE;
    if (size > level.nodes.length) {
      const grown = new Uint8Array(Math.max(size, level.nodes.length * 2));
      grown.set(level.nodes);
      level.nodes = grown;
    }
    return level;
  }

  /** Requires 0 <= index < size. */
  leafHash(index: number): Hash {
    return this.node(0, index);
  }

  /** Hash over [index · 2^level, (index + 1) · 2^level). Requires that those leaves are all there. */
  readonly node: NodeReader = (level, index) => toHash(this.nodes(level, index, 1));

  /** Hashes of consecutive nodes of a level, as a copy: what a tile holds. */
  nodes(level: number, start: number, count: number): Uint8Array {
    const there = this.#levels[level]?.count ?? 0;
    assert(start >= 0 && count > 0 && start + count <= there, 'node is not in the tree');
    const { nodes } = this.#levels[level] as Level;
    return nodes.slice(start * HASH_SIZE, (start + count) * HASH_SIZE);
  }

  /** Root of the first `size` leaves. Requires 0 <= size <= this.size. */
  root(size: number = this.size): Hash {
    this.#checkSize(size);
    return size === 0 ? emptyRoot(this.#crypto) : subtreeHash(this.#crypto, this.node, 0, size);
  }

  /** RFC 6962 §2.1.1: from the leaf up. Requires 0 <= index < size <= this.size. */
  inclusionProof(index: number, size: number = this.size): readonly Hash[] {
    this.#checkSize(size);
    return inclusionPath(this.#crypto, this.node, index, size);
  }

  /** RFC 6962 §2.1.2. Requires 0 < oldSize <= newSize <= this.size; empty when they are equal. */
  consistencyProof(oldSize: number, newSize: number = this.size): readonly Hash[] {
    this.#checkSize(newSize);
    return consistencyPath(this.#crypto, this.node, oldSize, newSize);
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
        proof.push(subtreeHash(this.#crypto, this.node, start, count));
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
