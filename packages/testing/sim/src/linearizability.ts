/**
 * Is a history linearizable? The search of Wing and Gong ("Testing and verifying concurrent objects",
 * 1993) with Lowe's memory of (set of operations done, state) ("Testing for linearizability", 2017), each
 * key by itself (Herlihy and Wing 1990: linearizability is local).
 */

import { drawBits } from './draw.ts';
import type { HistoryOperation } from './history.ts';
import type { SequentialModel } from './models.ts';

export type Linearizability =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'illegal'; readonly key: string }
  /** Not decided within the bound. */
  | { readonly verdict: 'unknown'; readonly key: string };

/** Searches at most `stepsMax` steps per key. */
export function checkLinearizable(
  operations: readonly HistoryOperation[],
  model: SequentialModel,
  stepsMax = 2_000_000,
): Linearizability {
  const byKey = new Map<string, HistoryOperation[]>();
  for (const operation of operations) {
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  for (const [key, list] of byKey) {
    const verdict = new Search(list, model).run(stepsMax);
    if (verdict !== 'ok') return { verdict, key };
  }
  return { verdict: 'ok' };
}

/** A call or a return in the list of events that are still open. */
interface Entry {
  readonly index: number;
  readonly operation: HistoryOperation;
  /** Of a call: its return. */
  readonly match: Entry | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
}

class Search {
  readonly #model: SequentialModel;
  /** Before the first entry. */
  readonly #head: Entry;
  readonly #done: Uint32Array;
  /** Configurations that were tried, by a hash of them. */
  readonly #tried = new Map<number, { readonly done: Uint32Array; readonly state: string }[]>();
  readonly #count: number;

  constructor(operations: readonly HistoryOperation[], model: SequentialModel) {
    this.#model = model;
    this.#count = operations.length;
    this.#done = new Uint32Array(Math.ceil(operations.length / 32));
    this.#head = link(operations);
  }

  run(stepsMax: number): 'ok' | 'illegal' | 'unknown' {
    const calls: { readonly entry: Entry; readonly state: string; readonly hash: number }[] = [];
    let state = this.#model.initial;
    let hash = 0;
    let entry = this.#head.next;
    for (let steps = 0; steps < stepsMax; steps += 1) {
      if (calls.length === this.#count) return 'ok';
      if (entry?.match === undefined) {
        // A return whose call was not taken, or the end: what was taken last was wrong.
        const last = calls.pop();
        if (last === undefined) return 'illegal';
        ({ state, hash } = last);
        this.#setDone(last.entry.index, false);
        restore(last.entry);
        entry = last.entry.next;
        continue;
      }
      const next = this.#model.step(state, entry.operation);
      if (next !== undefined) {
        const nextHash = hash ^ drawBits(1, 0, entry.index);
        this.#setDone(entry.index, true);
        if (this.#isNew(nextHash, next)) {
          calls.push({ entry, state, hash });
          state = next;
          hash = nextHash;
          take(entry);
          entry = this.#head.next;
          continue;
        }
        this.#setDone(entry.index, false);
      }
      entry = entry.next;
    }
    return 'unknown';
  }

  #setDone(index: number, isDone: boolean): void {
    const word = this.#done[index >> 5] as number;
    const bit = 1 << (index & 31);
    this.#done[index >> 5] = isDone ? word | bit : word & ~bit;
  }

  #isNew(hash: number, state: string): boolean {
    const list = this.#tried.get(hash) ?? [];
    const isKnown = list.some(
      (one) => one.state === state && one.done.every((word, index) => word === this.#done[index]),
    );
    if (isKnown) return false;
    list.push({ done: this.#done.slice(), state });
    this.#tried.set(hash, list);
    return true;
  }
}

/** The events of operations in the order of time, as a list that is linked both ways. */
function link(operations: readonly HistoryOperation[]): Entry {
  const events: { readonly place: number; readonly entry: Entry }[] = [];
  let open = 0;
  for (const [index, operation] of operations.entries()) {
    const free = { index, operation, previous: undefined, next: undefined };
    const end: Entry = { ...free, match: undefined };
    events.push({ place: operation.calledAt, entry: { ...free, match: end } });
    const isOpen = operation.returnedAt === Number.POSITIVE_INFINITY;
    // What never returned may take effect at any time, or, as its effect at the very end is seen by
    // nobody, never.
    if (isOpen) open += 1;
    events.push({
      place: isOpen ? Number.MAX_SAFE_INTEGER - operations.length + open : operation.returnedAt,
      entry: end,
    });
  }
  events.sort((a, b) => a.place - b.place);
  const first = operations[0] as HistoryOperation;
  const head: Entry = {
    index: -1,
    operation: first,
    match: undefined,
    previous: undefined,
    next: undefined,
  };
  let last = head;
  for (const { entry } of events) {
    entry.previous = last;
    last.next = entry;
    last = entry;
  }
  return head;
}

function take(entry: Entry): void {
  unlink(entry);
  unlink(entry.match as Entry);
}

function unlink(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry.next;
  if (entry.next !== undefined) entry.next.previous = entry.previous;
}

/** The other way round: what was taken out last comes back first. */
function restore(entry: Entry): void {
  for (const one of [entry.match as Entry, entry]) {
    if (one.previous !== undefined) one.previous.next = one;
    if (one.next !== undefined) one.next.previous = one;
  }
}
