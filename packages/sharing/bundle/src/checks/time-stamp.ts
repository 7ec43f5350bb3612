/** Whether an authority that is trusted saw the checkpoint, and when (RFC 3161). */

import { parseCertificates, verifyTimeStamp } from '@veritydb/merkle';
import { formatTimestamp, utf8Encode } from '@veritydb/types';

import { TIME_STAMP } from '../entry-name.ts';
import { locate } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';

/**
 * When, and by whom, in words.
 *
 * @throws {BundleError} ERR_BUNDLE_TIME_STAMP, ERR_BUNDLE_MISSING
 */
export function checkTimeStamp(evidence: Evidence, roots: string): string {
  const { checkpointText, crypto } = evidence;
  const place = { file: TIME_STAMP };
  const trusted = locate('ERR_BUNDLE_TIME_STAMP', place, () => parseCertificates(roots));
  const response = entryOf(evidence, TIME_STAMP);
  const { authority, time } = locate('ERR_BUNDLE_TIME_STAMP', place, () =>
    verifyTimeStamp(
      crypto,
      { stamped: utf8Encode(checkpointText), response, nonce: null },
      trusted,
    ),
  );
  return `there by ${formatTimestamp(time / 1000n)}, as ${authority} says`;
}
