/** What the checks look at: the parts of a bundle, and what the verifier trusts. */

import type { Crypto } from '@veritydb/crypto';
import type { Checkpoint } from '@veritydb/merkle';

import { BundleError } from './error.ts';
import type { Manifest } from './manifest.ts';

export interface Evidence {
  readonly crypto: Crypto;
  /** Bytes of each entry. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** Names of the entries whose bytes do not match their checksums. */
  readonly damaged: ReadonlySet<string>;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** The text of `checkpoint`; what it says is trusted only where `signature` is proved. */
  readonly checkpointText: string;
  readonly checkpoint: Checkpoint;
}

/** @throws {BundleError} ERR_BUNDLE_MISSING */
export function entryOf(evidence: Pick<Evidence, 'entries'>, file: string): Uint8Array {
  const bytes = evidence.entries.get(file);
  if (bytes === undefined) {
    throw new BundleError('ERR_BUNDLE_MISSING', `${file} is missing`, { file });
  }
  return bytes;
}
