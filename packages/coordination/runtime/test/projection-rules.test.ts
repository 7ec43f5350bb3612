/** What projections refuse, what an erasure leaves of them, their past, and a loss of power at any moment. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { RowWrite } from '@veritydb/kernel';
import { bindSelect, executeSelect, parseStatement, planSelect } from '@veritydb/query';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import { VerityError, assert, parseDecimal } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Tenant, readSource, readableOf, snapshotOf } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import { linesOf, read, recomputed } from './projection-house.ts';
import { type Machine, execute, machineOf, openTenant, proveLog } from './tenant-house.ts';

const REASON = { legalBasis: 'GDPR Article 17(1)(b)', approvals: ['data protection officer'] };

async function open(
  ...statements: readonly string[]
): Promise<{ machine: Machine; tenant: Tenant }> {
  const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
  const tenant = openTenant(machine);
  for (const sql of statements) await execute(tenant, sql);
  return { machine, tenant };
}

function ask(tenant: Tenant, sql: string): readonly string[] {
  const statement = parseStatement(sql);
  assert(statement.kind === 'select', 'not a SELECT');
  return linesOf(read(snapshotOf(tenant, statement), sql));
}

/** What HISTORY OF and DIFF OF answer. */
function versions(tenant: Tenant, sql: string): readonly string[] {
  const statement = parseStatement(sql);
  assert(statement.kind === 'select', 'not a SELECT');
  const snapshot = snapshotOf(tenant, statement);
  const { relation, toVisible } = readableOf(snapshot, statement);
  const plan = planSelect(bindSelect(statement, relation, []));
  const options = { rowsMax: 1000, view: toVisible };
  const { rows } = executeSelect(plan, readSource(tenant, snapshot, plan), options);
  return linesOf(rows.map(({ values }) => values));
}

/** Closed, checked, and opened anew without its store. */
function reopened(machine: Machine, tenant: Tenant): Tenant {
  tenant.close();
  expect(failed(check(filesOf(machine.disk)))).toEqual([]);
  machine.disk.remove('store.vdb');
  return openTenant(machine);
}

function expectRecomputed(tenant: Tenant): void {
  for (let position = 0; position <= tenant.head; position += 1) {
    const snapshot = tenant.snapshot(position);
    for (const name of snapshot.projectionNames()) {
      const bound = snapshot.projection(name)?.bound;
      assert(bound !== undefined, 'no projection');
      const rows = linesOf(read(snapshot, `SELECT * FROM ${name}`));
      expect([position, rows]).toEqual([position, linesOf(recomputed(snapshot, bound))]);
    }
  }
}

