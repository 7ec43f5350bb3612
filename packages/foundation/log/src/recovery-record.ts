/** The plain payload of a recovery record, in canonical CBOR; `merkle` has that of a checkpoint record. */

import {
  CanonicalReader,
  CanonicalWriter,
  type Generation,
  type Timestamp,
  TypesError,
  toGeneration,
  toTimestamp,
} from '@veritydb/types';

import { LogError } from './error.ts';

const RECOVERY_VERSION = 1;

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
  return decode(bytes, (reader) => {
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

function decode(
  bytes: Uint8Array,
  read: (reader: CanonicalReader) => RecoveryRecord,
): RecoveryRecord {
  try {
    const reader = new CanonicalReader(bytes);
    reader.arrayOf(9);
    if (reader.count() !== RECOVERY_VERSION) throw malformed();
    const payload = read(reader);
    reader.end();
    return payload;
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
}

function readGeneration(reader: CanonicalReader): Generation {
  const number = reader.count();
  if (number < 1 || number > 0xffff_ffff) throw malformed();
  return toGeneration(number);
}

function malformed(): LogError {
  return new LogError('verification', 'ERR_LOG_PAYLOAD', 'payload of a log record is malformed');
}
