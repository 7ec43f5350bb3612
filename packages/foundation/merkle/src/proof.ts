/** Verification of proofs, without recursion: RFC 9162 §2.1.3.2 and §2.1.4.2, and the batch walk. */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, bytesEqual } from '@veritydb/types';

import { rootFromPackedBatch } from './batch-root.ts';
import { MerkleError } from './error.ts';
import { nodeHash } from './hash.ts';

export interface Inclusion {
  /** Requires 0 <= index < size. */
  readonly index: number;
  readonly size: number;
  readonly leafHash: Hash;
  readonly proof: readonly Hash[];
}

/**
 * The root that an inclusion proof leads to.
 *
 * @throws {MerkleError} ERR_MERKLE_PROOF when its length does not fit index and size
 */
export function rootFromInclusionProof(crypto: Crypto, inclusion: Inclusion): Hash {
  const { index, size, proof } = inclusion;
  checkNumbers(index, size);
  checkHashes([inclusion.leafHash, ...proof]);
  if (index >= size) throw malformed('the index is not below the size');
  let fn = index;
  let sn = size - 1;
  let root = inclusion.leafHash;
  for (const hash of proof) {
    if (sn === 0) throw malformed('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(crypto, hash, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      root = nodeHash(crypto, root, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw malformed('the proof is too short');
  return root;
}

/**
 * Verifies that a leaf is in a tree.
 *
 * @throws {MerkleError} ERR_MERKLE_PROOF, ERR_MERKLE_ROOT
 */
export function verifyInclusion(
  crypto: Crypto,
  inclusion: Inclusion & { readonly root: Hash },
): void {
  if (!bytesEqual(rootFromInclusionProof(crypto, inclusion), inclusion.root)) throw otherRoot();
}

export interface Consistency {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Hash;
  readonly newRoot: Hash;
  readonly proof: readonly Hash[];
}

/**
 * Verifies that the new tree begins with the old one. An empty old tree is refused: every tree begins
 * with it, so a proof would say nothing.
 *
 * @throws {MerkleError} ERR_MERKLE_PROOF, ERR_MERKLE_ROOT
 */
export function verifyConsistency(crypto: Crypto, consistency: Consistency): void {
  const { oldSize, newSize, oldRoot, newRoot, proof } = consistency;
  checkNumbers(oldSize, newSize);
  checkHashes([oldRoot, newRoot, ...proof]);
  if (oldSize < 1) throw malformed('the old tree is empty');
  if (oldSize > newSize) throw malformed('the old size is above the new one');
  if (oldSize === newSize) {
    if (proof.length > 0) throw malformed('the proof is too long');
    if (!bytesEqual(oldRoot, newRoot)) throw otherRoot();
    return;
  }
  let fn = oldSize - 1;
  let sn = newSize - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  // Where the old tree is one whole subtree, the verifier knows it: the proof leaves it out.
  const path = fn === 0 ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) throw malformed('the proof is empty');
  let fr = first;
  let sr = first;
  for (const hash of path) {
    if (sn === 0) throw malformed('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(crypto, hash, fr);
      sr = nodeHash(crypto, hash, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = nodeHash(crypto, sr, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw malformed('the proof is too short');
  if (!bytesEqual(fr, oldRoot) || !bytesEqual(sr, newRoot)) throw otherRoot();
}

export interface Batch {
  readonly size: number;
  /** By strictly increasing index, below size. */
  readonly leaves: readonly { readonly index: number; readonly hash: Hash }[];
  readonly proof: readonly Hash[];
}

/**
 * The root that a batch proof leads to: see `walk.ts` for the order of its hashes.
 *
 * @throws {MerkleError} ERR_MERKLE_PROOF when a hash is missing or left over, or the indexes are wrong
 */
export function rootFromBatchProof(crypto: Crypto, { size, leaves, proof }: Batch): Hash {
  checkHashes([...leaves.map(({ hash }) => hash), ...proof]);
  return rootFromPackedBatch(crypto, {
    size,
    indices: leaves.map(({ index }) => index),
    hashes: pack(leaves.map(({ hash }) => hash)),
    proof: pack(proof),
  });
}

function pack(hashes: readonly Hash[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_SIZE);
  for (const [index, hash] of hashes.entries()) bytes.set(hash, index * HASH_SIZE);
  return bytes;
}

function checkNumbers(...numbers: readonly number[]): void {
  for (const number of numbers) {
    if (!Number.isSafeInteger(number) || number < 0) throw malformed('a size is out of range');
  }
}

/** A shorter hash would let a node pass for a leaf, or an empty one for anything. */
function checkHashes(hashes: readonly Hash[]): void {
  for (const hash of hashes)
    if (hash.length !== HASH_SIZE) throw malformed('a hash is not 32 bytes');
}

function malformed(what: string): MerkleError {
  return new MerkleError('verification', 'ERR_MERKLE_PROOF', `proof is refused: ${what}`);
}

function otherRoot(): MerkleError {
  return new MerkleError('verification', 'ERR_MERKLE_ROOT', 'proof leads to another root', {
    hint: 'the leaf, the tree or the proof is not the one that was signed',
  });
}
