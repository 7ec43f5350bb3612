import { nativeCrypto } from '@veritydb/crypto/native';
import { MerkleTree, verifyConsistency, verifyInclusion } from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { type Hash, base64ToBytes, bytesToHex, hexToBytes, toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  hasShared,
  sharedBytes,
  sharedFiles,
  sharedJson,
} from '../../types/test/shared-vectors.ts';
import { leavesOf } from './recursive-tree.ts';

const LEAVES = leavesOf(70);
const TREE = new MerkleTree(nativeCrypto);
for (const leaf of LEAVES) TREE.append(leaf);

const CODES = ['ERR_MERKLE_PROOF', 'ERR_MERKLE_ROOT'];

/** One change of a list of hashes: a bit, a hash left out, doubled, or put in. */
const mutation = fc.tuple(
  fc.constantFrom('flip', 'drop', 'double', 'append'),
  fc.nat(),
  fc.nat(255),
);

function mutate(
  proof: readonly Hash[],
  [kind, pick, bit]: readonly [string, number, number],
): readonly Hash[] {
  const at = proof.length === 0 ? 0 : pick % proof.length;
  const hash = (proof[at] ?? LEAVES[0]) as Hash;
  if (kind === 'append' || proof.length === 0) return [...proof, hash];
  if (kind === 'drop') return proof.toSpliced(at, 1);
  if (kind === 'double') return proof.toSpliced(at, 0, hash);
  const flipped = toHash(hash.slice());
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return proof.with(at, flipped);
}

