/**
 * Projections against two twins: the same SELECT recomputed from nothing, and SQLite. Random projections over
 * three tables, one of them of data subjects; rows that come, change, go and trade keys in one command; NULLs
 * in columns that are joined; erasures; restarts with and without the store. After each step, and in the end
 * as of every position, a projection is what its SELECT answers.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { parseStatement } from '@veritydb/query';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { VerityError, assert } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Tenant, executeWrite } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import { Sqlite } from './differential/sqlite.ts';
import { linesInOrder, linesOf, read, recomputed } from './projection-house.ts';
import { type Machine, execute, machineOf, openTenant, proveLog } from './tenant-house.ts';

const REASON = { legalBasis: 'GDPR Article 17(1)(b)', approvals: ['data protection officer'] };

/**
 * Keys of one column and of two, one that is no number, columns to join that may be NULL; and two tables that
 * were altered when rows were there.
 */
const SCHEMA = [
  'CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, who TEXT NOT NULL, k INTEGER, t TEXT, x DECIMAL, DATA SUBJECT who)',
  'CREATE TABLE b (p INTEGER NOT NULL, q TEXT NOT NULL, k INTEGER, PRIMARY KEY (p, q))',
  "INSERT INTO b VALUES (1, 'u', 1), (2, 'v', NULL)",
  'ALTER TABLE b ADD COLUMN n INTEGER DEFAULT 7',
  'CREATE TABLE c (t TEXT NOT NULL PRIMARY KEY, old TEXT, k INTEGER, n INTEGER)',
  "INSERT INTO c VALUES ('u', 'x', 1, 2), ('w', 'y', NULL, 3)",
  'ALTER TABLE c DROP COLUMN old',
];
const FOR_SQLITE = SCHEMA.map((sql) =>
  sql.replace(', DATA SUBJECT who', '').replace('DECIMAL', 'REAL'),
);

const small = fc.integer({ min: 0, max: 3 });
const maybe = <Item>(some: fc.Arbitrary<Item>): fc.Arbitrary<string> =>
  fc.option(some, { freq: 4, nil: null }).map((value) => (value === null ? 'NULL' : String(value)));
const word = fc.constantFrom("'u'", "'v'", "'w'");
const decimal = fc.constantFrom('1', '1.5', '1.50', '-0.25', '2.00', '10.125');

const rowOf = {
  a: fc.tuple(
    small,
    fc.constantFrom("'ann'", "'ben'", "'cy'"),
    maybe(small),
    maybe(word),
    maybe(decimal),
  ),
  b: fc.tuple(small, word, maybe(small), maybe(fc.integer({ min: -5, max: 50 }))),
  c: fc.tuple(word, maybe(small), maybe(small)),
} as const;

const insert = fc.oneof(
  rowOf.a.map((row) => `INSERT INTO a VALUES (${row.join()})`),
  rowOf.b.map((row) => `INSERT INTO b VALUES (${row.join()})`),
  rowOf.c.map((row) => `INSERT INTO c VALUES (${row.join()})`),
);
const upsert = fc.oneof(
  rowOf.a.map(
    (row) =>
      `INSERT INTO a VALUES (${row.join()}) ON CONFLICT (id) DO UPDATE SET k = excluded.k, x = excluded.x, who = excluded.who`,
  ),
  rowOf.b.map(
    (row) =>
      `INSERT INTO b VALUES (${row.join()}) ON CONFLICT (p, q) DO UPDATE SET k = excluded.k, n = excluded.n`,
  ),
);
const update = fc.oneof(
  fc
    .tuple(maybe(small), maybe(word), small)
    .map(([k, t, id]) => `UPDATE a SET k = ${k}, t = ${t} WHERE id >= ${id}`),
  fc
    .tuple(maybe(small), maybe(small), word)
    .map(([k, n, q]) => `UPDATE b SET k = ${k}, n = ${n} WHERE q = ${q}`),
  fc
    .tuple(maybe(small), small)
    .map(([n, k]) => `UPDATE c SET n = ${n}, k = COALESCE(k, 0) + 1 WHERE k IS NULL OR k <> ${k}`),
);
const remove = fc.oneof(
  small.map((id) => `DELETE FROM a WHERE id = ${id}`),
  fc.tuple(small, word).map(([p, q]) => `DELETE FROM b WHERE p = ${p} OR q < ${q}`),
  word.map((t) => `DELETE FROM c WHERE t = ${t}`),
);
/** A key that goes and comes in one command. */
const replace = fc.oneof(
  rowOf.a.map((row) => [
    `DELETE FROM a WHERE id = ${row[0]}`,
    `INSERT INTO a VALUES (${row.join()})`,
  ]),
  rowOf.b.map((row) => [
    `DELETE FROM b WHERE p = ${row[0]} AND q = ${row[1]}`,
    `INSERT INTO b VALUES (${row.join()})`,
  ]),
);
/** One command. What a plain INSERT meets is the kernel's to say, so it is one alone. */
const write = fc.oneof(
  { weight: 4, arbitrary: insert.map((sql) => [sql]) },
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.oneof(
          replace,
          upsert.map((sql) => [sql]),
          update.map((sql) => [sql]),
          remove.map((sql) => [sql]),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.flat()),
  },
);

