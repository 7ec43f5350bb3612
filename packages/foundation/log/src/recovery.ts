/** The record that a recovery leaves in the log. */

import type { Crypto } from '@veritydb/crypto';

import type { RecordToAppend } from './batch-writer.ts';
import { type RecoveryRecord, encodeRecoveryRecord } from './recovery-record.ts';

export function buildRecoveryRecord(crypto: Crypto, recovery: RecoveryRecord): RecordToAppend {
  return {
    kind: 'recovery',
    timestamp: recovery.timestamp,
    schemaVersion: 0,
    rowCount: 0,
    idempotencyId: null,
    // The RFC 6962 root of no rows.
    commitmentsRoot: crypto.sha256(new Uint8Array(0)),
    payload: { sealing: 'none', plaintext: encodeRecoveryRecord(recovery) },
  };
}
