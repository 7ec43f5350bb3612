/**
 * Range proofs over a state trie: their bytes, and how they are made.
 *
 * A proof is a version byte, then the nodes of the trie, each before what is below it, left before right:
 *
 * - where the position of a node excludes it from the range (`excludesPosition`): its hash, 32 bytes
 * - else an inner node: u16 0x8000 + prefix bits ‖ what its prefix adds, zero-padded, and then its two
 *   children
 * - else a leaf: u16 key size ‖ what its key adds ‖ row commitment
 *
 * The position of the root is no bits at all, and that of a child the prefix of its parent and one bit
 * more, 0 on the left. What a prefix or a key adds begins with the byte in which the position ends, so
 * that nothing is said twice but the bits of that byte. Which of the three stands at a place follows from
 * the range and the nodes before: of one trie and range there is one proof. A trie without keys has none
 * of its nodes.
 */

import { HASH_SIZE, assert } from '@veritydb/types';

import { bytesFor } from './node.ts';
import { type KeyRange, checkRange, excludesPosition } from './range.ts';

export const RANGE_PROOF_VERSION = 1;
/** In the head of a node: an inner one. */
export const INNER_FLAG = 0x8000;

/** A trie as a proof is made of it. Nodes go by numbers; bytes are looked at before the next call. */
export interface StateTrieReader {
  /** Undefined where there is no key. */
  readonly root: number | undefined;
  isLeaf(node: number): boolean;
  /** Of an inner node. */
  prefixBits(node: number): number;
  left(node: number): number;
  right(node: number): number;
  /** Of a leaf. */
  key(node: number): Uint8Array;
  commitment(node: number): Uint8Array;
  hash(node: number): Uint8Array;
}

/**
 * The proof of what a range of a trie holds.
 *
 * @throws {MerkleError} ERR_MERKLE_RANGE
 */
export function buildRangeProof(trie: StateTrieReader, range: KeyRange): Uint8Array {
  checkRange(range);
  const writer = new ProofWriter();
  /** Right children that are still to come, each with the bits of its position. */
  const pending: { readonly node: number; readonly bits: number }[] = [];
  if (trie.root !== undefined) pending.push({ node: trie.root, bits: 0 });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    let { node, bits } = next;
    const path = trie.key(leftmostLeaf(trie, node)).slice();
    for (;;) {
      if (excludesPosition(range, path, bits)) {
        writer.bytes(trie.hash(node));
        break;
      }
      if (trie.isLeaf(node)) {
        writer.node(path.length, path, bits >> 3, path.length);
        writer.bytes(trie.commitment(node));
        break;
      }
      const prefixBits = trie.prefixBits(node);
      assert(prefixBits >= bits, 'a prefix does not extend its position');
      writer.node(INNER_FLAG | prefixBits, path, bits >> 3, bytesFor(prefixBits));
      writer.padding(prefixBits);
      bits = prefixBits + 1;
      pending.push({ node: trie.right(node), bits });
      node = trie.left(node);
    }
  }
  return writer.finish();
}

function leftmostLeaf(trie: StateTrieReader, node: number): number {
  let at = node;
  while (!trie.isLeaf(at)) at = trie.left(at);
  return at;
}

/** The bytes of a proof as they grow. */
class ProofWriter {
  #bytes = new Uint8Array(1024);
  #at = 1;

  constructor() {
    this.#bytes[0] = RANGE_PROOF_VERSION;
  }

  /** The head of a node, and what it adds to its position: `path[start, end)`. */
  node(head: number, path: Uint8Array, start: number, end: number): void {
    this.#reserve(2 + end - start);
    this.#bytes[this.#at++] = head >> 8;
    this.#bytes[this.#at++] = head & 0xff;
    for (let at = start; at < end; at += 1) this.#bytes[this.#at++] = path[at] as number;
  }

  /** Clears the bits behind a prefix in the byte that was written last. */
  padding(prefixBits: number): void {
    const used = prefixBits & 7;
    if (used === 0) return;
    this.#bytes[this.#at - 1] = (this.#bytes[this.#at - 1] as number) & (0xff00 >> used);
  }

  bytes(bytes: Uint8Array): void {
    assert(bytes.length === HASH_SIZE, 'a hash in a proof is not 32 bytes');
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * this.#bytes.length + size);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}
