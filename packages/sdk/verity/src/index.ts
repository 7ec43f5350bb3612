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
  type ExecuteResult,
  type NamedRow,
  ORIGIN_DEFAULT,
  type OpenOptions,
  TenantHandle,
  VERSION,
  Verity,
} from './verity.ts';
