/**
 * The state of a tenant as it is proved: for each table a trie from the keys of its rows to the commitments
 * of their current versions (docs/formats/state.md), in memory, beside the store and made from it.
 *
 * Writes move the tries on as they move the store. A checkpoint record freezes them: its roots are theirs,
 * and proofs are of that record until the next. Rows whose key was destroyed are in no trie from the record
 * on that asked for it, as they are in no table.
 */

import type { Crypto } from '@veritydb/crypto';
import type { KernelState } from '@veritydb/kernel';
import type { CheckpointPayload } from '@veritydb/log';
import type { KeyRange } from '@veritydb/merkle';
import { type EntryView, StateTrie, type Store, type StoreWrite } from '@veritydb/store';
import { HASH_SIZE, type Offset } from '@veritydb/types';

import { isRowKey } from './rows.ts';

/** The proof of what a range of a table held at a checkpoint record. */
export interface RangeProved {
  /** Offset of the checkpoint record that has the table's root. */
  readonly checkpoint: Offset;
  /** As docs/formats/state.md has it. */
  readonly proof: Uint8Array;
}

export class StateTries {
  readonly #crypto: Crypto;
  /** By the id of the table. */
  readonly #tries = new Map<number, StateTrie>();
  /** The checkpoint record that the tries are frozen at, and the tables that it has roots of. */
  #frozen: { readonly offset: Offset; readonly tables: ReadonlyMap<string, StateTrie> } | undefined;

  private constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** The tries of what a store holds. */
  static build(crypto: Crypto, store: Store, state: KernelState): StateTries {
    const tries = new StateTries(crypto);
    for (const { id } of state.tablesByName.values()) {
      const take = (entry: EntryView): void => {
        tries.#take(id, entry);
      };
      const entries = store.scan(id, {}, take)[Symbol.iterator]();
      while (entries.next().done !== true);
    }
    return tries;
  }

  #take(id: number, { keyBytes, keyEnd, keyStart, valueBytes, valueEnd }: EntryView): void {
    if (!isRowKey(id, keyBytes[keyStart])) return;
    const commitment = valueBytes.subarray(valueEnd - HASH_SIZE, valueEnd);
    this.#trieOf(id).set(keyBytes.subarray(keyStart, keyEnd), commitment);
  }

  #trieOf(id: number): StateTrie {
    let trie = this.#tries.get(id);
    if (trie === undefined) {
      trie = new StateTrie(this.#crypto);
      this.#tries.set(id, trie);
    }
    return trie;
  }

  /** Follows what was written to the store. */
  apply(writes: readonly StoreWrite[]): void {
    for (const { key, tree, value } of writes) {
      if (!isRowKey(tree, key[0])) continue;
      // A row's value ends with its commitment.
      if (value === null) this.#trieOf(tree).delete(key);
      else this.#trieOf(tree).set(key, value.subarray(value.length - HASH_SIZE));
    }
  }

  /** The roots for the checkpoint record at an offset, of all tables by name; proofs are of it from here on. */
  freeze(state: KernelState, offset: Offset): CheckpointPayload['roots'] {
    const tables = [...state.tablesByName].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const ids = new Set<number>(tables.map(([, { id }]) => id));
    for (const id of this.#tries.keys()) if (!ids.has(id)) this.#tries.delete(id);
    const tries = tables.map(([name, { id }]) => [name, this.#trieOf(id)] as const);
    this.#frozen = { offset, tables: new Map(tries) };
    return tries.map(([name, trie]) => ({ name, root: trie.root() }));
  }

  /**
   * The proof of what a range of a table held at the newest checkpoint record. Undefined where the record
   * has no such table, or none was written or met since the tries were made.
   *
   * @throws {MerkleError} ERR_MERKLE_RANGE
   */
  prove(table: string, range: KeyRange): RangeProved | undefined {
    const trie = this.#frozen?.tables.get(table);
    if (this.#frozen === undefined || trie === undefined) return undefined;
    return { checkpoint: this.#frozen.offset, proof: trie.prove(range) };
  }
}
