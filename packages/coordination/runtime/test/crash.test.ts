/**
 * Loss of power at every call of the disk. What was acknowledged is there when the tenant is opened
 * again, the log proves itself, every key is found, and no key and nonce seal two plaintexts.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { decodeRecoveryRecord } from '@veritydb/log';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { expectCode, expectCodeAsync } from '@veritydb/testkit';
import { VerityError } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import type { CommitResult, Tenant } from '../src/index.ts';
import {
  type Machine,
  PEOPLE,
  checkStoreFile,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
} from './tenant-house.ts';

/** What a load was told: rows that are durable, and how far the log had come. */
class Acknowledged {
  readonly rows = new Map<number, string>();
  readonly attempted = new Set<number>();
  position = -1;
  isDone = false;

  note({ offset }: CommitResult): void {
    this.position = Math.max(this.position, offset);
  }
}

/** A load in which every path to the disk is taken: keys, appends, checkpoints, flushes, closing. */
async function load(machine: Machine, told: Acknowledged): Promise<void> {
  for (const round of [0, 1]) {
    const tenant = openTenant(machine);
    told.position = Math.max(told.position, tenant.head);
    if (tenant.snapshot().table('people') === undefined) told.note(await execute(tenant, PEOPLE));
    const insert = async (id: number, names: readonly string[]): Promise<void> => {
      const values = names.map((name, index) => `(${id + index}, '${name}', 0)`);
      for (const index of names.keys()) told.attempted.add(id + index);
      told.note(await execute(tenant, `INSERT INTO people VALUES ${values.join()}`));
      for (const [index, name] of names.entries()) {
        told.rows.set(id + index, `${id + index} ${name} 0`);
      }
    };
    const base = 100 * round;
    // A command with more new keys than stand in one sector of the key store, and a batch of three.
    await insert(
      base,
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `${name}${round}`),
    );
    const batch = [insert(base + 10, ['h']), insert(base + 20, ['i']), insert(base + 30, ['a0'])];
    const failed = (await Promise.allSettled(batch)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    tenant.close();
  }
  told.isDone = true;
}

/** Everything that must hold of a tenant that was opened after a crash. */
function checkTenant(tenant: Tenant, told: Acknowledged): void {
  const rows = new Map(
    tenant.snapshot().table('people') === undefined
      ? []
      : peopleAt(tenant).map((row) => [Number.parseInt(row, 10), row]),
  );
  for (const [id, row] of told.rows) expect(rows.get(id)).toBe(row);
  for (const id of rows.keys()) expect(told.attempted.has(id)).toBe(true);
  const records = proveLog(tenant);
  expect(tenant.head).toBeGreaterThanOrEqual(told.position);
  let generation = 1;
  for (const { header, payload } of records) {
    if (header.kind !== 'recovery') {
      expect(header.generation).toBe(generation);
      continue;
    }
    const recovery = decodeRecoveryRecord(payload);
    expect(recovery.recoveryPoint).toBe(header.offset);
    expect(recovery.generation).toBeGreaterThan(generation);
    expect(recovery.knownCommitted).toBeLessThan(header.offset);
    generation = recovery.generation;
  }
}

async function crashAt(call: number, seed: number): Promise<boolean> {
  const disk = new SimDisk();
  const machine = machineOf(disk, new NonceWatch(nativeCrypto).crypto);
  const told = new Acknowledged();
  disk.failAfter(call);
  try {
    await load(machine, told);
  } catch (error) {
    const { code } = error as { readonly code: string };
    if (error instanceof VerityError) {
      expect(['ERR_RUNTIME_FAILED', 'ERR_LOG_READ', 'ERR_LOG_WRITE', 'ERR_STORE_WRITE']).toContain(
        code,
      );
    } else expect(code).toBe('EIO');
  }
  // Killed, opened, and only then the power fails: what was read must have been durable, or made so.
  if (seed % 3 === 0) {
    disk.repair();
    const again = openTenant(machine);
    checkTenant(again, told);
    told.position = again.head;
  }
  disk.crash(seed);
  const tenant = openTenant(machine);
  checkTenant(tenant, told);

  // It goes on from there, also through one more loss of power.
  if (tenant.snapshot().table('people') === undefined) await execute(tenant, PEOPLE);
  for (const [id, name] of [
    [500, 'a0'],
    [501, `z${call}`],
  ] as const) {
    told.attempted.add(id);
    told.note(await execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [id, name]));
    told.rows.set(id, `${id} ${name} 0`);
  }
  if (call % 3 !== 1) return told.isDone;
  disk.crash(seed + 1);
  const last = openTenant(machine);
  checkTenant(last, told);
  last.close();
  checkStoreFile(machine);
  return told.isDone;
}

