/**
 * proofs/records.bin: the leaf of every source record with a proof of its disclosed rows, and one batch
 * proof for all of the leaves. Integers are little-endian.
 *
 * | size | field |
 * |---|---|
 * | 8 | size of the log's tree |
 * | 4 | count of records |
 * | 4 | count of hashes of the batch proof |
 * | 32 each | batch proof of the leaves in that tree |
 * | of each record: 168 | leaf |
 * | 4 | count of hashes of its row proof |
 * | 32 each | row proof |
 */

import { HASH_SIZE, type Hash, RECORD_HEADER_SIZE } from '@veritydb/types';

import { type ByteSource, ITEM_SIZE_MAX, WindowReader, sliceSource } from './byte-source.ts';
import { BundleError } from './error.ts';

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

const HEAD_SIZE = 16;
const RECORD_SIZE_MIN = RECORD_HEADER_SIZE + 4;

export function encodeSourceRecords({ records, proof, size }: SourceRecords): Uint8Array {
  const hashes = records.reduce((sum, { rowProof }) => sum + rowProof.length, proof.length);
  const bytes = new Uint8Array(HEAD_SIZE + hashes * HASH_SIZE + records.length * RECORD_SIZE_MIN);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(size), true);
  view.setUint32(8, records.length, true);
  view.setUint32(12, proof.length, true);
  let at = HEAD_SIZE;
  const put = (part: Uint8Array): void => {
    bytes.set(part, at);
    at += part.length;
  };
  for (const hash of proof) put(hash);
  for (const { leaf, rowProof } of records) {
    put(leaf);
    view.setUint32(at, rowProof.length, true);
    at += 4;
    for (const hash of rowProof) put(hash);
  }
  return bytes;
}

/** A record as it stands in the file: places in bytes that stay until the next one is read. */
export interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the leaf begins; the row proof begins behind it and its count. */
  readonly at: number;
  readonly proofAt: number;
  readonly end: number;
}

/** Reads the file from its beginning to its end, a record at a time. */
export class SourceRecordReader {
  readonly size: number;
  readonly count: number;
  /** The batch proof: hashes, one after another. */
  readonly proof: Uint8Array;
  readonly #reader: WindowReader;
  #read = 0;

  /** @throws {BundleError} ERR_BUNDLE_PROOF, ERR_BUNDLE_LIMIT */
  constructor(source: ByteSource) {
    // Attacker-controlled: counts, sizes and hashes.
    const reader = new WindowReader(source);
    if (!reader.has(HEAD_SIZE)) throw malformed('it is cut short');
    const { view } = reader;
    this.size = view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
    this.count = view.getUint32(8, true);
    const proofSize = view.getUint32(12, true) * HASH_SIZE;
    reader.at = HEAD_SIZE;
    if (!Number.isSafeInteger(this.size)) throw malformed('its tree size is too large');
    if (HEAD_SIZE + proofSize + this.count * RECORD_SIZE_MIN > source.size) {
      throw malformed('it is cut short');
    }
    // A batch proof grows with the records: it is taken whole, whatever an item may weigh.
    this.proof = source.read(HEAD_SIZE, HEAD_SIZE + proofSize);
    this.#reader = new WindowReader(sliceSource(source, HEAD_SIZE + proofSize, source.size));
  }

  /** The next record, or null after the last. */
  next(): StoredRecord | null {
    const reader = this.#reader;
    if (this.#read === this.count) {
      if (!reader.isAtEnd) throw malformed('it has bytes after its last record');
      return null;
    }
    this.#read += 1;
    if (!reader.has(RECORD_SIZE_MIN)) throw malformed('it is cut short');
    const proofSize = reader.view.getUint32(reader.at + RECORD_HEADER_SIZE, true) * HASH_SIZE;
    const size = RECORD_SIZE_MIN + proofSize;
    if (size > ITEM_SIZE_MAX || !reader.has(size)) throw malformed('it is cut short');
    const { at, bytes, view } = reader;
    reader.at += size;
    return { bytes, view, at, proofAt: at + RECORD_SIZE_MIN, end: at + size };
  }
}

function malformed(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_PROOF', `the file is malformed: ${what}`);
}
