/** Times, histories and differences, against what every position shows; and what is erased in them. */

import {
  bindSelect,
  executeSelect,
  parseStatement,
  planSelect,
  sourceRelation,
} from '@veritydb/query';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { assert, formatTimestamp, toOffset } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Tenant, readSource, snapshotOf } from '../src/index.ts';
import { PEOPLE, execute, machineOf, openTenant, peopleAt, textOf } from './tenant-house.ts';

function ask(tenant: Tenant, sql: string): readonly string[] {
  const statement = parseStatement(sql);
  assert(statement.kind === 'select', 'not a SELECT');
  const snapshot = snapshotOf(tenant, statement);
  const table = snapshot.table(statement.from.text);
  assert(table !== undefined, 'no table');
  const plan = planSelect(bindSelect(statement, sourceRelation(table, statement.source), []));
  const source = readSource(tenant, snapshot, plan);
  const { rows } = executeSelect(plan, source, { rowsMax: 1000 });
  return rows.map(({ values }) => textOf(values));
}

const write = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((id) => `DELETE FROM people WHERE id = ${id}`),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 9 }))
    .map(
      ([id, score]) =>
        `INSERT INTO people VALUES (${id}, 'p${id}', ${score}) ON CONFLICT (id) DO UPDATE SET score = excluded.score`,
    ),
);

describe('S232, S322: the past', () => {
  it('is one by position, by time, by history and by difference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (writes) => {
        const tenant = openTenant(machineOf(new SimDisk()));
        await execute(tenant, PEOPLE);
        for (const sql of writes) await execute(tenant, sql);
        const { head } = tenant;
        const first = 1;
        for (let at = first; at <= head; at += 1) {
          const rows = peopleAt(tenant, at);
          expect(ask(tenant, `SELECT * FROM people AS OF POSITION ${at}`)).toEqual(rows);
          const held = `valid_from <= ${at} AND (valid_to IS NULL OR valid_to > ${at})`;
          const was = `SELECT id, name, score FROM HISTORY OF people WHERE ${held} ORDER BY id`;
          expect(ask(tenant, was)).toEqual(rows);
          for (let from = first; from <= at; from += 1) {
            const before = peopleAt(tenant, from);
            const diff = ask(
              tenant,
              `SELECT id, name, score, change FROM DIFF OF people BETWEEN POSITION ${from} AND ${at}`,
            );
            expect(applied(before, diff)).toEqual(rows);
          }
        }
        tenant.close();
      }),
      { numRuns: 6 },
    );
  });

  it('is found by time: up to and with a microsecond', async () => {
    const { clock, ...machine } = machineOf(new SimDisk());
    const tenant = openTenant({ ...machine, clock });
    await execute(tenant, PEOPLE);
    for (let id = 0; id < 20; id += 1) {
      clock.advance(1_000_000n);
      await execute(tenant, `INSERT INTO people VALUES (${id}, 'x', 0)`);
    }
    const { head } = tenant;
    clock.advance(1_000_000n);
    for (let at = 1; at <= head; at += 1) {
      const time = formatTimestamp(tenant.timestampOf(toOffset(at)) / 1000n);
      const sql = `SELECT * FROM people AS OF TIMESTAMP '${time}'`;
      expect(ask(tenant, sql)).toEqual(peopleAt(tenant, at));
    }
    for (const time of ['0001-01-01T00:00:00Z', '9999-01-01T00:00:00Z']) {
      expectCode(
        () => ask(tenant, `SELECT * FROM people AS OF TIMESTAMP '${time}'`),
        'ERR_RUNTIME_POSITION',
      );
    }
    tenant.close();
  });

  it('shows nothing of who was erased', async () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    await execute(tenant, PEOPLE);
    await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 1), (2, 'bob', 2)");
    await execute(tenant, 'UPDATE people SET score = 5');
    await tenant.erase('ann', { legalBasis: 'GDPR Article 17', approvals: ['officer'] });
    expect(ask(tenant, 'SELECT id, name, score, valid_from FROM HISTORY OF people')).toEqual([
      'NULL NULL NULL 2',
      '2 bob 2 2',
      'NULL NULL NULL 3',
      '2 bob 5 3',
    ]);
    expect(ask(tenant, 'SELECT name, change FROM DIFF OF people BETWEEN POSITION 1 AND 2')).toEqual(
      ['bob insert', 'NULL insert'],
    );
    tenant.close();
  });
});

/** Rows after a difference, in the order of their keys. */
function applied(before: readonly string[], diff: readonly string[]): readonly string[] {
  const rows = new Map(before.map((row) => [row.split(' ')[0], row]));
  for (const line of diff) {
    const [id, name, score, change] = line.split(' ');
    if (change === 'delete') rows.delete(id);
    else rows.set(id, `${id} ${name} ${score}`);
  }
  return [...rows.values()].toSorted();
}
