/**
 * The state trie of a table, kept as its rows are written: the crit-bit trie of docs/formats/state.md.
 *
 * - A write touches the nodes on the way to its key and hashes nothing. `root` hashes each node that was
 *   touched since the last `root`, once, and freezes the version: proofs are of that one until the next.
 * - Nodes are changed by copy-on-write, as pages are. A node that was hashed belongs to the frozen version
 *   and is never changed; one that was not hashed yet belongs to what is being written alone, so does all
 *   above it, and it is changed in place. What the frozen version does not share with the next one is
 *   freed when that one is frozen.
 * - Everything is in memory (`trie-nodes.ts` says how much), and is made again from the rows of a table:
 *   the root depends on them alone.
 *
 * Keys are as `encodeKey` makes them, none a prefix of another. There is no recursion: a trie is as deep as
 * its keys have bits.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type KeyRange,
  NodePreimage,
  STATE_KEY_SIZE_MAX,
  bitAt,
  buildRangeProof,
  emptyRoot,
} from '@veritydb/merkle';
import { HASH_SIZE, type Hash, assert, toHash } from '@veritydb/types';

import { KeyPool, NodePool } from './trie-nodes.ts';

const NO_NODE = -1;
/** In the short number of a node, beside key size or prefix bits: it was not hashed yet. */
const FRESH = 0x8000;
const DEPTH_MAX: number = 8 * STATE_KEY_SIZE_MAX;

/** Inner nodes from the root down, as the last descent left them. */
const path = new Uint32Array(DEPTH_MAX);
const stack = new Uint32Array(DEPTH_MAX + 1);
const stages = new Uint8Array(DEPTH_MAX + 1);
/** Stages of a node that is being hashed: which child is next, and whether one of them was touched. */
const RIGHT_NEXT = 1;
const BOTH_DONE = 2;
const CHILD_FRESH = 4;

const leafPreimage = new NodePreimage();
const innerPreimage = new NodePreimage();

/** A node is twice its place in its pool, and one more if it is a leaf. */
function isLeaf(node: number): boolean {
  return (node & 1) === 1;
}

export class StateTrie {
  readonly #crypto: Crypto;
  /** Words: where the key is. Short: its size. The 32 bytes: the row's commitment. */
  readonly #leaves = new NodePool(1);
  /** Words: left, right. Short: bits of the prefix. The 32 bytes: the hash. */
  readonly #inners = new NodePool(2);
  readonly #keys = new KeyPool();
  #root = NO_NODE;
  #frozenRoot = NO_NODE;
  #frozenHash: Hash | undefined;
  /** Nodes and keys (where, how long) of the frozen version that what is being written has no more. */
  #deadNodes: number[] = [];
  #deadKeys: number[] = [];

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /**
   * Sets the commitment of a key's row: a new key, or the next version of its row.
   *
   * @param commitment bytes that end with it
   */
  set(key: Uint8Array, commitment: Uint8Array): void {
    assert(key.length > 0 && key.length <= STATE_KEY_SIZE_MAX, 'state key has no size of one');
    assert(commitment.length >= HASH_SIZE, 'row commitment is not 32 bytes');
    if (this.#root === NO_NODE) {
      this.#root = this.#createLeaf(this.#keys.add(key), key.length, commitment);
      return;
    }
    const depth = this.#descend(key);
    const leaf = this.#below(depth, key);
    const shared = this.#sharedBits(leaf, key);
    const size = this.#keySize(leaf);
    if (shared === 8 * key.length && key.length === size) {
      this.#replaceLeaf(depth, leaf, commitment);
      return;
    }
    assert(shared < 8 * Math.min(key.length, size), 'a state key is a prefix of another');
    this.#insert(key, commitment, depth, shared);
  }

