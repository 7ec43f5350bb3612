/** Whether the source records are leaves of the log that the checkpoint signs. */

import { rootFromPackedBatch } from '@veritydb/merkle';
import { bytesEqual } from '@veritydb/types';

import { RECORDS } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import type { SourceLeaves } from './source-leaves.ts';

/**
 * How many records are proven.
 *
 * @throws {BundleError} ERR_BUNDLE_INCLUSION
 */
export function checkInclusion(
  { checkpoint, crypto }: Evidence,
  { hashes, offsets, proof }: SourceLeaves,
): number {
  if (offsets.length === 0) return 0;
  const place = { file: RECORDS };
  const root = locate('ERR_BUNDLE_INCLUSION', place, () =>
    rootFromPackedBatch(crypto, { size: checkpoint.size, indices: offsets, hashes, proof }),
  );
  if (bytesEqual(root, checkpoint.root)) return offsets.length;
  throw new BundleError(
    'ERR_BUNDLE_INCLUSION',
    'a record, or the proof, is not of the log that the checkpoint signs',
    place,
  );
}
