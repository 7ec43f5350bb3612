/** What the checks look at: the parts of a bundle, and what the verifier trusts. */

import type { Crypto } from '@veritydb/crypto';
import type { Checkpoint } from '@veritydb/merkle';

import type { ByteSource } from './byte-source.ts';
import { BundleError } from './error.ts';
import type { Manifest } from './manifest.ts';
import type { ZipMember } from './zip.ts';

export interface Evidence {
  readonly crypto: Crypto;
  readonly entries: ReadonlyMap<string, ZipMember>;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** The text of `checkpoint`; what it says is trusted only where `signature` is proved. */
  readonly checkpointText: string;
  readonly checkpoint: Checkpoint;
}

/** @throws {BundleError} ERR_BUNDLE_MISSING */
export function sourceOf(evidence: Pick<Evidence, 'entries'>, file: string): ByteSource {
  const entry = evidence.entries.get(file);
  if (entry === undefined) {
    throw new BundleError('ERR_BUNDLE_MISSING', `${file} is missing`, { file });
  }
  return entry.bytes;
}

/** Files that are read as a whole are documents: none of them is larger. */
const DOCUMENT_SIZE_MAX = 1 << 24;

/** @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_LIMIT */
export function entryOf(evidence: Pick<Evidence, 'entries'>, file: string): Uint8Array {
  const source = sourceOf(evidence, file);
  if (source.size > DOCUMENT_SIZE_MAX) {
    const what = `${file} is larger than ${DOCUMENT_SIZE_MAX} bytes`;
    throw new BundleError('ERR_BUNDLE_LIMIT', what, { kind: 'format', file });
  }
  return source.read(0, source.size);
}
