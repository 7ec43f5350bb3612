/**
 * Erasures against a slow obvious twin: commands of several rows in several tables, rows that are deleted
 * and made again in one command, tables that are dropped and made again, restarts with and without the
 * store. As of every position the rows are those of a map, and what is about who was erased is `erased`.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { RowWrite } from '@veritydb/kernel';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { type TableSchema, assert } from '@veritydb/types';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import type { Snapshot, Tenant } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import { execute, machineOf, openTenant, proveLog, textOf } from './tenant-house.ts';

const REASON = { legalBasis: 'GDPR Article 17(1)(b)', approvals: ['data protection officer'] };
const TABLES = ['one', 'two'] as const;

const subjects = fc.constantFrom('a', 'b', 'c');
const tables = fc.constantFrom(...TABLES);
const change = fc.record({
  table: tables,
  id: fc.integer({ min: 1, max: 4 }),
  subject: subjects,
  kind: fc.constantFrom('put', 'remove', 'replace'),
});
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(change, { minLength: 1, maxLength: 5 }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('erase' as const), subject: subjects }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), table: tables }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), isBare: fc.boolean() }),
  },
);

/** Who each row is about, by `table id`. */
type Rows = Map<string, string>;

async function createTable(tenant: Tenant, name: string): Promise<void> {
  const columns =
    'id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, UNIQUE (name, id), DATA SUBJECT name';
  await execute(tenant, `CREATE TABLE ${name} (${columns})`);
}

function rowsAt(tenant: Tenant, position: number): readonly string[] {
  const snapshot = tenant.snapshot(position);
  return TABLES.flatMap((name) => {
    const table = snapshot.table(name);
    if (table === undefined) return [];
    const rows = Array.from(snapshot.scan(table, { kind: 'scan' }));
    expect(indexed(snapshot, table)).toEqual(
      rows.filter(({ erased }) => !erased).map(({ values }) => textOf(values)),
    );
    return rows.map(({ values, erased }) =>
      erased ? `${name} erased` : `${name} ${textOf(values)}`,
    );
  }).toSorted();
}

/** Rows by the index over their data subjects: no entry is of an erased one, in any past. */
function indexed(snapshot: Snapshot, table: TableSchema): readonly string[] {
  const [index] = table.indexes;
  assert(index !== undefined, 'the table has no index');
  const access = { kind: 'range', index, prefix: [] } as const;
  const inOrder = Array.from(snapshot.scan(table, { ...access, order: 'index' }), ({ values }) =>
    textOf([...values].toReversed()),
  );
  expect(inOrder).toEqual(inOrder.toSorted());
  return Array.from(snapshot.scan(table, access), ({ values }) => textOf(values));
}

/** The writes of one command, and in `rows` what they come to. */
function toWrites(tenant: Tenant, changes: readonly Change[], rows: Rows): readonly RowWrite[] {
  const snapshot = tenant.snapshot();
  const touched = new Set<string>();
  return changes.flatMap(({ id, kind, subject, table: name }): readonly RowWrite[] => {
    const key = `${name} ${id}`;
    const table = snapshot.table(name);
    if (table === undefined || touched.has(key)) return [];
    touched.add(key);
    const stored = snapshot.get(table, [id]);
    const row = { table: table.id, values: [id, subject] };
    if (kind === 'remove') rows.delete(key);
    else rows.set(key, subject);
    if (stored === undefined) return kind === 'remove' ? [] : [{ event: 'insert', ...row }];
    const { offset: expected, values } = stored;
    if (kind === 'put') return [{ event: 'update', ...row, expected }];
    const removal: RowWrite = { event: 'delete', table: table.id, values, expected };
    return kind === 'remove' ? [removal] : [removal, { event: 'insert', ...row }];
  });
}

/** Rows as of each position after a step that changed some. */
class Twin {
  readonly past = new Map<number, Rows>();
  rows: Rows = new Map();

  keep(from: number, to: number): void {
    for (let at = from; at <= to; at += 1) this.past.set(at, new Map(this.rows));
  }

  erase(subject: string): void {
    for (const [key, whose] of this.rows) if (whose === subject) this.rows.delete(key);
    for (const then of this.past.values()) {
      for (const [key, whose] of then) if (whose === subject) then.set(key, 'erased');
    }
  }

  drop(table: string): void {
    for (const key of this.rows.keys()) if (key.startsWith(table)) this.rows.delete(key);
  }

  check(tenant: Tenant): void {
    for (const [at, then] of this.past) {
      const expected = [...then].map(([key, whose]) =>
        whose === 'erased' ? `${key.split(' ')[0]} erased` : `${key} ${whose}`,
      );
      expect(rowsAt(tenant, at), `position ${at}`).toEqual(expected.toSorted());
    }
    proveLog(tenant);
  }
}

it('rows of erased data subjects are those of a twin, as of every position', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
      const twin = new Twin();
      let tenant = openTenant(machine);
      for (const name of TABLES) await createTable(tenant, name);
      for (const each of steps) {
        const from = tenant.head + 1;
        if (Array.isArray(each)) {
          const writes = toWrites(tenant, each, twin.rows);
          if (writes.length > 0) await tenant.submit({ kind: 'write', writes });
        } else if (each.kind === 'erase') {
          await tenant.erase(each.subject, REASON);
          twin.erase(each.subject);
        } else if (each.kind === 'drop') {
          await execute(tenant, `DROP TABLE ${each.table}`);
          await createTable(tenant, each.table);
          twin.drop(each.table);
        } else {
          tenant.close();
          if (each.isBare) machine.disk.remove('store.vdb');
          tenant = openTenant(machine);
        }
        twin.keep(from, tenant.head);
      }
      twin.check(tenant);
      tenant.close();
      machine.disk.remove('store.vdb');
      const last = openTenant(machine);
      twin.check(last);
      last.close();
      expect(failed(check(filesOf(machine.disk)))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
