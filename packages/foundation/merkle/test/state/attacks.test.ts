/** What a forger does to range proofs: each attempt is refused, or says what is so. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type KeyRange, buildRangeProof, verifyRangeProof } from '@veritydb/merkle';
import { codeOf, loadJson, requireShared } from '@veritydb/testkit';
import { type Hash, base64ToBytes, bytesToHex, concatBytes, toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type TwinNode,
  arbitraryEntries,
  arbitraryRange,
  commitmentOf,
  readerOf,
  rootOf,
  twinHash,
  twinOf,
  twinProof,
  within,
} from './twin.ts';

const REFUSALS = ['ERR_MERKLE_PROOF', 'ERR_MERKLE_ROOT'];

const arbitraryCase = arbitraryEntries.chain((entries) =>
  arbitraryRange(entries).map((range) => ({ entries, range })),
);

function codeFor(root: Hash, range: KeyRange, proof: Uint8Array): string {
  return codeOf(() => verifyRangeProof(nativeCrypto, { root, range, proof }));
}

function expectRefusal(root: Hash, range: KeyRange, proof: Uint8Array): void {
  expect(REFUSALS).toContain(codeFor(root, range, proof));
}

test('every bit of every proof counts', () => {
  fc.assert(
    fc.property(arbitraryCase, ({ entries, range }) => {
      const trie = twinOf(entries);
      const [root, proof] = [rootOf(trie), twinProof(trie, range)];
      for (let bit = 0; bit < 8 * proof.length; bit += 1) {
        const flipped = proof.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expectRefusal(root, range, flipped);
      }
    }),
    { numRuns: 60 },
  );
});

test('no byte may be missing, said twice or moved', () => {
  fc.assert(
    fc.property(arbitraryCase, fc.nat(), fc.integer({ min: 1, max: 70 }), (each, place, size) => {
      const trie = twinOf(each.entries);
      const [root, proof] = [rootOf(trie), twinProof(trie, each.range)];
      const at = place % proof.length;
      const [head, cut, tail] = [proof.slice(0, at), proof.slice(at, at + size), proof.slice(at)];
      expectRefusal(root, each.range, head);
      expectRefusal(root, each.range, concatBytes(head, tail.slice(cut.length)));
      expectRefusal(root, each.range, concatBytes(head, cut, tail));
      expectRefusal(root, each.range, concatBytes(proof, cut));
      const moved = concatBytes(head, tail.slice(cut.length), cut);
      if (bytesToHex(moved) !== bytesToHex(proof)) expectRefusal(root, each.range, moved);
    }),
    { numRuns: 300 },
  );
});

test('fuzz: bytes of any kind are refused by a code', () => {
  const root = rootOf(twinOf([['01', commitmentOf('01')]]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expectRefusal(root, {}, bytes);
      expectRefusal(root, { from: Uint8Array.of(1) }, concatBytes(Uint8Array.of(1), bytes));
      expectRefusal(root, {}, concatBytes(Uint8Array.of(1, 0x80, 0), bytes));
    }),
    { numRuns: 2000 },
  );
});

test('a proof that is taken for another range says what is so of that range', () => {
  fc.assert(
    fc.property(
      arbitraryEntries.chain((entries) =>
        fc.tuple(fc.constant(entries), arbitraryRange(entries), arbitraryRange(entries)),
      ),
      ([entries, range, other]) => {
        const trie = twinOf(entries);
        const proof = twinProof(trie, range);
        const isProof = bytesToHex(proof) === bytesToHex(twinProof(trie, other));
        if (!isProof) {
          expectRefusal(rootOf(trie), other, proof);
          return;
        }
        const found = verifyRangeProof(nativeCrypto, { root: rootOf(trie), range: other, proof });
        expect(found.map(({ key }) => bytesToHex(key))).toEqual(
          within(entries, other).map(([key]) => key),
        );
      },
    ),
    { numRuns: 500 },
  );
});

/** Every trie that differs from one in one place, as a forger would have it. */
function* forgeries(node: TwinNode): Iterable<TwinNode> {
  if (node.kind === 'leaf') {
    yield { ...node, commitment: commitmentOf('forged') };
    yield { ...node, key: `${node.key}00` };
    yield { ...node, key: node.key.slice(0, -2) };
    const last = (Number.parseInt(node.key.slice(-2), 16) ^ 1).toString(16).padStart(2, '0');
    yield { ...node, key: node.key.slice(0, -2) + last };
    yield { kind: 'hash', hash: twinHash(node) };
    // A row that is not there, beside one that is.
    const forged = { kind: 'leaf', key: node.key.slice(0, -2) + last, commitment: node.commitment };
    const [left, right] = [node, forged as TwinNode];
    yield { kind: 'inner', prefix: '', left, right };
    yield { kind: 'inner', prefix: '', left: right, right: left };
  }
  if (node.kind !== 'inner') return;
  const { left, prefix, right } = node;
  yield { kind: 'empty' };
  yield { kind: 'hash', hash: twinHash(node) };
  // A row is left out: its sibling takes the place of both.
  yield left;
  yield right;
  yield { ...node, left: right, right: left };
  yield { ...node, left: right };
  yield { ...node, prefix: prefix.slice(0, -1) };
  yield { ...node, prefix: `${prefix}0` };
  yield { ...node, prefix: `${prefix}1` };
  yield { ...node, prefix: '1'.repeat(prefix.length) };
  yield { ...node, prefix: '0'.repeat(0x7fff) };
  yield { kind: 'inner', prefix, left: node, right };
  for (const forged of forgeries(left)) yield { ...node, left: forged };
  for (const forged of forgeries(right)) yield { ...node, right: forged };
}