describe('a write that a projection cannot follow', () => {
  it('is refused as a whole, and others go on', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, n BIGINT, g TEXT, d DECIMAL)',
      'CREATE PROJECTION p AS SELECT id, 100 / n AS share FROM t',
      'CREATE PROJECTION s AS SELECT g, SUM(d) AS total FROM t GROUP BY g',
      'CREATE PROJECTION h AS SELECT id FROM t WHERE 10 % n >= 0',
      "INSERT INTO t VALUES (1, 50, 'a', 1)",
    );
    const { head } = tenant;
    const insert = async (values: string): Promise<unknown> =>
      execute(tenant, `INSERT INTO t VALUES ${values}`);
    const refused = await expectCodeAsync(
      async () => insert("(2, 1, 'a', 1), (3, 0, 'b', 1)"),
      'ERR_RUNTIME_PROJECTION_VALUE',
    );
    expect(refused.hint).toContain('DROP PROJECTION p');
    await expectCodeAsync(
      async () => insert(`(2, 1, 'a', ${'9'.repeat(38)})`),
      'ERR_RUNTIME_PROJECTION_VALUE',
    );
    expect(tenant.head).toBe(head);
    // In one batch, one refused between two that are not.
    const batch = await Promise.allSettled([
      insert("(4, 4, 'a', 1.5)"),
      insert("(5, 0, 'a', 1.5)"),
      insert("(6, 6, 'a', 1.5)"),
    ]);
    expect(batch.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(ask(tenant, 'SELECT * FROM s')).toEqual(['["a",4]']);
    await expectCodeAsync(
      async () => execute(tenant, 'CREATE PROJECTION q AS SELECT 1 / (id - 4) AS x FROM t'),
      'ERR_RUNTIME_PROJECTION_VALUE',
    );
    expect(tenant.snapshot().projectionNames()).toEqual(['h', 'p', 's']);
    const again = reopened(machine, tenant);
    expectRecomputed(again);
    again.close();
  });

  it('is refused where it touches more joined rows than are in memory', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER)',
      'CREATE PROJECTION pairs AS SELECT COUNT(*) AS n FROM t a JOIN t b ON a.k = b.k',
    );
    const table = tenant.snapshot().table('t');
    assert(table !== undefined, 'no table');
    const insert = async (from: number, to: number): Promise<unknown> => {
      const writes = Array.from({ length: to - from }, (_, at): RowWrite => ({
        event: 'insert',
        table: table.id,
        values: [from + at, 7],
      }));
      return tenant.submit({ kind: 'write', writes });
    };
    await insert(0, 200);
    await insert(200, 316);
    expect(ask(tenant, 'SELECT n FROM pairs')).toEqual([`[${316 * 316}]`]);
    // Each is joined to each: 448 × 448 less 316 × 316 are 100,848.
    await expectCodeAsync(async () => insert(316, 448), 'ERR_RUNTIME_PROJECTION_SIZE');
    await insert(316, 317);
    expect(ask(tenant, 'SELECT n FROM pairs')).toEqual([`[${317 * 317}]`]);
    // Made anew over what is there, it is one batch, whatever its rows are joined of.
    await execute(tenant, 'DROP PROJECTION pairs');
    await execute(
      tenant,
      'CREATE PROJECTION pairs AS SELECT COUNT(*) AS n FROM t a JOIN t b ON a.k = b.k',
    );
    expect(ask(tenant, 'SELECT n FROM pairs')).toEqual([`[${317 * 317}]`]);
    tenant.close();
    expect(failed(check(filesOf(machine.disk)))).toEqual([]);
  }, 120_000);

  it('is none where it changes what no projection uses', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE wards (id INTEGER PRIMARY KEY, name TEXT, cleaned TEXT, rate DECIMAL)',
      'CREATE TABLE stays (id INTEGER PRIMARY KEY, ward INTEGER, note TEXT)',
      "INSERT INTO wards VALUES (1, 'north', 'never', 1.5)",
      'CREATE PROJECTION p AS SELECT w.name, SUM(w.rate) AS rates FROM stays s JOIN wards w ON w.id = s.ward GROUP BY w.name',
      "INSERT INTO stays VALUES (1, 1, 'x'), (2, 1, 'y')",
    );
    const versionCount = (): number => {
      const snapshot = tenant.snapshot();
      const table = snapshot.projection('p')?.bound.table;
      assert(table !== undefined, 'no projection');
      return snapshot.versions(table).length;
    };
    const before = versionCount();
    await execute(tenant, "UPDATE wards SET cleaned = 'today'");
    await execute(tenant, "UPDATE stays SET note = 'z'");
    expect(versionCount()).toBe(before);
    // As much, in other digits: what it comes to has them too.
    await execute(tenant, 'UPDATE wards SET rate = 1.50');
    expect(versionCount()).toBe(before + 1);
    expect(read(tenant.snapshot(), 'SELECT rates FROM p')).toEqual([[parseDecimal('3.00')]]);
    reopened(machine, tenant).close();
  });

  it('is refused where a key is longer than one may be', async () => {
    const { tenant } = await open(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT, g TEXT, m TEXT)',
      'CREATE TABLE u (id INTEGER PRIMARY KEY, k TEXT)',
      'CREATE PROJECTION p AS SELECT t.id FROM t JOIN u ON t.k = u.k',
      'CREATE PROJECTION q AS SELECT g, MAX(m) AS most FROM t GROUP BY g',
    );
    const long = `'${'x'.repeat(2000)}'`;
    for (const values of [`${long}, 'a', 'b'`, `'a', ${long}, 'b'`, `'a', 'b', ${long}`]) {
      await expectCodeAsync(
        async () => execute(tenant, `INSERT INTO t VALUES (1, ${values})`),
        'ERR_STORE_KEY_SIZE',
      );
    }
    await execute(tenant, "INSERT INTO t VALUES (1, 'a', 'b', 'c')");
    expect(ask(tenant, 'SELECT * FROM q')).toEqual(['["b","c"]']);
    tenant.close();
  });
});

