/**
 * ALTER TABLE, from the statement to the disk: rows that are there stay as they were written and are read
 * as the table is, what it was stays readable, and the log alone says all of it.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  bindSelect,
  executeSelect,
  parseStatement,
  planSelect,
  sourceRelation,
} from '@veritydb/query';
import { SimDisk, SimRandom } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import { type Value, bytesToHex, createIdempotencyId, toOffset } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Tenant, readSource, snapshotOf } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import { type Machine, execute, machineOf, openTenant, proveLog } from './tenant-house.ts';

const T = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, who TEXT NOT NULL, DATA SUBJECT who)';

function textOf(value: Value | undefined): string {
  return typeof value === 'object' || value === undefined ? 'NULL' : String(value);
}

/** All rows as of a position, with the names of their columns. */
function rowsAt(tenant: Tenant, position?: number): readonly string[] {
  const snapshot = tenant.snapshot(position);
  const table = snapshot.table('t');
  if (table === undefined) return ['no table'];
  const names = table.definition.columns.map(({ name }) => name);
  return Array.from(snapshot.scan(table, { kind: 'scan' }), ({ erased, values }) =>
    erased ? 'erased' : names.map((name, index) => `${name}=${textOf(values[index])}`).join(' '),
  );
}

function select(tenant: Tenant, sql: string): readonly string[] {
  const statement = parseStatement(sql);
  if (statement.kind !== 'select') throw new Error('no SELECT');
  const snapshot = snapshotOf(tenant, statement);
  const table = snapshot.table('t');
  if (table === undefined) throw new Error('no table');
  const plan = planSelect(bindSelect(statement, sourceRelation(table, statement.source), []));
  const rows = readSource(tenant, snapshot, plan);
  const answer = executeSelect(plan, rows, { rowsMax: 1000, isAsPlanned: true });
  return answer.rows.map(({ values }) => values.map(textOf).join(' '));
}

async function newTenant(): Promise<{ readonly machine: Machine; readonly tenant: Tenant }> {
  const machine = machineOf(new SimDisk());
  const tenant = openTenant(machine);
  await execute(tenant, T);
  return { machine, tenant };
}

/** What can be read at every position, before and after the store is made again from the log. */
function expectSame(machine: Machine, tenant: Tenant): void {
  const past = (of: Tenant): readonly unknown[] =>
    Array.from({ length: of.head + 1 }, (_, position) => rowsAt(of, position));
  const before = past(tenant);
  const { head } = tenant;
  tenant.close();
  const reopened = openTenant(machine);
  expect(past(reopened).slice(0, head + 1)).toEqual(before);
  reopened.close();
  machine.disk.remove('store.vdb');
  const rebuilt = openTenant(machine);
  expect(past(rebuilt).slice(0, head + 1)).toEqual(before);
  proveLog(rebuilt);
  rebuilt.close();
  // All roots of all checkpoint records are derived again, and the store compared row by row.
  expect(failed(check(filesOf(machine.disk)))).toEqual([]);
}

