/** What is said of a backup, or of tombstones, that cannot be used. */

import type { ErrorKind } from '@veritydb/types';

import { RuntimeError } from '../error.ts';

export function backupRefused(what: string, kind: ErrorKind = 'format'): RuntimeError {
  return new RuntimeError(kind, 'ERR_RUNTIME_BACKUP', `the backup is refused: ${what}`, {
    hint: 'take another copy of it: `verity backup verify` tells which is whole',
  });
}

export function tombstonesRefused(what: string, kind: ErrorKind = 'format'): RuntimeError {
  return new RuntimeError(kind, 'ERR_RUNTIME_TOMBSTONES', `tombstones are refused: ${what}`, {
    hint: 'take them from this database, or a later backup of it: `verity backup tombstones`',
  });
}
