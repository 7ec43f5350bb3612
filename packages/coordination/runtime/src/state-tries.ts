/**
 * The state of a tenant as it is proved: for each table a trie from the keys of its rows to the commitments
 * of their current versions, and for each index one from the keys of its entries to the same
 * (docs/formats/state.md), in memory, beside the store and made from it.
 *
 * Writes move the tries on as they move the store. A checkpoint record freezes them: its roots are theirs,
 * and proofs are of that record until the next. Rows whose key was destroyed are in no trie from the record
 * on that asked for it, as they are in no table.
 */

import type { Crypto } from '@veritydb/crypto';
import type { KernelState, RowChange } from '@veritydb/kernel';
import type { HiddenRoot, KeyRange } from '@veritydb/merkle';
import { type EntryView, StateTrie, type Store, type StoreWrite } from '@veritydb/store';
import {
  HASH_SIZE,
  type Offset,
  type TableId,
  type TableSchema,
  assert,
  bytesEqual,
  bytesToHex,
} from '@veritydb/types';

import { type NamedRoot, hiddenName } from './hidden-state.ts';
import { entryKey } from './index-entries.ts';
import { isRowKey } from './rows.ts';
import type { RowKeys } from './seal.ts';
import { rowStoreKey } from './store-key.ts';

/** The proof of what a range of a table or an index held at a checkpoint record. */
export interface RangeProved {
  /** Offset of the checkpoint record that has the root. */
  readonly checkpoint: Offset;
  /** As docs/formats/state.md has it. */
  readonly proof: Uint8Array;
}

type Tables = KernelState['tablesById'];

/** What a range of a table held at a checkpoint record, up to the leaf that a signed checkpoint covers. */
export interface StateProof extends RangeProved {
  /** The header of the checkpoint record: the leaf at its offset, which has the digest of its payload. */
  readonly leaf: Uint8Array;
  /** Of the checkpoint record, which has the root of the table. */
  readonly payload: Uint8Array;
  /** What the name of the table is hidden with in the payload. */
  readonly salt: Uint8Array;
}

export class StateTries {
  readonly #crypto: Crypto;
  /** By the id of the table or index. */
  readonly #tries = new Map<number, StateTrie>();
  /** The checkpoint record that the tries are frozen at, and by name what is proved by its roots. */
  #frozen: { readonly offset: Offset; readonly tries: ReadonlyMap<string, StateTrie> } | undefined;

  private constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** The tries of what a store holds. */
  static build(crypto: Crypto, store: Store, state: KernelState): StateTries {
    const tries = new StateTries(crypto);
    for (const { id, indexes } of state.tablesByName.values()) {
      const table = tries.#trieOf(id);
      readAll(store, id, (entry) => {
        takeRow(table, entry);
      });
      for (const index of indexes) {
        const trie = tries.#trieOf(index.id);
        readAll(store, index.id, (entry) => {
          takeEntry(trie, table, entry);
        });
      }
    }
    return tries;
  }

  #trieOf(id: number): StateTrie {
    let trie = this.#tries.get(id);
    if (trie === undefined) {
      trie = new StateTrie(this.#crypto);
      this.#tries.set(id, trie);
    }
    return trie;
  }

