/**
 * The segment files of a log, in order: the newest is open for writing, and of the others those that were
 * read lately are open, too.
 */

import { assert } from '@veritydb/types';

import { whileReading } from './disk-failure.ts';
import type { Disk } from './disk.ts';
import { SegmentFile } from './segment.ts';

/** Older segments that are open at once. */
const OPEN_COUNT_MAX = 64;

export class Segments {
  readonly #disk: Disk;
  readonly #names: string[] = [];
  #newest: SegmentFile | undefined;
  readonly #older = new Map<string, SegmentFile>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get count(): number {
    return this.#names.length;
  }

  nameOf(index: number): string {
    const name = this.#names[index];
    assert(name !== undefined, 'segment is not in the log');
    return name;
  }

  get newest(): SegmentFile | undefined {
    return this.#newest;
  }

  /** Takes a segment as the newest. */
  add(segment: SegmentFile): void {
    this.#newest?.close();
    this.#newest = segment;
    this.#names.push(segment.name);
  }

  /** A segment, open for reading until the next is asked for. */
  at(index: number): SegmentFile {
    const name = this.nameOf(index);
    if (this.#newest?.name === name) return this.#newest;
    const open = this.#older.get(name);
    if (open !== undefined) return open;
    if (this.#older.size >= OPEN_COUNT_MAX) this.#closeOlder();
    const segment = whileReading(() => SegmentFile.open(this.#disk, name, 0));
    this.#older.set(name, segment);
    return segment;
  }

  #closeOlder(): void {
    for (const segment of this.#older.values()) segment.close();
    this.#older.clear();
  }

  close(): void {
    this.#newest?.close();
    this.#closeOlder();
  }
}
