/**
 * Verification of range proofs over a state trie: from a root, a range and a proof to what the range
 * holds. `prove.ts` has the bytes.
 *
 * The nodes that meet the range are read and the root is computed from them, so that the proof can leave
 * out nothing that could be in range: a subtree is taken by its hash alone only where its position, which
 * follows from the prefixes above it, keeps every key below it out. There is no recursion; the stack is
 * as deep as a key has bits at the most, and the memory that of the proof and its answer.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, assert, bytesEqual, concatBytes, toHash } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { emptyRoot } from '../hash.ts';
import {
  NodeHasher,
  PREFIX_BITS_MAX,
  STATE_KEY_SIZE_MAX,
  type StateEntry,
  bytesFor,
} from './node.ts';
import { INNER_FLAG, RANGE_PROOF_VERSION } from './prove.ts';
import { type KeyRange, checkRange, excludesPosition, isInRange } from './range.ts';

/** What is proved: that a range of the trie of a root holds what it holds. */
export interface RangeProof {
  readonly root: Hash;
  readonly range: KeyRange;
  readonly proof: Uint8Array;
}

/**
 * All entries of a trie that are in a range, in order of their keys: none of them is missing and none is
 * invented. Without any the range is proved to be empty.
 *
 * @throws {MerkleError} ERR_MERKLE_RANGE; ERR_MERKLE_PROOF when the proof is not the one form of a proof
 * of this range; ERR_MERKLE_ROOT when it leads to another root
 */
export function verifyRangeProof(
  crypto: Crypto,
  { root, range, proof }: RangeProof,
): readonly StateEntry[] {
  checkRange(range);
  const walk = new ProofWalk(crypto, range, proof);
  const computed = walk.root();
  if (!bytesEqual(computed, root)) {
    throw new MerkleError('verification', 'ERR_MERKLE_ROOT', 'range proof leads to another root', {
      hint: 'the table, the range or the checkpoint is not the one that the proof is of',
    });
  }
  return walk.entries;
}

/** An inner node of which the children are being read. */
interface Frame {
  readonly bits: number;
  left: Hash | undefined;
}

class ProofWalk {
  readonly entries: StateEntry[] = [];
  readonly #crypto: Crypto;
  readonly #hasher: NodeHasher;
  readonly #range: KeyRange;
  readonly #reader: ProofReader;
  readonly #frames: Frame[] = [];
  /** Its first bits are the position of the node that comes next; those of all above it, too. */
  readonly #path = new Uint8Array(STATE_KEY_SIZE_MAX);
  #top: Hash | undefined;

  constructor(crypto: Crypto, range: KeyRange, proof: Uint8Array) {
    this.#crypto = crypto;
    this.#hasher = new NodeHasher(crypto);
    this.#range = range;
    this.#reader = new ProofReader(proof);
  }

  root(): Hash {
    if (this.#reader.isAtEnd) return emptyRoot(this.#crypto);
    let bits = 0;
    for (;;) {
      const hash = this.#node(bits);
      const frame = hash === undefined ? this.#frames.at(-1) : this.#combine(hash);
      if (frame === undefined) break;
      bits = this.#enter(frame);
    }
    if (!this.#reader.isAtEnd) throw malformed('bytes are left over');
    assert(this.#top !== undefined, 'the walk ends without a root');
    return this.#top;
  }

  /** Reads the node at a position; its hash, or undefined where its children come first. */
  #node(bits: number): Hash | undefined {
    if (excludesPosition(this.#range, this.#path, bits))
      return toHash(this.#reader.take(HASH_SIZE));
    const head = this.#reader.uint16();
    if ((head & INNER_FLAG) === 0) return this.#leaf(bits, head);
    this.#inner(bits, head & ~INNER_FLAG);
    return undefined;
  }

  #leaf(bits: number, size: number): Hash {
    if (size === 0 || size > STATE_KEY_SIZE_MAX) throw malformed('a key is of no size of one');
    if (8 * size < bits) throw malformed('a key is shorter than its position');
    const added = this.#added(bits, size);
    const key = concatBytes(this.#path.subarray(0, bits >> 3), added);
    const entry = { key, commitment: toHash(this.#reader.take(HASH_SIZE).slice()) };
    if (isInRange(this.#range, key)) this.entries.push(entry);
    return this.#hasher.leaf(entry);
  }

  #inner(bits: number, prefixBits: number): void {
    if (prefixBits > PREFIX_BITS_MAX) throw malformed('a prefix is longer than any');
    if (prefixBits < bits) throw malformed('a prefix is shorter than its position');
    const added = this.#added(bits, bytesFor(prefixBits));
    const used = prefixBits & 7;
    if (used !== 0 && ((added.at(-1) as number) & (0xff >> used)) !== 0) {
      throw malformed('bits behind a prefix are not zero');
    }
    this.#path.set(added, bits >> 3);
    this.#frames.push({ bits: prefixBits, left: undefined });
  }

  /** What a prefix or a key adds to the position, up to a size: it begins as the position ends. */
  #added(bits: number, size: number): Uint8Array {
    const at = bits >> 3;
    const added = this.#reader.take(size - at);
    const kept = (0xff00 >> (bits & 7)) & 0xff;
    if ((bits & 7) !== 0 && (((added[0] as number) ^ (this.#path[at] as number)) & kept) !== 0) {
      throw malformed('a prefix or a key does not extend its position');
    }
    return added;
  }

  /** Takes in the hash of a subtree; the node whose right child comes next, if there is one. */
  #combine(hash: Hash): Frame | undefined {
    let done = hash;
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      if (frame.left === undefined) {
        frame.left = done;
        return frame;
      }
      done = this.#hasher.inner(this.#path, frame.bits, frame.left, done);
      this.#frames.pop();
    }
    this.#top = done;
    return undefined;
  }

  /** Makes the path that of the child to be read, and returns the bits of its position. */
  #enter({ bits, left }: Frame): number {
    const at = bits >> 3;
    const bit = 0x80 >> (bits & 7);
    const kept = (this.#path[at] as number) & (0xff00 >> (bits & 7));
    this.#path[at] = left === undefined ? kept : kept | bit;
    return bits + 1;
  }
}

/** Bytes of a proof. Attacker-controlled: each is there before it is looked at. */
class ProofReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    if (this.take(1)[0] !== RANGE_PROOF_VERSION) throw malformed('it is of another version');
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint16(): number {
    const bytes = this.take(2);
    return ((bytes[0] as number) << 8) | (bytes[1] as number);
  }

  take(size: number): Uint8Array {
    if (this.#at + size > this.#bytes.length) throw malformed('it ends too soon');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

function malformed(what: string): MerkleError {
  return new MerkleError('verification', 'ERR_MERKLE_PROOF', `range proof is refused: ${what}`);
}
