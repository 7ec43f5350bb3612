/** Whether the source records are leaves of the log that the checkpoint signs. */

import { leafHash, rootFromBatchProof } from '@veritydb/merkle';
import { type Hash, type RecordHeader, bytesEqual, decodeRecordHeader } from '@veritydb/types';

import { RECORDS } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';
import { parseSourceRecords } from '../source-records.ts';

/** A source record whose header is well-formed. */
export interface SourceLeaf {
  readonly header: RecordHeader;
  readonly leaf: Uint8Array;
  readonly rowProof: readonly Hash[];
}

export interface SourceLeaves {
  /** By strictly ascending offset. */
  readonly leaves: readonly SourceLeaf[];
  readonly proof: readonly Hash[];
}

/**
 * Reads proofs/records.json.
 *
 * @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_PROOF
 */
export function readSourceLeaves(evidence: Evidence): SourceLeaves {
  const place = { file: RECORDS };
  const { records, proof, size } = locate('ERR_BUNDLE_PROOF', place, () =>
    parseSourceRecords(entryOf(evidence, RECORDS)),
  );
  if (size !== evidence.checkpoint.size) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the proof is of another tree size', place);
  }
  const leaves: SourceLeaf[] = [];
  let last = -1;
  for (const [index, { leaf, rowProof }] of records.entries()) {
    const header = locate('ERR_BUNDLE_PROOF', { ...place, record: `record ${index}` }, () =>
      decodeRecordHeader(leaf),
    );
    if (header.offset <= last || header.offset >= size) {
      throw new BundleError('ERR_BUNDLE_PROOF', 'the records are not in order, each once', {
        ...place,
        record: `offset ${header.offset}`,
      });
    }
    last = header.offset;
    leaves.push({ header, leaf, rowProof });
  }
  if (leaves.length === 0 && proof.length > 0) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'a proof of no record is not empty', place);
  }
  return { leaves, proof };
}

/**
 * How many records are proven. Requires what {@link readSourceLeaves} read.
 *
 * @throws {BundleError} ERR_BUNDLE_INCLUSION
 */
export function checkInclusion(evidence: Evidence, { leaves, proof }: SourceLeaves): number {
  const { checkpoint, crypto } = evidence;
  if (leaves.length === 0) return 0;
  const place = { file: RECORDS };
  const root = locate('ERR_BUNDLE_INCLUSION', place, () =>
    rootFromBatchProof(crypto, {
      size: checkpoint.size,
      leaves: leaves.map(({ header, leaf }) => ({
        index: header.offset,
        hash: leafHash(crypto, leaf),
      })),
      proof,
    }),
  );
  if (!bytesEqual(root, checkpoint.root)) {
    throw new BundleError(
      'ERR_BUNDLE_INCLUSION',
      'a record, or the proof, is not of the log that the checkpoint signs',
      place,
    );
  }
  return leaves.length;
}
