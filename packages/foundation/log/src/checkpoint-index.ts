/**
 * Checkpoint records by offset: in memory, derived, filled while the log is opened and appended to.
 *
 * Each holds the chain hash that was computed when the record was written or scanned. A record is
 * authentic when a chain of headers leads from it to such a hash: a header fixes every record before it.
 */

import type { Hash, Offset } from '@veritydb/types';

export interface CheckpointPlace {
  readonly offset: Offset;
  readonly chainHash: Hash;
}

export class CheckpointIndex {
  /** Ascending by offset. */
  readonly #places: CheckpointPlace[] = [];

  append(place: CheckpointPlace): void {
    this.#places.push(place);
  }

  /** The nearest checkpoint at or before an offset. */
  findAtOrBefore(offset: Offset): CheckpointPlace | undefined {
    return this.#places[this.#firstAfter(offset) - 1];
  }

  /** The nearest checkpoint at or after an offset. */
  findAtOrAfter(offset: Offset): CheckpointPlace | undefined {
    const before = this.findAtOrBefore(offset);
    return before?.offset === offset ? before : this.#places[this.#firstAfter(offset)];
  }

  #firstAfter(offset: Offset): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] as CheckpointPlace).offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
