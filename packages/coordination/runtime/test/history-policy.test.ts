/** How much of the past is kept in the store, and what becomes of a store that is damaged while it is open. */

import { SimDisk } from '@veritydb/sim';
import { expectCode, expectCodeAsync } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { type HistoryPolicy, Tenant, parseHistoryPolicy } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import {
  type Machine,
  MASTER_KEY,
  PEOPLE,
  TENANT,
  checkStoreFile,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
} from './tenant-house.ts';

const DAY = 86_400_000_000_000n;

function openWith(machine: Machine, history: HistoryPolicy): Tenant {
  return Tenant.open({
    ...machine,
    tenant: TENANT,
    origin: 'test.example/verity',
    masterKey: { masterKey: () => MASTER_KEY.slice() },
    history,
  });
}

/** Updates of 40 rows, one a day. */
async function longPast(machine: Machine, days: number): Promise<readonly number[]> {
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  const rows = Array.from({ length: 40 }, (_, id) => `(${id}, 'p${id}', 0)`);
  await execute(tenant, `INSERT INTO people VALUES ${rows.join(', ')}`);
  const positions: number[] = [];
  for (let day = 1; day <= days; day += 1) {
    machine.clock.advance(DAY);
    positions.push((await execute(tenant, `UPDATE people SET score = ${day}`)).offset);
  }
  tenant.close();
  return positions;
}

describe('history', () => {
  it('is read as text', () => {
    expect(parseHistoryPolicy('all')).toEqual({ kind: 'all' });
    expect(parseHistoryPolicy('90d')).toEqual({ kind: 'within', nanoseconds: 90n * DAY });
    for (const text of ['', '0d', '90', '1.5d', 'none']) {
      expectCode(() => parseHistoryPolicy(text), 'ERR_RUNTIME_HISTORY_POLICY');
    }
  });

  it('behind its policy is refused by the floor, never answered as empty, and its pages are freed', async () => {
    const machine = machineOf(new SimDisk());
    const positions = await longPast(machine, 30);
    const before = filesOf(machine.disk);
    const tenant = openWith(machine, parseHistoryPolicy('10d'));
    const floor = positions[19] as number;
    expect(peopleAt(tenant, floor)[0]).toBe('0 p0 20');
    const error = expectCode(() => tenant.snapshot(floor - 1), 'ERR_RUNTIME_RETENTION');
    expect(error.message).toContain(`below ${floor}`);
    const { head } = tenant;
    const people = tenant.snapshot().table('people');
    if (people === undefined) throw new Error('no table');
    expectCode(() => tenant.snapshot().versions(people), 'ERR_STORE_RETENTION');
    // Proofs are of the log, which has all of it.
    proveLog(tenant);
    for (let day = 31; day <= 60; day += 1) {
      machine.clock.advance(DAY);
      await execute(tenant, `UPDATE people SET score = ${day}`);
      tenant.checkpoint();
    }
    expectCode(() => tenant.snapshot(positions[29]), 'ERR_RUNTIME_RETENTION');
    expect(peopleAt(tenant)[0]).toBe('0 p0 60');
    tenant.close();
    expect(failed(check(filesOf(machine.disk)))).toEqual([]);
    const { endedVersions } = checkStoreFile(machine).contents;
    // Ten days of forty rows, and what the catalogue had; pages that were freed were written over.
    expect(endedVersions).toBeLessThan(11 * 40);
    const size = (files: typeof before): number => files.get('store.vdb')?.length ?? 0;
    expect(size(filesOf(machine.disk))).toBeLessThan(size(before) * 1.5);
    // The log can give it back: a store that is made again keeps what its policy says.
    machine.disk.remove('store.vdb');
    const all = openTenant(machine);
    expect(peopleAt(all, floor - 1)[0]).toBe('0 p0 19');
    expect(all.head).toBeGreaterThan(head);
    all.close();
  });
});

/** Flips a byte in every page of the store but those that reading the newest rows needs. */
function damagePast(machine: Machine): void {
  const file = machine.disk.open('store.vdb', 'existing');
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0);
  for (let page = 16_384; page < bytes.length; page += 4096) {
    bytes[page + 2000] = (bytes[page + 2000] as number) ^ 1;
  }
  file.writeAt(bytes, 0);
  file.sync();
  file.close();
}

describe('a store that is damaged while it is open', () => {
  it('is made from the log again for who asks next', async () => {
    const machine = machineOf(new SimDisk());
    const positions = await longPast(machine, 10);
    // The open reads what is current into memory, and the past not before it is asked for.
    const tenant = openTenant(machine);
    damagePast(machine);
    const at = positions[3] as number;
    expectCode(() => peopleAt(tenant, at), 'ERR_STORE_CORRUPT');
    expect(peopleAt(tenant, at)[0]).toBe('0 p0 4');
    await execute(tenant, 'UPDATE people SET score = 99 WHERE id = 0');
    expect(peopleAt(tenant)[0]).toBe('0 p0 99');
    proveLog(tenant);
    tenant.close();
    expect(failed(check(filesOf(machine.disk)))).toEqual([]);
  });

  it('stops a write that meets the damage, and is whole after the next open', async () => {
    const machine = machineOf(new SimDisk());
    await longPast(machine, 10);
    const tenant = openTenant(machine);
    damagePast(machine);
    await expectCodeAsync(
      () => execute(tenant, 'UPDATE people SET score = 99'),
      'ERR_RUNTIME_FAILED',
    );
    tenant.close();
    const again = openTenant(machine);
    expect(peopleAt(again)[0]).toBe('0 p0 10');
    await execute(again, 'UPDATE people SET score = 99');
    expect(peopleAt(again)[0]).toBe('0 p0 99');
    again.close();
  });
});
