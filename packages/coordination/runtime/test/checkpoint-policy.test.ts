/** When checkpoint records are written (S088, S119), and what a store keeps of where it stands (S086). */

import { decodeCheckpointPayload } from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { codeOf } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { type CheckpointPolicy, Tenant } from '../src/index.ts';
import {
  MASTER_KEY,
  PEOPLE,
  TENANT,
  type Machine,
  checkStoreFile,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
} from './tenant-house.ts';

function openWith(machine: Machine, checkpoints?: CheckpointPolicy): Tenant {
  return Tenant.open({
    ...machine,
    tenant: TENANT,
    origin: 'test.example/verity',
    masterKey: { masterKey: () => MASTER_KEY.slice() },
    ...(checkpoints === undefined ? {} : { checkpoints }),
  });
}

/** Offsets of the checkpoint records. */
function checkpointsOf(tenant: Tenant): readonly number[] {
  return proveLog(tenant)
    .filter(({ header }) => header.kind === 'checkpoint')
    .map(({ header }) => header.offset);
}

async function insert(tenant: Tenant, from: number, count: number): Promise<void> {
  for (let id = from; id < from + count; id += 1) {
    await execute(tenant, 'INSERT INTO people VALUES (?, ?, ?)', [id, `p${id}`, id]);
  }
}

describe('a policy of checkpoints', () => {
  it.each<[string, CheckpointPolicy, readonly number[]]>([
    // Records: 0 is the first checkpoint, 1 the table, then seven rows.
    ['every three records', { everyRecords: 3, onShutdown: false }, [0, 4, 8]],
    ['every record', { everyRecords: 1, onShutdown: false }, [0, 2, 4, 6, 8, 10, 12, 14, 16]],
    ['on shutdown alone', { everyRecords: null, onShutdown: true }, [0, 9]],
    ['both', { everyRecords: 3, onShutdown: true }, [0, 4, 8, 11]],
    ['when asked alone', { everyRecords: null, onShutdown: false }, [0]],
  ])('%s', async (_, policy, expected) => {
    const machine = machineOf(new SimDisk());
    const tenant = openWith(machine, policy);
    await execute(tenant, PEOPLE);
    await insert(tenant, 0, 7);
    tenant.close();
    const again = openWith(machine, policy);
    expect(checkpointsOf(again)).toEqual(expected);
    expect(peopleAt(again).length).toBe(7);
    again.close();
  });

  it('S119: by default every 1,000 records, and on shutdown', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = openWith(machine);
    await execute(tenant, PEOPLE);
    const rows = Array.from({ length: 1003 }, (_, id) => id);
    await Promise.all(rows.map((id) => insert(tenant, id, 1)));
    const atRun = checkpointsOf(tenant);
    expect(atRun.length).toBe(2);
    await insert(tenant, 2000, 1);
    tenant.close();
    const again = openWith(machine);
    expect(checkpointsOf(again).length).toBe(3);
    again.close();
  });

  it('S087, S099, S115, S116: a checkpoint record counts the log from its first record, and is in its chain', async () => {
    const tenant = openWith(machineOf(new SimDisk()), { everyRecords: 3, onShutdown: false });
    await execute(tenant, PEOPLE);
    await insert(tenant, 0, 7);
    const records = proveLog(tenant);
    const found = records.filter(({ header }) => header.kind === 'checkpoint');
    for (const { header, payload } of found) {
      const { chainHash, recordCount } = decodeCheckpointPayload(payload);
      expect(recordCount).toBe(header.offset);
      expect(chainHash).toEqual(records[header.offset - 1]?.leafHash ?? new Uint8Array(32));
      expect(header.timestamp).toBeGreaterThan(records[header.offset - 1]?.header.timestamp ?? -1n);
    }
    expect(found.map(({ header }) => header.offset)).toEqual([0, 4, 8]);
    // But for the first it was written with the batch that made it due: one write, one sync.
    expect(found.map(({ header }) => header.batchIndex)).toEqual([0, 1, 1]);
    tenant.close();
  });

  it('whatever it is, one is written when it is asked for, and never twice for nothing', async () => {
    const machine = machineOf(new SimDisk());
    const policy = { everyRecords: null, onShutdown: true };
    const tenant = openWith(machine, policy);
    await execute(tenant, PEOPLE);
    tenant.checkpoint();
    await insert(tenant, 0, 1);
    tenant.checkpoint();
    tenant.close();
    expect(codeOf(() => tenant.checkpoint())).toBe('ERR_RUNTIME_CLOSED');
    const again = openWith(machine, policy);
    expect(checkpointsOf(again)).toEqual([0, 2, 4]);
    again.close();
  });

  it('a checkpoint that cannot be written stops the tenant, as a write does', async () => {
    const disk = new SimDisk();
    const tenant = openWith(machineOf(disk));
    await execute(tenant, PEOPLE);
    disk.failAfter(1);
    expect(codeOf(() => tenant.checkpoint())).toBe('ERR_RUNTIME_FAILED');
    expect(codeOf(() => tenant.snapshot())).toBe('ERR_RUNTIME_FAILED');
    tenant.close();
  });

  it('of no records is a bug of the caller', () => {
    const open = (): unknown =>
      openWith(machineOf(new SimDisk()), { everyRecords: 0, onShutdown: true });
    expect(codeOf(open)).toBe('ERR_ASSERTION');
  });
});

describe('a store of another log', () => {
  it('S086: is told by the chain hash where it stands, and built again', async () => {
    const disk = new SimDisk();
    const machine = machineOf(disk);
    const first = openTenant(machine);
    await execute(first, PEOPLE);
    first.close();
    const copy = disk.snapshot();
    const later = openTenant(machine);
    await insert(later, 0, 3);
    later.close();
    const ahead = disk.bytesOf('store.vdb');
    const position = checkStoreFile(machine).position;
    // The log goes back to the copy and on in another way, beyond where the store stands.
    disk.restore(copy);
    const other = openTenant(machine);
    await insert(other, 100, 6);
    other.close();
    disk.put('store.vdb', ahead);
    const again = openTenant(machine);
    expect(again.head).toBeGreaterThan(position);
    expect(peopleAt(again)).toEqual(
      [100, 101, 102, 103, 104, 105].map((id) => `${id} p${id} ${id}`),
    );
    again.close();
  });
});
