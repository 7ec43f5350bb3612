/**
 * A real house to attack: a log, keys, a store and tokens in a folder of its own, the clinic's tables,
 * some dozens of patients whose every value can be told apart in a heap of bytes, and the Safe Harbor
 * policy that ships.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Administration,
  type Caller,
  type Gateway,
  type IssuedToken,
  type QueryAnswer,
  type QueryRequest,
  type Session,
  type TokenRequest,
  openDoors,
} from '@veritydb/disclosure';
import { type NamedRow, type ReservedTable, toNamedRow } from '@veritydb/kernel';
import type { Disk } from '@veritydb/log';
import { StatementCache, Tenant, openNodeDisk, systemRandom } from '@veritydb/runtime';
import { type Timestamp, toOffset, toTenantId, toTimestamp } from '@veritydb/types';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');
const POLICY = readFileSync(join(REPOSITORY, 'policies/hipaa-safe-harbor.yaml'), 'utf8');
const SCHEMA = readFileSync(join(REPOSITORY, 'examples/clinic/schema.sql'), 'utf8');

export const ISSUER = 'https://clinic.example/verity';
export const PURPOSE = 'dpv:ScientificResearch';
export const NORTHFIELD = 'Northfield University';
export const SOUTHMOOR = 'Southmoor Institute';
export const CALLER: Caller = { transport: 'http', client: 'test/1.0' };

/** Parsing needs a worker that takes long to start: one for all houses. */
const statements = new StatementCache();

/** The system's time, moved ahead as a test needs it. */
export class MovableClock {
  #ahead = 0n;

  now(): Timestamp {
    return toTimestamp(BigInt(Date.now()) * 1_000_000n + this.#ahead);
  }

  advanceSeconds(seconds: number): void {
    this.#ahead += BigInt(seconds) * 1_000_000_000n;
  }
}

export interface House {
  readonly tenant: Tenant;
  readonly gateway: Gateway;
  readonly administration: Administration;
}

export interface HouseOptions {
  readonly disk: Disk;
  readonly clock: MovableClock;
  readonly masterKey?: Uint8Array;
}

/** Opens a tenant with its doors, over any disk. */
export async function openHouse({ disk, clock, masterKey }: HouseOptions): Promise<House> {
  const key = masterKey ?? new Uint8Array(32).fill(7);
  const tenant = Tenant.open({
    tenant: toTenantId(1),
    origin: 'clinic.example/verity',
    disk,
    crypto: nativeCrypto,
    clock,
    random: systemRandom,
    masterKey: { masterKey: () => key.slice() },
  });
  const doors = await openDoors({
    tenant,
    statements,
    issuer: { issuer: ISSUER, audience: ISSUER },
  });
  return { tenant, ...doors };
}

/** A house in a folder: it can be closed and opened again, and its files read. */
export class ClinicHouse {
  readonly folder: string;
  readonly clock = new MovableClock();
  readonly #masterKey: Uint8Array = systemRandom.bytes(32);
  #house: House | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** With the clinic's tables, its patients, and the policy in force. */
  static async open(): Promise<ClinicHouse> {
    const clinic = new ClinicHouse(mkdtempSync(join(tmpdir(), 'verity-disclosure-')));
    await clinic.#open();
    await fillClinic(clinic.house);
    return clinic;
  }

