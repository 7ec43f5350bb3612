/**
 * Reading a segment from its beginning: each record checked against its CRC, its payload's digest, its
 * place and the chain; and where the records end, a judgement of what lies behind.
 *
 * A write is a batch, and a batch is written only after the one before it is durable. So what lies
 * behind the first record that is not whole is either a torn batch, which nobody was told is safe, or
 * holds a record of a later batch: then the broken one was acknowledged, and nothing may be cut.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  HASH_SIZE,
  type Hash,
  RECORD_HEADER_SIZE,
  type RecordHeader,
  type TenantId,
  TypesError,
  bytesEqual,
  decodeRecordHeader,
  toHash,
} from '@veritydb/types';

import { CRC_SIZE, PAYLOAD_SIZE_MAX, RECORD_SIZE_MIN } from './limits.ts';

/** A record whose bytes are whole: its place in the log is another matter. */
export interface WholeRecord {
  readonly header: RecordHeader;
  /** The leaf: the header as it lies on disk. */
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** Bytes of the record on disk: header, payload, CRC. */
  readonly size: number;
}

/** What the next record must fit to. */
export interface Expected {
  readonly tenant: TenantId;
  readonly offset: number;
  readonly previousHash: Hash;
  readonly timestamp: bigint;
  readonly generation: number;
}

/** Preimage of a leaf hash, 0x00 ‖ header: written anew for each, so that none is allocated. */
const PREIMAGE = new Uint8Array(1 + RECORD_HEADER_SIZE);
const DIGEST = new Uint8Array(HASH_SIZE);

/** Leaf hash of a header, which is the record's chain hash: SHA-256(0x00 ‖ header), RFC 6962 §2.1. */
export function leafHashOf(crypto: Crypto, headerBytes: Uint8Array): Hash {
  const hash = new Uint8Array(HASH_SIZE);
  hashLeaf(crypto, headerBytes, hash);
  return toHash(hash);
}

/** The same, into bytes that stand ready. */
export function hashLeaf(crypto: Crypto, headerBytes: Uint8Array, target: Uint8Array): void {
  PREIMAGE.set(headerBytes, 1);
  crypto.sha256Into(PREIMAGE, 0, PREIMAGE.length, target, 0);
}

/** The record at a place of a segment's bytes, if it is whole. */
export function wholeRecordAt(
  crypto: Crypto,
  bytes: Uint8Array,
  position: number,
): WholeRecord | undefined {
  // Attacker-controlled: whoever can write the file can write this.
  if (position + RECORD_SIZE_MIN > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + position, RECORD_HEADER_SIZE);
  const payloadSize = view.getUint32(4, true);
  const end = position + RECORD_HEADER_SIZE + payloadSize;
  if (payloadSize > PAYLOAD_SIZE_MAX || end + CRC_SIZE > bytes.length) return undefined;
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, CRC_SIZE).getUint32(0, true);
  if (crypto.crc32(bytes, position, end) !== stored) return undefined;
  try {
    const payloadAt = position + RECORD_HEADER_SIZE;
    const headerBytes = bytes.subarray(position, payloadAt);
    const header = decodeRecordHeader(headerBytes);
    const payload = bytes.subarray(payloadAt, end);
    crypto.sha256Into(bytes, payloadAt, end, DIGEST, 0);
    if (!bytesEqual(DIGEST, header.payloadDigest)) return undefined;
    return { header, headerBytes, payload, size: end + CRC_SIZE - position };
  } catch (error) {
    if (error instanceof TypesError) return undefined;
    throw error;
  }
}

/**
 * Whether a whole record is the one that must come next. A generation begins with its Recovery record,
 * and with nothing else.
 */
export function fits(header: RecordHeader, expected: Expected): boolean {
  const isGenerationSound =
    header.kind === 'recovery'
      ? header.generation > expected.generation
      : header.generation === expected.generation;
  return (
    isGenerationSound &&
    header.tenant === expected.tenant &&
    header.offset === expected.offset &&
    header.timestamp > expected.timestamp &&
    bytesEqual(header.previousHash, expected.previousHash)
  );
}

/** What lies behind the last record that fits. */
export type Tail =
  | { readonly kind: 'clean' }
  /** Bytes from the end of the last record up to this place are not all zero. */
  | { readonly kind: 'torn'; readonly end: number }
  /** A record of a later batch: the broken one was acknowledged. */
  | { readonly kind: 'damaged' };

/** Judges what lies behind the last record that fits, at `position`. */
export function judgeTail(
  crypto: Crypto,
  bytes: Uint8Array,
  position: number,
  expected: Expected,
): Tail {
  let end = bytes.length;
  while (end > position && bytes[end - 1] === 0) end -= 1;
  if (end === position) return { kind: 'clean' };
  for (let at = position; at < end; at += 1) {
    // Format version 1 and a kind: a cheap sieve before the CRC of every place.
    if (bytes[at] !== 1 || bytes[at + 1] !== 0 || (bytes[at + 2] as number) > 4) continue;
    const record = wholeRecordAt(crypto, bytes, at);
    if (record === undefined || record.header.tenant !== expected.tenant) continue;
    const { batchIndex, offset } = record.header;
    if (offset - batchIndex > expected.offset) return { kind: 'damaged' };
    at += record.size - 1;
  }
  return { kind: 'torn', end };
}
