/** What an application does with a tenant, in memory. */

import { expectCodeAsync } from '@veritydb/testkit';
import { parseIdempotencyId } from '@veritydb/types';
import { type Change, type TenantHandle, Verity } from '@veritydb/verity';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let verity: Verity;
let tenant: TenantHandle;

beforeEach(async () => {
  verity = Verity.inMemory();
  tenant = verity.tenant(1);
  await tenant.execute('CREATE TABLE t (k INTEGER PRIMARY KEY, n INTEGER NOT NULL)');
});
afterEach(() => {
  verity.close();
});

const ID = parseIdempotencyId('00112233445566778899aabbccddeeff');

describe('batches', () => {
  it('are all or nothing, and answer what RETURNING asks', async () => {
    const results = await tenant.batch([
      { sql: 'INSERT INTO t VALUES (?, ?), (2, 2) RETURNING k', parameters: [1, 10] },
      { sql: 'UPDATE t SET n = n + 1 RETURNING k, n' },
    ]);
    expect(results.map(({ changed, rows }) => [changed, rows])).toEqual([
      [2, [{ k: 1 }, { k: 2 }]],
      [
        2,
        [
          { k: 1, n: 11 },
          { k: 2, n: 3 },
        ],
      ],
    ]);
    expect(results[0]?.position).toBe(results[1]?.position);
    await expectCodeAsync(
      async () =>
        tenant.batch([{ sql: 'DELETE FROM t' }, { sql: 'INSERT INTO t VALUES (1, NULL)' }]),
      'ERR_KERNEL_NOT_NULL',
    );
    expect(await tenant.query('SELECT COUNT(*) AS n FROM t')).toEqual([{ n: 2n }]);
  });

  it('are found by their id', async () => {
    expect(tenant.committed(ID)).toBeUndefined();
    const [result] = await tenant.batch([{ sql: 'INSERT INTO t VALUES (1, 1)' }], ID);
    expect(tenant.committed(ID)).toBe(result?.position);
    const again = await tenant.execute('INSERT INTO t VALUES (1, 1)', [], ID);
    expect(again.position).toBe(result?.position);
  });
});

// S008
describe('consistency is chosen by who asks', () => {
  it('and is never less', async () => {
    const { position } = await tenant.execute('INSERT INTO t VALUES (1, 1)');
    for (const consistency of ['eventual', 'linearizable', { position }] as const) {
      expect(await tenant.query('SELECT n FROM t', [], { consistency })).toEqual([{ n: 1 }]);
    }
    await expectCodeAsync(
      async () => tenant.query('SELECT n FROM t', [], { consistency: { position: position + 1 } }),
      'ERR_RUNTIME_POSITION',
    );
  });
});

describe('a subscription', () => {
  async function follow(from: number, count: number): Promise<readonly Change[]> {
    const enough = new AbortController();
    const seen: Change[] = [];
    for await (const change of tenant.subscribe(from, enough.signal)) {
      seen.push(change);
      if (seen.length === count) enough.abort();
    }
    return seen;
  }

  it('has what was and what is still to come, each once, in order', async () => {
    await tenant.execute('INSERT INTO t VALUES (1, 1)');
    const following = follow(0, 3);
    await tenant.execute('UPDATE t SET n = 2');
    await tenant.execute('CREATE TABLE other (k INTEGER PRIMARY KEY)');
    await tenant.execute('DELETE FROM t');
    const changes = await following;
    expect(changes.map(({ rows }) => rows)).toEqual([
      [{ table: 't', event: 'insert', row: { k: 1, n: 1 } }],
      [{ table: 't', event: 'update', row: { k: 1, n: 2 } }],
      [{ table: 't', event: 'delete', row: { k: 1, n: null } }],
    ]);
    const positions = changes.map(({ position }) => position);
    expect(await follow(positions[1] as number, 2)).toEqual(changes.slice(1));
  });

  it('ends when it is told to, while it waits', async () => {
    const stop = new AbortController();
    const following = (async () => {
      for await (const change of tenant.subscribe(0, stop.signal)) expect(change).toBeUndefined();
    })();
    await tenant.query('SELECT * FROM t');
    stop.abort();
    await expect(following).resolves.toBeUndefined();
  });

  it('does not begin behind the end', async () => {
    await expectCodeAsync(async () => follow(99, 1), 'ERR_RUNTIME_POSITION');
  });
});

describe('a database in memory', () => {
  it('S227: keeps its tenants apart, while it is open', async () => {
    await tenant.execute('INSERT INTO t VALUES (1, 1)');
    expect(verity.tenant(1)).toBe(tenant);
    await expectCodeAsync(
      async () => verity.tenant(2).query('SELECT * FROM t'),
      'ERR_QUERY_UNKNOWN_TABLE',
    );
  });
});
