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
