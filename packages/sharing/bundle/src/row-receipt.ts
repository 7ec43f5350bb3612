/**
 * A receipt: one row of a reserved table, opened in full and proven in the log, in one text that whoever
 * it is about can keep and check with the log's key alone. Canonical JSON (RFC 8785) of the opening, and a
 * C2SP tlog-proof with the checkpoint.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  formatTlogProof,
  leafHash,
  parseTlogProof,
  verifyCheckpoint,
  verifyInclusion,
} from '@veritydb/merkle';
import {
  canonicalJson,
  decodeRecordHeader,
  isJsonObject,
  parseCanonicalJson,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';

import { BundleError, locate } from './error.ts';
import {
  type ProvenRow,
  type RecordOpening,
  checkCommitment,
  formatRecordOpening,
  openedValues,
  parseRecordOpening,
} from './record-opening.ts';

const FORMAT = 'veritydb.dev/receipt/v1';
const FILE = 'receipt';

export interface VerifiedReceipt extends ProvenRow {
  /** The table of the row. */
  readonly table: string;
  readonly origin: string;
}

export function formatRowReceipt(record: RecordOpening, checkpoint: string): string {
  const index = decodeRecordHeader(record.leaf).offset;
  return canonicalJson({
    format: FORMAT,
    opening: parseCanonicalJson(utf8Decode(formatRecordOpening(record))),
    proof: formatTlogProof({ index, proof: record.inclusionProof, checkpoint }),
  });
}

/**
 * Verifies a receipt: field digests → row commitment → commitments root in the header → leaf →
 * checkpoint → signature.
 *
 * @param verifierKey the log's, from a source that is trusted
 * @throws {BundleError} ERR_BUNDLE_PROOF, ERR_BUNDLE_COMMITMENT, ERR_BUNDLE_INCLUSION
 * @throws {MerkleError} when the checkpoint is not signed by the key
 */
export function verifyRowReceipt(
  crypto: Crypto,
  text: string,
  verifierKey: string,
): VerifiedReceipt {
  const place = { file: FILE };
  // Attacker-controlled: any text.
  const json = locate('ERR_BUNDLE_PROOF', place, () => parseCanonicalJson(text));
  if (!isJsonObject(json) || Object.keys(json).toSorted().join() !== 'format,opening,proof') {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the text is no receipt', place);
  }
  const { format, opening: openingJson, proof: proofText } = json;
  if (format !== FORMAT || typeof proofText !== 'string' || openingJson === undefined) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the text is no receipt of this format', place);
  }
  const opening = locate('ERR_BUNDLE_PROOF', place, () =>
    parseRecordOpening(utf8Encode(canonicalJson(openingJson))),
  );
  const header = locate('ERR_BUNDLE_PROOF', place, () => decodeRecordHeader(opening.leaf));
  checkCommitment(crypto, opening, { header, place });
  const { checkpoint, index, proof } = locate('ERR_BUNDLE_PROOF', place, () =>
    parseTlogProof(proofText),
  );
  const { origin, root, size } = verifyCheckpoint(crypto, checkpoint, verifierKey);
  if (index !== header.offset) {
    throw new BundleError('ERR_BUNDLE_INCLUSION', 'the proof is about another record', place);
  }
  locate('ERR_BUNDLE_INCLUSION', place, () => {
    verifyInclusion(crypto, { index, size, leafHash: leafHash(crypto, opening.leaf), proof, root });
  });
  return { header, values: openedValues(opening), table: opening.table, origin };
}