describe('an erasure', () => {
  it('takes a row out of what it was joined and counted in, now and in every past', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE wards (id INTEGER PRIMARY KEY, name TEXT)',
      'CREATE TABLE stays (id INTEGER PRIMARY KEY, ward INTEGER, who TEXT NOT NULL, days INTEGER, DATA SUBJECT who)',
      "INSERT INTO wards VALUES (1, 'north'), (2, 'south')",
      "INSERT INTO stays VALUES (1, 1, 'ann', 9), (2, 1, 'ben', 4), (3, 2, 'ann', 5)",
      'CREATE PROJECTION days AS SELECT w.name, COUNT(s.id) AS n, SUM(s.days) AS total, MAX(s.days) AS most FROM wards w LEFT JOIN stays s ON s.ward = w.id GROUP BY w.name',
      'CREATE PROJECTION who AS SELECT s.who, w.name FROM stays s JOIN wards w ON w.id = s.ward',
    );
    const { head } = tenant;
    expect(ask(tenant, 'SELECT * FROM days')).toEqual(['["north",2,13,9]', '["south",1,5,5]']);
    await tenant.erase('ann', REASON);
    const without = ['["north",1,4,4]', '["south",0,null,null]'];
    for (const each of [tenant, reopened(machine, tenant)]) {
      if (each === tenant) continue;
      expect(ask(each, 'SELECT * FROM days')).toEqual(without);
      expect(ask(each, `SELECT * FROM days AS OF POSITION ${head}`)).toEqual(without);
      expect(ask(each, `SELECT * FROM who AS OF POSITION ${head}`)).toEqual(['["ben","north"]']);
      // The table says that there was somebody; what was made of it does not.
      const snapshot = each.snapshot(head);
      const table = snapshot.table('stays');
      assert(table !== undefined, 'no table');
      const erased = Array.from(snapshot.scan(table, { kind: 'scan' })).filter((row) => row.erased);
      expect(erased.length).toBe(2);
      // Who comes back is counted again.
      await execute(each, "INSERT INTO stays VALUES (9, 2, 'ann', 1)");
      expect(ask(each, 'SELECT * FROM days')).toEqual(['["north",1,4,4]', '["south",1,1,1]']);
      expectRecomputed(each);
      each.close();
    }
  });

  it('leaves NULL where nothing can be calculated any more', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE a (id INTEGER PRIMARY KEY, long TEXT)',
      'CREATE TABLE b (a INTEGER PRIMARY KEY, who TEXT NOT NULL, n INTEGER, d DECIMAL, DATA SUBJECT who)',
      `INSERT INTO a VALUES (1, '${'x'.repeat(2000)}'), (2, 'y')`,
      "INSERT INTO b VALUES (1, 'ann', 5, 1), (2, 'ben', 4, 1)",
      'CREATE PROJECTION p AS SELECT a.id, 20 / COALESCE(b.n, 0) AS share FROM a LEFT JOIN b ON b.a = a.id',
      'CREATE PROJECTION s AS SELECT SUM(d) AS total FROM b',
      // No longer a key: of nobody's text there is one.
      "CREATE PROJECTION g AS SELECT COUNT(*) AS n, MIN(CASE WHEN b.a IS NULL THEN a.long ELSE 'z' END) AS least FROM a LEFT JOIN b ON b.a = a.id GROUP BY CASE WHEN b.a IS NULL THEN a.long ELSE 'k' END",
      `INSERT INTO b VALUES (3, 'ann', 1, -5), (4, 'ben', 1, ${'9'.repeat(38)})`,
    );
    const { head } = tenant;
    expect(ask(tenant, 'SELECT * FROM p')).toEqual(['[1,4]', '[2,5]']);
    await tenant.erase('ann', REASON);
    const expectNulls = (one: Tenant): void => {
      for (const at of ['', ` AS OF POSITION ${head}`]) {
        expect(ask(one, `SELECT * FROM p${at}`)).toEqual(['[1,null]', '[2,5]']);
        expect(ask(one, `SELECT * FROM s${at}`)).toEqual(['[null]']);
        expect(ask(one, `SELECT * FROM g${at}`)).toEqual(['[1,"z"]', '[1,null]']);
      }
    };
    expectNulls(tenant);
    const again = reopened(machine, tenant);
    expectNulls(again);
    // It goes on: what can be calculated again is.
    await execute(again, "INSERT INTO b VALUES (1, 'cy', 10, -7)");
    expect(ask(again, 'SELECT * FROM p')).toEqual(['[1,2]', '[2,5]']);
    again.close();
  });
});

