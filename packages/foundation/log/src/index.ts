/** The log: record codec, segments, recovery, superblock, and the port to a disk. */

export type { AppendedRecords, PayloadToAppend, RecordToAppend } from './batch-writer.ts';
export type { CheckpointPlace } from './checkpoint-index.ts';
export type { Disk, DiskFile } from './disk.ts';
export { LogError, type LogErrorCode } from './error.ts';
export { Log, type LogOptions } from './log.ts';
export {
  type CheckpointPayload,
  type RecoveryPayload,
  type RecoveryReason,
  decodeCheckpointPayload,
  decodeRecoveryPayload,
  encodeCheckpointPayload,
  encodeRecoveryPayload,
} from './payload.ts';
export type { DamagedRecord, Scrubbed, StoredRecord } from './reader.ts';
export {
  type SealAt,
  type SealedSection,
  type SectionToSeal,
  openSection,
  parseSections,
} from './sections.ts';
