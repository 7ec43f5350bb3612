/**
 * proofs/records.json: the leaf of every source record with a proof of its disclosed rows, and one batch
 * proof for all of the leaves.
 */

import {
  type Hash,
  RECORD_HEADER_SIZE,
  bytesToBase64,
  canonicalJson,
  utf8Encode,
} from '@veritydb/types';

import { CanonicalCursor } from './canonical-cursor.ts';
import { hashesToJson, parseHashes } from './hash-list.ts';

export interface SourceRecord {
  /** Header of the record. */
  readonly leaf: Uint8Array;
  /** Batch proof of its disclosed rows in the tree of its rows' commitments. */
  readonly rowProof: readonly Hash[];
}

export interface SourceRecords {
  /** By ascending offset. */
  readonly records: readonly SourceRecord[];
  /** Batch proof of the leaves in the log's tree. */
  readonly proof: readonly Hash[];
  /** Size of that tree. */
  readonly size: number;
}

export function formatSourceRecords({ records, proof, size }: SourceRecords): Uint8Array {
  const json = {
    proof: hashesToJson(proof),
    records: records.map(({ leaf, rowProof }) => ({
      leaf: bytesToBase64(leaf),
      rowProof: hashesToJson(rowProof),
    })),
    size,
  };
  return utf8Encode(canonicalJson(json));
}

/** @throws {BundleError} ERR_BUNDLE_PROOF */
export function parseSourceRecords(bytes: Uint8Array): SourceRecords {
  // Attacker-controlled: leaves, hashes and sizes.
  const cursor = new CanonicalCursor(bytes, 'ERR_BUNDLE_PROOF');
  const records: SourceRecord[] = [];
  cursor.expect('{"proof":');
  const proof = parseHashes(cursor);
  cursor.expect(',"records":[');
  if (!cursor.skip(']')) {
    do {
      cursor.expect('{"leaf":"');
      const leaf = cursor.base64(RECORD_HEADER_SIZE);
      cursor.expect('","rowProof":');
      records.push({ leaf, rowProof: parseHashes(cursor) });
      cursor.expect('}');
    } while (cursor.skip(','));
    cursor.expect(']');
  }
  cursor.expect(',"size":');
  const size = cursor.count();
  cursor.expect('}');
  cursor.end();
  return { records, proof, size };
}
