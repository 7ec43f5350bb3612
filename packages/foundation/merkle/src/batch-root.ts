/**
 * The root that a batch proof leads to, over hashes that lie one after another in bytes: the walk of
 * walk.ts from the verifier's side, for many leaves at once. Nothing is allocated a node.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, toHash } from '@veritydb/types';

import { MerkleError } from './error.ts';
import { emptyRoot, splitPoint } from './hash.ts';

export interface PackedBatch {
  /** Leaves of the tree. */
  readonly size: number;
  /** Strictly increasing, below the size. */
  readonly indices: ArrayLike<number>;
  /** Of the leaves at these indexes, 32 bytes each. */
  readonly hashes: Uint8Array;
  /** In the order of the walk, 32 bytes each. */
  readonly proof: Uint8Array;
}

const NODE_SIZE = 1 + 2 * HASH_SIZE;

/** @throws {MerkleError} ERR_MERKLE_PROOF when a hash is missing or left over, or the indexes are wrong */
export function rootFromPackedBatch(crypto: Crypto, batch: PackedBatch): Hash {
  // Attacker-controlled: all of it.
  const { size, indices, hashes, proof } = batch;
  if (!Number.isSafeInteger(size) || size < 0) throw malformed('a size is out of range');
  if (hashes.length !== indices.length * HASH_SIZE || proof.length % HASH_SIZE !== 0) {
    throw malformed('a hash is not 32 bytes');
  }
  let last = -1;
  for (let place = 0; place < indices.length; place += 1) {
    const index = indices[place] as number;
    if (!Number.isSafeInteger(index) || index <= last || index >= size) {
      throw malformed('indexes are not increasing below the size');
    }
    last = index;
  }
  if (size === 0) {
    if (proof.length > 0) throw malformed('the proof is too long');
    return emptyRoot(crypto);
  }
  return new BatchWalk(crypto, batch).root();
}

class BatchWalk {
  readonly #crypto: Crypto;
  readonly #batch: PackedBatch;
  /** One node a depth: 0x01 ‖ left ‖ right. */
  readonly #nodes: NodeBytes[] = [];
  /** Given leaves, and bytes of the proof, that were taken. */
  #taken = 0;
  #used = 0;

  constructor(crypto: Crypto, batch: PackedBatch) {
    this.#crypto = crypto;
    this.#batch = batch;
  }

  root(): Hash {
    const root = new Uint8Array(HASH_SIZE);
    this.#walk(0, this.#batch.size, 0, { target: root, at: 0 });
    if (this.#used !== this.#batch.proof.length) throw malformed('the proof is too long');
    return toHash(root);
  }

  /** Writes the hash of the subtree of [start, start + count). Depth is that of the tree: at most 53. */
  #walk(start: number, count: number, depth: number, into: Place): void {
    const { hashes, indices, proof } = this.#batch;
    const isGiven =
      this.#taken < indices.length && (indices[this.#taken] as number) < start + count;
    if (!isGiven) {
      if (this.#used === proof.length) throw malformed('the proof is too short');
      copyHash(proof, this.#used, into);
      this.#used += HASH_SIZE;
      return;
    }
    if (count === 1) {
      copyHash(hashes, this.#taken * HASH_SIZE, into);
      this.#taken += 1;
      return;
    }
    const node = (this.#nodes[depth] ??= newNode());
    const half = splitPoint(count);
    this.#walk(start, half, depth + 1, node.left);
    this.#walk(start + half, count - half, depth + 1, node.right);
    this.#crypto.sha256Into(node.bytes, 0, NODE_SIZE, into.target, into.at);
  }
}

interface Place {
  readonly target: Uint8Array;
  readonly at: number;
}

interface NodeBytes {
  readonly bytes: Uint8Array;
  readonly left: Place;
  readonly right: Place;
}

function newNode(): NodeBytes {
  const bytes = new Uint8Array(NODE_SIZE);
  bytes[0] = 1;
  return {
    bytes,
    left: { target: bytes, at: 1 },
    right: { target: bytes, at: 1 + HASH_SIZE },
  };
}

function copyHash(source: Uint8Array, start: number, { target, at }: Place): void {
  for (let index = 0; index < HASH_SIZE; index += 1) {
    target[at + index] = source[start + index] as number;
  }
}

function malformed(what: string): MerkleError {
  return new MerkleError('verification', 'ERR_MERKLE_PROOF', `proof is refused: ${what}`);
}