  async #open(): Promise<void> {
    const { clock, folder } = this;
    this.#house = await openHouse({
      disk: openNodeDisk(folder),
      clock,
      masterKey: this.#masterKey,
    });
  }

  get house(): House {
    if (this.#house === undefined) throw new Error('the house is closed');
    return this.#house;
  }

  get tenant(): Tenant {
    return this.house.tenant;
  }

  get gateway(): Gateway {
    return this.house.gateway;
  }

  get administration(): Administration {
    return this.house.administration;
  }

  close(): void {
    this.#house?.tenant.close();
    this.#house = undefined;
  }

  async restart(): Promise<void> {
    this.close();
    await this.#open();
  }

  /** Everything that stands in the folder, as one heap of bytes. */
  heap(): Buffer {
    return Buffer.concat(filesOf(this.folder).map((path) => readFileSync(path)));
  }

  remove(): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async issue(request: Partial<TokenRequest> = {}): Promise<IssuedToken> {
    return this.administration.issueToken(tokenRequest(request));
  }

  /** A session of a new token. */
  async session(request: Partial<TokenRequest> = {}): Promise<Session> {
    const { token } = await this.issue(request);
    return this.gateway.authenticate(token, CALLER);
  }

  async ask(
    session: Session,
    sql: string,
    rest: Partial<Omit<QueryRequest, 'sql'>> = {},
  ): Promise<QueryAnswer> {
    return this.gateway.query(session, { sql, parameters: [], ...rest });
  }

  /** Rows of a reserved table as they stand now. */
  reserved(name: ReservedTable): readonly NamedRow[] {
    const snapshot = this.tenant.snapshot();
    const table = snapshot.reserved(name);
    return [...snapshot.scan(table, { kind: 'scan' })].map(({ values }) =>
      toNamedRow(table, values),
    );
  }

  /** Every value of every row that a call leaves behind, as one heap of bytes. */
  reservedHeap(): Buffer {
    const values = (
      ['verity_access', 'verity_exports', 'verity_tokens', 'verity_surrogates'] as const
    ).flatMap((name) => this.reserved(name).flatMap((row) => Object.values(row)));
    return Buffer.concat(
      values.map((value) =>
        value instanceof Uint8Array
          ? value
          : Buffer.from(`${JSON.stringify(value, textOfBigint)}\n`),
      ),
    );
  }

  /** The newest access record, which must be the newest record of the log (and no checkpoint). */
  lastRecord(): NamedRow {
    const { event } = this.tenant.openRecord(toOffset(this.tenant.head));
    const change = event.changes.find(({ table }) => table.definition.name === 'verity_access');
    if (change === undefined || change.values === null)
      throw new Error('the newest record is no access record');
    return toNamedRow(change.table, change.values);
  }

  /** A new version of the policy, changed by the text of one place. */
  async raisePolicy(version: number, from = '', to = ''): Promise<void> {
    await this.administration.activatePolicy(policyText(version, from, to));
  }
}

export function policyText(version = 1, from = '', to = ''): string {
  if (!POLICY.includes(from)) throw new Error('the policy has no such place');
  return POLICY.replace('version: 1\n', `version: ${version}\n`).replace(from, to);
}

export function tokenRequest(request: Partial<TokenRequest> = {}): TokenRequest {
  return {
    recipient: NORTHFIELD,
    purpose: PURPOSE,
    policy: 'hipaa-safe-harbor',
    actions: ['schema', 'query', 'export', 'verify', 'audit'],
    tables: { patients: '*' },
    lifetimeSeconds: 3600,
    ...request,
  };
}

export interface Patient {
  readonly id: string;
  readonly birthdate: string;
  readonly ssn: string;
  readonly first: string;
  readonly last: string;
  readonly address: string;
  readonly city: string;
  readonly gender: 'F' | 'M';
  readonly state: string;
  readonly zip: string;
}

const CITIES = ['Wexelford', 'Ombersley', 'Tarrowgate'];
/** 036 and 059 cover too few people: they leave as 000. */
const ZIPS = ['02139', '02155', '05901', '10001', '03601'];

/** Number 0 was born on 1980-02-03, number 1 is older than 89; the names are nobody's. */
export const PATIENTS: readonly Patient[] = Array.from({ length: 36 }, (_, number): Patient => {
  const two = String(number + 10);
  return {
    id: `4d1f0a${two}-77aa-4bcd-8e1f-90ab12cd34${two}`,
    birthdate:
      number === 0 ? '1980-02-03' : number === 1 ? '1921-07-19' : `19${two}-11-2${number % 9}`,
    ssn: `987-65-43${two}`,
    first: `Thessaly${two}`,
    last: `Quillfeather${two}`,
    address: `${two}7 Marrowbone Lane`,
    city: CITIES[number % 3] as string,
    gender: number % 2 === 0 ? 'F' : 'M',
    state: number % 3 === 0 ? 'Vermont' : 'Massachusetts',
    zip: ZIPS[number % 5] as string,
  };
});

/** What must never be found outside, whoever looks and wherever. */
export const SECRETS: readonly string[] = PATIENTS.flatMap(
  ({ id, birthdate, ssn, first, last, address, city }) => [
    id,
    birthdate,
    ssn,
    first,
    last,
    address,
    city,
  ],
);

export async function fillClinic({ administration }: House): Promise<void> {
  for (const statement of SCHEMA.replaceAll(/^--.*$/gm, '').split(';')) {
    if (statement.trim() !== '') await administration.execute(statement, [], 'set up');
  }
  const columns = [
    'id',
    'birthdate',
    'ssn',
    'first',
    'last',
    'address',
    'city',
    'gender',
    'state',
    'zip',
  ] as const;
  await administration.insertRows({
    table: 'patients',
    columns,
    rows: PATIENTS.map((patient) => columns.map((name) => patient[name])),
  });
  await administration.activatePolicy(POLICY);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesOf(path) : [path];
  });
}

function textOfBigint(_member: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
