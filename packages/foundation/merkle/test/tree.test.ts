import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleTree,
  emptyRoot,
  leafHash,
  nodeHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { type Hash, bytesToHex, concatBytes, hexToBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { leavesOf, mth, path, subproof } from './recursive-tree.ts';

const SIZE = 70;
const LEAVES = leavesOf(SIZE);

function treeOf(leaves: readonly Hash[]): MerkleTree {
  const tree = new MerkleTree(nativeCrypto);
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

const TREE = treeOf(LEAVES);

/** RFC 6962 reference tree of Certificate Transparency: entries and the root of each size. */
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the reference tree: each size, grown and at once, by both providers', () => {
  for (const crypto of [nativeCrypto, portableCrypto]) {
    const leaves = ENTRIES.map((entry) => leafHash(crypto, hexToBytes(entry)));
    const tree = new MerkleTree(crypto);
    expect(bytesToHex(tree.root())).toBe(ROOTS[0]);
    for (const [index, leaf] of leaves.entries()) {
      expect(tree.append(leaf)).toBe(index);
      expect(bytesToHex(tree.root())).toBe(ROOTS[index + 1]);
      expect(bytesToHex(treeRoot(crypto, leaves.slice(0, index + 1)))).toBe(ROOTS[index + 1]);
    }
    expect(ROOTS.map((_, size) => bytesToHex(tree.root(size)))).toEqual(ROOTS);
    expect(bytesToHex(emptyRoot(crypto))).toBe(ROOTS[0]);
    expect(bytesToHex(treeRoot(crypto, []))).toBe(ROOTS[0]);
    expect(bytesToHex(nodeHash(crypto, leaves[0] as Hash, leaves[1] as Hash))).toBe(ROOTS[2]);
  }
});

test('every root and every inclusion proof is that of the twin, and verifies', () => {
  for (let size = 1; size <= 40; size += 1) {
    const leaves = LEAVES.slice(0, size);
    const root = mth(leaves);
    expect(TREE.root(size)).toEqual(root);
    for (let index = 0; index < size; index += 1) {
      const proof = TREE.inclusionProof(index, size);
      expect(proof).toEqual(path(index, leaves));
      const hash = TREE.leafHash(index);
      verifyInclusion(nativeCrypto, { index, size, leafHash: hash, proof, root });
    }
  }
});

test('every consistency proof is that of the twin, and verifies', () => {
  for (let newSize = 1; newSize <= 36; newSize += 1) {
    for (let oldSize = 1; oldSize <= newSize; oldSize += 1) {
      const proof = TREE.consistencyProof(oldSize, newSize);
      expect(proof).toEqual(subproof(oldSize, LEAVES.slice(0, newSize), true));
      const [oldRoot, newRoot] = [TREE.root(oldSize), TREE.root(newSize)];
      verifyConsistency(nativeCrypto, { oldSize, newSize, oldRoot, newRoot, proof });
    }
  }
});

test('a proof for an earlier size stays the same bytes as the tree grows', () => {
  const tree = new MerkleTree(nativeCrypto);
  const early: (readonly Hash[])[] = [];
  for (const [index, leaf] of LEAVES.entries()) {
    tree.append(leaf);
    early.push(tree.inclusionProof(index >> 1));
  }
  for (const [index, proof] of early.entries()) {
    expect(tree.inclusionProof(index >> 1, index + 1)).toEqual(proof);
  }
});

test('hashes that are handed out are copies', () => {
  const tree = treeOf(LEAVES.slice(0, 5));
  const before = bytesToHex(tree.root());
  tree.leafHash(0).fill(0);
  for (const hash of tree.inclusionProof(0)) hash.fill(0);
  tree.root(4).fill(0);
  expect(bytesToHex(tree.root())).toBe(before);
  const leaf = LEAVES[5] as Hash;
  const mine = leaf.slice();
  tree.append(mine);
  mine.fill(0);
  expect(tree.leafHash(5)).toEqual(leaf);
});

test('some hundred thousand leaves: roots at chosen sizes, proofs verify', () => {
  const count = 100_000;
  const tree = new MerkleTree(nativeCrypto);
  const leaf = new Uint8Array(32);
  const view = new DataView(leaf.buffer);
  for (let index = 0; index < count; index += 1) {
    view.setUint32(0, index);
    tree.append(leaf);
  }
  expect(tree.size).toBe(count);
  for (const [index, size] of [
    [0, count],
    [count - 1, count],
    [65_535, 65_536],
    [65_536, 65_537],
    [12_345, 99_999],
  ] as const) {
    const [hash, root] = [tree.leafHash(index), tree.root(size)];
    const proof = tree.inclusionProof(index, size);
    verifyInclusion(nativeCrypto, { index, size, leafHash: hash, proof, root });
    const consistency = tree.consistencyProof(size, count);
    verifyConsistency(nativeCrypto, {
      oldSize: size,
      newSize: count,
      oldRoot: root,
      newRoot: tree.root(),
      proof: consistency,
    });
  }
});

test('leaves that are appended at once make the same tree as one by one', () => {
  const counts = fc.array(fc.nat(9), { maxLength: 12 });
  fc.assert(
    fc.property(counts, (batches) => {
      const tree = new MerkleTree(nativeCrypto);
      for (const count of batches) {
        const index = tree.size;
        const leaves = LEAVES.slice(index, index + count);
        expect(tree.append(concatBytes(...leaves))).toBe(index);
      }
      const other = treeOf(LEAVES.slice(0, tree.size));
      expect(tree.size).toBe(other.size);
      expect(tree.root()).toEqual(other.root());
      for (let index = 0; index < tree.size; index += 1) {
        expect(tree.inclusionProof(index)).toEqual(other.inclusionProof(index));
      }
    }),
  );
});

test('treeRoot and a grown tree agree at any size', () => {
  fc.assert(
    fc.property(fc.nat(SIZE), (size) => {
      expect(treeRoot(portableCrypto, LEAVES.slice(0, size))).toEqual(TREE.root(size));
    }),
  );
});

test('what is outside the tree is a bug of the caller', () => {
  for (const call of [
    () => TREE.root(SIZE + 1),
    () => TREE.root(-1),
    () => TREE.root(1.5),
    () => TREE.leafHash(SIZE),
    () => TREE.leafHash(-1),
    () => TREE.inclusionProof(SIZE),
    () => TREE.inclusionProof(3, 3),
    () => TREE.inclusionProof(-1, 3),
    () => TREE.consistencyProof(0, 3),
    () => TREE.consistencyProof(4, 3),
    () => TREE.consistencyProof(3, SIZE + 1),
    () => TREE.batchProof([1, 1], 3),
    () => TREE.batchProof([2, 1], 3),
    () => TREE.batchProof([3], 3),
    () => TREE.batchProof([-1], 3),
    () => treeOf([]).append(new Uint8Array(31)),
  ]) {
    expect(codeOf(call)).toBe('ERR_ASSERTION');
  }
});
