/**
 * How much of the past the store answers. The log keeps all of it, whatever is let go here, so nothing that
 * is proved changes; a store that is made again has all of it until the next look.
 */

import type { Log } from '@veritydb/log';
import type { Store } from '@veritydb/store';
import { type Timestamp, toOffset } from '@veritydb/types';

import { RuntimeError } from './error.ts';

/** All of it, or what was so within some time before now. */
export type HistoryPolicy =
  | { readonly kind: 'all' }
  | { readonly kind: 'within'; readonly nanoseconds: bigint };

export const HISTORY_DEFAULT: HistoryPolicy = { kind: 'all' };

const NANOSECONDS_PER_DAY = 86_400_000_000_000n;
/** Ended versions that are looked at before each flush of a running database. */
const VERSIONS_PER_FLUSH = 10_000;

/**
 * Reads `all`, or a number of days: `90d`.
 *
 * @throws {RuntimeError} ERR_RUNTIME_HISTORY_POLICY
 */
export function parseHistoryPolicy(text: string): HistoryPolicy {
  if (text === 'all') return HISTORY_DEFAULT;
  const [, days] = /^([1-9][0-9]{0,4})d$/.exec(text) ?? [];
  if (days !== undefined)
    return { kind: 'within', nanoseconds: BigInt(days) * NANOSECONDS_PER_DAY };
  throw new RuntimeError(
    'format',
    'ERR_RUNTIME_HISTORY_POLICY',
    'the history to keep is neither "all" nor a number of days',
    { hint: 'write all, or days such as 90d' },
  );
}

/**
 * Refuses what lies behind the policy from now on, and takes some of it out of the store. Durable with the
 * next flush.
 *
 * @returns whether all of it is out
 */
export function letGo(store: Store, log: Log, policy: HistoryPolicy, now: Timestamp): boolean {
  if (policy.kind === 'all') return true;
  const floor = lastBefore(log, store.appliedPosition, now - policy.nanoseconds);
  if (floor > store.retentionFloor) store.raiseRetentionFloor(floor);
  return store.prune(VERSIONS_PER_FLUSH);
}

/** The last record up to a position that was written at a time or before, which is how the tables stood then; 0 for none. */
function lastBefore(log: Log, position: number, time: bigint): number {
  let [from, to] = [0, position + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (log.read(toOffset(middle)).header.timestamp <= time) from = middle + 1;
    else to = middle;
  }
  return Math.max(0, from - 1);
}
