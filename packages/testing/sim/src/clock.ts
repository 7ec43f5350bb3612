/** A clock that moves only when it is told to. */

import { type Timestamp, toTimestamp } from '@veritydb/types';

export class SimClock {
  #now: bigint;

  /** Nanoseconds since the epoch to begin with. */
  constructor(start = 1_700_000_000_000_000_000n) {
    this.#now = start;
  }

  now(): Timestamp {
    return toTimestamp(this.#now);
  }

  /** Moves the clock, also backwards. */
  advance(nanoseconds: bigint): void {
    this.#now += nanoseconds;
  }
}