describe('any change breaks a proof', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 70 }), fc.nat()).map(([size, pick]) => ({
    size,
    index: pick % size,
  }));

  test('inclusion: hashes, index, leaf, root', () => {
    fc.assert(
      fc.property(sizes, mutation, fc.nat(69), ({ size, index }, change, other) => {
        const proof = TREE.inclusionProof(index, size);
        const root = TREE.root(size);
        const good = { index, size, leafHash: TREE.leafHash(index), proof, root };
        verifyInclusion(nativeCrypto, good);
        const attempts = [
          { ...good, proof: mutate(proof, change) },
          ...(other === index ? [] : [{ ...good, index: other }]),
          ...(other === index ? [] : [{ ...good, leafHash: TREE.leafHash(other) }]),
          ...(other === size ? [] : [{ ...good, root: TREE.root(other) }]),
        ];
        for (const attempt of attempts) {
          expect(CODES).toContain(codeOf(() => verifyInclusion(nativeCrypto, attempt)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('consistency: hashes and roots', () => {
    fc.assert(
      fc.property(sizes, mutation, fc.nat(69), ({ size: newSize, index }, change, other) => {
        const oldSize = index + 1;
        const proof = TREE.consistencyProof(oldSize, newSize);
        const [oldRoot, newRoot] = [TREE.root(oldSize), TREE.root(newSize)];
        const good = { oldSize, newSize, oldRoot, newRoot, proof };
        verifyConsistency(nativeCrypto, good);
        const attempts = [
          { ...good, proof: mutate(proof, change) },
          ...(other === oldSize ? [] : [{ ...good, oldRoot: TREE.root(other) }]),
          ...(other === newSize ? [] : [{ ...good, newRoot: TREE.root(other) }]),
        ];
        for (const attempt of attempts) {
          expect(CODES).toContain(codeOf(() => verifyConsistency(nativeCrypto, attempt)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('numbers of no tree are refused', () => {
    const [hash] = LEAVES as readonly [Hash];
    for (const [index, size] of [
      [1, 1],
      [0, 0],
      [-1, 1],
      [0.5, 1],
      [0, 2 ** 53],
      [0, Number.NaN],
    ] as const) {
      const inclusion = { index, size, leafHash: hash, proof: [], root: hash };
      expect(codeOf(() => verifyInclusion(nativeCrypto, inclusion))).toBe('ERR_MERKLE_PROOF');
    }
    for (const [oldSize, newSize] of [
      [0, 0],
      [0, 1],
      [2, 1],
      [-1, 1],
      [1, 2 ** 53],
    ] as const) {
      const consistency = { oldSize, newSize, oldRoot: hash, newRoot: hash, proof: [hash] };
      expect(codeOf(() => verifyConsistency(nativeCrypto, consistency))).toBe('ERR_MERKLE_PROOF');
    }
  });
});

test('typed: two proofs in the reference tree of eight, and what they are refused for', () => {
  const root = toHash(
    hexToBytes('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'),
  );
  const proof = [
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    '07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ].map((hex) => toHash(hexToBytes(hex)));
  const leaf = toHash(
    hexToBytes('0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7'),
  );
  const order = [proof[1], proof[0], proof[2]] as readonly Hash[];
  const good = { index: 2, size: 8, leafHash: leaf, proof: order, root };
  verifyInclusion(nativeCrypto, good);
  const refused = { index: 2, size: 8, leafHash: leaf, root };
  expect(codeOf(() => verifyInclusion(nativeCrypto, { ...refused, proof }))).toBe(
    'ERR_MERKLE_ROOT',
  );
  expect(codeOf(() => verifyInclusion(nativeCrypto, { ...refused, proof: [] }))).toBe(
    'ERR_MERKLE_PROOF',
  );
});

/** Some vectors hold hashes of a wrong size: the brand is given without its check. */
function hashOf(text: string): Hash {
  return base64ToBytes(text) as Hash;
}

const present = hasShared('vectors/rfc6962-transparency-dev');

describe.runIf(present)('transparency-dev vectors, named by their mutation', () => {
  interface ConsistencyVector {
    readonly size1?: number;
    readonly size2?: number;
    readonly start?: number;
    readonly end?: number;
    readonly size?: number;
    readonly root1: string;
    readonly root2: string;
    readonly proof: readonly string[] | null;
    readonly wantErr: boolean;
  }
  interface InclusionVector {
    readonly leafIdx: number;
    readonly treeSize?: number;
    readonly start?: number;
    readonly end?: number;
    readonly root: string;
    readonly leafHash: string;
    readonly proof: readonly string[] | null;
    readonly wantErr: boolean;
  }

  function run(vector: ConsistencyVector | InclusionVector): string {
    const proof = (vector.proof ?? []).map(hashOf);
    // A subtree from 0 is the tree of an earlier size; the others are of a draft that is not ours.
    if ('root1' in vector) {
      const consistency = {
        oldSize: (vector.size1 ?? vector.end) as number,
        newSize: (vector.size2 ?? vector.size) as number,
        oldRoot: hashOf(vector.root1),
        newRoot: hashOf(vector.root2),
        proof,
      };
      return codeOf(() => verifyConsistency(nativeCrypto, consistency));
    }
    const inclusion = {
      index: vector.leafIdx,
      size: (vector.treeSize ?? vector.end) as number,
      leafHash: hashOf(vector.leafHash),
      proof,
      root: hashOf(vector.root),
    };
    return codeOf(() => verifyInclusion(nativeCrypto, inclusion));
  }

  /** Taken there and refused here: roots of 12 bytes, and the empty subtree, which proves nothing. */
  const STRICTER = [
    'consistency/additional/sizes-are-equal-one-and-proof-is-empty.json',
    'subtreeconsistency/additional/sizes-are-equal-one-and-proof-is-empty.json',
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-proof-is-empty.json',
    'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty.json',
  ];

  test('each is taken or refused as its file says', () => {
    const wrong: string[] = [];
    let count = 0;
    const folder = 'vectors/rfc6962-transparency-dev/testdata';
    for (const name of sharedFiles(folder)) {
      const vector = sharedJson(name) as ConsistencyVector | InclusionVector;
      if ((vector.start ?? 0) !== 0) continue;
      count += 1;
      const code = run(vector);
      const right = vector.wantErr ? CODES.includes(code) : code === 'none';
      if (!right) wrong.push(name.slice(folder.length + 1));
    }
    expect(wrong).toEqual(STRICTER);
    expect(count).toBe(399);
  });
});

describe.runIf(present)('published trees', () => {
  test('rfc6962-constants: every node of the reference tree', () => {
    const vectors = sharedJson('vectors/rfc6962-constants/ct-reference-tree.json') as {
      leaf_inputs_hex: string[];
      node_hashes_hex: string[][];
      root_hashes_hex_by_size: string[];
    };
    const tree = new MerkleTree(nativeCrypto);
    for (const leaf of vectors.node_hashes_hex[0] ?? []) tree.append(hexToBytes(leaf));
    for (const [size, root] of vectors.root_hashes_hex_by_size.entries()) {
      expect(bytesToHex(tree.root(size))).toBe(root);
    }
    // The right sibling of leaf 0 at each level is the first odd node of that level.
    expect(tree.inclusionProof(0).map(bytesToHex)).toEqual(
      vectors.node_hashes_hex.slice(0, -1).map((level) => level[1]),
    );
  });

  test('tessera: leaf tiles and the root of each checkpoint', () => {
    const tile = sharedBytes('vectors/tessera-tlog/log/tile/0/000.p/15');
    const tree = new MerkleTree(nativeCrypto);
    for (let at = 0; at < tile.length; at += 32) tree.append(tile.subarray(at, at + 32));
    for (let size = 1; size <= 15; size += 1) {
      const checkpoint = new TextDecoder().decode(
        sharedBytes(`vectors/tessera-tlog/log/checkpoint.${size}`),
      );
      const [, sizeText, root = ''] = checkpoint.split('\n');
      expect([Number(sizeText), tree.root(size)]).toEqual([size, base64ToBytes(root)]);
    }
  });
});
