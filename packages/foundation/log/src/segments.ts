/**
 * The segment files of a log, in order: the newest is open for writing, and of the others the one that
 * was read last is open, too.
 */

import { assert } from '@veritydb/types';

import { whileReading } from './disk-failure.ts';
import type { Disk } from './disk.ts';
import { SegmentFile } from './segment.ts';

export class Segments {
  readonly #disk: Disk;
  readonly #names: string[] = [];
  #newest: SegmentFile | undefined;
  #older: SegmentFile | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get count(): number {
    return this.#names.length;
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

  /** A segment, open for reading until another of the older ones is asked for. */
  at(index: number): SegmentFile {
    const name = this.#names[index];
    assert(name !== undefined, 'segment is not in the log');
    if (this.#newest?.name === name) return this.#newest;
    if (this.#older?.name !== name) {
      this.#older?.close();
      this.#older = undefined;
      this.#older = whileReading(() => SegmentFile.open(this.#disk, name, 0));
    }
    return this.#older;
  }

  close(): void {
    this.#newest?.close();
    this.#older?.close();
  }
}