describe('the past of a projection', () => {
  it('is read by position, by time and by version, also behind its end', async () => {
    const { machine, tenant } = await open(
      'CREATE TABLE t (id INTEGER PRIMARY KEY, g TEXT)',
      "INSERT INTO t VALUES (1, 'a'), (2, NULL)",
    );
    const { offset: made } = await execute(
      tenant,
      'CREATE PROJECTION p AS SELECT g, COUNT(*) AS n FROM t GROUP BY g',
    );
    const { offset: written, timestamp } = await execute(tenant, "INSERT INTO t VALUES (3, 'a')");
    await execute(tenant, 'DELETE FROM t WHERE id = 2');
    const { offset: dropped } = await execute(tenant, 'DROP PROJECTION p');
    const { offset: remade } = await execute(
      tenant,
      'CREATE PROJECTION p AS SELECT g, COUNT(*) AS n FROM t GROUP BY g',
    );
    machine.clock.advance(1_000_000_000n);
    const expectPast = async (one: Tenant): Promise<void> => {
      expect(ask(one, `SELECT * FROM p AS OF POSITION ${made}`)).toEqual(['["a",1]', '[null,1]']);
      expect(ask(one, `SELECT * FROM p AS OF POSITION ${written}`)).toEqual([
        '["a",2]',
        '[null,1]',
      ]);
      expect(ask(one, 'SELECT n FROM p')).toEqual(['[2]']);
      for (const gone of [made - 1, dropped]) {
        await expectCodeAsync(
          async () => ask(one, `SELECT * FROM p AS OF POSITION ${gone}`),
          'ERR_QUERY_UNKNOWN_TABLE',
        );
      }
      const at = new Date(Number(timestamp / 1_000_000n)).toISOString();
      expect(ask(one, `SELECT n FROM p AS OF TIMESTAMP '${at}' WHERE g = 'a'`).length).toBe(1);
      expect(remade).toBeGreaterThan(dropped);
      const between = (from: number, to: number): readonly string[] =>
        versions(one, `SELECT * FROM DIFF OF p BETWEEN POSITION ${from} AND ${to}`);
      // A group of NULLs has a key as others have.
      expect(between(made, dropped - 1)).toEqual(['["a",2,"update"]', '[null,1,"delete"]']);
      // Made again it is another one: all of it came.
      expect(between(made, remade)).toEqual(['["a",2,"insert"]']);
      expect(versions(one, 'SELECT g, n, valid_from FROM HISTORY OF p')).toEqual([
        `["a",2,${remade}]`,
      ]);
    };
    await expectPast(tenant);
    const again = reopened(machine, tenant);
    await expectPast(again);
    expectRecomputed(again);
    again.close();
  });
});

describe('a loss of power', () => {
  /** Returns whether all was done before the disk failed. */
  async function crashAt(call: number): Promise<boolean> {
    const disk = new SimDisk();
    const machine = machineOf(disk, new NonceWatch(nativeCrypto).crypto);
    let isDone = false;
    disk.failAfter(call);
    try {
      const tenant = openTenant(machine);
      for (const sql of [
        'CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER)',
        'CREATE TABLE b (id INTEGER PRIMARY KEY, k INTEGER, who TEXT NOT NULL, DATA SUBJECT who)',
        "INSERT INTO b VALUES (1, 1, 'ann'), (2, 1, 'ben')",
        'CREATE PROJECTION p AS SELECT a.id, b.who FROM a LEFT JOIN b ON b.k = a.k',
        'CREATE PROJECTION q AS SELECT b.who, COUNT(*) AS n, MAX(a.id) AS last FROM a JOIN b ON b.k = a.k GROUP BY b.who',
        'INSERT INTO a VALUES (1, 1), (2, NULL), (3, 1)',
        'UPDATE a SET k = 2 WHERE id = 3',
      ]) {
        await execute(tenant, sql);
      }
      tenant.checkpoint();
      await execute(tenant, 'DELETE FROM b WHERE id = 2');
      await tenant.erase('ann', REASON);
      await execute(tenant, "INSERT INTO b VALUES (3, 2, 'cy')");
      tenant.close();
      isDone = true;
    } catch (error) {
      if (!(error instanceof VerityError)) expect((error as { code: string }).code).toBe('EIO');
    }
    disk.crash(call * 5);
    const tenant = openTenant(machine);
    proveLog(tenant);
    expectRecomputed(tenant);
    if (tenant.snapshot().table('a') !== undefined) {
      await execute(tenant, 'INSERT INTO a VALUES (7, 2), (8, 1)');
      expectRecomputed(tenant);
    }
    tenant.close();
    expect(failed(check(filesOf(disk)))).toEqual([]);
    return isDone;
  }

  it('at any call of the disk leaves projections that are what their SELECT answers', async () => {
    let call = 1;
    while (!(await crashAt(call))) call += 1;
    expect(call).toBeGreaterThan(40);
  }, 240_000);
});
