/** The verifier key of a log, as a person hands it in. */

import type { Crypto } from '@veritydb/crypto';
import { parseVerifierKey } from '@veritydb/merkle';

import { BundleError } from './error.ts';

/** @throws {BundleError} ERR_BUNDLE_KEY */
export function checkKey(crypto: Crypto, verifierKey: string): void {
  try {
    parseVerifierKey(crypto, verifierKey);
  } catch (cause) {
    throw new BundleError('ERR_BUNDLE_KEY', 'the verifier key is malformed', {
      kind: 'format',
      hint: 'a verifier key reads <name>+<8 hexadecimal digits>+<base64>',
      cause,
    });
  }
}
