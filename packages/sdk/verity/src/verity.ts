/** The embedded facade: `Verity.open(folder).tenant(1).execute(sql)`. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type ParameterValue,
  type ResultColumn,
  bindSelect,
  executeSelect,
  planSelect,
  relationOf,
  unknownTable,
  usedColumns,
} from '@veritydb/query';
import {
  type MasterKeyProvider,
  StatementCache,
  type SyncPolicy,
  Tenant,
  executeWrite,
  lockFolder,
  openNodeDisk,
  parseSyncPolicy,
  systemClock,
  systemRandom,
} from '@veritydb/runtime';
import { type IdempotencyId, type Offset, type Row, type Value, toTenantId } from '@veritydb/types';

import {
  type Environment,
  FolderError,
  createFolder,
  lockPath,
  masterKeyOf,
  originOf,
  readFolder,
  tenantPath,
} from './database-folder.ts';

/** Version of the database and of every program that comes with it. */
export const VERSION = '0.1.0';
/** Origin of a database whose owner gave it none: good for one machine. */
export const ORIGIN_DEFAULT = 'localhost/verity';

export type NamedRow = Readonly<Record<string, Value>>;

export interface ExecuteResult {
  /** Rows that the statement changed. */
  readonly changed: number;
  /** Where its record stands. */
  readonly position: Offset;
}

export interface OpenOptions {
  /** May hold VERITY_MASTER_KEY, for a folder without the file of it. */
  readonly environment?: Environment;
  /** Which writes share a sync: `every-record`, `every-batch` (the default), or `group-commit:5ms`. */
  readonly syncPolicy?: string;
}

interface VerityOptions {
  readonly folder: string;
  readonly origin: string;
  readonly masterKey: MasterKeyProvider;
  readonly sync: SyncPolicy;
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
   * ERR_RUNTIME_LOCKED, ERR_RUNTIME_SYNC_POLICY
   */
  static open(folder: string, { environment = {}, syncPolicy }: OpenOptions = {}): Verity {
    const { origin } = readFolder(folder);
    const sync = parseSyncPolicy(syncPolicy ?? 'every-batch');
    const masterKey = masterKeyOf(folder, environment);
    const release = lockFolder(lockPath(folder));
    return new Verity({ folder, origin, masterKey, sync, release });
  }

  /** A tenant, made when it is used for the first time: a log, keys and a store of its own. */
  tenant(id: number): TenantHandle {
    const known = this.#tenants.get(id);
    if (known !== undefined) return known;
    const tenant = toTenantId(id);
    const { folder, masterKey, origin, sync } = this.#options;
    const handle = new TenantHandle(
      Tenant.open({
        tenant,
        origin: originOf(origin, tenant),
        disk: openNodeDisk(tenantPath(folder, tenant)),
        crypto: nativeCrypto,
        clock: systemClock,
        random: systemRandom,
        masterKey,
        sync,
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

/** One tenant, as the application that embeds the database sees it: everything, in clear. */
export class TenantHandle {
  /** The tenant itself, for the sharing layer. */
  readonly runtime: Tenant;
  readonly statements: StatementCache;

  constructor(runtime: Tenant, statements: StatementCache) {
    this.runtime = runtime;
    this.statements = statements;
  }

  /** Executes one statement that writes; durable on return. */
  async execute(
    sql: string,
    parameters: readonly ParameterValue[] = [],
    idempotencyId: IdempotencyId | null = null,
  ): Promise<ExecuteResult> {
    const statement = await this.statements.parse(sql);
    if (statement.kind === 'select') {
      throw new FolderError('format', 'ERR_VERITY_STATEMENT', 'a SELECT changes nothing', {
        hint: 'ask it with query()',
      });
    }
    const committed = await executeWrite(this.runtime, { statement, parameters, idempotencyId });
    return { changed: committed.rows, position: committed.offset };
  }

  /** Answers one SELECT at the newest position. */
  async query(
    sql: string,
    parameters: readonly ParameterValue[] = [],
  ): Promise<readonly NamedRow[]> {
    return this.#select(sql, parameters, undefined);
  }

  /** Answers one SELECT as of a position of the log. */
  async queryAt(
    position: number,
    sql: string,
    parameters: readonly ParameterValue[] = [],
  ): Promise<readonly NamedRow[]> {
    return this.#select(sql, parameters, position);
  }

  async #select(
    sql: string,
    parameters: readonly ParameterValue[],
    position: number | undefined,
  ): Promise<readonly NamedRow[]> {
    const statement = await this.statements.parse(sql);
    if (statement.kind !== 'select') {
      throw new FolderError('format', 'ERR_VERITY_STATEMENT', 'the statement is no SELECT', {
        hint: 'run it with execute()',
      });
    }
    const snapshot = this.runtime.snapshot(position ?? statement.asOf ?? undefined);
    const table = snapshot.table(statement.from.text);
    if (table === undefined) throw unknownTable(statement.from);
    const bound = bindSelect(statement, relationOf(table), parameters);
    const plan = planSelect(bound);
    // The relation is the table's own, column by column.
    const wanted = plan.access.kind === 'keys' ? undefined : usedColumns(bound);
    const { columns, rows } = executeSelect(plan, snapshot.scan(table, plan.access, wanted), {
      rowsMax: Number.MAX_SAFE_INTEGER,
    });
    return rows.map(({ values }) => nameValues(columns, values));
  }
}

/** A row by the names of its columns; of two of one name the later. */
function nameValues(columns: readonly ResultColumn[], values: Row): NamedRow {
  const row: Record<string, Value> = {};
  for (let index = 0; index < columns.length; index += 1) {
    const { name } = columns[index] as ResultColumn;
    const value = values[index] as Value;
    // Assigned, this one name would be the object's prototype.
    if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true });
    else row[name] = value;
  }
  return row;
}
