/** A COSE receipt (RFC 9942) of one record: whether the log's key signed a tree in which its leaf stands. */

import type { Crypto } from '@veritydb/crypto';
import { MerkleError, leafHash, parseVerifierKey, verifyReceipt } from '@veritydb/merkle';
import {
  type Hash,
  type RecordHeader,
  TypesError,
  bytesEqual,
  decodeRecordHeader,
  encodeRecordHeader,
} from '@veritydb/types';

import { RECEIPT } from './entry-name.ts';
import { BundleError, type BundleErrorCode, locate } from './error.ts';
import { type Evidence, entryOf } from './evidence.ts';
import { checkKey } from './verifier-key.ts';

export interface VerifiedLogReceipt {
  readonly header: RecordHeader;
  readonly origin: string;
  /** Tree size that whoever made the receipt states: the key signs the root alone. */
  readonly size: number;
  readonly root: Hash;
}

/**
 * Verifies a receipt of a record: leaf → root → signature, and that the place is the one in the header.
 *
 * @param leaf the record's header, 168 bytes
 * @param verifierKey the log's, from a source that is trusted
 * @throws {BundleError} ERR_BUNDLE_KEY, ERR_BUNDLE_RECORD (the leaf is no header), ERR_BUNDLE_INCLUSION
 */
export function verifyLogReceipt(
  crypto: Crypto,
  { leaf, receipt }: { readonly leaf: Uint8Array; readonly receipt: Uint8Array },
  verifierKey: string,
): VerifiedLogReceipt {
  checkKey(crypto, verifierKey);
  const key = parseVerifierKey(crypto, verifierKey);
  try {
    const header = decodeRecordHeader(leaf);
    const { index, root, size } = verifyReceipt(crypto, receipt, leafHash(crypto, leaf), key);
    if (index === header.offset) return { header, origin: key.name, root, size };
  } catch (cause) {
    if (cause instanceof TypesError) throw refused('ERR_BUNDLE_RECORD', cause.message, cause);
    if (cause instanceof MerkleError) throw refused('ERR_BUNDLE_INCLUSION', cause.message, cause);
    throw cause;
  }
  throw refused('ERR_BUNDLE_INCLUSION', 'the receipt names another place than the leaf');
}

/**
 * Whether the receipt, where there is one, is that of the export record, in the tree of the checkpoint.
 *
 * @throws {BundleError} ERR_BUNDLE_INCLUSION
 */
export function checkExportReceipt(
  evidence: Evidence,
  exported: RecordHeader,
  verifierKey: string,
): void {
  const { checkpoint, crypto, entries } = evidence;
  if (!entries.has(RECEIPT)) return;
  const place = { file: RECEIPT };
  const leaf = encodeRecordHeader(exported);
  const { root, size } = locate('ERR_BUNDLE_INCLUSION', place, () =>
    verifyLogReceipt(crypto, { leaf, receipt: entryOf(evidence, RECEIPT) }, verifierKey),
  );
  if (size === checkpoint.size && bytesEqual(root, checkpoint.root)) return;
  const what = 'the receipt is of another tree than the checkpoint';
  throw new BundleError('ERR_BUNDLE_INCLUSION', what, place);
}

function refused(code: BundleErrorCode, what: string, cause?: unknown): BundleError {
  const hint = 'do not rely on this receipt; ask for it again, with the leaf that it is of';
  return new BundleError(code, what, { hint, cause });
}
