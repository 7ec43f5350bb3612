/** The log: record codec, segments, recovery, superblock, and the port to a disk. */

export type { AppendedRecords, PayloadToAppend, RecordToAppend } from './batch-writer.ts';
export type { Disk, DiskFile } from './disk.ts';
export { LogError, type LogErrorCode } from './error.ts';
export {
  type InspectOptions,
  type InspectedRecord,
  type LogCheck,
  type LogEnd,
  type LogFault,
  inspectLog,
} from './inspect.ts';
export { Log, type LogOptions } from './log.ts';
export {
  type RecoveryRecord,
  type RecoveryReason,
  decodeRecoveryRecord,
  encodeRecoveryRecord,
} from './recovery-record.ts';
export type { DamagedRecord, Scrubbed, StoredRecord } from './reader.ts';
export { type CopiedLog, restartLog } from './restart.ts';
export { openPayload } from './sealed-payload.ts';
export { listSegments } from './segment.ts';
export type { SuperblockState } from './superblock.ts';
