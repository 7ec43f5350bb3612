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
  | 'ERR_RUNTIME_HISTORY_POLICY'
  | 'ERR_RUNTIME_LOCKED'
  | 'ERR_RUNTIME_MASTER_KEY'
  | 'ERR_RUNTIME_KEYS_CORRUPT'
  | 'ERR_RUNTIME_KEY_UNKNOWN'
  | 'ERR_RUNTIME_POSITION'
  | 'ERR_RUNTIME_QUEUE_FULL'
  | 'ERR_RUNTIME_NO_ROOT'
  | 'ERR_RUNTIME_RECORD_SIZE'
  | 'ERR_RUNTIME_RETENTION'
  | 'ERR_RUNTIME_SQL_DEADLINE'
  | 'ERR_RUNTIME_SYNC_POLICY';

export class RuntimeError extends VerityError<RuntimeErrorCode> {}

/** What is asked of a tenant that was closed. */
export function closed(): RuntimeError {
  return new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'the database is closed', {
    hint: 'open it again',
  });
}

export function noRoot(table: string): RuntimeError {
  return new RuntimeError(
    'expectation',
    'ERR_RUNTIME_NO_ROOT',
    `the newest checkpoint record has no root of ${table} that can be proved`,
    { hint: 'check the name; write a checkpoint record, and ask again' },
  );
}

export function pastLetGo(position: number, floor: number): RuntimeError {
  return new RuntimeError(
    'expectation',
    'ERR_RUNTIME_RETENTION',
    `position ${position} is below ${floor}, from which on the past is kept`,
    {
      hint: `ask as of ${floor} or later; the log has what was before: open a copy of it that keeps all`,
    },
  );
}

export function keysMissing(name: string): RuntimeError {
  return new RuntimeError('verification', 'ERR_RUNTIME_KEYS_CORRUPT', 'the key store is missing', {
    hint: `put ${name} back beside the log: without it nothing in the log can be opened`,
  });
}
