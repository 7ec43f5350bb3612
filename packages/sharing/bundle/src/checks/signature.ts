/** Whether the checkpoint is signed by the key that the verifier trusts: the root of everything else. */

import { parseVerifierKey, verifyCheckpoint } from '@veritydb/merkle';

import { CHECKPOINT } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import type { Evidence } from '../evidence.ts';

/**
 * @throws {BundleError} ERR_BUNDLE_KEY, ERR_BUNDLE_SIGNATURE, ERR_BUNDLE_CHECKPOINT
 */
export function checkSignature(evidence: Evidence, verifierKey: string | null): string {
  const { checkpointText, crypto, manifest } = evidence;
  const place = { file: CHECKPOINT };
  if (verifierKey === null) {
    throw new BundleError('ERR_BUNDLE_KEY', 'no key was given, so no signature is trusted', {
      ...place,
      hint: 'get the verifier key of the log from its operator, by a way that you trust',
    });
  }
  const { name } = parseVerifierKey(crypto, verifierKey);
  const { origin, size } = locate('ERR_BUNDLE_SIGNATURE', place, () =>
    verifyCheckpoint(crypto, checkpointText, verifierKey),
  );
  if (origin !== manifest.origin) {
    throw new BundleError('ERR_BUNDLE_CHECKPOINT', 'the manifest names another log', place);
  }
  return `the key ${name} signed a log of ${size} records`;
}