test('no forged node passes: rows hidden, added, altered, swapped; prefixes and counts that lie', () => {
  fc.assert(
    fc.property(arbitraryCase, ({ entries, range }) => {
      const trie = twinOf(entries);
      const [root, honest] = [rootOf(trie), bytesToHex(twinProof(trie, range))];
      for (const forged of forgeries(trie)) {
        const proof = twinProof(forged, range);
        // What lies out of range is not told: forging it changes hashes, or nothing.
        if (bytesToHex(proof) !== honest) expectRefusal(root, range, proof);
      }
    }),
    { numRuns: 40 },
  );
});

test('a lying trie: a leaf that stands where its key does not belong is refused when it is read', () => {
  const [low, high] = ['0101', '01f0'].map((key) => [key, commitmentOf(key)] as const);
  const leaf = ([key, commitment]: readonly [string, string]): TwinNode => ({
    kind: 'leaf',
    key,
    commitment,
  });
  const lying: TwinNode = {
    kind: 'inner',
    prefix: '00000001',
    left: leaf(high as readonly [string, string]),
    right: leaf(low as readonly [string, string]),
  };
  expect(codeFor(rootOf(lying), {}, twinProof(lying, {}))).toBe('ERR_MERKLE_PROOF');
});

interface VectorFile {
  readonly root: string;
  readonly keys: readonly string[];
  readonly rowhashes: readonly string[];
  readonly cases: readonly {
    readonly why: string;
    readonly accept: boolean;
    readonly root: string;
    readonly lo: string | null;
    readonly hi: string | null;
    readonly proof: VectorNode;
    /** Keys. */
    readonly rows: readonly string[] | null;
  }[];
}

interface VectorNode {
  readonly h?: string;
  readonly e?: 1;
  readonly k?: string;
  readonly r?: string;
  readonly p?: string;
  readonly n?: number;
  readonly l?: VectorNode;
  readonly g?: VectorNode;
}

const hexOf64 = (text: string): string => bytesToHex(base64ToBytes(text));

function fromVector(node: VectorNode): TwinNode {
  if (node.h !== undefined) return { kind: 'hash', hash: hexOf64(node.h) };
  if (node.e !== undefined) return { kind: 'empty' };
  if (node.k !== undefined) {
    return { kind: 'leaf', key: hexOf64(node.k), commitment: hexOf64(node.r as string) };
  }
  const bits = [...base64ToBytes(node.p as string)].map((byte) =>
    byte.toString(2).padStart(8, '0'),
  );
  const prefix = bits.join('').slice(0, node.n);
  const [left, right] = [fromVector(node.l as VectorNode), fromVector(node.g as VectorNode)];
  return { kind: 'inner', prefix, left, right };
}

const shared = requireShared('range proof vectors');

describe.skipIf(shared === undefined)('vectors of another implementation', () => {
  test.each(['t1', 't2', 't3'])('%s', (name) => {
    const file = loadJson(shared as string, 'vectors/range-proofs', `${name}.json`) as VectorFile;
    const entries = file.keys
      .map((key, index) => [hexOf64(key), hexOf64(file.rowhashes[index] as string)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const trie = twinOf(entries);
    expect(twinHash(trie)).toBe(hexOf64(file.root));
    for (const each of file.cases) {
      const range: KeyRange = {
        ...(each.lo === null ? {} : { from: base64ToBytes(each.lo) }),
        ...(each.hi === null ? {} : { to: concatBytes(base64ToBytes(each.hi), Uint8Array.of(0)) }),
      };
      const root = toHash(base64ToBytes(each.root));
      const proof = twinProof(fromVector(each.proof), range);
      const isLyingTrie = each.root !== file.root;
      if (!each.accept && !isLyingTrie) {
        expect(REFUSALS, each.why).toContain(codeFor(root, range, proof));
        continue;
      }
      const found = verifyRangeProof(nativeCrypto, { root, range, proof });
      if (isLyingTrie) {
        // Its misplaced row cannot even be said: where it lies a hash stands. It is not shown as present.
        expect(found, each.why).toEqual([]);
        continue;
      }
      expect(bytesToHex(proof), each.why).toBe(bytesToHex(buildRangeProof(readerOf(trie), range)));
      expect(
        found.map(({ key }) => bytesToHex(key)),
        each.why,
      ).toEqual((each.rows ?? []).map(hexOf64));
      expect(found.map(({ key }) => bytesToHex(key))).toEqual(
        within(entries, range).map(([key]) => key),
      );
    }
  });
});
