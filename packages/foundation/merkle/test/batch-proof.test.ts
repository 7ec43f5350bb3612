import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Batch,
  MerkleError,
  MerkleTree,
  nodeHash,
  rootFromBatchProof,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { type Hash, bytesEqual, toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { batch, leavesOf } from './recursive-tree.ts';

const LEAVES = leavesOf(70);
const TREE = new MerkleTree(nativeCrypto);
for (const leaf of LEAVES) TREE.append(leaf);

function batchOf(size: number, indices: readonly number[]): Batch {
  const leaves = indices.map((index) => ({ index, hash: LEAVES[index] as Hash }));
  return { size, leaves, proof: TREE.batchProof(indices, size) };
}

/** A tree size and a strictly increasing choice of its leaves. */
const choice = fc.integer({ min: 1, max: 70 }).chain((size) =>
  fc.tuple(
    fc.constant(size),
    fc
      .uniqueArray(fc.nat(size - 1), { maxLength: size })
      .map((indices) => indices.toSorted((a, b) => a - b)),
  ),
);

function sorted(hashes: readonly Hash[]): readonly string[] {
  return hashes.map(String).toSorted();
}

/** Whether the batch leads to the root, another error than a refused proof is thrown on. */
function leadsTo(root: Hash, one: Batch): boolean {
  try {
    return bytesEqual(rootFromBatchProof(nativeCrypto, one), root);
  } catch (error) {
    if (!(error instanceof MerkleError) || error.code !== 'ERR_MERKLE_PROOF') throw error;
    return false;
  }
}

test('by hand: five leaves, the second and the fifth given', () => {
  //            root
  //          /      \
  //       0..3       4
  //      /    \
  //   0..1    2..3
  //   /  \
  //  0    1
  const [zero, one, two, three, four] = LEAVES as readonly [Hash, Hash, Hash, Hash, Hash];
  const right = nodeHash(portableCrypto, two, three);
  expect(TREE.batchProof([1, 4], 5)).toEqual([zero, right]);
  const left = nodeHash(portableCrypto, nodeHash(portableCrypto, zero, one), right);
  expect(rootFromBatchProof(portableCrypto, batchOf(5, [1, 4]))).toEqual(
    nodeHash(portableCrypto, left, four),
  );
});

test('no leaf given is the root itself, all given is no hash at all', () => {
  for (let size = 1; size <= 20; size += 1) {
    expect(TREE.batchProof([], size)).toEqual([TREE.root(size)]);
    const all = Array.from({ length: size }, (_, index) => index);
    expect(TREE.batchProof(all, size)).toEqual([]);
    expect(rootFromBatchProof(nativeCrypto, batchOf(size, all))).toEqual(TREE.root(size));
  }
  expect(TREE.batchProof([], 0)).toEqual([]);
  expect(rootFromBatchProof(nativeCrypto, batchOf(0, []))).toEqual(TREE.root(0));
});

test('one leaf given is an inclusion proof, in another order', () => {
  for (let index = 0; index < 37; index += 1) {
    expect(sorted(TREE.batchProof([index], 37))).toEqual(sorted(TREE.inclusionProof(index, 37)));
  }
});

describe('any choice of leaves', () => {
  test('gives the proof of the twin, and it leads to the root', () => {
    fc.assert(
      fc.property(choice, ([size, indices]) => {
        const one = batchOf(size, indices);
        expect(one.proof).toEqual(batch(new Set(indices), LEAVES.slice(0, size)));
        expect(rootFromBatchProof(nativeCrypto, one)).toEqual(TREE.root(size));
        expect(rootFromBatchProof(portableCrypto, one)).toEqual(TREE.root(size));
      }),
      { numRuns: 80 },
    );
  });

  test('fails with any hash changed, left out, put in or exchanged', () => {
    fc.assert(
      fc.property(choice, fc.nat(), fc.nat(255), ([size, indices], pick, bit) => {
        const one = batchOf(size, indices);
        const root = TREE.root(size);
        const hashes = [...one.leaves.map(({ hash }) => hash), ...one.proof];
        const at = pick % hashes.length;
        const rebuilt = (changed: readonly Hash[]): Batch => ({
          size,
          leaves: one.leaves.map(({ index }, place) => ({ index, hash: changed[place] as Hash })),
          proof: changed.slice(one.leaves.length),
        });
        const flipped = toHash((hashes[at] as Hash).slice());
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(leadsTo(root, rebuilt(hashes.with(at, flipped)))).toBe(false);
        expect(leadsTo(root, { ...one, proof: [...one.proof, root] })).toBe(false);
        expect(leadsTo(root, { ...one, proof: [root, ...one.proof] })).toBe(false);
        const other = pick % (at + 1);
        const swapped = hashes.with(at, hashes[other] as Hash).with(other, hashes[at] as Hash);
        expect(leadsTo(root, rebuilt(swapped))).toBe(other === at);
        fc.pre(one.proof.length > 0);
        expect(leadsTo(root, { ...one, proof: one.proof.slice(1) })).toBe(false);
        expect(leadsTo(root, { ...one, proof: one.proof.slice(0, -1) })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('fails when a leaf is said to stand elsewhere', () => {
    fc.assert(
      fc.property(choice, fc.nat(), fc.nat(69), ([size, indices], pick, elsewhere) => {
        fc.pre(indices.length > 0);
        const one = batchOf(size, indices);
        const at = pick % indices.length;
        fc.pre(elsewhere !== indices[at]);
        const moved = one.leaves.map((leaf, place) =>
          place === at ? { ...leaf, index: elsewhere } : leaf,
        );
        expect(leadsTo(TREE.root(size), { ...one, leaves: moved })).toBe(false);
      }),
    );
  });
});

test('numbers of no tree are refused, and the greatest tree is walked', () => {
  const [hash] = LEAVES as readonly [Hash];
  const leaf = (index: number) => ({ index, hash });
  const refused: readonly Batch[] = [
    { size: -1, leaves: [], proof: [] },
    { size: 1.5, leaves: [], proof: [hash] },
    { size: 2 ** 53, leaves: [], proof: [hash] },
    { size: Number.NaN, leaves: [], proof: [hash] },
    { size: 0, leaves: [leaf(0)], proof: [] },
    { size: 0, leaves: [], proof: [hash] },
    { size: 2, leaves: [leaf(2)], proof: [hash] },
    { size: 2, leaves: [leaf(-1)], proof: [hash] },
    { size: 2, leaves: [leaf(0.5)], proof: [hash] },
    { size: 2, leaves: [leaf(1), leaf(1)], proof: [] },
    { size: 2, leaves: [leaf(1), leaf(0)], proof: [] },
    { size: 2, leaves: [leaf(0)], proof: [new Uint8Array(31) as Hash] },
    { size: 2, leaves: [{ index: 0, hash: new Uint8Array(0) as Hash }], proof: [hash] },
  ];
  for (const one of refused) {
    expect(codeOf(() => rootFromBatchProof(nativeCrypto, one))).toBe('ERR_MERKLE_PROOF');
  }
  const size = Number.MAX_SAFE_INTEGER;
  const proof = Array.from({ length: 53 }, () => hash);
  const far: Batch = { size, leaves: [leaf(0)], proof };
  expect(codeOf(() => rootFromBatchProof(nativeCrypto, far))).toBe('none');
});
