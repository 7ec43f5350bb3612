/**
 * UPDATE of a primary key: the row ends under its old key and begins under the new one, in one record, with
 * its past, its index entries, its tries and its data subject's key.
 */

import { parseStatement } from '@veritydb/query';
import { SimDisk, SimRandom } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import { toOffset } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Tenant, executeWrite } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import {
  PEOPLE,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
  textOf,
} from './tenant-house.ts';

async function newTenant() {
  const machine = machineOf(new SimDisk());
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 10), (2, 'bob', 20), (3, 'cy', 30)");
  return { machine, tenant };
}

function eventsOf(tenant: Tenant, offset: number): readonly string[] {
  return tenant
    .openRecord(toOffset(offset))
    .event.changes.map(({ event, values }) => `${event} ${textOf(values?.slice(0, 2) ?? [])}`);
}

describe('an UPDATE of a key', () => {
  it('is a row that ends and one that begins, in one record', async () => {
    const { machine, tenant } = await newTenant();
    const { offset } = await execute(tenant, 'UPDATE people SET id = 9, score = 11 WHERE id = 1');
    expect(eventsOf(tenant, offset)).toEqual(['delete 1 ann', 'insert 9 ann']);
    expect(peopleAt(tenant)).toEqual(['2 bob 20', '3 cy 30', '9 ann 11']);
    expect(peopleAt(tenant, offset - 1)).toEqual(['1 ann 10', '2 bob 20', '3 cy 30']);
    await expectCodeAsync(
      () => execute(tenant, 'UPDATE people SET id = 2 WHERE id = 9'),
      'ERR_KERNEL_KEY_EXISTS',
    );
    await expectCodeAsync(
      () => execute(tenant, 'UPDATE people SET id = NULL WHERE id = 9'),
      'ERR_KERNEL_NOT_NULL',
    );
    await expectCodeAsync(
      () => execute(tenant, "INSERT INTO people (name) VALUES ('dee')"),
      'ERR_KERNEL_NOT_NULL',
    );
    tenant.close();
    expect(failed(check(filesOf(machine.disk)))).toEqual([]);
  });

  it('lets rows take the keys of each other', async () => {
    const { tenant } = await newTenant();
    const { offset } = await execute(tenant, 'UPDATE people SET id = id + 1');
    expect(peopleAt(tenant)).toEqual(['2 ann 10', '3 bob 20', '4 cy 30']);
    expect([...eventsOf(tenant, offset)].toSorted()).toEqual([
      'delete 1 ann',
      'insert 4 cy',
      'update 2 ann',
      'update 3 bob',
    ]);
    await execute(tenant, 'UPDATE people SET id = 7 - id');
    expect(peopleAt(tenant)).toEqual(['3 cy 30', '4 bob 20', '5 ann 10']);
    await expectCodeAsync(
      () => execute(tenant, 'UPDATE people SET id = 1'),
      'ERR_KERNEL_KEY_EXISTS',
    );
    tenant.close();
  });

  it('counts with what a batch did before, and in ON CONFLICT', async () => {
    const { tenant } = await newTenant();
    const steps = [
      "INSERT INTO people VALUES (4, 'dee', 40)",
      'UPDATE people SET id = id + 10 WHERE id > 2',
      "INSERT INTO people VALUES (3, 'eve', 50)",
      "INSERT INTO people VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET id = 5",
      'UPDATE people SET id = 1 WHERE id = 14',
    ].map((sql) => {
      const statement = parseStatement(sql);
      if (statement.kind === 'select' || statement.kind === 'explain') throw new Error(sql);
      return { statement, parameters: [] };
    });
    await executeWrite(tenant, { steps, idempotencyId: null });
    expect(peopleAt(tenant)).toEqual(['1 dee 40', '2 bob 20', '3 eve 50', '5 ann 10', '13 cy 30']);
    tenant.close();
  });

  it('keeps unique rules, indexes, tries and erasure right, whatever moves', async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const random = new SimRandom(seed);
      const { machine, tenant } = await newTenant();
      await execute(tenant, 'CREATE UNIQUE INDEX by_score ON people (score)');
      const rows = new Map([
        [1, ['ann', 10]],
        [2, ['bob', 20]],
        [3, ['cy', 30]],
      ] as [number, [string, number]][]);
      for (let count = 0; count < 40; count += 1) {
        const low = random.below(6);
        const shift = random.below(5) - 2;
        const moved = new Map<number, [string, number]>();
        let isFree = true;
        for (const [id, row] of rows) {
          const to = id >= low ? id + shift : id;
          isFree &&= !moved.has(to);
          moved.set(to, row);
        }
        const sql = `UPDATE people SET id = id + ${shift} WHERE id >= ${low}`;
        if (isFree) {
          await execute(tenant, sql);
          rows.clear();
          for (const [id, row] of moved) rows.set(id, row);
        } else {
          await expectCodeAsync(() => execute(tenant, sql), 'ERR_KERNEL_KEY_EXISTS');
        }
        if (random.below(3) === 0) {
          const id = random.below(8);
          if (!rows.has(id)) {
            const row: [string, number] = [`p${count % 4}`, 100 + count];
            await execute(tenant, `INSERT INTO people VALUES (${id}, '${row[0]}', ${row[1]})`);
            rows.set(id, row);
          }
        }
      }
      const expected = (): readonly string[] =>
        [...rows].toSorted(([a], [b]) => a - b).map(([id, row]) => `${id} ${row.join(' ')}`);
      expect(peopleAt(tenant)).toEqual(expected());
      await tenant.erase('ann', { legalBasis: 'eu-gdpr:A17-1-b', approvals: [] });
      for (const [id, [name]] of rows) if (name === 'ann') rows.delete(id);
      expect(peopleAt(tenant)).toEqual(expected());
      proveLog(tenant);
      tenant.close();
      expect(failed(check(filesOf(machine.disk)))).toEqual([]);
    }
  });
});
