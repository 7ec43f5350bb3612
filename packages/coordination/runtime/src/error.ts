import { VerityError } from '@veritydb/types';

export type RuntimeErrorCode =
  | 'ERR_RUNTIME_PROJECTION_SIZE'
  | 'ERR_RUNTIME_PROJECTION_VALUE'
  | 'ERR_RUNTIME_BACKUP'
  | 'ERR_RUNTIME_BATCH'
  | 'ERR_RUNTIME_TOMBSTONES'
  | 'ERR_RUNTIME_CLOSED'
  | 'ERR_RUNTIME_ERASED'
  | 'ERR_RUNTIME_ERASING'
  | 'ERR_RUNTIME_FAILED'
  | 'ERR_RUNTIME_LOCKED'
  | 'ERR_RUNTIME_MASTER_KEY'
  | 'ERR_RUNTIME_KEYS_CORRUPT'
  | 'ERR_RUNTIME_KEY_UNKNOWN'
  | 'ERR_RUNTIME_POSITION'
  | 'ERR_RUNTIME_QUEUE_FULL'
  | 'ERR_RUNTIME_NO_ROOT'
  | 'ERR_RUNTIME_RECORD_SIZE'
  | 'ERR_RUNTIME_SQL_DEADLINE'
  | 'ERR_RUNTIME_SYNC_POLICY';

export class RuntimeError extends VerityError<RuntimeErrorCode> {}

/** What is asked of a tenant that was closed. */
export function closed(): RuntimeError {
  return new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'the database is closed', {
    hint: 'open it again',
  });
}
