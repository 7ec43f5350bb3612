/** Where each record lies: its segment and byte position, in one growing array, looked up in O(1). */

import { type Offset, assert } from '@veritydb/types';

/** Segments are below 4 GiB, so segment and position share one safe integer. */
const SEGMENT_SHIFT = 2 ** 32;

export interface Place {
  /** Index of the segment in the log. */
  readonly segment: number;
  readonly position: number;
}

export class OffsetIndex {
  #places = new Float64Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds the place of the record at the next offset. */
  append({ segment, position }: Place): void {
    assert(position < SEGMENT_SHIFT, 'position in a segment is not below 4 GiB');
    if (this.#count === this.#places.length) {
      const grown = new Float64Array(this.#places.length * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.#count] = segment * SEGMENT_SHIFT + position;
    this.#count += 1;
  }

  lookup(offset: Offset): Place {
    assert(offset < this.#count, 'offset is not in the index');
    const place = this.#places[offset] as number;
    return { segment: Math.floor(place / SEGMENT_SHIFT), position: place % SEGMENT_SHIFT };
  }
}
