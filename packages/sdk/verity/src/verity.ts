/** The embedded facade: `Verity.open(folder).tenant(1).execute(sql)`. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk } from '@veritydb/log';
import {
  type HistoryPolicy,
  type MasterKeyProvider,
  StatementCache,
  type SyncPolicy,
  Tenant,
  lockFolder,
  memoryDisk,
  openNodeDisk,
  parseHistoryPolicy,
  parseSyncPolicy,
  systemClock,
  systemRandom,
} from '@veritydb/runtime';
import { type TenantId, toTenantId } from '@veritydb/types';

import {
  type Environment,
  createFolder,
  lockPath,
  masterKeyOf,
  originOf,
  readFolder,
  tenantPath,
} from './database-folder.ts';
import { TenantHandle } from './tenant-handle.ts';

/** Version of the database and of every program that comes with it. */
export const VERSION = '0.1.0';
const MASTER_KEY_SIZE = 32;
/** Origin of a database whose owner gave it none: good for one machine. */
export const ORIGIN_DEFAULT = 'localhost/verity';

export interface OpenOptions {
  /** May hold VERITY_MASTER_KEY, for a folder without the file of it. */
  readonly environment?: Environment;
  /** Which writes share a sync: `every-record`, `every-batch` (the default), or `group-commit:5ms`. */
  readonly syncPolicy?: string;
  /** How far back AS OF answers: `all` (the default), or days such as `90d`. The log keeps everything. */
  readonly history?: string;
}

interface VerityOptions {
  readonly diskOf: (tenant: TenantId) => Disk;
  readonly origin: string;
  readonly masterKey: MasterKeyProvider;
  readonly sync: SyncPolicy;
  readonly history: HistoryPolicy;
  readonly release: () => void;
}

/** A database in a folder. One process at a time. */
export class Verity {
  readonly #options: VerityOptions;
  readonly #tenants = new Map<number, TenantHandle>();
  readonly #statements = new StatementCache();

  private constructor(options: VerityOptions) {
    this.#options = options;
  }

  /**
   * Makes a database in a folder.
   *
   * @param origin name of the database in its signed checkpoints, such as `clinic.example/verity`
   * @param environment may hold VERITY_MASTER_KEY; without it the key is made, and kept in a file
   * @throws {FolderError} ERR_VERITY_FOLDER_EXISTS, ERR_VERITY_ORIGIN, ERR_VERITY_MASTER_KEY;
   * {RuntimeError} ERR_RUNTIME_MASTER_KEY
   */
  static create(folder: string, origin: string, environment: Environment = {}): void {
    createFolder(folder, { origin }, environment);
  }

  /**
   * @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_MASTER_KEY; {RuntimeError}
   * ERR_RUNTIME_LOCKED, ERR_RUNTIME_SYNC_POLICY, ERR_RUNTIME_HISTORY_POLICY
   */
  static open(folder: string, options: OpenOptions = {}): Verity {
    const { environment = {}, syncPolicy, history: kept = 'all' } = options;
    const { origin } = readFolder(folder);
    const sync = parseSyncPolicy(syncPolicy ?? 'every-batch');
    const history = parseHistoryPolicy(kept);
    const masterKey = masterKeyOf(folder, environment);
    const release = lockFolder(lockPath(folder));
    const diskOf = (tenant: TenantId): Disk => openNodeDisk(tenantPath(folder, tenant));
    return new Verity({ diskOf, origin, masterKey, sync, history, release });
  }

  /** A database that is gone when it is closed: for tests of what is built on it. */
  static inMemory(): Verity {
    const disks = new Map<TenantId, Disk>();
    const diskOf = (tenant: TenantId): Disk => {
      const disk = disks.get(tenant) ?? memoryDisk();
      disks.set(tenant, disk);
      return disk;
    };
    const key = systemRandom.bytes(MASTER_KEY_SIZE);
    return new Verity({
      diskOf,
      origin: ORIGIN_DEFAULT,
      masterKey: { masterKey: () => key.slice() },
      sync: parseSyncPolicy('every-batch'),
      history: parseHistoryPolicy('all'),
      release: () => undefined,
    });
  }

  /** A tenant, made when it is used for the first time: a log, keys and a store of its own. */
  tenant(id: number): TenantHandle {
    const known = this.#tenants.get(id);
    if (known !== undefined) return known;
    const tenant = toTenantId(id);
    const { diskOf, history, masterKey, origin, sync } = this.#options;
    const handle = new TenantHandle(
      Tenant.open({
        tenant,
        origin: originOf(origin, tenant),
        disk: diskOf(tenant),
        crypto: nativeCrypto,
        clock: systemClock,
        random: systemRandom,
        masterKey,
        sync,
        history,
      }),
      this.#statements,
    );
    this.#tenants.set(id, handle);
    return handle;
  }

  /** Makes everything durable, checkpoints each log, and lets go of the folder. */
  close(): void {
    this.#statements.close();
    for (const handle of this.#tenants.values()) handle.runtime.close();
    this.#tenants.clear();
    this.#options.release();
  }
}
