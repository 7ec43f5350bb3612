/** A tenant on any disk, its table of people, and a crypto provider that remembers every nonce. */

import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk, StoredRecord } from '@veritydb/log';
import { type ParameterValue, parseStatement } from '@veritydb/query';
import { SimClock, SimRandom } from '@veritydb/sim';
import { Store, type StoreCheck } from '@veritydb/store';
import { type IdempotencyId, type Row, bytesEqual, toOffset, toTenantId } from '@veritydb/types';

import {
  type CommitResult,
  type Random,
  type SyncPolicy,
  Tenant,
  executeWrite,
} from '../src/index.ts';
import { KeyStore } from '../src/key-store.ts';

export const TENANT = toTenantId(7);
export const MASTER_KEY: Uint8Array = new Uint8Array(32).fill(0x4d);
export const PEOPLE =
  'CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, score INTEGER, DATA SUBJECT name)';

/** What outlives the process that has a tenant open. */
export interface Machine {
  readonly disk: Disk;
  readonly clock: SimClock;
  /** One stream over all openings: keys are never made twice. */
  readonly random: Random;
  readonly crypto: Crypto;
}

export function machineOf(disk: Disk, crypto: Crypto = nativeCrypto): Machine {
  return { disk, clock: new SimClock(), random: new SimRandom(1), crypto };
}

export function openTenant(machine: Machine, sync?: SyncPolicy): Tenant {
  return Tenant.open({
    ...machine,
    ...(sync === undefined ? {} : { sync }),
    tenant: TENANT,
    origin: 'test.example/verity',
    masterKey: { masterKey: () => MASTER_KEY.slice() },
  });
}

export async function execute(
  tenant: Tenant,
  text: string,
  parameters: readonly ParameterValue[] = [],
  idempotencyId: IdempotencyId | null = null,
): Promise<CommitResult> {
  const statement = parseStatement(text);
  if (statement.kind === 'select' || statement.kind === 'explain') {
    throw new Error('a test reads by snapshots');
  }
  return executeWrite(tenant, { steps: [{ statement, parameters }], idempotencyId });
}

/** Rows of people as `id name score`, in the order of their keys, as of a position. */
export function peopleAt(tenant: Tenant, position?: number): readonly string[] {
  const snapshot = tenant.snapshot(position);
  const people = snapshot.table('people');
  if (people === undefined) return ['no table'];
  const rows = Array.from(snapshot.scan(people, { kind: 'scan' }));
  for (const { values, erased } of rows) {
    if (erased) continue;
    const [id = null] = values;
    const got = snapshot.get(people, [id])?.values;
    if (got === undefined || textOf(got) !== textOf(values)) {
      throw new Error('a row that is scanned is not the one that is got');
    }
  }
  return rows.map(({ values, erased }) => (erased ? 'erased' : textOf(values)));
}

/** A row of people, which has only numbers and text. */
export function textOf(row: Row): string {
  return row.map((value) => (typeof value === 'object' ? 'NULL' : String(value))).join(' ');
}

/** Every record, the chain and the commitments proved; throws where anything does not hold. */
export function proveLog(tenant: Tenant): readonly StoredRecord[] {
  const records = Array.from(tenant.verifiedRecords());
  for (const [index, { header }] of records.entries()) {
    const previous = records[index - 1];
    if (header.offset !== index) throw new Error('a record is not at its place');
    if (previous !== undefined && !bytesEqual(header.previousHash, previous.leafHash)) {
      throw new Error(`record ${index} is not chained to the one before`);
    }
    // Opening compares the rows' commitments with the root in the header.
    if (header.kind !== 'data') continue;
    const opened = tenant.openRecord(toOffset(index));
    for (const [row, { values }] of opened.event.changes.entries()) {
      if (values !== null) opened.openRow(row);
    }
  }
  return records;
}

export function openKeys(machine: Machine, name = 'keys.vks'): KeyStore {
  return KeyStore.open({
    ...machine,
    name,
    tenant: TENANT,
    masterKey: { masterKey: () => MASTER_KEY.slice() },
  });
}

export interface StoreFile {
  /** How far into the log the file goes. */
  readonly position: number;
  /** What it holds, however its pages lie. */
  readonly contents: Omit<StoreCheck, 'pages'>;
}

/** Walks the store's file of a tenant that is closed. */
export function checkStoreFile(machine: Machine): StoreFile {
  const keys = openKeys(machine);
  const key = keys.key(keys.keyFor('store'));
  const store = Store.open({ disk: machine.disk, name: 'store.vdb', crypto: machine.crypto, key });
  try {
    const { endedVersions, entries } = store.check();
    return { position: store.appliedPosition, contents: { endedVersions, entries } };
  } finally {
    store.close();
    keys.close();
  }
}
