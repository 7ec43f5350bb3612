/**
 * Indexes are further trees of keys: what docs/formats/store.md says of them holds for a table with a unique
 * index, one that is not, and one of two columns, whatever is written and wherever it is looked at from.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type Row, type Value, bytesEqual, compareBytes, concatBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import {
  type EntryView,
  Store,
  type StoreWrite,
  copyEntry,
  encodeKey,
  keyAfter,
} from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';

const TABLE = 5;
/** Of `email`, unique; of `city`; of `city` and `age`. */
const [BY_EMAIL, BY_CITY, BY_CITY_AND_AGE] = [6, 7, 8];
const NOTHING = new Uint8Array(0);

/** Row of (id, email, city, age): the key of the table is the id. */
type Person = readonly [number, string | null, string | null, number];

function open(disk: MemoryDisk): Store {
  const key = new Uint8Array(32).fill(4);
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key, cachePages: 4 });
}

function rowKey([id]: Person): Uint8Array {
  return encodeKey(['integer'], [id]);
}

/** The entries of a row in the indexes: tree, key, value. */
function indexEntries(person: Person): readonly (readonly [number, Uint8Array, Uint8Array])[] {
  const [, email, city, age] = person;
  const key = rowKey(person);
  const byEmail = encodeKey(['text'], [email]);
  return [
    // NULL equals nothing: such rows stand beside each other, each under its own key.
    email === null ? [BY_EMAIL, concatBytes(byEmail, key), key] : [BY_EMAIL, byEmail, key],
    [BY_CITY, concatBytes(encodeKey(['text'], [city]), key), NOTHING],
    [BY_CITY_AND_AGE, concatBytes(encodeKey(['text', 'integer'], [city, age]), key), NOTHING],
  ];
}

/** What takes the place of a row does so in the table and in each index, in one batch. */
function writesOf(before: Person | undefined, after: Person | undefined): StoreWrite[] {
  const writes: StoreWrite[] = [];
  if (before !== undefined) {
    writes.push({ tree: TABLE, key: rowKey(before), value: null });
    for (const [tree, key] of indexEntries(before)) writes.push({ tree, key, value: null });
  }
  if (after !== undefined) {
    writes.push({ tree: TABLE, key: rowKey(after), value: Uint8Array.of(after[3]) });
    for (const [tree, key, value] of indexEntries(after)) writes.push({ tree, key, value });
  }
  return writes;
}

function keysAt(store: Store, tree: number, prefix: Uint8Array, position: number): Uint8Array[] {
  const to = keyAfter(prefix);
  const range = to === undefined ? { from: prefix } : { from: prefix, to };
  return Array.from(store.scanAt(tree, range, position, (entry) => copyEntry(entry).key));
}

function sortedBy(people: readonly Person[], index: number): Uint8Array[] {
  return people
    .map((person) => indexEntries(person)[index]?.[1] ?? NOTHING)
    .toSorted((a, b) => compareBytes(a, b));
}

const person: fc.Arbitrary<Person> = fc.tuple(
  fc.nat(9),
  fc.constantFrom(null, 'a', 'ab', 'b\0', 'c', 'd', 'e'),
  fc.constantFrom(null, '', 'Bath', 'Bathurst', 'Ely'),
  fc.nat(3),
);
const step = fc.record({ person, isDelete: fc.boolean() });

it('an index says of every position what the table says', () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), (batches) => {
      const disk = new MemoryDisk();
      let store = open(disk);
      const states: (readonly Person[])[] = [];
      const people = new Map<number, Person>();
      for (const [position, steps] of batches.entries()) {
        const writes: StoreWrite[] = [];
        for (const { isDelete, person: after } of steps) {
          const before = people.get(after[0]);
          const taken = [...people.values()].some(
            (other) => other !== before && other[1] !== null && other[1] === after[1],
          );
          if (taken && !isDelete) continue;
          writes.push(...writesOf(before, isDelete ? undefined : after));
          if (isDelete) people.delete(after[0]);
          else people.set(after[0], after);
        }
        store.apply(position, writes);
        states.push([...people.values()]);
        if (position % 3 === 2) {
          store.flush(HASH);
          store.close();
          store = open(disk);
        }
      }
      store.check();
      for (const [position, state] of states.entries()) {
        for (const [index, tree] of [BY_EMAIL, BY_CITY, BY_CITY_AND_AGE].entries()) {
          expect(keysAt(store, tree, NOTHING, position)).toEqual(sortedBy(state, index));
        }
        for (const city of [null, '', 'Bath', 'Bathurst', 'Oxford']) {
          const there = state.filter((each) => each[2] === city);
          const prefix = encodeKey(['text'], [city]);
          expect(keysAt(store, BY_CITY, prefix, position)).toEqual(sortedBy(there, 1));
          expect(keysAt(store, BY_CITY_AND_AGE, prefix, position)).toEqual(sortedBy(there, 2));
        }
        for (const email of ['a', 'ab', 'b\0']) {
          const owner = state.find((each) => each[1] === email);
          const found = store.getAt(BY_EMAIL, encodeKey(['text'], [email]), position, copyEntry);
          const due = owner === undefined ? undefined : rowKey(owner);
          expect(found?.value).toEqual(due);
        }
      }
    }),
    { numRuns: 60 },
  );
});

it('columns that are not in the prefix are read out of the entry by where they stand', () => {
  const store = open(new MemoryDisk());
  const all: Person[] = [
    [1, 'a', 'Bath', 2],
    [2, 'b', 'Bath', 1],
  ];
  store.apply(
    0,
    all.flatMap((each) => writesOf(undefined, each)),
  );
  const prefix = encodeKey(['text'], ['Bath']);
  // The key of the row is the end of the index's key: an integer takes nine bytes.
  const rowKeyOf = ({ keyBytes, keyEnd }: EntryView): Uint8Array =>
    keyBytes.slice(keyEnd - 9, keyEnd);
  const found = Array.from(
    store.scan(BY_CITY_AND_AGE, { from: prefix, to: keyAfter(prefix) as Uint8Array }, rowKeyOf),
  );
  const due = [2, 1].map((id) => encodeKey(['integer'], [id] satisfies Row as readonly Value[]));
  expect(found.length).toBe(2);
  expect(found.every((key, index) => bytesEqual(key, due[index] ?? NOTHING))).toBe(true);
});
