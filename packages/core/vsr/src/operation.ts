/** What an op is for. Below 16 they are the cluster's own; the rest is the state machine's. */

import { VsrError } from './error.ts';

export const OPERATION_REGISTER = 1;
/** What a view change cut: replicated, so that nothing is discarded in silence. */
export const OPERATION_RECOVERY_RECORD = 2;
export const OPERATION_APPLY = 16;

export const EVICTION_NO_SESSION = 1;
export const EVICTION_SESSION_TOO_LOW = 2;

/** Says what a new primary cut from the log. */
export interface RecoveryRecord {
  readonly view: number;
  /** The view whose log it was. */
  readonly logView: number;
  readonly knownCommitted: number;
  /** The head that remained. */
  readonly recoveryPoint: number;
  /** The head before: ops above the recovery point up to here were discarded. */
  readonly discardedMax: number;
  /** Of the discarded, from the lowest up: zeros where it was not known. */
  readonly checksums: readonly Uint8Array[];
}

const FIXED_SIZE = 32;
const CHECKSUM_SIZE = 32;

export function encodeRecoveryRecord(record: RecoveryRecord): Uint8Array {
  const bytes = new Uint8Array(FIXED_SIZE + record.checksums.length * CHECKSUM_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.view, true);
  view.setUint32(4, record.logView, true);
  view.setBigUint64(8, BigInt(record.knownCommitted), true);
  view.setBigUint64(16, BigInt(record.recoveryPoint), true);
  view.setBigUint64(24, BigInt(record.discardedMax), true);
  for (const [index, checksum] of record.checksums.entries()) {
    bytes.set(checksum, FIXED_SIZE + index * CHECKSUM_SIZE);
  }
  return bytes;
}

/** @throws {VsrError} ERR_VSR_MESSAGE unless the bytes are one */
export function parseRecoveryRecord(bytes: Uint8Array): RecoveryRecord {
  const isSized = bytes.length > FIXED_SIZE && (bytes.length - FIXED_SIZE) % CHECKSUM_SIZE === 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = (bytes.length - FIXED_SIZE) / CHECKSUM_SIZE;
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  if (!isSized || number(24) !== number(16) + count || number(8) > number(16)) {
    throw new VsrError('format', 'ERR_VSR_MESSAGE', 'not a recovery record');
  }
  return {
    view: view.getUint32(0, true),
    logView: view.getUint32(4, true),
    knownCommitted: number(8),
    recoveryPoint: number(16),
    discardedMax: number(24),
    checksums: Array.from({ length: count }, (_, index) => {
      const at = FIXED_SIZE + index * CHECKSUM_SIZE;
      return bytes.slice(at, at + CHECKSUM_SIZE);
    }),
  };
}
