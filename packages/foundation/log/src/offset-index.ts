/**
 * Where records lie, sparsely: the first record of each segment, and from there each that begins
 * {@link INDEX_STRIDE} bytes or more behind the one before it in the index. Whatever lies between two
 * entries is found by walking over at most that many bytes.
 *
 * An entry also keeps the chain hash that was computed when its record was written or scanned, so that
 * a record near it can be proved without going to a checkpoint. 48 bytes an entry: half a megabyte for
 * a gigabyte of log.
 */

import { HASH_SIZE, type Hash, type Offset, assert, toHash, toOffset } from '@veritydb/types';

/** Bytes of a segment for one entry: what a look-up reads at the most, besides a record. */
export const INDEX_STRIDE: number = 16 * 1024;

/** Segments are below 4 GiB, so segment and position share one safe integer. */
const SEGMENT_SHIFT = 2 ** 32;

export interface Place {
  readonly offset: Offset;
  /** Index of the segment in the log. */
  readonly segment: number;
  readonly position: number;
}

export interface IndexEntry extends Place {
  readonly chainHash: Hash;
}

export class OffsetIndex {
  #offsets = new Float64Array(64);
  #places = new Float64Array(64);
  #hashes = new Uint8Array(64 * HASH_SIZE);
  #count = 0;
  /** Place from which on the next record of the newest segment gets an entry. */
  #nextPlace = 0;

  /** Number of entries. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes note of the record at the next offset, if it is one that gets an entry. Its chain hash lies in
   * `hashes` at `hashAt`: few records get an entry, and a view for each record would cost more than the rest.
   */
  note(offset: number, segment: number, position: number, hashes: Uint8Array, hashAt = 0): void {
    const place = segment * SEGMENT_SHIFT + position;
    if (place < this.#nextPlace) return;
    assert(position < SEGMENT_SHIFT, 'position in a segment is not below 4 GiB');
    if (this.#count === this.#offsets.length) this.#grow();
    this.#offsets[this.#count] = offset;
    this.#places[this.#count] = place;
    const chainHash = hashes.subarray(hashAt, hashAt + HASH_SIZE);
    this.#hashes.set(chainHash, this.#count * HASH_SIZE);
    this.#count += 1;
    this.#nextPlace = Math.min(place + INDEX_STRIDE, (segment + 1) * SEGMENT_SHIFT);
  }

  #grow(): void {
    const size = this.#offsets.length * 2;
    const [offsets, places] = [new Float64Array(size), new Float64Array(size)];
    const hashes = new Uint8Array(size * HASH_SIZE);
    offsets.set(this.#offsets);
    places.set(this.#places);
    hashes.set(this.#hashes);
    [this.#offsets, this.#places, this.#hashes] = [offsets, places, hashes];
  }

  /** The entry of a number, counted from 0. */
  entry(index: number): IndexEntry {
    assert(index >= 0 && index < this.#count, 'entry is not in the index');
    const place = this.#places[index] as number;
    return {
      offset: toOffset(this.#offsets[index] as number),
      segment: Math.floor(place / SEGMENT_SHIFT),
      position: place % SEGMENT_SHIFT,
      chainHash: toHash(this.#hashes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE)),
    };
  }

  /** Number of the entry at or before an offset: there is one for every record of the log. */
  numberAtOrBefore(offset: Offset): number {
    return this.#firstAfter(this.#offsets, offset) - 1;
  }

  /** The nearest entry at or after an offset. */
  findAtOrAfter(offset: Offset): IndexEntry | undefined {
    const index = this.#firstAfter(this.#offsets, offset - 1);
    return index < this.#count ? this.entry(index) : undefined;
  }

  /** Entries of a segment, in order. */
  ofSegment(segment: number): readonly IndexEntry[] {
    const start = this.#firstAfter(this.#places, segment * SEGMENT_SHIFT);
    const end = this.#firstAfter(this.#places, (segment + 1) * SEGMENT_SHIFT);
    return Array.from({ length: end - start }, (_, index) => this.entry(start + index));
  }

  /** Number of the first entry for which an array holds a greater number. */
  #firstAfter(numbers: Float64Array, number: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] as number) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