describe('a tenant that loses power', () => {
  it('at any call of the disk keeps what it acknowledged, and uses no nonce twice', async () => {
    let call = 1;
    while (!(await crashAt(call, call * 7))) call += 1;
    expect(call).toBeGreaterThan(50);
  });

  // S032, S103, S104, S105: loss is on record.
  it('says what it cut', async () => {
    let cuts = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const disk = new SimDisk();
      const machine = machineOf(disk);
      const tenant = openTenant(machine);
      await execute(tenant, PEOPLE);
      const { head } = tenant;
      // The write fails at any step: nobody was told that it is durable, and any part may be there.
      disk.failAfter(1 + (seed % 6));
      const insert = `INSERT INTO people VALUES (1, '${'x'.repeat(3000)}', 0)`;
      const [outcome] = await Promise.allSettled([execute(tenant, insert)]);
      disk.crash(seed);
      const again = openTenant(machine);
      const recoveries = proveLog(again).filter(({ header }) => header.kind === 'recovery');
      const [recovery] = recoveries.map(({ payload }) => decodeRecoveryRecord(payload));
      expect(recoveries.length).toBe(1);
      expect(recovery?.knownCommitted).toBeGreaterThanOrEqual(head - 1);
      const isThere = recovery?.recoveryPoint === head + 2;
      expect(peopleAt(again).length).toBe(isThere ? 1 : 0);
      expect(isThere || outcome.status === 'rejected').toBe(true);
      if (!isThere && recovery !== undefined && recovery.discardedBytes > 0) cuts += 1;
    }
    expect(cuts).toBeGreaterThan(0);
  });
});

describe('a tenant whose disk is full', () => {
  it.each([0, 100, 1500, 6000])('stops with %i bytes left and loses nothing', async (left) => {
    const disk = new SimDisk();
    const machine = machineOf(disk, new NonceWatch(nativeCrypto).crypto);
    const tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    let used = 0;
    for (const folder of ['', 'log/']) {
      for (const name of disk.list(folder.slice(0, -1))) {
        used += disk.bytesOf(`${folder}${name}`).length;
      }
    }
    disk.fillAt(used + left);
    const told: string[] = [];
    const insert = async (id: number): Promise<void> => {
      // A subject of its own: the key store grows with each.
      const name = `${id}${'x'.repeat(40_000)}`;
      await execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [id, name]);
      told.push(`${id} ${name} 0`);
    };
    let id = 0;
    const fill = async (): Promise<void> => {
      for (; id < 100; id += 1) await insert(id);
    };
    const failure = await expectCodeAsync(fill, 'ERR_RUNTIME_FAILED');
    expect(failure.kind).toBe('unavailable');
    expectCode(() => tenant.snapshot(), 'ERR_RUNTIME_FAILED');
    await expectCodeAsync(() => insert(id), 'ERR_RUNTIME_FAILED');
    tenant.close();

    disk.repair();
    const again = openTenant(machine);
    expect(peopleAt(again).slice(0, told.length)).toEqual(told);
    expect(peopleAt(again).length).toBeLessThanOrEqual(told.length + 1);
    proveLog(again);
    await execute(again, "INSERT INTO people VALUES (1000, 'ann', 0)");
    again.close();
  });
});