describe('ALTER TABLE', () => {
  it('leaves rows as they were written, and reads them as the table is', async () => {
    const { machine, tenant } = await newTenant();
    const { offset: first } = await execute(
      tenant,
      "INSERT INTO t VALUES (1, 10, 'ann'), (2, 20, 'bob')",
    );
    const leaf = bytesToHex(nativeCrypto.sha256(tenant.openRecord(first).leaf));
    await execute(
      tenant,
      "ALTER TABLE t ADD COLUMN kind TEXT NOT NULL DEFAULT 'old' DATA CLASS quasi_id",
    );
    expect(rowsAt(tenant)).toEqual(['id=1 a=10 who=ann kind=old', 'id=2 a=20 who=bob kind=old']);
    await execute(tenant, "UPDATE t SET kind = 'new' WHERE id = 2");
    await execute(tenant, "INSERT INTO t (id, who) VALUES (3, 'cy')");
    await execute(tenant, 'ALTER TABLE t DROP COLUMN a');
    await execute(tenant, 'ALTER TABLE t ADD COLUMN b INTEGER');
    expect(rowsAt(tenant)).toEqual([
      'id=1 who=ann kind=old b=NULL',
      'id=2 who=bob kind=new b=NULL',
      'id=3 who=cy kind=old b=NULL',
    ]);
    expect(rowsAt(tenant, first)).toEqual(['id=1 a=10 who=ann', 'id=2 a=20 who=bob']);
    const record = tenant.openRecord(first);
    expect(bytesToHex(nativeCrypto.sha256(record.leaf))).toBe(leaf);
    expect(
      record.openRow(0).fields.map(({ column, value }) => `${column} ${textOf(value)}`),
    ).toEqual(['id 1', 'a 10', 'who ann']);
    expectSame(machine, tenant);
  });

  it('shows every version as the table is now, and the table as of then as it was', async () => {
    const { machine, tenant } = await newTenant();
    const { offset: from } = await execute(
      tenant,
      "INSERT INTO t VALUES (1, 10, 'ann'), (2, 20, 'bob')",
    );
    const { offset: altered } = await execute(
      tenant,
      'ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7',
    );
    expect(
      select(tenant, `SELECT id, change FROM DIFF OF t BETWEEN POSITION ${from} AND ${altered}`),
    ).toEqual([]);
    await execute(tenant, 'UPDATE t SET b = 8 WHERE id = 1');
    const { offset: to } = await execute(tenant, 'ALTER TABLE t DROP COLUMN a');
    expect(select(tenant, 'SELECT * FROM HISTORY OF t')).toEqual([
      `1 ann 7 ${from} ${altered + 1}`,
      `2 bob 7 ${from} NULL`,
      `1 ann 8 ${altered + 1} NULL`,
    ]);
    expect(select(tenant, `SELECT * FROM HISTORY OF t AS OF POSITION ${from}`)).toEqual([
      `1 10 ann ${from} NULL`,
      `2 20 bob ${from} NULL`,
    ]);
    expect(select(tenant, `SELECT * FROM DIFF OF t BETWEEN POSITION ${from} AND ${to}`)).toEqual([
      '1 ann 8 update',
    ]);
    expectSame(machine, tenant);
  });

  it('refuses to drop what the table stands on', async () => {
    const { tenant } = await newTenant();
    await execute(tenant, 'DROP TABLE t');
    await execute(
      tenant,
      'CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER UNIQUE, b INTEGER CHECK (b > 0), c INTEGER, who TEXT NOT NULL, DATA SUBJECT who)',
    );
    await execute(tenant, 'CREATE INDEX by_c ON t (who, c)');
    const { head } = tenant;
    for (const column of ['id', 'a', 'b', 'c', 'who']) {
      await expectCodeAsync(
        () => execute(tenant, `ALTER TABLE t DROP COLUMN ${column}`),
        'ERR_KERNEL_COLUMN_IN_USE',
      );
    }
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE t DROP d'),
      'ERR_KERNEL_COLUMN_UNKNOWN',
    );
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE u DROP d'),
      'ERR_KERNEL_TABLE_UNKNOWN',
    );
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE verity_tables DROP dropped'),
      'ERR_KERNEL_RESERVED',
    );
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE t ADD a TEXT'),
      'ERR_KERNEL_COLUMN_EXISTS',
    );
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE t ADD d TEXT NOT NULL'),
      'ERR_KERNEL_NOT_NULL',
    );
    expect(tenant.head).toBe(head);
    await execute(tenant, 'DROP INDEX by_c');
    await execute(tenant, 'ALTER TABLE t DROP COLUMN c');
    // A policy that names it would show another column.
    await expectCodeAsync(
      () => execute(tenant, 'ALTER TABLE t ADD c TEXT'),
      'ERR_KERNEL_COLUMN_EXISTS',
    );
    tenant.close();
  });

  it('moves indexes and rules along, also of a table that is dropped later', async () => {
    const { machine, tenant } = await newTenant();
    await execute(tenant, "INSERT INTO t VALUES (1, 10, 'ann'), (2, 20, 'bob')");
    await execute(tenant, 'CREATE INDEX gone ON t (a)');
    await execute(tenant, 'DROP INDEX gone');
    await execute(tenant, 'ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7');
    await execute(tenant, 'CREATE INDEX by_b ON t (b, a)');
    await execute(tenant, 'DROP INDEX by_b');
    await execute(tenant, 'CREATE UNIQUE INDEX by_who ON t (b, who)');
    await execute(tenant, 'ALTER TABLE t DROP COLUMN a');
    await execute(tenant, "INSERT INTO t (id, who) VALUES (3, 'cy')");
    expect(select(tenant, "SELECT id FROM t WHERE b = 7 AND who > 'ann'")).toEqual(['2', '3']);
    await expectCodeAsync(
      () => execute(tenant, "INSERT INTO t (id, who) VALUES (4, 'ann')"),
      'ERR_KERNEL_UNIQUE',
    );
    await execute(tenant, 'DROP INDEX by_who');
    await execute(tenant, 'ALTER TABLE t DROP COLUMN b');
    await execute(tenant, 'DROP TABLE t');
    await execute(tenant, T);
    await execute(tenant, "INSERT INTO t VALUES (5, 50, 'eve')");
    expectSame(machine, tenant);
    const again = openTenant(machine);
    await execute(again, 'ALTER TABLE t ADD COLUMN c TEXT');
    expect(rowsAt(again)).toEqual(['id=5 a=50 who=eve c=NULL']);
    again.close();
  });

  it('keeps erasure: also of rows of an earlier definition, and of what took their place', async () => {
    const { machine, tenant } = await newTenant();
    await execute(tenant, "INSERT INTO t VALUES (1, 10, 'ann'), (2, 20, 'bob'), (3, 30, 'ann')");
    await execute(tenant, 'ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7');
    await execute(tenant, 'CREATE INDEX by_b ON t (b)');
    await execute(tenant, "UPDATE t SET who = 'ann' WHERE id = 2");
    await execute(tenant, 'ALTER TABLE t DROP COLUMN a');
    await execute(tenant, 'DELETE FROM t WHERE id = 3');
    await tenant.erase('ann', { legalBasis: 'eu-gdpr:A17-1-b', approvals: [] });
    expect(rowsAt(tenant)).toEqual([]);
    expectSame(machine, tenant);
  });

  it('knows a write again that was sent before it', async () => {
    const { machine, tenant } = await newTenant();
    const id = createIdempotencyId(machine.random);
    const insert = "INSERT INTO t VALUES (1, 10, 'ann')";
    const { offset } = await execute(tenant, insert, [], id);
    await execute(tenant, 'ALTER TABLE t ADD COLUMN b INTEGER');
    expect(await execute(tenant, insert, [], id)).toMatchObject({ offset, duplicate: true });
    await expectCodeAsync(() => execute(tenant, insert), 'ERR_QUERY_SYNTAX');
    tenant.close();
  });

  it('refuses a row that was made for the table as it was, and statements read it again', async () => {
    const { tenant } = await newTenant();
    const before = tenant.snapshot().table('t');
    if (before === undefined) throw new Error('no table');
    const altering = execute(tenant, 'ALTER TABLE t DROP COLUMN a');
    const writing = execute(tenant, "INSERT INTO t (id, who) VALUES (1, 'ann')");
    await Promise.all([altering, writing]);
    expect(rowsAt(tenant)).toEqual(['id=1 who=ann']);
    const row = { event: 'insert', table: before.definitionId, values: [2, 5, 'bob'] } as const;
    await expectCodeAsync(
      () => tenant.submit({ kind: 'write', writes: [row] }),
      'ERR_KERNEL_TABLE_ALTERED',
    );
    tenant.close();
  });

  it('means the same for every position, whatever was written and altered', async () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const random = new SimRandom(seed);
      const { machine, tenant } = await newTenant();
      const past: (readonly string[])[] = [];
      let names = ['a'];
      for (let count = 0; count < 60; count += 1) {
        const choice = random.below(10);
        const id = random.below(8);
        const name = names[random.below(names.length)] ?? 'a';
        let sql = `UPDATE t SET ${name} = ${count} WHERE id <= ${id}`;
        if (choice < 3) {
          sql = `INSERT INTO t (id, who, ${name}) VALUES (${id}, 'w${id % 3}', ${count}) ON CONFLICT DO NOTHING`;
        } else if (choice === 3) {
          sql = `DELETE FROM t WHERE id = ${id}`;
        } else if (choice === 4 && names.length > 1) {
          names = names.filter((each) => each !== name);
          sql = `ALTER TABLE t DROP COLUMN ${name}`;
        } else if (choice < 7) {
          const added = `x${count}`;
          if (names.length < 4) {
            names.push(added);
            sql = `ALTER TABLE t ADD COLUMN ${added} INTEGER${random.below(2) === 0 ? '' : ` DEFAULT ${count}`}`;
          }
        }
        const { offset } = await execute(tenant, sql);
        past[offset] = rowsAt(tenant);
        if (random.below(12) === 0) tenant.checkpoint();
      }
      for (const [position, rows] of past.entries()) {
        if (rows !== undefined) expect(rowsAt(tenant, position)).toEqual(rows);
      }
      expectSame(machine, tenant);
      expect(toOffset(past.length - 1)).toBeGreaterThan(60);
    }
  });
});
