/** The imperative shell: a tenant on a disk, its write path, its snapshots, and the real ports. */

export { type BackupManifest } from './backup/manifest.ts';
export { type VerifiedBackup, readTombstones, verifyBackup } from './backup/read-backup.ts';
export { type RestoredBackup, type RestorePorts, restoreBackup } from './backup/restore-backup.ts';
export { type Tombstones, verifyTombstones } from './backup/tombstones.ts';
export { type TenantCheck, type TenantCheckOptions, checkTenant } from './check/check-tenant.ts';
export type { CheckLine, CheckName, Fault, Verdict } from './check/report.ts';
export { type RecordChanges, type RowChanged, followChanges } from './change-feed.ts';
export type { CheckpointPolicy } from './checkpoint-policy.ts';
export { type Clock, systemClock } from './clock.ts';
export type { CommitResult } from './commit.ts';
export type { Erased, ErasureReason } from './erasure.ts';
export { RuntimeError, type RuntimeErrorCode } from './error.ts';
export {
  type WriteRequest,
  type WriteResult,
  type WriteStatement,
  type WriteStep,
  type Written,
  executeWrite,
} from './execute.ts';
export { lockFolder } from './folder-lock.ts';
export {
  type MasterKeyProvider,
  createMasterKeyFile,
  masterKeyFile,
  masterKeyText,
} from './master-key.ts';
export { memoryDisk } from './memory-disk.ts';
export { openNodeDisk } from './node-disk.ts';
export type { OpenedRecord } from './opened-record.ts';
export { type Readable, readableOf } from './readable.ts';
export { type Random, systemRandom } from './random.ts';
export type { DamagedRecord } from '@veritydb/log';
export type { RowOrder } from './row-order.ts';
export { Scrubber } from './scrubber.ts';
export { type Replicator, SingleReplicator } from './replicator.ts';
export { positionOf, readSource, snapshotOf } from './source-rows.ts';
export { StatementCache } from './statement-cache.ts';
export type { Snapshot } from './snapshot.ts';
export { type HistoryPolicy, parseHistoryPolicy } from './history-policy.ts';
export { type KeysAsked, keyRangeOf, rangeOfKeys } from './state-keys.ts';
export { type SyncPolicy, parseSyncPolicy } from './sync-policy.ts';
export { type Timer, systemTimer } from './timer.ts';
export type { StateProof } from './state-tries.ts';
export { Tenant } from './tenant.ts';
export type { TenantOptions } from './tenant-options.ts';