const join = fc.constantFrom('JOIN', 'INNER JOIN', 'LEFT JOIN', 'LEFT OUTER JOIN');
const tables = fc.oneof(
  fc.constant({ from: 'a', has: 'a' }),
  fc
    .tuple(
      join,
      fc.constantFrom(
        'a.k = b.k',
        'b.p = a.id',
        'a.id = b.p AND b.q = a.t',
        'a.k = b.p AND b.n > a.id',
      ),
    )
    .map(([kind, on]) => ({ from: `a ${kind} b ON ${on}`, has: 'ab' })),
  fc
    .tuple(join, fc.constantFrom('b.k = a.k', 'a.id = b.k AND COALESCE(a.k, 1) > 0'))
    .map(([kind, on]) => ({ from: `b ${kind} a ON ${on}`, has: 'ab' })),
  fc
    .tuple(
      join,
      join,
      fc.constantFrom('c.t = a.t', 'c.k = b.k AND c.t = a.t', 'b.q = c.t', 'c.k = a.k'),
    )
    .map(([one, two, on]) => ({ from: `a ${one} b ON a.k = b.k ${two} c ON ${on}`, has: 'abc' })),
  join.map((kind) => ({ from: `a ${kind} a AS b ON a.k = b.id`, has: 'aa' })),
);

