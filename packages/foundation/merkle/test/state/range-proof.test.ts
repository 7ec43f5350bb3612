/** S006: that a state is what the log says, proved by ranges of it: nothing missing, nothing invented. */

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type KeyRange,
  STATE_KEY_SIZE_MAX,
  buildRangeProof,
  buildStateRoot,
  pointRange,
  successorOf,
  verifyRangeProof,
} from '@veritydb/merkle';
import { expectCode } from '@veritydb/testkit';
import { bytesToHex, hexToBytes, toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  arbitraryEntries,
  arbitraryRange,
  commitmentOf,
  readerOf,
  rootOf,
  toEntry,
  twinHash,
  twinOf,
  twinProof,
  within,
} from './twin.ts';

const arbitraryCase = arbitraryEntries.chain((entries) =>
  arbitraryRange(entries).map((range) => ({ entries, range })),
);

const verify = (root: Uint8Array, range: KeyRange, proof: Uint8Array, crypto = nativeCrypto) =>
  verifyRangeProof(crypto, { root: toHash(root), range, proof }).map(
    ({ key, commitment }) => [bytesToHex(key), bytesToHex(commitment)] as const,
  );

describe('the root of a state', () => {
  test('is that of its recursive twin', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        expect(bytesToHex(buildStateRoot(nativeCrypto, entries.map(toEntry)))).toBe(
          twinHash(twinOf(entries)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('without rows is SHA-256 of nothing', () => {
    expect(bytesToHex(buildStateRoot(portableCrypto, []))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  test('asserts order, and that no key is a prefix of another', () => {
    const keys = (...list: readonly string[]) =>
      list.map((key) => toEntry([key, commitmentOf(key)]));
    for (const wrong of [keys('02', '01'), keys('01', '01'), keys('01', '0100'), keys('')]) {
      expect(() => buildStateRoot(nativeCrypto, wrong)).toThrow();
    }
  });
});

describe('a range proof', () => {
  test('gives the entries of the range, all and in order, and is that of its twin', () => {
    fc.assert(
      fc.property(arbitraryCase, ({ entries, range }) => {
        const trie = twinOf(entries);
        const proof = buildRangeProof(readerOf(trie), range);
        expect(bytesToHex(proof)).toBe(bytesToHex(twinProof(trie, range)));
        for (const crypto of [nativeCrypto, portableCrypto]) {
          expect(verify(rootOf(trie), range, proof, crypto)).toEqual(within(entries, range));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('of one key is of presence or of absence', () => {
    const trie = twinOf(['01aa', '01ab', '02ff'].map((key) => [key, commitmentOf(key)]));
    for (const [key, count] of [
      ['01ab', 1],
      ['01ac', 0],
      ['00', 0],
      ['ffff', 0],
      ['01', 0],
    ] as const) {
      const range = pointRange(hexToBytes(key));
      const found = verify(rootOf(trie), range, buildRangeProof(readerOf(trie), range));
      expect(found).toHaveLength(count);
    }
  });

  test('holds its lower bound and not its upper one', () => {
    const entries = ['01', '02', '03'].map((key) => [key, commitmentOf(key)] as const);
    const trie = twinOf(entries);
    const keysOf = (range: KeyRange) =>
      verify(rootOf(trie), range, buildRangeProof(readerOf(trie), range)).map(([key]) => key);
    const [one, three] = [hexToBytes('01'), hexToBytes('03')];
    expect(keysOf({ from: one, to: three })).toEqual(['01', '02']);
    expect(keysOf({ from: successorOf(one), to: successorOf(three) })).toEqual(['02', '03']);
    expect(keysOf({})).toEqual(['01', '02', '03']);
  });

  test('of a state without rows is its version alone', () => {
    const root = buildStateRoot(nativeCrypto, []);
    expect(verify(root, {}, Uint8Array.of(1))).toEqual([]);
    expectCode(() => verify(root, {}, Uint8Array.of(1, 0)), 'ERR_MERKLE_PROOF');
    expectCode(() => verify(root, {}, Uint8Array.of(2)), 'ERR_MERKLE_PROOF');
    expectCode(() => verify(root, {}, new Uint8Array(0)), 'ERR_MERKLE_PROOF');
  });

  test('is asked of a range that can hold a key', () => {
    const trie = twinOf([['01', commitmentOf('01')]]);
    const [low, high] = [hexToBytes('01'), hexToBytes('02')];
    const long = new Uint8Array(STATE_KEY_SIZE_MAX + 2);
    for (const range of [
      { from: high, to: low },
      { from: low, to: low },
      { to: new Uint8Array(0) },
      { from: long },
      { to: long },
    ]) {
      expectCode(() => buildRangeProof(readerOf(trie), range), 'ERR_MERKLE_RANGE');
      expectCode(() => verify(rootOf(trie), range, Uint8Array.of(1)), 'ERR_MERKLE_RANGE');
    }
  });

  test('is as deep as a key has bits, and needs no stack of calls', () => {
    const bits = 8 * STATE_KEY_SIZE_MAX;
    const zero = new Uint8Array(STATE_KEY_SIZE_MAX);
    const commitment = toHash(hexToBytes(commitmentOf('row')));
    const entries = [{ key: zero, commitment }];
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      const key = zero.slice();
      key[bit >> 3] = 0x80 >> (bit & 7);
      entries.push({ key, commitment });
    }
    const root = buildStateRoot(nativeCrypto, entries);
    // An inner node a bit; on its left all that is deeper, on its right one leaf.
    const reader = {
      root: 0,
      isLeaf: (node: number) => node >= bits,
      prefixBits: (node: number) => node,
      left: (node: number) => (node + 1 === bits ? 2 * bits : node + 1),
      right: (node: number) => 2 * bits - 1 - node,
      key: (node: number) =>
        (entries[node === 2 * bits ? 0 : node - bits + 1] as { key: Uint8Array }).key,
      commitment: () => commitment,
      // Only leaves stay opaque.
      hash: (node: number) => buildStateRoot(nativeCrypto, [{ key: reader.key(node), commitment }]),
    };
    const all = verify(root, {}, buildRangeProof(reader, {}));
    expect(all).toHaveLength(bits + 1);
    expect(verify(root, pointRange(zero), buildRangeProof(reader, pointRange(zero)))).toHaveLength(
      1,
    );
  });
});
