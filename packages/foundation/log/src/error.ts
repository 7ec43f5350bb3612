import { VerityError } from '@veritydb/types';

export type LogErrorCode =
  | 'ERR_LOG_CORRUPT'
  | 'ERR_LOG_RECORD'
  | 'ERR_LOG_PAYLOAD'
  | 'ERR_LOG_SUPERBLOCK'
  | 'ERR_LOG_OFFSET'
  | 'ERR_LOG_READ'
  | 'ERR_LOG_WRITE'
  | 'ERR_LOG_CLOSED';

/** What the log refuses, and why. */
export class LogError extends VerityError<LogErrorCode> {}

/** The log cannot be opened: something that was acknowledged is not there. */
export function corrupt(what: string): LogError {
  return new LogError('verification', 'ERR_LOG_CORRUPT', `the log is damaged: ${what}`, {
    hint: 'restore the segment files from a copy; acknowledged records are missing, so nothing was cut',
  });
}

/** One record cannot be read. */
export function damaged(name: string, position: number, offset: number): LogError {
  return new LogError(
    'verification',
    'ERR_LOG_RECORD',
    `${name} is damaged at byte ${position}: record ${offset} is not the one that was written`,
    { hint: 'restore this segment file from a copy' },
  );
}

export function olderSuperblock(generation: number, found: number): LogError {
  return new LogError(
    'verification',
    'ERR_LOG_SUPERBLOCK',
    `superblock is older than the log: generation ${generation} and ${found}`,
    { hint: 'restore the file named superblock from the copy that belongs to this log' },
  );
}
