/** The root of a state trie from all its entries at once: what the trie that is kept must come to. */

import type { Crypto } from '@veritydb/crypto';
import { type Hash, assert, compareBytes } from '@veritydb/types';

import { emptyRoot } from '../hash.ts';
import { NodeHasher, type StateEntry, sharedBits } from './node.ts';

/** An inner node of which the left half is done. */
interface Half {
  readonly bits: number;
  readonly left: Hash;
}

/**
 * Root over entries in strict order of their keys, none of which is a prefix of another.
 *
 * Two neighbours part at one inner node. When the next key comes, all nodes that part deeper than it are
 * finished: they hold nothing that is still to come. Memory is that of the deepest path.
 */
export function buildStateRoot(crypto: Crypto, entries: Iterable<StateEntry>): Hash {
  const hasher = new NodeHasher(crypto);
  const halves: Half[] = [];
  let last: StateEntry | undefined;
  const finish = (entry: StateEntry, bits: number): Hash => {
    let hash = hasher.leaf(entry);
    for (let half = halves.at(-1); half !== undefined && half.bits > bits; half = halves.at(-1)) {
      hash = hasher.inner(entry.key, half.bits, half.left, hash);
      halves.pop();
    }
    return hash;
  };
  for (const entry of entries) {
    if (last !== undefined) {
      assert(compareBytes(last.key, entry.key) < 0, 'state entries are not in strict order');
      const bits = sharedBits(last.key, entry.key);
      assert(bits < 8 * last.key.length, 'a state key is a prefix of another');
      halves.push({ left: finish(last, bits), bits });
    }
    last = entry;
  }
  return last === undefined ? emptyRoot(crypto) : finish(last, -1);
}
