/** Rows in an order of somebody's own: the same as sorting them each time, whatever is remembered. */

import type { StoredRow } from '@veritydb/kernel';
import { SimDisk } from '@veritydb/sim';
import { assert, compareBytes, utf8Encode } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RowOrder, Tenant } from '../src/index.ts';
import { PEOPLE, execute, machineOf, openTenant, textOf } from './tenant-house.ts';

/** By the name backwards, which several rows share. */
const byName: RowOrder = {
  name: 'by name',
  place: ({ values }) => utf8Encode(textOf(values.slice(1, 2)).split('').toReversed().join('')),
};
const byScore: RowOrder = {
  name: 'by score',
  place: ({ values }) => utf8Encode(textOf(values.slice(2))),
};

function rowsOf(rows: Iterable<StoredRow>): readonly string[] {
  return Array.from(rows, ({ erased, offset, values }) =>
    erased ? `erased ${offset}` : `${textOf(values)} ${offset}`,
  );
}

function expectOrders(tenant: Tenant, position: number): void {
  const snapshot = tenant.snapshot(position);
  const people = snapshot.table('people');
  if (people === undefined) return;
  for (const order of [byName, byScore]) {
    const sorted = Array.from(snapshot.scan(people, { kind: 'scan' }), (row) => ({
      row,
      place: order.place(row),
    })).toSorted((a, b) => compareBytes(a.place, b.place));
    const wanted = rowsOf(sorted.map(({ row }) => row));
    expect(rowsOf(snapshot.scanInOrder(people, order))).toEqual(wanted);
    expect(rowsOf(snapshot.scanInOrder(people, order))).toEqual(wanted);
  }
}

/** Of somebody who is not there nothing can be erased. */
async function eraseIfThere(tenant: Tenant, subject: string): Promise<void> {
  const reason = { legalBasis: 'GDPR Art. 17(1)(a)', approvals: ['dpo@clinic'] };
  const people = tenant.snapshot().table('people');
  assert(people !== undefined, 'no table');
  const rows = Array.from(tenant.snapshot().scan(people, { kind: 'scan' }));
  if (rows.some(({ values }) => values[1] === subject)) await tenant.erase(subject, reason);
}

const id = fc.integer({ min: 1, max: 6 });
const step = fc.oneof(
  id.map((each) => `DELETE FROM people WHERE id = ${each}`),
  fc
    .tuple(id, fc.integer({ min: 0, max: 3 }))
    .map(
      ([each, score]) =>
        `INSERT INTO people VALUES (${each}, 'p${each % 3}', ${score}) ON CONFLICT (id) DO UPDATE SET score = excluded.score`,
    ),
  fc.constantFrom('erase p0', 'erase p1', 'reopen'),
);

describe('rows in an order of their own', () => {
  it('are what sorting all of them gives, now and as of every position', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const machine = machineOf(new SimDisk());
        let tenant = openTenant(machine);
        await execute(tenant, PEOPLE);
        for (const each of steps) {
          if (each === 'reopen') {
            tenant.close();
            tenant = openTenant(machine);
          } else if (each.startsWith('erase')) {
            await eraseIfThere(tenant, each.slice(6));
          } else {
            await execute(tenant, each);
          }
          for (let at = 1; at <= tenant.head; at += 1) expectOrders(tenant, at);
        }
        tenant.close();
      }),
      { numRuns: 12 },
    );
  });

  it('reads what is asked for alone, once the order is known', async () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    await execute(tenant, PEOPLE);
    for (let each = 1; each <= 20; each += 1) {
      await execute(tenant, `INSERT INTO people VALUES (${each}, 'p${each}', 0)`);
    }
    let placed = 0;
    const counted: RowOrder = {
      name: 'counted',
      place: (row) => {
        placed += 1;
        return byName.place(row);
      },
    };
    const snapshot = tenant.snapshot();
    const people = snapshot.table('people');
    assert(people !== undefined, 'no table');
    const [first] = snapshot.scanInOrder(people, counted);
    expect(placed).toBe(20);
    const [again] = snapshot.scanInOrder(people, counted);
    expect(placed).toBe(20);
    expect(again).toEqual(first);
    await execute(tenant, `DELETE FROM people WHERE id = 1`);
    Array.from(tenant.snapshot().scanInOrder(people, counted));
    expect(placed).toBe(39);
    tenant.close();
  });
});