const projection = tables.chain(({ from, has }) => {
  const numbers = [
    'a.id',
    'a.k',
    'a.x',
    ...(has.includes('b') ? ['b.n', 'b.p'] : []),
    ...(has === 'aa' ? ['b.k'] : []),
    ...(has.includes('c') ? ['c.n'] : []),
  ];
  const texts = ['a.t', 'a.who', ...(has.includes('b') ? ['b.q'] : [])];
  const number = fc.oneof(
    fc.constantFrom(...numbers),
    fc.constantFrom(...numbers).map((each) => `COALESCE(${each}, 0) + 1`),
  );
  const value = fc.oneof(
    number,
    fc.constantFrom(...texts),
    fc.constantFrom(...numbers).map((each) => `CASE WHEN ${each} > 1 THEN 'many' ELSE 'few' END`),
  );
  const aggregate = fc.oneof(
    fc.constant('COUNT(*)'),
    value.map((each) => `COUNT(${each})`),
    fc
      .tuple(fc.constantFrom('SUM', 'AVG', 'MIN', 'MAX'), number)
      .map(([name, each]) => `${name}(${each})`),
    fc
      .tuple(fc.constantFrom('MIN', 'MAX'), fc.constantFrom(...texts))
      .map(([name, each]) => `${name}(${each})`),
  );
  const where = fc.constantFrom(
    '',
    '',
    ` WHERE ${numbers.at(-1)} IS NULL OR ${numbers.at(-1)} <> 2`,
    ` WHERE a.id < 3 AND a.who <> 'cy'`,
  );
  const named = (items: readonly string[]): string =>
    items.map((item, index) => `${item} AS c${index}`).join(', ');
  const plain = fc
    .tuple(fc.array(value, { minLength: 1, maxLength: 3 }), where)
    .map(([items, condition]) => `SELECT ${named(items)} FROM ${from}${condition}`);
  const grouped = fc
    .tuple(
      fc.uniqueArray(value, { maxLength: 2 }),
      fc.array(aggregate, { minLength: 1, maxLength: 3 }),
      where,
      fc.boolean(),
    )
    .map(([keys, aggregates, condition, isShown]) => {
      const by = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
      return `SELECT ${named([...(isShown ? keys : []), ...aggregates])} FROM ${from}${condition}${by}`;
    });
  return fc.oneof(plain, grouped);
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      sql: write,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      name: fc.constantFrom('p', 'r'),
      select: projection,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('erase' as const),
      who: fc.constantFrom('ann', 'ben'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), isBare: fc.boolean() }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class Twins {
  readonly machine: Machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
  tenant: Tenant = openTenant(this.machine);
  readonly sqlite = new Sqlite();

  async open(): Promise<void> {
    for (const sql of SCHEMA) await execute(this.tenant, sql);
    for (const sql of FOR_SQLITE) this.sqlite.run(sql);
  }

  async take(each: Step): Promise<void> {
    if (each.kind === 'write') await this.write(each.sql);
    else if (each.kind === 'create') await this.create(each.name, each.select);
    else if (each.kind === 'erase') {
      await this.tenant.erase(each.who, REASON);
      this.sqlite.run(`DELETE FROM a WHERE who = '${each.who}'`);
    } else {
      this.tenant.close();
      if (each.isBare) this.machine.disk.remove('store.vdb');
      this.tenant = openTenant(this.machine);
    }
  }

  /** One command: all of them, or none. */
  async write(statements: readonly string[]): Promise<void> {
    const steps = statements.map((sql) => {
      const statement = parseStatement(sql);
      assert(statement.kind !== 'select' && statement.kind !== 'explain', 'reads');
      return { statement, parameters: [] };
    });
    try {
      await executeWrite(this.tenant, { steps, idempotencyId: null });
    } catch (error) {
      if (error instanceof VerityError && error.code === 'ERR_KERNEL_KEY_EXISTS') return;
      throw error;
    }
    for (const sql of statements) expect(this.sqlite.run(sql), sql).not.toBeNull();
  }

  async create(name: string, select: string): Promise<void> {
    if (this.tenant.snapshot().projection(name) !== undefined) {
      await execute(this.tenant, `DROP PROJECTION ${name}`);
      this.sqlite.run(`DROP VIEW ${name}`);
    }
    await execute(this.tenant, `CREATE PROJECTION ${name} AS ${select}`);
    expect(this.sqlite.run(`CREATE VIEW ${name} AS ${select}`), select).not.toBeNull();
  }

  checkNow(): void {
    const snapshot = this.tenant.snapshot();
    for (const name of snapshot.projectionNames()) {
      const text = snapshot.projection(name)?.text;
      const rows = linesOf(read(snapshot, `SELECT * FROM ${name}`));
      expect({ text, rows }).toEqual({
        text,
        rows: linesOf(this.sqlite.run(`SELECT * FROM ${name}`) ?? []),
      });
      this.#checkAsked(name);
    }
    this.checkAt(this.tenant.head);
  }

  /** Asked as tables are: by keys that may be NULL, from either end. */
  #checkAsked(name: string): void {
    for (const rest of [
      'ORDER BY c0 NULLS LAST LIMIT 5',
      'ORDER BY c0 DESC NULLS FIRST',
      'ORDER BY c0 DESC NULLS LAST LIMIT 2',
      'WHERE c0 IS NULL',
      'WHERE c0 = (SELECTED)',
      'WHERE c0 >= (SELECTED) ORDER BY c0 NULLS FIRST',
    ]) {
      const some = this.sqlite.run(`SELECT MAX(c0) FROM ${name}`)?.[0]?.[0];
      const literal = typeof some === 'string' ? `'${some}'` : String(some);
      if (rest.includes('SELECTED') && some === null) continue;
      const sql = `SELECT c0 FROM ${name} ${rest.replace('(SELECTED)', literal)}`;
      const rows = linesInOrder(read(this.tenant.snapshot(), sql));
      expect({ sql, rows }).toEqual({ sql, rows: linesInOrder(this.sqlite.run(sql) ?? []) });
    }
  }

  checkAt(position: number): void {
    const snapshot = this.tenant.snapshot(position);
    for (const name of snapshot.projectionNames()) {
      const known = snapshot.projection(name);
      assert(known !== undefined, 'a projection that is named is not there');
      const rows = linesOf(read(snapshot, `SELECT * FROM ${name}`));
      const expected = linesOf(recomputed(snapshot, known.bound));
      expect({ position, text: known.text, rows }).toEqual({
        position,
        text: known.text,
        rows: expected,
      });
    }
  }

  checkPast(): void {
    for (let position = 0; position <= this.tenant.head; position += 1) this.checkAt(position);
  }
}

describe('a projection', () => {
  it('S015 S017: is what its SELECT answers, after each write and as of each position', async () => {
    await fc.assert(
      fc.asyncProperty(
        projection,
        fc.array(step, { minLength: 5, maxLength: 25 }),
        async (first, steps) => {
          const twins = new Twins();
          await twins.open();
          await twins.create('p', first);
          for (const each of steps) {
            await twins.take(each);
            twins.checkNow();
          }
          twins.checkPast();
          proveLog(twins.tenant);
          twins.tenant.close();
          // The store that was kept up is, entry by entry, the one that the log makes anew.
          expect(failed(check(filesOf(twins.machine.disk)))).toEqual([]);
          twins.machine.disk.remove('store.vdb');
          twins.tenant = openTenant(twins.machine);
          twins.checkNow();
          twins.checkPast();
          twins.tenant.close();
          twins.sqlite.close();
        },
      ),
      { numRuns: 30 },
    );
  }, 120_000);
});
