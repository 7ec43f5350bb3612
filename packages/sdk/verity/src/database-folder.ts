/**
 * The data folder: `verity.json` (what it is), `master.key` and `operator.secret` (its owner's alone),
 * `lock`, and a folder for each tenant.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { clearBytes } from '@veritydb/crypto';
import {
  type MasterKeyProvider,
  createMasterKeyFile,
  masterKeyFile,
  masterKeyText,
  systemRandom,
} from '@veritydb/runtime';
import { type TenantId, VerityError, bytesToHex, isJsonObject, parseJson } from '@veritydb/types';

export type FolderErrorCode =
  | 'ERR_VERITY_FOLDER_MISSING'
  | 'ERR_VERITY_FOLDER_EXISTS'
  | 'ERR_VERITY_FOLDER_FORMAT'
  | 'ERR_VERITY_MASTER_KEY'
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

/** Variables of the process that opens the folder, handed in: this room does not look for them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const MASTER_KEY = 'VERITY_MASTER_KEY';

function masterKeyPath(folder: string): string {
  return join(folder, 'master.key');
}

/**
 * Where a folder's master key comes from: its file, or VERITY_MASTER_KEY where there is none. Both are
 * refused, since one of them would be thought to be in use and is not.
 *
 * @throws {FolderError} ERR_VERITY_MASTER_KEY
 */
export function masterKeyOf(folder: string, environment: Environment): MasterKeyProvider {
  const text = environment[MASTER_KEY];
  if (text === undefined) return masterKeyFile(masterKeyPath(folder));
  if (existsSync(masterKeyPath(folder))) {
    throw new FolderError(
      'conflict',
      'ERR_VERITY_MASTER_KEY',
      `the master key is in ${MASTER_KEY} and in a file`,
      { hint: `unset ${MASTER_KEY}, or move ${masterKeyPath(folder)} to a safe place` },
    );
  }
  return masterKeyText(text);
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
 * Makes a data folder. The master key goes into a file, unless the environment has one.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_EXISTS, ERR_VERITY_ORIGIN, ERR_VERITY_MASTER_KEY;
 * {RuntimeError} ERR_RUNTIME_MASTER_KEY
 */
export function createFolder(
  folder: string,
  description: FolderDescription,
  environment: Environment,
): void {
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
  const isKeyGiven = environment[MASTER_KEY] !== undefined;
  // Before anything is made: a key that is refused leaves no folder behind.
  if (isKeyGiven) clearBytes(masterKeyOf(folder, environment).masterKey());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isKeyGiven) createMasterKeyFile(masterKeyPath(folder), systemRandom);
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
