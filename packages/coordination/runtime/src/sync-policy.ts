/**
 * How many writes share a sync. Under each of them a write is answered when it is durable, and not
 * before: what differs is how long one waits, and how many can be answered in a second.
 */

import { RuntimeError } from './error.ts';

export type SyncPolicy =
  /** A sync for each record. */
  | { readonly kind: 'every-record' }
  /** One for all that arrived before the event loop came round. */
  | { readonly kind: 'every-batch' }
  /** The same, but a batch waits so long for those who wrote with the last one. */
  | { readonly kind: 'group-commit'; readonly maxDelayMs: number };

export const SYNC_POLICY_DEFAULT: SyncPolicy = { kind: 'every-batch' };

const DELAY_MS_MAX = 1000;

/**
 * Reads `every-record`, `every-batch` or `group-commit:5ms`.
 *
 * @throws {RuntimeError} ERR_RUNTIME_SYNC_POLICY
 */
export function parseSyncPolicy(text: string): SyncPolicy {
  if (text === 'every-record' || text === 'every-batch') return { kind: text };
  const [, digits] = /^group-commit:([1-9][0-9]{0,3})ms$/.exec(text) ?? [];
  const maxDelayMs = Number(digits);
  if (digits !== undefined && maxDelayMs <= DELAY_MS_MAX) {
    return { kind: 'group-commit', maxDelayMs };
  }
  throw new RuntimeError('format', 'ERR_RUNTIME_SYNC_POLICY', 'the sync policy is not known', {
    hint: `give every-record, every-batch, or group-commit:5ms with 1 to ${DELAY_MS_MAX} ms`,
  });
}
