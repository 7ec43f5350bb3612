/** The embedded database: open a folder, write, ask, ask the past; or open it with its doors. */

export {
  type RestoreOptions,
  readBackupTombstones,
  restoreFolder,
  verifyBackupFile,
} from './backup-file.ts';
export { type FolderCheck, type FolderCheckOptions, checkFolder } from './check-folder.ts';
export {
  type Environment,
  FolderError,
  type FolderErrorCode,
  isDatabase,
} from './database-folder.ts';
export { type OpenDatabase, openDatabase } from './open-database.ts';
export {
  type Answer,
  type BatchStatement,
  type Change,
  type Consistency,
  type ExecuteResult,
  type NamedRow,
  type QueryOptions,
  TenantHandle,
} from './tenant-handle.ts';
export { type StateProved, verifyStateProof } from '@veritydb/transparency';
export type { KeysAsked } from '@veritydb/runtime';
export { ORIGIN_DEFAULT, type OpenOptions, VERSION, Verity } from './verity.ts';
