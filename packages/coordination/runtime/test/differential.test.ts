/**
 * Random statements, answered by this database and by SQLite; and what must hold of any answer: rows that
 * make a condition true, false and unknown are all the rows (TLP: Rigger and Su, "Finding bugs in database
 * systems via query partitioning", OOPSLA 2020).
 *
 * 2,000 queries; as many as VERITYDB_DIFFERENTIAL_QUERIES says.
 */

import { bindSelect, executeSelect, parseStatement, planSelect, relationOf } from '@veritydb/query';
import { SimDisk } from '@veritydb/sim';
import { type Value, VerityError, assert, formatDecimal } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import type { Tenant } from '../src/index.ts';
import { Sqlite } from './differential/sqlite.ts';
import { Statements } from './differential/statements.ts';
import { execute, machineOf, openTenant } from './tenant-house.ts';

const QUERIES = Number(process.env['VERITYDB_DIFFERENTIAL_QUERIES'] ?? 2000);
const SEED = Number(process.env['VERITYDB_DIFFERENTIAL_SEED'] ?? 1);
const QUERIES_PER_TABLE = 50;

/** Rows as both write them: truth as 1 and 0, numbers to twelve places. */
function lineOf(values: readonly unknown[]): string {
  return JSON.stringify(
    values.map((value) => {
      if (typeof value === 'boolean') return value ? 1 : 0;
      const number =
        typeof value === 'object' && value !== null
          ? Number(formatDecimal(value as Exclude<Value, null> & object as never))
          : value;
      if (typeof number === 'bigint') return Number(number);
      return typeof number === 'number' ? Number(number.toPrecision(12)) : number;
    }),
  );
}

function answer(tenant: Tenant, sql: string): readonly string[] {
  const statement = parseStatement(sql);
  assert(statement.kind === 'select', 'not a SELECT');
  const snapshot = tenant.snapshot();
  const table = snapshot.table('t');
  assert(table !== undefined, 'no table');
  const plan = planSelect(bindSelect(statement, relationOf(table), []));
  const { rows } = executeSelect(plan, snapshot.scan(table, plan.access), {
    rowsMax: 100_000,
    isAsPlanned: true,
  });
  return rows.map(({ values }) => lineOf(values));
}

/** Beyond the bounds of this dialect, which SQLite does not have. */
function isTooDeep(sql: string): boolean {
  try {
    parseStatement(sql);
    return false;
  } catch (error) {
    if (error instanceof VerityError && error.code === 'ERR_QUERY_LIMIT') return true;
    throw error;
  }
}

/** Whether it was refused; anything but a coded error fails the test. */
async function isRefused(tenant: Tenant, sql: string): Promise<boolean> {
  try {
    await execute(tenant, sql);
    return false;
  } catch (error) {
    if (error instanceof VerityError && error.kind !== 'assertion') return true;
    throw error;
  }
}

class Case {
  readonly tenant: Tenant = openTenant(machineOf(new SimDisk()));
  readonly sqlite = new Sqlite();
  readonly statements: Statements;
  readonly #seed: number;
  readonly log: string[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.statements = new Statements(seed);
  }

  /** Whether both took it. */
  async write(sql: string): Promise<boolean> {
    if (isTooDeep(sql)) return false;
    this.log.push(sql);
    const ours = await isRefused(this.tenant, sql);
    const theirs = this.sqlite.run(sql) === null;
    expect({ seed: this.#seed, sql, log: this.log, refused: ours }).toEqual({
      seed: this.#seed,
      sql,
      log: this.log,
      refused: theirs,
    });
    return !ours;
  }

  compare(sql: string, isOrdered: boolean): readonly string[] {
    const theirs = this.sqlite.run(sql);
    assert(theirs !== null, `SQLite refuses ${sql}`);
    const ours = answer(this.tenant, sql);
    const lines = theirs.map(lineOf);
    expect({ seed: this.#seed, sql, rows: isOrdered ? ours : ours.toSorted() }).toEqual({
      seed: this.#seed,
      sql,
      rows: isOrdered ? lines : lines.toSorted(),
    });
    return ours;
  }

  partition(where: string): void {
    const all = this.compare('SELECT * FROM t', false).toSorted();
    const parts = [where, `NOT (${where})`, `(${where}) IS NULL`].flatMap((part) =>
      answer(this.tenant, `SELECT * FROM t WHERE ${part}`),
    );
    expect({ seed: this.#seed, where, rows: parts.toSorted() }).toEqual({
      seed: this.#seed,
      where,
      rows: all,
    });
  }

  close(): void {
    this.tenant.close();
    this.sqlite.close();
  }
}

describe('S016 S220 S221 S222 S223 S224 S225: answers', () => {
  it(
    'are those of SQLite, whatever is written, asked and indexed',
    async () => {
      let asked = 0;
      let rows = 0;
      for (let seed = SEED; asked < QUERIES; seed += 1) {
        const one = new Case(seed);
        for (const sql of one.statements.schema()) await one.write(sql);
        for (let count = 0; count < 25; count += 1) await one.write(one.statements.write());
        for (let count = 0; count < QUERIES_PER_TABLE; count += 1, asked += 1) {
          if (count % 10 === 9) await one.write(one.statements.write());
          if (count === 20) await one.write(one.statements.index());
          if (count % 15 === 5) {
            const sql = one.statements.alter();
            if (await one.write(sql)) one.statements.altered(sql);
          }
          if (count === 30) {
            const sql = one.statements.dropIndex();
            if (sql !== undefined) await one.write(sql);
          }
          const where = one.statements.condition(2);
          const { sql, isOrdered } = one.statements.query(where);
          if (isTooDeep(`SELECT * FROM t WHERE NOT (${where})`) || isTooDeep(sql)) continue;
          rows += one.compare(sql, isOrdered).length;
          if (count % 5 === 0) one.partition(where);
        }
        one.close();
      }
      process.stdout.write(`differential: ${asked} queries, ${rows} rows, as SQLite answers\n`);
      expect(rows).toBeGreaterThan(asked);
    },
    60_000 + QUERIES * 30,
  );
});
