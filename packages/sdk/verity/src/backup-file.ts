/** Backups as files: checked with the log's public key alone, and put back into a folder of their own. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import type { DiskFile } from '@veritydb/log';
import {
  type BackupManifest,
  type RestoredBackup,
  type VerifiedBackup,
  openNodeDisk,
  readTombstones,
  restoreBackup,
  systemClock,
  systemRandom,
  verifyBackup,
  verifyTombstones,
} from '@veritydb/runtime';
import { toTenantId } from '@veritydb/types';

import { FolderError, describeFolder, tenantPath } from './database-folder.ts';

/**
 * Checks a backup: signatures, the digest of every file, every record, the tree.
 *
 * @throws {RuntimeError} ERR_RUNTIME_BACKUP; {MerkleError} when it is not authentic
 */
export function verifyBackupFile(path: string, verifierKey: string): BackupManifest {
  return withBackup(path, (file) => verifyBackup(nativeCrypto, file, verifierKey.trim()).manifest);
}

/** The signed tombstones in a backup: for the restore of an older one. */
export function readBackupTombstones(path: string): string {
  return withBackup(path, readTombstones);
}

export interface RestoreOptions {
  readonly verifierKey: string;
  /** Signed tombstones, taken since the backup; none where nothing was erased since. */
  readonly tombstones: readonly string[];
}

/**
 * Makes a database in a new folder from a backup. The master key is not part of one: put it beside.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_EXISTS; {RuntimeError} ERR_RUNTIME_BACKUP,
 * ERR_RUNTIME_TOMBSTONES; {MerkleError} when something is not authentic
 */
export function restoreFolder(
  path: string,
  folder: string,
  { tombstones, verifierKey }: RestoreOptions,
): RestoredBackup & { readonly manifest: BackupManifest } {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new FolderError('conflict', 'ERR_VERITY_FOLDER_EXISTS', `${folder} is not empty`, {
      hint: 'restore into a folder that does not exist yet; nothing is overwritten',
    });
  }
  const key = verifierKey.trim();
  return withBackup(path, (file) => {
    const backup = verifyBackup(nativeCrypto, file, key);
    const notes = tombstones.map((note) => verifyTombstones(nativeCrypto, note, key));
    // The folder has its name only once it is whole.
    const unfinished = mkdtempSync(`${target}.restoring-`);
    try {
      const restored = restoreBackup(backup, notes, {
        disk: openNodeDisk(tenantPathOf(unfinished, backup)),
        crypto: nativeCrypto,
        clock: systemClock,
        random: systemRandom,
      });
      describeFolder(unfinished, { origin: backup.manifest.origin });
      renameSync(unfinished, target);
      syncFolder(dirname(target));
      return { ...restored, manifest: backup.manifest };
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw error;
    }
  });
}

/** Only the first tenant has the database's own origin, which a folder is made under. */
function tenantPathOf(folder: string, { manifest }: VerifiedBackup): string {
  if (manifest.tenant === 1) return tenantPath(folder, toTenantId(1));
  throw new FolderError(
    'expectation',
    'ERR_VERITY_BACKUP_TENANT',
    `the backup is of tenant ${manifest.tenant}`,
    { hint: 'a folder is restored from a backup of tenant 1' },
  );
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function withBackup<Result>(path: string, work: (file: DiskFile) => Result): Result {
  const place = resolve(path);
  if (!existsSync(place)) {
    throw new FolderError('expectation', 'ERR_VERITY_BACKUP_MISSING', `${path} is not there`, {
      hint: 'name the archive that `verity backup` made',
    });
  }
  const file = openNodeDisk(dirname(place)).open(basename(place), 'existing');
  try {
    return work(file);
  } finally {
    file.close();
  }
}
