/**
 * Nodes of a state trie and what is hashed of them. docs/formats/state.md has every byte.
 *
 * The trie is an ordered crit-bit trie over prefix-free keys: an inner node stands exactly where the keys
 * below it first differ, with the keys that have a 0 there on its left. So its shape depends on the keys
 * alone, never on the order in which they came.
 *
 * - leaf  = SHA-256(0x00 ‖ u16 key size ‖ key ‖ row commitment)
 * - inner = SHA-256(0x01 ‖ u16 prefix bits ‖ prefix, zero-padded to bytes ‖ left ‖ right)
 * - no key at all: SHA-256("")
 *
 * Bit 0 of a key is the highest bit of its first byte. Numbers are big-endian.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, SizedViews, assert, toHash } from '@veritydb/types';

/** Bytes of the longest key. */
export const STATE_KEY_SIZE_MAX = 1024;
/** Bits of the longest prefix: two keys differ in their last bit at the latest. */
export const PREFIX_BITS_MAX: number = 8 * STATE_KEY_SIZE_MAX - 1;

/** What a trie holds of a row: its key, and the commitment of its current version. */
export interface StateEntry {
  readonly key: Uint8Array;
  readonly commitment: Hash;
}

/** The bit of a key at an index; 0 behind its end. */
export function bitAt(key: Uint8Array, bit: number): 0 | 1 {
  return (((key[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) as 0 | 1;
}

/** Bytes that hold so many bits. */
export function bytesFor(bits: number): number {
  return (bits + 7) >> 3;
}

/** How many bits two keys begin with in common; all of the shorter one where it is a prefix. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  const size = Math.min(a.length, b.length);
  for (let at = 0; at < size; at += 1) {
    const difference = (a[at] as number) ^ (b[at] as number);
    if (difference !== 0) return 8 * at + Math.clz32(difference) - 24;
  }
  return 8 * size;
}

const HEAD_SIZE = 3;

/** Where what is hashed of a node is laid out: one buffer for all nodes, one after the other. */
export class NodePreimage {
  readonly #views = new SizedViews(HEAD_SIZE + STATE_KEY_SIZE_MAX + 2 * HASH_SIZE);
  readonly bytes: Uint8Array = this.#views.bytes;

  /** The first bytes of it, as a view. */
  view(size: number): Uint8Array {
    return this.#views.of(size);
  }

  /** Begins a leaf of `source[start, start + size)`; returns where its commitment belongs. */
  beginLeaf(source: Uint8Array, start: number, size: number): number {
    assert(size > 0 && size <= STATE_KEY_SIZE_MAX, 'state key has no size of one');
    this.#head(0, size);
    return this.#copy(source, start, size);
  }

  /** Begins an inner node whose prefix begins at a place; returns where its two children belong. */
  beginInner(source: Uint8Array, start: number, bits: number): number {
    assert(bits >= 0 && bits <= PREFIX_BITS_MAX, 'prefix has no size of one');
    this.#head(1, bits);
    const end = this.#copy(source, start, bytesFor(bits));
    // Bits behind the prefix are zero, whatever the key has there.
    if ((bits & 7) !== 0)
      this.bytes[end - 1] = (this.bytes[end - 1] as number) & (0xff00 >> (bits & 7));
    return end;
  }

  #head(kind: 0 | 1, count: number): void {
    this.bytes[0] = kind;
    this.bytes[1] = count >> 8;
    this.bytes[2] = count & 0xff;
  }

  /** Byte by byte: keys are shorter than what a view and a copy of it cost. */
  #copy(source: Uint8Array, start: number, size: number): number {
    for (let at = 0; at < size; at += 1) this.bytes[HEAD_SIZE + at] = source[start + at] as number;
    return HEAD_SIZE + size;
  }
}

/** Hashes nodes of a trie that are given as bytes of their own. */
export class NodeHasher {
  readonly #crypto: Crypto;
  readonly #preimage = new NodePreimage();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  leaf({ key, commitment }: StateEntry): Hash {
    const at = this.#preimage.beginLeaf(key, 0, key.length);
    this.#preimage.bytes.set(commitment, at);
    return this.#digest(at + HASH_SIZE);
  }

  /** The prefix is the first bits of a key below. */
  inner(key: Uint8Array, bits: number, left: Hash, right: Hash): Hash {
    const at = this.#preimage.beginInner(key, 0, bits);
    this.#preimage.bytes.set(left, at);
    this.#preimage.bytes.set(right, at + HASH_SIZE);
    return this.#digest(at + 2 * HASH_SIZE);
  }

  #digest(size: number): Hash {
    const target = new Uint8Array(HASH_SIZE);
    this.#crypto.sha256Into(this.#preimage.view(size), 0, size, target, 0);
    return toHash(target);
  }
}
