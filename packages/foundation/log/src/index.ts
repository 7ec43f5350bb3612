/** The log: record codec, segments, recovery, superblock, and the port to a disk. */

export type { PayloadToAppend, RecordToAppend } from './batch-writer.ts';
export type { CheckpointPlace } from './checkpoint-index.ts';
export type { Disk, DiskFile } from './disk.ts';
export { LogError, type LogErrorCode } from './error.ts';
export { type AppendedRecord, Log, type LogOptions, type StoredRecord } from './log.ts';
export {
  type CheckpointPayload,
  type RecoveryRecord,
  type RecoveryReason,
  decodeCheckpointPayload,
  decodeRecoveryRecord,
  encodeCheckpointPayload,
  encodeRecoveryRecord,
} from './payload.ts';
export {
  type SealAt,
  type SealedSection,
  type SectionToSeal,
  openSection,
  parseSections,
} from './sections.ts';
