import type { Row } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type ExecuteOptions,
  type Relation,
  type ResultSet,
  bindSelect,
  executeSelect,
  parseStatement,
  planSelect,
  relationOf,
} from '../src/index.ts';
import { Engine, codeOf, schemaOfText } from './fixtures.ts';

const table = schemaOfText('CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER, s TEXT)');
interface Base {
  readonly values: Row;
  readonly offset: number;
}
const rows: readonly Base[] = [
  { values: [1, 30, 'b'], offset: 10 },
  { values: [2, null, 'a'], offset: 11 },
  { values: [3, 10, 'ä'], offset: 12 },
  { values: [4, 30, '😀'], offset: 13 },
  { values: [5, 20, '\uffee'], offset: 14 },
];

function run(
  text: string,
  options: Partial<ExecuteOptions> = {},
  source: Iterable<Base> = rows,
  relation: Relation = relationOf(table),
): ResultSet<Base> {
  const statement = parseStatement(text);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  const plan = planSelect(bindSelect(statement, relation, []));
  return executeSelect(plan, source, { rowsMax: 100, ...options });
}

const keys = (result: ResultSet<Base>): unknown[] => result.rows.map(({ values }) => values[0]);

// S049
describe('executeSelect', () => {
  it.each([
    ['ORDER BY v', [3, 5, 1, 4, 2]],
    ['ORDER BY v DESC', [2, 1, 4, 5, 3]],
    ['ORDER BY v NULLS FIRST', [2, 3, 5, 1, 4]],
    ['ORDER BY v DESC NULLS LAST', [1, 4, 5, 3, 2]],
    ['ORDER BY v, k DESC', [3, 5, 4, 1, 2]],
    ['ORDER BY v IS NULL DESC, -k', [2, 5, 4, 3, 1]],
    // By UTF-8 bytes: U+FFEE stands before U+1F600, though its UTF-16 unit is the larger.
    ['ORDER BY s', [2, 1, 3, 5, 4]],
    ['WHERE v > 10 ORDER BY v LIMIT 2', [5, 1]],
    ['LIMIT 2 OFFSET 1', [2, 3]],
    ['OFFSET 4', [5]],
    ['OFFSET 9', []],
    ['LIMIT 0', []],
    ['ORDER BY k DESC LIMIT 2 OFFSET 3', [2, 1]],
  ])('%s', (clauses, expected) => {
    expect(keys(run(`SELECT k FROM t ${clauses}`))).toEqual(expected);
  });

  it('keeps the base row of each row, and the columns it is made of', () => {
    const result = run('SELECT v + k AS x, s FROM t WHERE k = 3');
    expect(result.columns).toEqual([
      { name: 'x', type: 'integer', sources: [0, 1] },
      { name: 's', type: 'text', sources: [2] },
    ]);
    expect(result.rows).toEqual([{ values: [13, 'ä'], origin: rows[2] }]);
    expect(result.rows[0]?.origin).toBe(rows[2]);
  });

  it('counts', () => {
    expect(run('SELECT COUNT(*), COUNT(v) FROM t').rows).toEqual([
      { values: [5n, 4n], origin: null },
    ]);
    expect(run('SELECT COUNT(*) FROM t WHERE FALSE').rows).toEqual([
      { values: [0n], origin: null },
    ]);
    expect(run('SELECT COUNT(*) FROM t LIMIT 0').rows).toEqual([]);
    expect(run('SELECT COUNT(*) FROM t OFFSET 1').rows).toEqual([]);
    expect(run('SELECT COUNT(*) FROM t', { rowsMax: 1 }).truncated).toBe(false);
  });

  it('says when there is more than it may give', () => {
    for (const [text, rowsMax, count, truncated] of [
      ['SELECT k FROM t', 4, 4, true],
      ['SELECT k FROM t', 5, 5, false],
      ['SELECT k FROM t LIMIT 4', 4, 4, false],
      ['SELECT k FROM t LIMIT 5', 4, 4, true],
      ['SELECT k FROM t OFFSET 1', 4, 4, false],
      ['SELECT k FROM t ORDER BY v', 4, 4, true],
      ['SELECT k FROM t ORDER BY v LIMIT 3', 3, 3, false],
      ['SELECT k FROM t', 0, 0, true],
      ['SELECT k FROM t WHERE FALSE', 0, 0, false],
    ] as const) {
      const result = run(text, { rowsMax });
      expect([text, result.rows.length, result.truncated]).toEqual([text, count, truncated]);
    }
  });

  it('stops reading when it has enough', () => {
    let read = 0;
    function* source(): Generator<Base> {
      for (const row of rows) {
        read += 1;
        yield row;
      }
    }
    const reads = (text: string, rowsMax = 100): number => {
      read = 0;
      run(text, { rowsMax }, source());
      return read;
    };
    expect(reads('SELECT k FROM t LIMIT 1 OFFSET 1')).toBe(2);
    expect(reads('SELECT k FROM t WHERE v = 30 LIMIT 1')).toBe(1);
    expect(reads('SELECT k FROM t', 2)).toBe(3);
    expect(reads('SELECT k FROM t LIMIT 0')).toBe(0);
    expect(reads('SELECT k FROM t ORDER BY k LIMIT 1')).toBe(5);
  });

  it('filters the base row, then shows everything else the view', () => {
    const relation: Relation = {
      name: 't',
      statistics: 'count',
      table,
      columns: [
        { name: 'band', type: 'text', notNull: false, source: 1, exact: false, operations: 'all' },
        { name: 'k', type: 'integer', notNull: true, source: 0, exact: true, operations: 'all' },
      ],
    };
    const seen: Row[] = [];
    const options: Partial<ExecuteOptions> = {
      baseFilter: (row) => row[2] !== 'a',
      view: (row) => {
        seen.push(row);
        return [Number(row[1]) >= 20 ? 'high' : 'low', row[0] ?? null];
      },
    };
    const result = run(
      "SELECT band, k FROM t WHERE band = 'high' ORDER BY band, k DESC",
      options,
      rows,
      relation,
    );
    expect(result.rows.map(({ values }) => values)).toEqual([
      ['high', 5],
      ['high', 4],
      ['high', 1],
    ]);
    expect(seen.map(([key]) => key)).toEqual([1, 3, 4, 5]);
    expect(run('SELECT COUNT(*) FROM t', options, rows, relation).rows[0]?.values).toEqual([4n]);
    expect(codeOf(() => run('SELECT v FROM t', options, rows, relation))).toBe(
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
  });

  it('fails where a row that it reads or gives makes it fail', () => {
    expect(codeOf(() => run('SELECT 1 / (k - 3) FROM t'))).toBe('ERR_QUERY_DIVISION');
    expect(codeOf(() => run('SELECT 1 / (k - 3) FROM t LIMIT 2'))).toBe('none');
    expect(codeOf(() => run('SELECT k FROM t WHERE 1 / (k - 3) = 1'))).toBe('ERR_QUERY_DIVISION');
    expect(codeOf(() => run('SELECT k FROM t ORDER BY k * 2000000000'))).toBe('ERR_QUERY_OVERFLOW');
  });

  it('orders and cuts as sorting and slicing by hand', () => {
    const cell = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null });
    fc.assert(
      fc.property(
        fc.array(cell, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.nat(5),
        fc.nat(5),
        (values, descending, nullsFirst, limit, offset) => {
          const source = values.map((v, index) => ({ values: [index, v, null], offset: index }));
          const clauses = `ORDER BY v ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
          const found = keys(
            run(`SELECT k FROM t ${clauses} LIMIT ${limit} OFFSET ${offset}`, {}, source),
          );
          const nulls = values.flatMap((v, index) => (v === null ? [index] : []));
          const present = [0, 1, 2, 3].flatMap((wanted) =>
            values.flatMap((v, index) => (v === (descending ? 3 - wanted : wanted) ? [index] : [])),
          );
          const all = nullsFirst ? [...nulls, ...present] : [...present, ...nulls];
          expect(found).toEqual(all.slice(offset, offset + limit));
        },
      ),
    );
  });
});

describe('statements against their metamorphic twins', () => {
  const condition = fc.constantFrom(
    'v > 1',
    'v IS NULL',
    'v = k',
    'k % 2 = 0',
    'v + k < 4',
    'NOT v = 2',
  );

  it('splits a table into true, false and unknown (ternary logic partitioning)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }), {
          minLength: 1,
          maxLength: 9,
        }),
        condition,
        (values, where) => {
          const engine = new Engine();
          engine.run('CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER)');
          engine.run(
            `INSERT INTO t VALUES ${values.map((v, k) => `(${k}, ${v ?? 'NULL'})`).join(', ')}`,
          );
          const count = (clause: string): number =>
            engine.select(`SELECT * FROM t ${clause}`).rows.length;
          const parts = [`(${where})`, `NOT (${where})`, `(${where}) IS NULL`];
          expect(parts.reduce((sum, part) => sum + count(`WHERE ${part}`), 0)).toBe(values.length);
          // The same answer without the condition in WHERE (NoREC).
          const flags = engine.select(`SELECT ${where} AS x FROM t`).rows;
          expect(flags.filter((row) => row.values[0] === true)).toHaveLength(
            count(`WHERE ${where}`),
          );
          const before = engine.position;
          engine.run(`DELETE FROM t WHERE ${where}`);
          expect(count(`WHERE ${where}`)).toBe(0);
          expect(count(`AS OF POSITION ${before}`)).toBe(values.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