  #replaceLeaf(depth: number, leaf: number, commitment: Uint8Array): void {
    const id = leaf >>> 1;
    if (this.#isFresh(leaf)) {
      this.#setCommitment(id, commitment);
      return;
    }
    const next = this.#createLeaf(this.#leaves.word(id, 0), this.#keySize(leaf), commitment);
    this.#own(depth);
    this.#relink(depth, leaf, next);
    this.#deadNodes.push(leaf);
  }

  /** Puts in a key that parts from all others below it after so many bits. */
  #insert(key: Uint8Array, commitment: Uint8Array, depth: number, bits: number): void {
    let level = depth;
    while (level > 0 && this.#prefixBits(path[level - 1] as number) > bits) level -= 1;
    const sibling = level < depth ? (path[level] as number) : this.#below(depth, key);
    const leaf = this.#createLeaf(this.#keys.add(key), key.length, commitment);
    const inner = this.#inners.allocate();
    this.#inners.setShort(inner, FRESH | bits);
    const isRight = bitAt(key, bits) === 1;
    this.#inners.setWord(inner, 0, isRight ? sibling : leaf);
    this.#inners.setWord(inner, 1, isRight ? leaf : sibling);
    this.#own(level);
    this.#relink(level, sibling, 2 * inner);
  }

  /** The commitment of a key's row as it is written now, if the key is there. */
  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#root === NO_NODE) return undefined;
    const leaf = this.#below(this.#descend(key), key);
    const size = this.#keySize(leaf);
    if (size !== key.length || this.#sharedBits(leaf, key) < 8 * size) return undefined;
    const start = this.#leaves.hashAt(leaf >>> 1);
    return this.#leaves.hashes(leaf >>> 1).slice(start, start + HASH_SIZE);
  }

  /** Takes a key out, if it is there. */
  delete(key: Uint8Array): void {
    if (this.#root === NO_NODE) return;
    const depth = this.#descend(key);
    const leaf = this.#below(depth, key);
    const size = this.#keySize(leaf);
    if (size !== key.length || this.#sharedBits(leaf, key) < 8 * size) return;
    this.#deadKeys.push(this.#leaves.word(leaf >>> 1, 0), size);
    this.#drop(leaf);
    if (depth === 0) {
      this.#root = NO_NODE;
      return;
    }
    const parent = path[depth - 1] as number;
    const left = this.#inners.word(parent >>> 1, 0);
    const sibling = left === leaf ? this.#inners.word(parent >>> 1, 1) : left;
    this.#own(depth - 1);
    this.#relink(depth - 1, parent, sibling);
    this.#drop(parent);
  }

  /** Goes down to where a key is or would be; returns how many inner nodes stand in the path. */
  #descend(key: Uint8Array): number {
    let node = this.#root;
    let depth = 0;
    while (!isLeaf(node)) {
      path[depth] = node;
      depth += 1;
      node = this.#inners.word(node >>> 1, bitAt(key, this.#prefixBits(node)));
    }
    return depth;
  }

  /** The leaf at the end of the path. */
  #below(depth: number, key: Uint8Array): number {
    if (depth === 0) return this.#root;
    const parent = path[depth - 1] as number;
    return this.#inners.word(parent >>> 1, bitAt(key, this.#prefixBits(parent)));
  }

  /** Makes the first nodes of the path ones that can be changed. */
  #own(depth: number): void {
    let level = depth;
    while (level > 0 && !this.#isFresh(path[level - 1] as number)) level -= 1;
    for (; level < depth; level += 1) {
      const node = path[level] as number;
      const copy = this.#inners.allocate();
      this.#inners.setShort(copy, FRESH | this.#prefixBits(node));
      this.#inners.setWord(copy, 0, this.#inners.word(node >>> 1, 0));
      this.#inners.setWord(copy, 1, this.#inners.word(node >>> 1, 1));
      this.#relink(level, node, 2 * copy);
      this.#deadNodes.push(node);
      path[level] = 2 * copy;
    }
  }

  /** Has what led to a node from above the path's level lead to another. */
  #relink(level: number, from: number, to: number): void {
    if (level === 0) {
      assert(this.#root === from, 'the root is not the node that it leads to');
      this.#root = to;
      return;
    }
    const parent = path[level - 1] as number;
    assert(this.#isFresh(parent), 'a hashed node is to be changed');
    const side = this.#inners.word(parent >>> 1, 0) === from ? 0 : 1;
    assert(this.#inners.word(parent >>> 1, side) === from, 'a node does not lead to its child');
    this.#inners.setWord(parent >>> 1, side, to);
  }

  #createLeaf(unit: number, size: number, commitment: Uint8Array): number {
    const id = this.#leaves.allocate();
    this.#leaves.setWord(id, 0, unit);
    this.#leaves.setShort(id, FRESH | size);
    this.#setCommitment(id, commitment);
    return 2 * id + 1;
  }

  /** Byte by byte, from the end of longer bytes: a view of them would cost more. */
  #setCommitment(leaf: number, commitment: Uint8Array): void {
    const hashes = this.#leaves.hashes(leaf);
    const at = this.#leaves.hashAt(leaf);
    const start = commitment.length - HASH_SIZE;
    for (let index = 0; index < HASH_SIZE; index += 1) {
      hashes[at + index] = commitment[start + index] as number;
    }
  }

  /** Lets go of a node: at once where it is of no frozen version. */
  #drop(node: number): void {
    if (this.#isFresh(node)) this.#free(node);
    else this.#deadNodes.push(node);
  }

  #free(node: number): void {
    (isLeaf(node) ? this.#leaves : this.#inners).free(node >>> 1);
  }

  #short(node: number): number {
    return (isLeaf(node) ? this.#leaves : this.#inners).short(node >>> 1);
  }

  #isFresh(node: number): boolean {
    return (this.#short(node) & FRESH) !== 0;
  }

  #prefixBits(node: number): number {
    return this.#inners.short(node >>> 1) & ~FRESH;
  }

  #keySize(leaf: number): number {
    return this.#leaves.short(leaf >>> 1) & ~FRESH;
  }

  #sharedBits(leaf: number, key: Uint8Array): number {
    const unit = this.#leaves.word(leaf >>> 1, 0);
    const bytes = this.#keys.chunk(unit);
    const start = this.#keys.at(unit);
    const size = Math.min(this.#keySize(leaf), key.length);
    for (let at = 0; at < size; at += 1) {
      const difference = (bytes[start + at] as number) ^ (key[at] as number);
      if (difference !== 0) return 8 * at + Math.clz32(difference) - 24;
    }
    return 8 * size;
  }

  /** Freezes what was written, and returns its root. */
  root(): Hash {
    if (this.#frozenHash !== undefined && this.#root === this.#frozenRoot) return this.#frozenHash;
    if (this.#root !== NO_NODE && this.#isFresh(this.#root)) this.#freeze(this.#root);
    for (const node of this.#deadNodes) this.#free(node);
    for (let at = 0; at < this.#deadKeys.length; at += 2) {
      this.#keys.free(this.#deadKeys[at] as number, this.#deadKeys[at + 1] as number);
    }
    this.#deadNodes = [];
    this.#deadKeys = [];
    this.#frozenRoot = this.#root;
    this.#frozenHash =
      this.#root === NO_NODE ? emptyRoot(this.#crypto) : toHash(this.#hashOf(this.#root));
    return this.#frozenHash;
  }

  /** Hashes a fresh node and all fresh ones below it, children first. */
  #freeze(root: number): void {
    let depth = 0;
    stack[depth] = root;
    stages[depth] = 0;
    /** A leaf below the node that was done last: it has the prefix of all above it. */
    let witness = root;
    while (depth >= 0) {
      const node = stack[depth] as number;
      const stage = stages[depth] as number;
      if (isLeaf(node)) {
        this.#leaves.setShort(node >>> 1, this.#keySize(node));
        witness = node;
        depth -= 1;
      } else if ((stage & BOTH_DONE) !== 0) {
        if ((stage & CHILD_FRESH) === 0) witness = this.#leftmostLeaf(node);
        this.#hashInner(node, witness);
        depth -= 1;
      } else {
        const child = this.#inners.word(node >>> 1, stage & RIGHT_NEXT);
        const isFresh = this.#isFresh(child);
        // From the left to the right, and from the right to both done.
        stages[depth] = (stage + 1) | (isFresh ? CHILD_FRESH : 0);
        if (!isFresh) continue;
        depth += 1;
        stack[depth] = child;
        stages[depth] = 0;
      }
    }
  }

  #leftmostLeaf(node: number): number {
    let at = node;
    while (!isLeaf(at)) at = this.#inners.word(at >>> 1, 0);
    return at;
  }

  #hashInner(node: number, witness: number): void {
    const id = node >>> 1;
    const bits = this.#prefixBits(node);
    const unit = this.#leaves.word(witness >>> 1, 0);
    const at = innerPreimage.beginInner(this.#keys.chunk(unit), this.#keys.at(unit), bits);
    this.#writeHash(this.#inners.word(id, 0), innerPreimage.bytes, at);
    this.#writeHash(this.#inners.word(id, 1), innerPreimage.bytes, at + HASH_SIZE);
    this.#crypto.sha256Into(
      innerPreimage.view(at + 2 * HASH_SIZE),
      0,
      at + 2 * HASH_SIZE,
      this.#inners.hashes(id),
      this.#inners.hashAt(id),
    );
    this.#inners.setShort(id, bits);
  }

  /** Writes the hash of a node: an inner one has it, that of a leaf is made when it is asked for. */
  #writeHash(node: number, target: Uint8Array, at: number): void {
    const id = node >>> 1;
    if (!isLeaf(node)) {
      const hashes = this.#inners.hashes(id);
      const start = this.#inners.hashAt(id);
      for (let index = 0; index < HASH_SIZE; index += 1) {
        target[at + index] = hashes[start + index] as number;
      }
      return;
    }
    const unit = this.#leaves.word(id, 0);
    const size = this.#keySize(node);
    const end = leafPreimage.beginLeaf(this.#keys.chunk(unit), this.#keys.at(unit), size);
    const commitments = this.#leaves.hashes(id);
    const start = this.#leaves.hashAt(id);
    for (let index = 0; index < HASH_SIZE; index += 1) {
      leafPreimage.bytes[end + index] = commitments[start + index] as number;
    }
    const whole = end + HASH_SIZE;
    this.#crypto.sha256Into(leafPreimage.view(whole), 0, whole, target, at);
  }

  #hashOf(node: number): Uint8Array {
    const hash = new Uint8Array(HASH_SIZE);
    this.#writeHash(node, hash, 0);
    return hash;
  }

  /**
   * The proof of what a range held when `root` was last called.
   *
   * @throws {MerkleError} ERR_MERKLE_RANGE
   */
  prove(range: KeyRange): Uint8Array {
    assert(this.#frozenHash !== undefined, 'a state is proved before it has a root');
    return buildRangeProof(
      {
        root: this.#frozenRoot === NO_NODE ? undefined : this.#frozenRoot,
        isLeaf,
        prefixBits: (node) => this.#prefixBits(node),
        left: (node) => this.#inners.word(node >>> 1, 0),
        right: (node) => this.#inners.word(node >>> 1, 1),
        key: (leaf) => {
          const unit = this.#leaves.word(leaf >>> 1, 0);
          const start = this.#keys.at(unit);
          return this.#keys.chunk(unit).subarray(start, start + this.#keySize(leaf));
        },
        commitment: (leaf) => {
          const start = this.#leaves.hashAt(leaf >>> 1);
          return this.#leaves.hashes(leaf >>> 1).subarray(start, start + HASH_SIZE);
        },
        hash: (node) => this.#hashOf(node),
      },
      range,
    );
  }
}
