/** Turns what a disk throws into the log's own errors: both say that nothing acknowledged is lost. */

import { VerityError } from '@veritydb/types';

import { LogError } from './error.ts';

/** @throws {LogError} ERR_LOG_READ where the disk refuses */
export function whileReading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof VerityError) throw error;
    throw new LogError('unavailable', 'ERR_LOG_READ', 'the disk does not give the log’s bytes', {
      hint: 'repair the disk or its permissions and try again: nothing was changed',
      cause: error,
    });
  }
}

/** @throws {LogError} ERR_LOG_WRITE where the disk refuses */
export function whileWriting<Result>(write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    if (error instanceof VerityError) throw error;
    throw new LogError('unavailable', 'ERR_LOG_WRITE', 'records could not be made durable', {
      hint: 'free space or repair the disk and open the log again: nothing acknowledged is lost',
      cause: error,
    });
  }
}
