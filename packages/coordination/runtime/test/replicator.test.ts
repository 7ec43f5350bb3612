/** Batches: many commands, one write and one sync; each is answered for itself. */

import { SimDisk } from '@veritydb/sim';
import { expectCodeAsync, table } from '@veritydb/testkit';
import { VerityError, parseIdempotencyId } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import type { Tenant } from '../src/index.ts';
import { PEOPLE, execute, machineOf, openTenant, peopleAt, proveLog } from './tenant-house.ts';

const A = parseIdempotencyId('a'.repeat(32));
const B = parseIdempotencyId('b'.repeat(32));

async function openPeople(disk = new SimDisk()): Promise<Tenant> {
  const tenant = openTenant(machineOf(disk));
  await execute(tenant, PEOPLE);
  return tenant;
}

async function outcomeOf(running: ReturnType<typeof execute>): Promise<string> {
  try {
    const { duplicate, offset } = await running;
    return duplicate ? `known at ${offset}` : `record ${offset}`;
  } catch (error) {
    if (error instanceof VerityError) return error.code;
    throw error;
  }
}

const BATCH = `
  sql                                                      outcome
  INSERT INTO people VALUES (1, 'ann', 0)                  record 2
  INSERT INTO people VALUES (1, 'bob', 0)                  ERR_KERNEL_KEY_EXISTS
  INSERT INTO people VALUES (2, NULL, 0)                   ERR_KERNEL_NOT_NULL
  INSERT INTO people VALUES (2, 'bob', 0)                  record 3
  DROP TABLE nobody                                        ERR_KERNEL_TABLE_UNKNOWN
  INSERT INTO people VALUES (3, 'kim', 0)                  record 4
  DROP TABLE people                                        record 5
  INSERT INTO people VALUES (4, 'lee', 0)                  ERR_KERNEL_TABLE_UNKNOWN
  CREATE TABLE verity_x (id INTEGER NOT NULL PRIMARY KEY)  ERR_KERNEL_RESERVED`;

