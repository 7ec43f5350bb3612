/** The port to time, and the real one. */

import { type Timestamp, toTimestamp } from '@veritydb/types';

export interface Clock {
  /** Wall clock time. The log makes it monotonic; nothing else may need it to be. */
  now(): Timestamp;
}

export const systemClock: Clock = {
  now: () => toTimestamp(BigInt(Date.now()) * 1_000_000n),
};
