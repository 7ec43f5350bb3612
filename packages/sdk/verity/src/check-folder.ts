/** A data folder checked while nothing runs on it: every tenant, from the bytes alone. Writes nothing. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import { type Checkpoint, verifyCheckpoint } from '@veritydb/merkle';
import {
  type TenantCheck,
  checkTenant,
  lockFolder,
  openNodeDisk,
  systemClock,
  systemRandom,
} from '@veritydb/runtime';
import { type TenantId, toTenantId } from '@veritydb/types';

import {
  type Environment,
  FolderError,
  lockPath,
  masterKeyOf,
  originOf,
  readFolder,
  tenantPath,
  tenantsPath,
} from './database-folder.ts';

export interface FolderCheckOptions {
  /** May hold VERITY_MASTER_KEY, for a folder without the file of it. */
  readonly environment?: Environment;
  /** A signed checkpoint that somebody holds, and the verifier key of the log that signed it. */
  readonly held?: { readonly checkpoint: string; readonly verifierKey: string };
  /** Bytes of a tenant's log that have been read, and that there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface FolderCheck {
  readonly origin: string;
  readonly tenants: readonly TenantCheck[];
  /** Nothing that was looked at failed. */
  readonly isSound: boolean;
}

/**
 * Checks the database of a folder, which no process may have open.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_CHECKPOINT when the checkpoint is of
 * another database; {RuntimeError} ERR_RUNTIME_LOCKED; {MerkleError} when it is not authentic
 */
export function checkFolder(folder: string, options: FolderCheckOptions = {}): FolderCheck {
  const { origin } = readFolder(folder);
  const { held } = options;
  const checkpoint =
    held && verifyCheckpoint(nativeCrypto, held.checkpoint, held.verifierKey.trim());
  const release = lockFolder(lockPath(folder));
  try {
    const ids = tenantIds(folder);
    if (checkpoint !== undefined && !ids.some((id) => originOf(origin, id) === checkpoint.origin)) {
      throw new FolderError(
        'expectation',
        'ERR_VERITY_CHECKPOINT',
        `the checkpoint is of ${checkpoint.origin}, and this database is ${origin}`,
        { hint: 'give a checkpoint of this database' },
      );
    }
    const tenants = ids.map((id) =>
      checkOne(folder, id, {
        ...options,
        checkpoint: checkpoint?.origin === originOf(origin, id) ? checkpoint : undefined,
      }),
    );
    return { origin, tenants, isSound: tenants.every(({ isSound }) => isSound) };
  } finally {
    release();
  }
}

function tenantIds(folder: string): readonly TenantId[] {
  const path = tenantsPath(folder);
  const names = existsSync(path) ? readdirSync(path) : [];
  return names
    .filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
    .map((name) => toTenantId(Number(name)))
    .toSorted((a, b) => a - b);
}

function checkOne(
  folder: string,
  tenant: TenantId,
  options: FolderCheckOptions & { readonly checkpoint: Checkpoint | undefined },
): TenantCheck {
  const { checkpoint, environment = {}, onProgress } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'verity-fsck-'));
  try {
    return checkTenant({
      tenant,
      disk: openNodeDisk(tenantPath(folder, tenant)),
      scratch: openNodeDisk(scratch),
      crypto: nativeCrypto,
      clock: systemClock,
      random: systemRandom,
      masterKey: masterKeyOf(folder, environment),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
