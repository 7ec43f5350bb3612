/** Whether policy.yaml is the policy that the manifest names, as the log holds its activation. */

import { bytesToHex, utf8Decode } from '@veritydb/types';

import { POLICY, openingName } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';
import { verifyRecordOpening } from '../record-opening.ts';

const TABLE = 'verity_policies';

/**
 * @throws {BundleError} ERR_BUNDLE_POLICY_RECORD and the codes of {@link verifyRecordOpening}
 */
export function checkPolicy(evidence: Evidence): string {
  const { policy } = evidence.manifest;
  const { header, values } = verifyRecordOpening(evidence, 'policy', TABLE);
  const place = { file: openingName('policy'), record: `offset ${header.offset}` };
  const sha256 = values.get('sha256');
  const same =
    values.get('name') === policy.name &&
    values.get('version') === policy.version &&
    sha256 instanceof Uint8Array &&
    bytesToHex(sha256) === policy.sha256;
  if (!same) {
    throw new BundleError('ERR_BUNDLE_POLICY_RECORD', 'the record activates another policy', place);
  }
  const document = locate('ERR_BUNDLE_POLICY_RECORD', { file: POLICY }, () =>
    utf8Decode(entryOf(evidence, POLICY)),
  );
  if (values.get('document') !== document) {
    throw new BundleError('ERR_BUNDLE_POLICY_RECORD', 'it is not the policy as activated', {
      file: POLICY,
    });
  }
  return `policy.yaml was activated by record ${header.offset}`;
}
