/** Statements that write: together or not at all, seen by each other, and read anew where another came first. */

import { parseStatement } from '@veritydb/query';
import { SimDisk } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import { assert, parseIdempotencyId } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Tenant, type WriteStep, executeWrite } from '../src/index.ts';
import { execute, machineOf, openTenant, textOf } from './tenant-house.ts';

let tenant: Tenant;

beforeEach(async () => {
  tenant = openTenant(machineOf(new SimDisk()));
  await execute(
    tenant,
    'CREATE TABLE t (k INTEGER PRIMARY KEY, u TEXT UNIQUE, n INTEGER DEFAULT 0 CHECK (n < 100))',
  );
});
afterEach(() => {
  tenant.close();
});

function step(sql: string): WriteStep {
  const statement = parseStatement(sql);
  assert(statement.kind !== 'select' && statement.kind !== 'explain', 'a test writes');
  return { statement, parameters: [] };
}

async function batch(...sql: readonly string[]) {
  return executeWrite(tenant, { steps: sql.map(step), idempotencyId: null });
}

function rows(): readonly string[] {
  const snapshot = tenant.snapshot();
  const table = snapshot.table('t');
  assert(table !== undefined, 'no table');
  return Array.from(snapshot.scan(table, { kind: 'scan' }), ({ values }) => textOf(values));
}

describe('a batch', () => {
  it('is one record, and each statement sees those before it', async () => {
    const { offset, written } = await batch(
      "INSERT INTO t (k, u) VALUES (1, 'a'), (2, 'b')",
      'UPDATE t SET n = n + k WHERE u IS NOT NULL RETURNING n',
      'DELETE FROM t WHERE n = 2',
      "INSERT INTO t VALUES (2, 'c', 9)",
      "INSERT INTO t VALUES (1, 'z', 1) ON CONFLICT (k) DO UPDATE SET n = t.n + 10",
    );
    expect(written.map(({ changed }) => changed)).toEqual([2, 2, 1, 1, 1]);
    expect(written[1]?.returned?.rows).toEqual([[1], [2]]);
    expect(rows()).toEqual(['1 a 11', '2 c 9']);
    expect(tenant.head).toBe(offset);
    // What was inserted and changed is inserted as it is in the end.
    expect(tenant.openRecord(offset).event.changes.map(({ event }) => event)).toEqual([
      'insert',
      'insert',
    ]);
  });

  it('is refused where it inserts and deletes a row whose key is taken', async () => {
    await batch("INSERT INTO t (k, u) VALUES (1, 'a')");
    const again = ["INSERT INTO t (k, u) VALUES (1, 'z')", 'DELETE FROM t WHERE k = 1'];
    await expectCodeAsync(async () => batch(...again), 'ERR_KERNEL_KEY_EXISTS');
    const moved = ["INSERT INTO t (k, u) VALUES (1, 'z')", 'UPDATE t SET k = 2 WHERE k = 1'];
    await expectCodeAsync(async () => batch(...moved), 'ERR_KERNEL_KEY_EXISTS');
    expect(rows()).toEqual(['1 a 0']);
    // Sent again, what was free the first time is not taken by itself.
    const once = {
      steps: [
        'DELETE FROM t',
        "INSERT INTO t (k, u) VALUES (1, 'b')",
        'DELETE FROM t WHERE k = 1',
        "INSERT INTO t (k, u) VALUES (1, 'c')",
      ].map(step),
      idempotencyId: parseIdempotencyId('00112233445566778899aabbccddeeff'),
    };
    const first = await executeWrite(tenant, once);
    expect(await executeWrite(tenant, once)).toMatchObject({
      offset: first.offset,
      duplicate: true,
    });
    expect(rows()).toEqual(['1 c 0']);
  });

  it.each([
    ['a check', 'UPDATE t SET n = 100 WHERE k = 1', 'ERR_KERNEL_CHECK'],
    ['a unique column', "INSERT INTO t (k, u) VALUES (9, 'b')", 'ERR_KERNEL_UNIQUE'],
    ['a key', "INSERT INTO t (k, u) VALUES (2, 'q')", 'ERR_KERNEL_KEY_EXISTS'],
    ['a key of the batch', "INSERT INTO t (k, u) VALUES (3, 'q')", 'ERR_KERNEL_KEY_EXISTS'],
    ['a statement of the catalogue', 'DROP TABLE t', 'ERR_RUNTIME_BATCH'],
    ['an expression', 'UPDATE t SET n = 1 / (k - 1)', 'ERR_QUERY_DIVISION'],
  ])('that %s refuses writes nothing', async (_, sql, code) => {
    await batch("INSERT INTO t (k, u) VALUES (1, 'a'), (2, 'b')");
    const { head } = tenant;
    await expectCodeAsync(async () => batch("INSERT INTO t (k, u) VALUES (3, 'x')", sql), code);
    expect(rows()).toEqual(['1 a 0', '2 b 0']);
    expect(tenant.head).toBe(head);
  });

  it('leaves no row where it deletes what it inserted', async () => {
    await batch("INSERT INTO t (k, u) VALUES (1, 'a')", 'DELETE FROM t');
    expect(rows()).toEqual([]);
    await batch("INSERT INTO t (k, u) VALUES (1, 'a')");
    expect(rows()).toEqual(['1 a 0']);
  });
});

