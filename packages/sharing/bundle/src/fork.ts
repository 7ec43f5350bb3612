/** Two checkpoints that one key signed, held against each other: whether they show two histories. */

import type { Crypto } from '@veritydb/crypto';
import { type Checkpoint, verifyCheckpoint } from '@veritydb/merkle';
import { bytesEqual } from '@veritydb/types';

import { CHECKPOINT } from './entry-name.ts';
import { locate } from './error.ts';
import { checkKey } from './verifier-key.ts';

export interface CheckpointPair {
  readonly first: Checkpoint;
  readonly second: Checkpoint;
  /**
   * - `fork`: one size and two roots, which no honest log signs.
   * - `same`: one size and one root.
   * - `unknown`: two sizes. Only a proof of consistency shows whether one log grew from the other.
   */
  readonly shows: 'fork' | 'same' | 'unknown';
}

/**
 * Holds two signed notes against each other.
 *
 * @param verifierKey the log's, from a source that is trusted
 * @throws {BundleError} ERR_BUNDLE_KEY; ERR_BUNDLE_SIGNATURE where one is not a checkpoint that the key signed: it shows nothing
 */
export function compareCheckpoints(
  crypto: Crypto,
  notes: readonly [string, string],
  verifierKey: string,
): CheckpointPair {
  checkKey(crypto, verifierKey);
  const [first, second] = notes.map((note, index) =>
    locate('ERR_BUNDLE_SIGNATURE', { file: CHECKPOINT, record: `of ${index + 1}` }, () =>
      verifyCheckpoint(crypto, note, verifierKey),
    ),
  ) as [Checkpoint, Checkpoint];
  if (first.size !== second.size) return { first, second, shows: 'unknown' };
  return { first, second, shows: bytesEqual(first.root, second.root) ? 'same' : 'fork' };
}
