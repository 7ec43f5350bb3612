/** The slow twin of a store: every write that ever was, looked through each time. */

import { compareBytes } from '@veritydb/types';

import {
  type ScanRange,
  type Store,
  type StoreEntry,
  StoreError,
  type StoreWrite,
  copyEntry,
} from '../src/index.ts';

export class Model {
  readonly batches: (readonly StoreWrite[])[] = [];

  get appliedPosition(): number {
    return this.batches.length - 1;
  }

  /** Versions that were ended, and that some position from the floor on can see. */
  endedVersions(floor: number): number {
    let count = 0;
    const made = new Map<string, number>();
    for (const [position, batch] of this.batches.entries()) {
      for (const { tree, key, value } of batch) {
        const name = `${tree} ${String(key)}`;
        const since = made.get(name);
        // Made and ended at one position, it was never there to be seen.
        if (since !== undefined && since < position && position > floor) count += 1;
        if (value === null) made.delete(name);
        else made.set(name, position);
      }
    }
    return count;
  }

  /** The model as it was at a position. */
  at(position: number): Model {
    const model = new Model();
    model.batches.push(...this.batches.slice(0, position + 1));
    return model;
  }

  getAt(tree: number, key: Uint8Array, position: number): StoreEntry | undefined {
    let entry: StoreEntry | undefined;
    for (const [made, batch] of this.batches.slice(0, position + 1).entries()) {
      for (const write of batch) {
        if (write.tree !== tree || compareBytes(write.key, key) !== 0) continue;
        const { value } = write;
        entry = value === null ? undefined : { key: write.key, value, position: made };
      }
    }
    return entry;
  }

  scanAt(tree: number, range: ScanRange, position: number): StoreEntry[] {
    const entries: StoreEntry[] = [];
    const seen = new Set<string>();
    for (const write of this.batches.slice(0, position + 1).flat()) {
      if (write.tree !== tree || seen.has(String(write.key))) continue;
      seen.add(String(write.key));
      const { from, to } = range;
      if (from !== undefined && compareBytes(write.key, from) < 0) continue;
      if (to !== undefined && compareBytes(write.key, to) >= 0) continue;
      const entry = this.getAt(tree, write.key, position);
      if (entry !== undefined) entries.push(entry);
    }
    const sorted = entries.toSorted((a, b) => compareBytes(a.key, b.key));
    return range.reverse === true ? sorted.toReversed() : sorted;
  }
}

/** Entries as text, so that a difference is quick to find and to read. */
export function describeEntries(entries: Iterable<StoreEntry>): string[] {
  return Array.from(entries, describeEntry);
}

export function describeEntry(entry: StoreEntry | undefined): string {
  if (entry === undefined) return 'nothing';
  let sum = 0;
  for (const byte of entry.value) sum = (sum * 31 + byte) % 1_000_003;
  return `${entry.key.join('.')} @${entry.position} ${entry.value.length}:${sum}`;
}

/** The first position that a store of a retention floor answers. */
function firstAnswered(floor: number): number {
  return floor === 0 ? -1 : floor;
}

/** Everything that a store says of these trees at its position, and at each before it. */
export function describeStore(store: Store, trees: readonly number[]): string[] {
  const lines: string[] = [];
  for (
    let position = firstAnswered(store.retentionFloor);
    position <= store.appliedPosition;
    position += 1
  ) {
    for (const tree of trees) {
      lines.push(
        `tree ${tree} at ${position}`,
        ...describeEntries(store.scanAt(tree, {}, position, copyEntry)),
      );
    }
  }
  return lines;
}

export function describeModel(model: Model, trees: readonly number[], floor = 0): string[] {
  const lines: string[] = [];
  for (let position = firstAnswered(floor); position <= model.appliedPosition; position += 1) {
    for (const tree of trees) {
      lines.push(
        `tree ${tree} at ${position}`,
        ...describeEntries(model.scanAt(tree, {}, position)),
      );
    }
  }
  return lines;
}

/** The code of the {@link StoreError} that a call throws, or `none`; any other error is thrown on. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
  return 'none';
}
