import { VerityError } from '@veritydb/types';

export type VsrErrorCode =
  | 'ERR_VSR_MESSAGE'
  | 'ERR_VSR_CONFIG'
  | 'ERR_VSR_SUPERBLOCK_LOST'
  | 'ERR_VSR_SUPERBLOCK_FORK'
  | 'ERR_VSR_SUPERBLOCK_FOREIGN'
  | 'ERR_VSR_JOURNAL_LOST';

/** What a replica refuses, and why. */
export class VsrError extends VerityError<VsrErrorCode> {}

/** Bytes that are no message of this cluster: to be dropped, as if they had been lost. */
export function malformed(what: string): VsrError {
  return new VsrError('format', 'ERR_VSR_MESSAGE', `not a message: ${what}`);
}
