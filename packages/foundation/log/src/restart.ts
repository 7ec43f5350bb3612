/**
 * A log that goes on from a copy: another generation, and a Recovery record that says that a person did
 * it.
 *
 * The log that the copy was taken from may go on too, under the same keys. Nonces are generation ‖
 * offset, so the two must never stand in one generation: the copy begins one far above, durable before
 * anything is sealed in it. See docs/decisions on restored copies.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Generation,
  HASH_SIZE,
  type Hash,
  type Offset,
  type TenantId,
  type Timestamp,
  assert,
  monotonicTimestamp,
  toHash,
} from '@veritydb/types';

import { BatchWriter } from './batch-writer.ts';
import { whileWriting } from './disk-failure.ts';
import type { Disk } from './disk.ts';
import { SEGMENT_HEADER_SIZE } from './limits.ts';
import type { RecoveryRecord } from './recovery-record.ts';
import { buildRecoveryRecord } from './recovery.ts';
import { SegmentFile } from './segment.ts';
import { Superblock } from './superblock.ts';

/** How the copy ends, as it was verified: its segments lie on the disk, its superblock does not. */
export interface CopiedLog {
  readonly tenant: TenantId;
  readonly identity: Uint8Array;
  readonly generation: Generation;
  readonly segmentCount: number;
  readonly recordCount: Offset;
  readonly lastHash: Hash;
  readonly lastTimestamp: Timestamp;
}

/**
 * Makes the superblock of a copied log and appends the Recovery record, in a segment of its own. The log
 * is closed and whole on return.
 */
export function restartLog(
  ports: { readonly crypto: Crypto; readonly disk: Disk; readonly now: Timestamp },
  copied: CopiedLog,
  generation: Generation,
): RecoveryRecord {
  const { crypto, disk, now } = ports;
  const { identity, lastHash, recordCount, segmentCount, tenant } = copied;
  assert(generation > copied.generation, 'a copy does not go on in a generation above its own');
  assert(recordCount > 0, 'a copy holds a record');
  const recovery: RecoveryRecord = {
    generation,
    previousGeneration: copied.generation,
    knownCommitted: recordCount - 1,
    recoveryPoint: recordCount,
    discardedFrom: SEGMENT_HEADER_SIZE,
    discardedBytes: 0,
    reason: 'manual-intervention',
    timestamp: monotonicTimestamp(now, copied.lastTimestamp),
  };
  whileWriting(() => {
    const superblock = Superblock.create(crypto, disk, { tenant, identity });
    superblock.update({ mode: 'open', generation, segmentCount, recordCount, lastHash });
    const header = { tenant, identity, firstOffset: recordCount, generation };
    const segment = SegmentFile.create(disk, header, SEGMENT_HEADER_SIZE);
    superblock.update({ segmentCount: segmentCount + 1 });
    const start = { tenant, generation, offset: recordCount, previousHash: lastHash };
    const leafHash = new Uint8Array(HASH_SIZE);
    const records = [buildRecoveryRecord(crypto, recovery)];
    segment.write(new BatchWriter(crypto).encode(start, records, leafHash), SEGMENT_HEADER_SIZE);
    segment.close();
    superblock.update({
      mode: 'closed',
      recordCount: recordCount + 1,
      lastHash: toHash(leafHash),
    });
    superblock.close();
  });
  return recovery;
}
