/** Whether others than the operator have seen the very state of the log that the checkpoint signs. */

import { parseTlogPolicy, verifyUnderPolicy } from '@veritydb/merkle';

import { CHECKPOINT } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import type { Evidence } from '../evidence.ts';

/**
 * Who has cosigned, in words.
 *
 * @throws {BundleError} ERR_BUNDLE_WITNESS
 */
export function checkWitnesses(evidence: Evidence, policyText: string): string {
  const { checkpointText, crypto } = evidence;
  const place = { file: CHECKPOINT };
  const policy = locate('ERR_BUNDLE_WITNESS', place, () => parseTlogPolicy(crypto, policyText));
  if (policy.quorum === null) {
    throw new BundleError('ERR_BUNDLE_WITNESS', 'the policy of witnesses asks for none', {
      kind: 'expectation',
      hint: 'give a policy (C2SP tlog-policy) whose quorum is a witness or a group of them',
    });
  }
  const { cosigners } = locate('ERR_BUNDLE_WITNESS', place, () =>
    verifyUnderPolicy(crypto, checkpointText, policy),
  );
  return `cosigned by ${cosigners.map(({ name }) => name).join(', ')}, which is the quorum`;
}
