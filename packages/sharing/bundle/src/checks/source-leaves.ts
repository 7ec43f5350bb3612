/** Reads proofs/records.bin once: each record is shown to who asks, and the leaves are kept for inclusion. */

import { HASH_SIZE, RECORD_HEADER_SIZE, RECORD_KINDS } from '@veritydb/types';

import { RECORDS } from '../entry-name.ts';
import { BundleError, locate, located } from '../error.ts';
import { type Evidence, sourceOf } from '../evidence.ts';
import { SourceRecordReader, type StoredRecord } from '../source-records.ts';

/** What is needed of a record's header (docs/formats/record.md); its leaf hash covers the rest. */
export interface SourceLeaf {
  readonly isData: boolean;
  readonly tenant: number;
  readonly offset: number;
  readonly rowCount: number;
  readonly stored: StoredRecord;
}

/** Where the commitments root stands in a header. */
export const COMMITMENTS_ROOT_AT = 104;

export interface SourceLeaves {
  /** Strictly ascending. */
  readonly offsets: Float64Array;
  /** Leaf hashes, one after another. */
  readonly hashes: Uint8Array;
  /** Batch proof of the leaves. */
  readonly proof: Uint8Array;
}

/** @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_PROOF */
export function readSourceLeaves(
  evidence: Evidence,
  visit: (leaf: SourceLeaf) => void,
): SourceLeaves {
  const { checkpoint, crypto } = evidence;
  const place = { file: RECORDS };
  const reader = locate('ERR_BUNDLE_PROOF', place, () => {
    return new SourceRecordReader(sourceOf(evidence, RECORDS));
  });
  const { count, proof, size } = reader;
  if (size !== checkpoint.size) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the proof is of another tree size', place);
  }
  const offsets = new Float64Array(count);
  const hashes = new Uint8Array(count * HASH_SIZE);
  const preimage = new Uint8Array(1 + RECORD_HEADER_SIZE);
  const preimageView = new DataView(preimage.buffer);
  let last = -1;
  for (let index = 0; ; index += 1) {
    let record: StoredRecord | null;
    let leaf: SourceLeaf;
    try {
      record = reader.next();
      if (record === null) break;
      leaf = parseLeaf(record);
    } catch (error) {
      throw located(error, 'ERR_BUNDLE_PROOF', { ...place, record: `record ${index}` });
    }
    if (leaf.offset <= last || leaf.offset >= size) {
      throw new BundleError('ERR_BUNDLE_PROOF', 'the records are not in order, each once', {
        ...place,
        record: `offset ${leaf.offset}`,
      });
    }
    last = leaf.offset;
    offsets[index] = leaf.offset;
    for (let at = 0; at < RECORD_HEADER_SIZE; at += 4) {
      preimageView.setInt32(1 + at, record.view.getInt32(record.at + at));
    }
    crypto.sha256Into(preimage, 0, preimage.length, hashes, index * HASH_SIZE);
    visit(leaf);
  }
  if (count === 0 && proof.length > 0) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'a proof of no record is not empty', place);
  }
  return { offsets, hashes, proof };
}

const FORMAT_VERSION = 1;

function parseLeaf(stored: StoredRecord): SourceLeaf {
  // Attacker-controlled: any bytes.
  const { at, view } = stored;
  const kind = view.getUint8(at + 2);
  const isKind = kind >= RECORD_KINDS.data && kind <= RECORD_KINDS.recovery;
  if (view.getUint16(at, true) !== FORMAT_VERSION || !isKind) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'a leaf is not the header of a record');
  }
  return {
    isData: kind === RECORD_KINDS.data,
    tenant: numberAt(view, at + 8),
    offset: numberAt(view, at + 16),
    rowCount: view.getUint32(at + 48, true),
    stored,
  };
}

function numberAt(view: DataView, at: number): number {
  const number = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  if (Number.isSafeInteger(number)) return number;
  throw new BundleError('ERR_BUNDLE_PROOF', 'a leaf holds a number above 2^53 − 1');
}