  /**
   * Follows what an event wrote to the store. Rows come first: entries of indexes have their commitments.
   *
   * @param changes those of the event that can be read
   */
  apply(writes: readonly StoreWrite[], changes: readonly RowChange[], tables: Tables): void {
    for (const { key, tree, value } of writes) {
      if (!tables.has(tree as TableId) || !isRowKey(key[0])) continue;
      // A row's value ends with its commitment.
      if (value === null) this.#trieOf(tree).delete(key);
      else this.#trieOf(tree).set(key, value);
    }
    const indexed = tablesOfIndexes(tables);
    if (indexed.size === 0) return;
    for (const { key, tree, value } of writes) {
      const table = indexed.get(tree);
      if (table === undefined) continue;
      if (value === null) this.#trieOf(tree).delete(key);
      else setEntry(this.#trieOf(tree), key, this.#trieOf(table.id).get(value));
    }
    for (const { table, event, values } of changes) {
      if (event !== 'update' || table.indexes.length === 0) continue;
      // An entry that the store has as before leads to another version of its row.
      const commitment = this.#trieOf(table.id).get(rowStoreKey(table, values));
      for (const index of table.indexes) {
        setEntry(this.#trieOf(index.id), entryKey(table, index, values), commitment);
      }
    }
  }

  /**
   * The roots for the checkpoint record at an offset, of all tables and indexes by name; proofs are of it
   * from here on.
   */
  freeze(state: KernelState, offset: Offset): readonly NamedRoot[] {
    const named: { readonly name: string; readonly id: number }[] = [];
    for (const [table, { id, indexes }] of state.tablesByName) {
      named.push({ name: table, id });
      for (const index of indexes) named.push({ name: `${table}.${index.name}`, id: index.id });
    }
    const ids = new Set<number>(named.map(({ id }) => id));
    for (const id of this.#tries.keys()) if (!ids.has(id)) this.#tries.delete(id);
    const tries = named
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, id }) => [name, this.#trieOf(id)] as const);
    this.#frozen = { offset, tries: new Map(tries) };
    return tries.map(([name, trie]) => ({ name, root: trie.root() }));
  }

  /**
   * Freezes the tries at the checkpoint record at an offset of the log, which has these roots. What has its
   * root there can be proved: where rows were erased since, the root has them, and no trie does.
   */
  meet(state: KernelState, offset: Offset, roots: readonly HiddenRoot[], keys: RowKeys): void {
    const known = new Map(roots.map(({ name, root }) => [bytesToHex(name), root]));
    const proved = this.freeze(state, offset).flatMap(({ name, root }) => {
      const trie = this.#frozen?.tries.get(name);
      const own = known.get(bytesToHex(hiddenName(this.#crypto, keys, name)));
      const isSame = trie !== undefined && own !== undefined && bytesEqual(own, root);
      return isSame ? [[name, trie] as const] : [];
    });
    this.#frozen = { offset, tries: new Map(proved) };
  }

  /**
   * The proof of what a range of a table or index held at the newest checkpoint record. Undefined where the
   * record has no such name, or none was written or met since the tries were made, or rows were erased since.
   *
   * @throws {MerkleError} ERR_MERKLE_RANGE
   */
  prove(name: string, range: KeyRange): RangeProved | undefined {
    const trie = this.#frozen?.tries.get(name);
    if (this.#frozen === undefined || trie === undefined) return undefined;
    return { checkpoint: this.#frozen.offset, proof: trie.prove(range) };
  }
}

/** Hands all current entries of a tree to who takes what it needs of each. */
function readAll(store: Store, tree: number, take: (entry: EntryView) => void): void {
  const entries = store.scan(tree, {}, take)[Symbol.iterator]();
  while (entries.next().done !== true);
}

function takeRow(
  trie: StateTrie,
  { keyBytes, keyEnd, keyStart, valueBytes, valueEnd }: EntryView,
): void {
  if (!isRowKey(keyBytes[keyStart])) return;
  const commitment = valueBytes.subarray(valueEnd - HASH_SIZE, valueEnd);
  trie.set(keyBytes.subarray(keyStart, keyEnd), commitment);
}

/** Takes an entry of an index: its value is the key of its row. */
function takeEntry(
  trie: StateTrie,
  table: StateTrie,
  { keyBytes, keyEnd, keyStart, valueBytes, valueEnd, valueStart }: EntryView,
): void {
  const commitment = table.get(valueBytes.subarray(valueStart, valueEnd));
  setEntry(trie, keyBytes.subarray(keyStart, keyEnd), commitment);
}

function setEntry(trie: StateTrie, key: Uint8Array, commitment: Uint8Array | undefined): void {
  assert(commitment !== undefined, 'an entry of an index is of no row');
  trie.set(key, commitment);
}

/** Of each index by its id the table: made once for a catalogue. */
const indexedTables = new WeakMap<Tables, ReadonlyMap<number, TableSchema>>();

function tablesOfIndexes(tables: Tables): ReadonlyMap<number, TableSchema> {
  let known = indexedTables.get(tables);
  if (known === undefined) {
    known = new Map(
      [...tables.values()].flatMap((table) => table.indexes.map(({ id }) => [id, table] as const)),
    );
    indexedTables.set(tables, known);
  }
  return known;
}
