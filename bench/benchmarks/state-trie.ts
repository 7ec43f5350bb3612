/** State tries: the proof of one key out of a million rows, and what a row costs until it is in a root. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { pointRange } from '@veritydb/merkle';
import { systemRandom } from '@veritydb/runtime';
import { StateTrie, encodeKey } from '@veritydb/store';

import type { Benchmark, Side } from '../benchmark.ts';

const LARGE = 1_000_000;
const SMALL = 10_000;
const PROOF_COUNT = 1000;
/** Rows between two checkpoint records, where each row is a record. */
const ROWS_BETWEEN_ROOTS = 1000;
const ROOT_COUNT = 4;
/** A prime, so that a walk in its steps comes to every part of a table before it comes back. */
const STEP = 611_953;

const keyOf = (index: number): Uint8Array => encodeKey(['integer'], [index]);

function trieOf(rows: number, key: (index: number) => Uint8Array): StateTrie {
  const trie = new StateTrie(nativeCrypto);
  const commitment = new Uint8Array(32);
  for (let index = 0; index < rows; index += 1) trie.set(key(index), commitment);
  trie.root();
  return trie;
}

export const stateProof: Benchmark = {
  name: 'state-proof',
  ours: 'proof of a key, of 1,000,000 rows',
  peer: 'the same, of 10,000 rows',
  unit: 'proof',
  clock: 'cpu',
  goal: { of: 'rate', floor: 1000, stretch: 10_000 },
  open: () => ({ ours: proofs(LARGE), peer: proofs(SMALL) }),
};

function proofs(rows: number): Side {
  const trie = trieOf(rows, keyOf);
  let at = 0;
  return {
    run() {
      for (let count = 0; count < PROOF_COUNT; count += 1) {
        at = (at + STEP) % rows;
        trie.prove(pointRange(keyOf(at)));
      }
      return PROOF_COUNT;
    },
  };
}

/** Random keys are the worst there is: no two of them share more than the top of the trie. */
export const stateWrite: Benchmark = {
  name: 'state-write',
  ours: 'rows of random keys into 1,000,000, a root each 1,000',
  peer: 'the same in the order of keys',
  unit: 'row',
  clock: 'cpu',
  goal: { of: 'rate', floor: 50_000, stretch: 100_000 },
  open: () => ({
    ours: writes(() => encodeKey(['bytes'], [systemRandom.bytes(16)])),
    peer: writes(keyOf),
  }),
};

function writes(key: (index: number) => Uint8Array): Side {
  const trie = trieOf(LARGE, key);
  const commitment = new Uint8Array(32);
  let next = LARGE;
  let keys: readonly Uint8Array[] = [];
  return {
    before() {
      keys = Array.from({ length: ROOT_COUNT * ROWS_BETWEEN_ROOTS }, (_, index) =>
        key(next + index),
      );
      next += keys.length;
    },
    run() {
      for (const [index, each] of keys.entries()) {
        trie.set(each, commitment);
        if ((index + 1) % ROWS_BETWEEN_ROOTS === 0) trie.root();
      }
      return keys.length;
    },
  };
}