describe('a request that is sent again', () => {
  const idempotencyId = parseIdempotencyId('00112233445566778899aabbccddeeff');

  it.each([
    ['UPDATE t SET n = n + 1 WHERE n < 5 RETURNING k, n', [[1, 2]]],
    ['DELETE FROM t RETURNING k, u', [[1, 'a']]],
    [
      "INSERT INTO t VALUES (1, 'a', 9), (2, 'b', 9) ON CONFLICT (k) DO UPDATE SET n = t.n + 1 RETURNING k, n",
      [
        [1, 2],
        [2, 9],
      ],
    ],
  ])('is known again: %s', async (sql, returned) => {
    await batch("INSERT INTO t VALUES (1, 'a', 1)");
    const request = { steps: [step(sql)], idempotencyId };
    const first = await executeWrite(tenant, request);
    expect(first.written[0]?.returned?.rows).toEqual(returned);
    const after = rows();
    await batch("INSERT INTO t VALUES (7, 'z', 1)");
    const { duplicate, ...again } = await executeWrite(tenant, request);
    expect([first.duplicate, duplicate]).toEqual([false, true]);
    expect(again).toEqual({ ...again, offset: first.offset, written: first.written });
    expect(rows()).toEqual([...after, '7 z 1']);
    await expectCodeAsync(
      async () => executeWrite(tenant, { steps: [step('UPDATE t SET n = 50')], idempotencyId }),
      'ERR_KERNEL_IDEMPOTENCY',
    );
  });
});

describe('ON CONFLICT', () => {
  it('decides anew when another row comes first', async () => {
    const upsert = "INSERT INTO t VALUES (1, 'a', 1) ON CONFLICT (k) DO UPDATE SET n = t.n + 1";
    await Promise.all(Array.from({ length: 5 }, async () => batch(upsert)));
    expect(rows()).toEqual(['1 a 5']);
  });

  it('finds a row by any column that is unique', async () => {
    await batch("INSERT INTO t VALUES (1, 'a', 1)");
    const insert = "INSERT INTO t VALUES (2, 'a', 1), (2, 'b', 1), (2, 'c', 1)";
    expect((await batch(`${insert} ON CONFLICT DO NOTHING`)).written[0]?.changed).toBe(1);
    await expectCodeAsync(
      async () => batch("INSERT INTO t VALUES (3, 'a', 1) ON CONFLICT (k) DO NOTHING"),
      'ERR_KERNEL_UNIQUE',
    );
    expect(rows()).toEqual(['1 a 1', '2 b 1']);
  });
});
