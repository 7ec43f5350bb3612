/** S006: the trie that is kept as rows are written, against the root of all rows at once and a map. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type KeyRange,
  STATE_KEY_SIZE_MAX,
  buildStateRoot,
  pointRange,
  verifyRangeProof,
} from '@veritydb/merkle';
import { KEY_SIZE_MAX, StateTrie } from '@veritydb/store';
import { type Hash, bytesToHex, hexToBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Keys in hexadecimal, whose order is that of bytes. */
type Model = Map<string, Hash>;

const commitmentOf = (version: number): Hash => nativeCrypto.sha256(utf8Encode(`row ${version}`));

const sorted = (model: Model) =>
  [...model]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, commitment]) => ({ key: hexToBytes(key), commitment }));

const modelRoot = (model: Model): string => bytesToHex(buildStateRoot(nativeCrypto, sorted(model)));

function keysIn(
  trie: StateTrie,
  root: Hash,
  range: KeyRange,
): readonly (readonly [string, Hash])[] {
  const proof = trie.prove(range);
  return verifyRangeProof(nativeCrypto, { root, range, proof }).map(({ key, commitment }) => [
    bytesToHex(key),
    commitment,
  ]);
}

type Step = { readonly kind: 'set' | 'delete'; readonly key: string } | { readonly kind: 'root' };

const arbitraryKey = fc.oneof(
  fc.tuple(fc.constantFrom('00', '01', '7f', '80', 'ff'), fc.constantFrom('00', '01', 'fe', 'ff')),
  fc.tuple(
    fc.constant('0161'),
    fc
      .array(fc.constantFrom('61', '62', '00ff'), { maxLength: 5 })
      .map((bytes) => `${bytes.join('')}0000`),
  ),
);

/** Of two sizes, and no one a prefix of another. */
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
      key: arbitraryKey.map((parts) => `02${parts.join('')}`),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'root' as const }) },
);

describe('the kept trie', () => {
  test('has the root of its rows at once, and proves what the map held at the last root', () => {
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 120 }), (steps) => {
        const trie = new StateTrie(nativeCrypto);
        const model: Model = new Map();
        let root = trie.root();
        let frozen: Model = new Map();
        for (const [index, step] of steps.entries()) {
          if (step.kind === 'set') {
            model.set(step.key, commitmentOf(index));
            trie.set(hexToBytes(step.key), commitmentOf(index));
          } else if (step.kind === 'delete') {
            model.delete(step.key);
            trie.delete(hexToBytes(step.key));
          } else {
            root = trie.root();
            frozen = new Map(model);
            expect(bytesToHex(root)).toBe(modelRoot(frozen));
          }
          if (step.kind !== 'root') {
            const [now, then] = [trie.get(hexToBytes(step.key)), model.get(step.key)];
            expect(now && bytesToHex(now)).toBe(then && bytesToHex(then));
          }
          if (index % 5 !== 0) continue;
          expect(keysIn(trie, root, {})).toEqual(
            sorted(frozen).map(({ key, commitment }) => [bytesToHex(key), commitment]),
          );
        }
        expect(bytesToHex(trie.root())).toBe(modelRoot(model));
      }),
      { numRuns: 200 },
    );
  });

  test('does not depend on the order of writes, nor on what was there before', () => {
    const keys = Array.from({ length: 300 }, (_, index) =>
      bytesToHex(nativeCrypto.sha256(utf8Encode(String(index)))).slice(0, 18),
    );
    const model: Model = new Map(keys.map((key) => [key, commitmentOf(7)]));
    for (const order of [keys, keys.toReversed(), keys.toSorted()]) {
      const trie = new StateTrie(nativeCrypto);
      for (const [index, key] of order.entries()) {
        trie.set(hexToBytes(key), commitmentOf(index));
        trie.set(utf8Encode(`${key} passes by`), commitmentOf(index));
        if (index % 50 === 0) trie.root();
      }
      for (const key of order) {
        trie.set(hexToBytes(key), commitmentOf(7));
        trie.delete(utf8Encode(`${key} passes by`));
      }
      expect(bytesToHex(trie.root())).toBe(modelRoot(model));
    }
  });

  test('proves the last root while the next version is written, many times over', () => {
    const trie = new StateTrie(nativeCrypto);
    const model: Model = new Map();
    let frozen: Model = new Map();
    let root = trie.root();
    let number = 1;
    const next = (below: number): number => {
      number = (number * 48_271) % 2_147_483_647;
      return number % below;
    };
    for (let round = 0; round < 40; round += 1) {
      for (let write = 0; write < 200; write += 1) {
        const key = (next(900) + 0x0100).toString(16).padStart(8, '0');
        const isGone = next(3) === 0;
        const commitment = commitmentOf(next(1000));
        if (isGone) trie.delete(hexToBytes(key));
        else trie.set(hexToBytes(key), commitment);
        if (isGone) model.delete(key);
        else model.set(key, commitment);
      }
      const asked = hexToBytes((next(900) + 0x0100).toString(16).padStart(8, '0'));
      const found = keysIn(trie, root, pointRange(asked));
      expect(found).toHaveLength(frozen.has(bytesToHex(asked)) ? 1 : 0);
      expect(keysIn(trie, root, {})).toHaveLength(frozen.size);
      root = trie.root();
      frozen = new Map(model);
      expect(bytesToHex(root)).toBe(modelRoot(model));
    }
    for (const key of model.keys()) trie.delete(hexToBytes(key));
    expect(bytesToHex(trie.root())).toBe(modelRoot(new Map()));
  });

  test('takes keys as long as the store does, and as deep as they have bits', () => {
    expect(STATE_KEY_SIZE_MAX).toBe(KEY_SIZE_MAX);
    const trie = new StateTrie(nativeCrypto);
    const model: Model = new Map();
    for (let bit = 0; bit <= 8 * KEY_SIZE_MAX; bit += 7) {
      const key = new Uint8Array(KEY_SIZE_MAX);
      if (bit < 8 * KEY_SIZE_MAX) key[bit >> 3] = 0x80 >> (bit & 7);
      trie.set(key, commitmentOf(bit));
      model.set(bytesToHex(key), commitmentOf(bit));
    }
    expect(bytesToHex(trie.root())).toBe(modelRoot(model));
  });

  test('refuses what would not be a trie', () => {
    const trie = new StateTrie(nativeCrypto);
    expect(() => trie.prove({})).toThrow('before it has a root');
    trie.set(hexToBytes('0102'), commitmentOf(1));
    expect(() => trie.set(hexToBytes('01'), commitmentOf(1))).toThrow('prefix');
    expect(() => trie.set(hexToBytes('010203'), commitmentOf(1))).toThrow('prefix');
    expect(() => trie.set(new Uint8Array(0), commitmentOf(1))).toThrow('size');
    expect(() => trie.set(new Uint8Array(KEY_SIZE_MAX + 1), commitmentOf(1))).toThrow('size');
    expect(trie.get(hexToBytes('01'))).toBeUndefined();
    trie.delete(hexToBytes('01'));
    trie.delete(hexToBytes('0103'));
    expect(keysIn(trie, trie.root(), {})).toHaveLength(1);
  });
});
