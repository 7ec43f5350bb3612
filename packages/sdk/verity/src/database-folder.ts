/**
 * The data folder: `verity.json` (what it is), `master.key` and `operator.secret` (its owner's alone),
 * `lock`, and a folder for each tenant.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createMasterKeyFile, systemRandom } from '@veritydb/runtime';
import { type TenantId, VerityError, bytesToHex, isJsonObject, parseJson } from '@veritydb/types';

export type FolderErrorCode =
  | 'ERR_VERITY_FOLDER_MISSING'
  | 'ERR_VERITY_FOLDER_EXISTS'
  | 'ERR_VERITY_FOLDER_FORMAT'
  | 'ERR_VERITY_ORIGIN'
  | 'ERR_VERITY_STATEMENT'
  | 'ERR_VERITY_CHECKPOINT'
  | 'ERR_VERITY_BACKUP_MISSING'
  | 'ERR_VERITY_BACKUP_TENANT';

export class FolderError extends VerityError<FolderErrorCode> {}

const DESCRIPTION = 'verity.json';
const FORMAT = 'veritydb.dev/folder/v1';
/** C2SP origin: a name without a scheme, as it will stand in every checkpoint. */
const ORIGIN = /^[a-z0-9][a-z0-9.-]{0,62}(\/[a-z0-9._-]{1,63}){0,3}$/;

export interface FolderDescription {
  /** Name of this database in its signed checkpoints. */
  readonly origin: string;
}

export function masterKeyPath(folder: string): string {
  return join(folder, 'master.key');
}

const OPERATOR_SECRET = 'operator.secret';

export function lockPath(folder: string): string {
  return join(folder, 'lock');
}

export function tenantsPath(folder: string): string {
  return join(folder, 'tenants');
}

export function tenantPath(folder: string, tenant: TenantId): string {
  return join(tenantsPath(folder), String(tenant));
}

/** Name of a tenant's log in checkpoints: the first has the database's own. */
export function originOf(origin: string, tenant: TenantId): string {
  return tenant === 1 ? origin : `${origin}/${tenant}`;
}

/**
 * Makes a data folder.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_EXISTS, ERR_VERITY_ORIGIN
 */
export function createFolder(folder: string, description: FolderDescription): void {
  if (!ORIGIN.test(description.origin)) {
    throw new FolderError('format', 'ERR_VERITY_ORIGIN', 'origin is malformed', {
      hint: 'name the database like a host with a path: clinic.example/verity',
    });
  }
  if (existsSync(join(folder, DESCRIPTION))) {
    throw new FolderError('conflict', 'ERR_VERITY_FOLDER_EXISTS', `${folder} is a database`, {
      hint: 'open it, or choose another folder',
    });
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  createMasterKeyFile(masterKeyPath(folder), systemRandom);
  describeFolder(folder, description);
}

/** What a data folder has beside its master key and its tenants. */
export function describeFolder(folder: string, description: FolderDescription): void {
  const secret = bytesToHex(systemRandom.bytes(32));
  writeFileSync(join(folder, OPERATOR_SECRET), `${secret}\n`, {
    flag: 'wx',
    mode: 0o600,
    flush: true,
  });
  const text = JSON.stringify({ format: FORMAT, origin: description.origin }, null, 2);
  writeFileSync(join(folder, DESCRIPTION), `${text}\n`, { flag: 'wx', mode: 0o600, flush: true });
}

/** @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_FOLDER_FORMAT */
export function readFolder(folder: string): FolderDescription {
  const path = join(folder, DESCRIPTION);
  if (!existsSync(path)) {
    throw new FolderError('expectation', 'ERR_VERITY_FOLDER_MISSING', `${folder} is no database`, {
      hint: 'make one with: verity init',
    });
  }
  const json = parseJson(readFileSync(path, 'utf8'));
  const origin = isJsonObject(json) ? json['origin'] : undefined;
  if (!isJsonObject(json) || json['format'] !== FORMAT || typeof origin !== 'string') {
    throw new FolderError('format', 'ERR_VERITY_FOLDER_FORMAT', `${path} is not of this version`, {
      hint: 'open it with the version of VerityDB that made it',
    });
  }
  return { origin };
}

/** Whether a folder holds a database. */
export function isDatabase(folder: string): boolean {
  return existsSync(join(folder, DESCRIPTION));
}

/** What the operator's programs show to the server of this folder: who can read the file is the operator. */
export function readOperatorSecret(folder: string): string {
  return readFileSync(join(folder, OPERATOR_SECRET), 'utf8').trim();
}