describe('a batch', () => {
  it('answers each command for itself, in the order of arrival', async () => {
    const disk = new SimDisk();
    const tenant = await openPeople(disk);
    const cases = table(BATCH);
    const before = disk.calls;
    const running = cases.map(({ sql = '' }) => outcomeOf(execute(tenant, sql)));
    expect(await Promise.all(running)).toEqual(cases.map(({ outcome }) => outcome));
    // Two syncs, of the keys and of the log: not one for each.
    expect(disk.calls - before).toBeLessThan(12);
    expect(
      proveLog(tenant)
        .slice(2)
        .map(({ header }) => header.batchIndex),
    ).toEqual([0, 1, 2, 3]);
    expect(peopleAt(tenant, 4)).toEqual(['1 ann 0', '2 bob 0', '3 kim 0']);
  });

  // S031
  it('knows a command that was committed before it, in it, and before the tenant was opened', async () => {
    const machine = machineOf(new SimDisk());
    let tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    const insert = (id: number, key: typeof A) =>
      outcomeOf(execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [id, 'ann'], key));
    expect(await Promise.all([insert(1, A), insert(1, A), insert(2, A), insert(2, B)])).toEqual([
      'record 2',
      'known at 2',
      'ERR_KERNEL_IDEMPOTENCY',
      'record 3',
    ]);
    for (let round = 0; round < 2; round += 1) {
      tenant.close();
      // The ids live in the store, and so in the log.
      if (round === 1) machine.disk.remove('store.vdb');
      tenant = openTenant(machine);
      expect(await Promise.all([insert(1, A), insert(2, B), insert(3, B)])).toEqual([
        'known at 2',
        'known at 3',
        'ERR_KERNEL_IDEMPOTENCY',
      ]);
      expect(peopleAt(tenant).length).toBe(2);
    }
  });

  it('takes two writes to one key in one command', async () => {
    const machine = machineOf(new SimDisk());
    let tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    const { offset } = await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 0)");
    const people = tenant.snapshot().table('people');
    if (people === undefined) throw new Error('no table');
    await tenant.submit({
      kind: 'write',
      writes: [
        { event: 'delete', table: people.id, values: [1, 'ann', 0], expected: offset },
        { event: 'insert', table: people.id, values: [1, 'bob', 5] },
      ],
    });
    for (let round = 0; round < 2; round += 1) {
      expect(peopleAt(tenant)).toEqual(['1 bob 5']);
      expect(peopleAt(tenant, offset)).toEqual(['1 ann 0']);
      proveLog(tenant);
      tenant.close();
      machine.disk.remove('store.vdb');
      tenant = openTenant(machine);
    }
  });

  it('refuses what no page or record can hold, and goes on', async () => {
    const tenant = await openPeople();
    await execute(tenant, 'CREATE TABLE names (name TEXT NOT NULL PRIMARY KEY, note TEXT)');
    const insert = (name: string, note: string) =>
      outcomeOf(execute(tenant, 'INSERT INTO names VALUES ($1, $2)', [name, note]));
    expect(
      await Promise.all([
        insert('a', ''),
        insert('k'.repeat(1100), ''),
        insert('b', 'x'.repeat(49 * 1024 * 1024)),
        insert('c', 'x'.repeat(100_000)),
      ]),
    ).toEqual(['record 3', 'ERR_STORE_KEY_SIZE', 'ERR_RUNTIME_RECORD_SIZE', 'record 4']);
    // A key that nothing reads before it is written.
    const name = 'p'.repeat(1100);
    const sha256 = tenant.crypto.sha256(new Uint8Array(1));
    await expectCodeAsync(
      async () =>
        tenant.submit({ kind: 'activate-policy', name, version: 1, sha256, document: '' }),
      'ERR_STORE_KEY_SIZE',
    );
    expect(await insert('d', '')).toBe('record 5');
    proveLog(tenant);
  });

  // S148
  it('waits in a queue with an end', async () => {
    const tenant = await openPeople();
    const submit = () => tenant.submit({ kind: 'drop-table', name: 'nobody' });
    const waiting = Array.from({ length: 16_384 }, submit);
    const refused = await expectCodeAsync(submit, 'ERR_RUNTIME_QUEUE_FULL');
    expect([refused.kind, refused.retryAfterMs]).toEqual(['unavailable', 100]);
    tenant.close();
    const codes = new Set(
      (await Promise.allSettled(waiting)).map((each) =>
        each.status === 'rejected' ? (each.reason as VerityError).code : 'committed',
      ),
    );
    expect(codes).toEqual(new Set(['ERR_RUNTIME_CLOSED']));
  });
});

describe('an UPDATE', () => {
  it('is read again when its row moved: of two at once both take effect', async () => {
    const tenant = await openPeople();
    await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 0), (2, 'bob', 10)");
    const raise = () => execute(tenant, 'UPDATE people SET score = score + 1');
    const results = await Promise.all([raise(), raise(), raise()]);
    expect(results.map(({ rows }) => rows)).toEqual([2, 2, 2]);
    expect(peopleAt(tenant)).toEqual(['1 ann 3', '2 bob 13']);
    proveLog(tenant);
  });

  it('finds nothing more where a DELETE came first', async () => {
    const tenant = await openPeople();
    await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 0)");
    const results = await Promise.all([
      execute(tenant, 'DELETE FROM people WHERE id = 1'),
      execute(tenant, 'UPDATE people SET score = 7 WHERE id = 1'),
    ]);
    expect(results.map(({ rows }) => rows)).toEqual([1, 0]);
    expect(peopleAt(tenant)).toEqual([]);
  });

  it('gives up after some attempts, with a code', async () => {
    const tenant = await openPeople();
    await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 0)");
    const running = Array.from({ length: 12 }, () =>
      outcomeOf(execute(tenant, 'UPDATE people SET score = score + 1')),
    );
    const outcomes = await Promise.all(running);
    const done = outcomes.filter((outcome) => outcome.startsWith('record')).length;
    expect(done).toBe(8);
    expect(outcomes.filter((outcome) => outcome === 'ERR_KERNEL_ROW_MOVED').length).toBe(4);
    expect(peopleAt(tenant)).toEqual(['1 ann 8']);
  });
});
