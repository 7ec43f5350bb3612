/** Plain payloads of the log's own records, in canonical CBOR: checkpoints and recoveries. */

import {
  CanonicalReader,
  CanonicalWriter,
  type Generation,
  type Hash,
  type Timestamp,
  TypesError,
  toGeneration,
  toHash,
  toTimestamp,
} from '@veritydb/types';

import { LogError } from './error.ts';

/** An anchor of verification: what the log, the tables and the policies were at a place. */
export interface CheckpointPayload {
  /** Chain hash of the record before. */
  readonly chainHash: Hash;
  /** Records before this one, from the first. */
  readonly recordCount: number;
  /** Root of each table and index that has one, by name. */
  readonly roots: readonly { readonly name: string; readonly root: Hash }[];
  /** Policies in force, by name. */
  readonly policies: readonly {
    readonly name: string;
    readonly version: number;
    readonly sha256: Hash;
  }[];
}

const CHECKPOINT_VERSION = 1;
const RECOVERY_VERSION = 1;

/** canonical([1, chain hash, record count, [[name, root] …], [[name, version, SHA-256] …]]). */
export function encodeCheckpointPayload(payload: CheckpointPayload): Uint8Array {
  const writer = new CanonicalWriter();
  writer.array(5).integer(CHECKPOINT_VERSION).bytes(payload.chainHash).integer(payload.recordCount);
  writer.array(payload.roots.length);
  for (const { name, root } of payload.roots) writer.array(2).text(name).bytes(root);
  writer.array(payload.policies.length);
  for (const { name, version, sha256 } of payload.policies) {
    writer.array(3).text(name).integer(version).bytes(sha256);
  }
  return writer.finish();
}

/** @throws {LogError} ERR_LOG_PAYLOAD */
export function decodeCheckpointPayload(bytes: Uint8Array): CheckpointPayload {
  return decode(bytes, 5, CHECKPOINT_VERSION, (reader) => ({
    chainHash: readHash(reader),
    recordCount: reader.count(),
    roots: Array.from({ length: reader.array() }, () => {
      reader.arrayOf(2);
      return { name: reader.text(), root: readHash(reader) };
    }),
    policies: Array.from({ length: reader.array() }, () => {
      reader.arrayOf(3);
      return { name: reader.text(), version: reader.count(), sha256: readHash(reader) };
    }),
  }));
}

export const RECOVERY_REASONS = [
  'node-restart',
  'quorum-loss',
  'corruption-detected',
  'manual-intervention',
] as const;
export type RecoveryReason = (typeof RECOVERY_REASONS)[number];

/**
 * What a recovery found and threw away: loss is never silent. The discarded range is told in bytes, which
 * are certain; of records it is whatever of the batch after `knownCommitted` lies from `recoveryPoint` on,
 * and how many those were a torn tail cannot tell.
 */
export interface RecoveryRecord {
  readonly generation: Generation;
  readonly previousGeneration: Generation;
  /** Offset of the last record that is certain to have been acknowledged, −1 for none. */
  readonly knownCommitted: number;
  /** Offset at which writing goes on: that of this record. */
  readonly recoveryPoint: number;
  /** Where in the segment file the discarded bytes began. */
  readonly discardedFrom: number;
  readonly discardedBytes: number;
  readonly reason: RecoveryReason;
  readonly timestamp: Timestamp;
}

/**
 * canonical([1, generation, previous generation, known committed + 1, recovery point, discarded from,
 * discarded bytes, reason, timestamp]).
 */
export function encodeRecoveryRecord(payload: RecoveryRecord): Uint8Array {
  const writer = new CanonicalWriter();
  writer.array(9).integer(RECOVERY_VERSION).integer(payload.generation);
  writer.integer(payload.previousGeneration).integer(payload.knownCommitted + 1);
  writer.integer(payload.recoveryPoint).integer(payload.discardedFrom);
  writer.integer(payload.discardedBytes).text(payload.reason).integer(payload.timestamp);
  return writer.finish();
}

/** @throws {LogError} ERR_LOG_PAYLOAD */
export function decodeRecoveryRecord(bytes: Uint8Array): RecoveryRecord {
  return decode(bytes, 9, RECOVERY_VERSION, (reader) => {
    const generation = readGeneration(reader);
    const previousGeneration = readGeneration(reader);
    const knownCommitted = reader.count() - 1;
    const recoveryPoint = reader.count();
    const discardedFrom = reader.count();
    const discardedBytes = reader.count();
    const reason = reader.text() as RecoveryReason;
    if (!RECOVERY_REASONS.includes(reason)) throw malformed();
    const nanoseconds = BigInt(reader.integer());
    if (nanoseconds < 0n) throw malformed();
    return {
      generation,
      previousGeneration,
      knownCommitted,
      recoveryPoint,
      discardedFrom,
      discardedBytes,
      reason,
      timestamp: toTimestamp(nanoseconds),
    };
  });
}

function decode<Payload>(
  bytes: Uint8Array,
  count: number,
  version: number,
  read: (reader: CanonicalReader) => Payload,
): Payload {
  try {
    const reader = new CanonicalReader(bytes);
    reader.arrayOf(count);
    if (reader.count() !== version) throw malformed();
    const payload = read(reader);
    reader.end();
    return payload;
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
}

function readHash(reader: CanonicalReader): Hash {
  const bytes = reader.bytes();
  if (bytes.length !== 32) throw malformed();
  return toHash(bytes);
}

function readGeneration(reader: CanonicalReader): Generation {
  const number = reader.count();
  if (number < 1 || number > 0xffff_ffff) throw malformed();
  return toGeneration(number);
}

function malformed(): LogError {
  return new LogError('verification', 'ERR_LOG_PAYLOAD', 'payload of a log record is malformed');
}
