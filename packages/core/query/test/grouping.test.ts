/** Aggregates, GROUP BY, HAVING and DISTINCT: what binds, and what many rows come to. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Relation, bindSelect, parseStatement, relationOf } from '../src/index.ts';
import { Engine, codeOf, schemaOfText } from './fixtures.ts';

function house(): Engine {
  const engine = new Engine();
  engine.run(
    'CREATE TABLE t (k INTEGER PRIMARY KEY, g TEXT, n INTEGER, d DECIMAL, b BIGINT, f BOOLEAN, j JSON)',
  );
  engine.run(
    `INSERT INTO t (k, g, n, d, b, f, j) VALUES
       (1, 'x', 1, 1.5, 9223372036854775807, TRUE, '{}'),
       (2, 'y', 2, 1.50, 1, FALSE, '{}'),
       (3, 'x', NULL, 0.25, NULL, NULL, NULL),
       (4, NULL, 4, NULL, 1, TRUE, '[]'),
       (5, 'x', 1, -1, 9223372036854775807, TRUE, '{}')`,
  );
  return engine;
}

describe('aggregates', () => {
  const engine = house();

  it.each([
    ['SELECT COUNT(*), COUNT(n), COUNT(DISTINCT n), COUNT(ALL n) FROM t', [[5, 4, 3, 4]]],
    ['SELECT SUM(n), SUM(DISTINCT n), MIN(n), MAX(n) FROM t', [[8, 7, 1, 4]]],
    ['SELECT AVG(n), AVG(d) FROM t', [['2.0000000000000000', '0.5625000000000000']]],
    [
      'SELECT SUM(b), AVG(b) FROM t WHERE k IN (1, 5)',
      [['18446744073709551614', '9223372036854775807.0000000000000000']],
    ],
    ['SELECT SUM(d), COUNT(DISTINCT d) FROM t', [['2.25', 3]]],
    ['SELECT MIN(g), MAX(g), COUNT(*) + 1, -SUM(n) * 2 AS x FROM t', [['x', 'y', 6, -16]]],
    ['SELECT COUNT(*), SUM(n), AVG(n), MIN(n) FROM t WHERE k > 9', [[0, null, null, null]]],
    ['SELECT 7 FROM t HAVING COUNT(*) > 4', [[7]]],
    ['SELECT 7 FROM t HAVING COUNT(*) > 5', []],
    ['SELECT COUNT(*) FROM t LIMIT 0', []],
    ['SELECT COUNT(*) FROM t OFFSET 1', []],
    ['SELECT SUM(CASE WHEN f THEN 1 ELSE 0 END) FROM t', [[3]]],
  ])('%s', (sql, rows) => {
    expect(engine.run(sql)).toEqual(rows);
  });

  it.each([
    [
      'SELECT g, COUNT(*) FROM t GROUP BY g',
      [
        ['x', 3],
        ['y', 1],
        [null, 1],
      ],
    ],
    [
      'SELECT g x, SUM(n) FROM t GROUP BY x ORDER BY 2 DESC, x',
      [
        [null, 4],
        ['x', 2],
        ['y', 2],
      ],
    ],
    ['SELECT COUNT(*) c FROM t GROUP BY g HAVING COUNT(*) > 1 ORDER BY c', [[3]]],
    [
      'SELECT n % 2 = 0, COUNT(*) FROM t GROUP BY 1 ORDER BY 1',
      [
        [false, 2],
        [true, 2],
        [null, 1],
      ],
    ],
    ['SELECT d + 1 FROM t GROUP BY t.d ORDER BY d', [['0'], ['1.25'], ['2.5'], [null]]],
    ['SELECT n + 1 FROM t GROUP BY n + 1 ORDER BY n + 1', [[2], [3], [5], [null]]],
    ['SELECT MAX(k) FROM t GROUP BY g, f ORDER BY MAX(k)', [[2], [3], [4], [5]]],
    [
      'SELECT k, g, COUNT(*) FROM t GROUP BY k ORDER BY k LIMIT 2',
      [
        [1, 'x', 1],
        [2, 'y', 1],
      ],
    ],
    ['SELECT COUNT(*) FROM t WHERE k > 9 GROUP BY g', []],
    ['SELECT COUNT(*) FROM t GROUP BY f ORDER BY count', [[1], [1], [3]]],
    [
      'SELECT j, COUNT(*) FROM t GROUP BY j',
      [
        ['{}', 3],
        [null, 1],
        ['[]', 1],
      ],
    ],
  ])('%s', (sql, rows) => {
    expect(engine.run(sql)).toEqual(rows);
  });

  it.each([
    ['SELECT DISTINCT g FROM t', [['x'], ['y'], [null]]],
    ['SELECT DISTINCT d FROM t ORDER BY d NULLS FIRST', [[null], ['-1'], ['0.25'], ['1.5']]],
    [
      'SELECT DISTINCT g, n FROM t ORDER BY n DESC, g LIMIT 2 OFFSET 1',
      [
        [null, 4],
        ['y', 2],
      ],
    ],
    ['SELECT DISTINCT COUNT(*) FROM t GROUP BY g ORDER BY COUNT(*)', [[1], [3]]],
    [
      'SELECT DISTINCT t.*, g AS again FROM t WHERE k = 1',
      [[1, 'x', 1, '1.5', '9223372036854775807', true, '{}', 'x']],
    ],
  ])('%s', (sql, rows) => {
    expect(engine.run(sql)).toEqual(rows);
  });

  it.each([
    'SELECT g, COUNT(*) FROM t',
    'SELECT * FROM t GROUP BY g',
    'SELECT g + n FROM t GROUP BY g',
    'SELECT COUNT(*) FROM t ORDER BY k',
    'SELECT COUNT(*) FROM t HAVING k > 1',
    'SELECT k FROM t WHERE COUNT(*) > 1',
    'SELECT SUM(COUNT(*)) FROM t',
    'SELECT COUNT(*) FROM t GROUP BY COUNT(*)',
    'SELECT COUNT(*) AS c FROM t GROUP BY c',
    'SELECT COUNT(*) FROM t GROUP BY 1',
    'SELECT DISTINCT g FROM t ORDER BY n',
    'SELECT DISTINCT g FROM t ORDER BY g, -k',
    'UPDATE t SET n = COUNT(*)',
    'DELETE FROM t WHERE MAX(n) = 1',
    'INSERT INTO t (k) VALUES (COUNT(*))',
  ])('refuses %s', (sql) => {
    expect(codeOf(() => engine.run(sql))).toBe('ERR_QUERY_GROUPING');
  });

  it.each([
    ['SELECT SUM(g) FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT AVG(f) FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT MAX(f) FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT MIN(j) FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT SUM(?) FROM t', 'ERR_QUERY_PARAMETER'],
    ['SELECT g FROM t GROUP BY 2', 'ERR_QUERY_SYNTAX'],
    ["SELECT g FROM t GROUP BY 'g'", 'ERR_QUERY_SYNTAX'],
    ['SELECT g FROM t ORDER BY 0', 'ERR_QUERY_SYNTAX'],
    ['SELECT g FROM t ORDER BY 1.0', 'ERR_QUERY_SYNTAX'],
    ['SELECT g FROM t ORDER BY NULL', 'ERR_QUERY_SYNTAX'],
    ['SELECT g x, n x FROM t GROUP BY x', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT u.* FROM t', 'ERR_QUERY_UNKNOWN_TABLE'],
    ['SELECT g FROM t GROUP BY u.g', 'ERR_QUERY_UNKNOWN_TABLE'],
    ['SELECT SUM(n * 2000000000) FROM t', 'ERR_QUERY_OVERFLOW'],
    ['SELECT SUM(1 / n - 1) FROM t GROUP BY n / 0', 'ERR_QUERY_DIVISION'],
  ])('refuses %s', (sql, code) => {
    const parameters = sql.includes('?') ? [1] : [];
    expect(codeOf(() => engine.run(sql, parameters))).toBe(code);
  });
});

describe('conditional expressions', () => {
  const engine = house();

  it.each([
    [
      "SELECT CASE WHEN n = 1 THEN 'a' WHEN n > 1 THEN 'b' END FROM t",
      [['a'], ['b'], [null], ['b'], ['a']],
    ],
    ["SELECT CASE g WHEN 'x' THEN 1 WHEN NULL THEN 2 ELSE 3 END FROM t", [[1], [3], [1], [3], [1]]],
    ['SELECT CASE WHEN n = 0 THEN 0 ELSE 4 / n END FROM t WHERE k < 3', [[4], [2]]],
    ['SELECT CASE WHEN f THEN 1 ELSE 1.5 END FROM t WHERE k < 3', [['1'], ['1.5']]],
    [
      "SELECT COALESCE(g, 'none'), COALESCE(n, d, 0) FROM t WHERE k > 2 ORDER BY k",
      [
        ['x', '0.25'],
        ['none', '4'],
        ['x', '1'],
      ],
    ],
    [
      "SELECT NULLIF(g, 'x'), NULLIF(n, 2.0) FROM t WHERE k < 3",
      [
        [null, 1],
        ['y', null],
      ],
    ],
    ['SELECT ABS(-n), ABS(d), ABS(-1.50), +n FROM t WHERE k = 5', [[1, '1', '1.50', 1]]],
    ['SELECT k FROM t WHERE CASE WHEN f THEN n = 1 ELSE FALSE END', [[1], [5]]],
  ])('%s', (sql, rows) => {
    expect(engine.run(sql)).toEqual(rows);
  });

  it.each([
    ["SELECT CASE WHEN f THEN 1 ELSE 'x' END FROM t", 'ERR_QUERY_TYPE'],
    ['SELECT CASE WHEN n THEN 1 END FROM t', 'ERR_QUERY_TYPE'],
    ["SELECT CASE n WHEN 'x' THEN 1 END FROM t", 'ERR_QUERY_TYPE'],
    ["SELECT COALESCE(n, 'x') FROM t", 'ERR_QUERY_TYPE'],
    ['SELECT ABS(g) FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT +f FROM t', 'ERR_QUERY_TYPE'],
    ['SELECT ABS(-2147483647 - 1) FROM t', 'ERR_QUERY_OVERFLOW'],
  ])('refuses %s', (sql, code) => {
    expect(codeOf(() => engine.run(sql))).toBe(code);
  });

  it('names columns as PostgreSQL does', () => {
    const { columns } = engine.select(
      'SELECT SUM(n), COALESCE(MIN(g)), CASE WHEN COUNT(*) = 1 THEN 1 END, COUNT(*) + 1 FROM t',
    );
    expect(columns.map(({ name }) => name)).toEqual(['sum', 'coalesce', 'case', '?column?']);
  });
});

describe('a relation that allows counts alone', () => {
  const table = schemaOfText('CREATE TABLE t (k INTEGER PRIMARY KEY, g TEXT)');
  const relation: Relation = { ...relationOf(table), statistics: 'count' };
  const code = (sql: string): string =>
    codeOf(() => {
      const statement = parseStatement(sql);
      if (statement.kind === 'select') bindSelect(statement, relation, []);
    });

  it.each([
    'SELECT g FROM t ORDER BY g',
    'SELECT COUNT(*), COUNT(g) n FROM t WHERE k > 1 LIMIT 1',
    'SELECT CASE WHEN k > 1 THEN g END FROM t',
  ])('takes %s', (sql) => {
    expect(code(sql)).toBe('none');
  });

  it.each([
    'SELECT SUM(k) FROM t',
    'SELECT MIN(g) FROM t',
    'SELECT COUNT(DISTINCT g) FROM t',
    'SELECT COUNT(*) + 1 FROM t',
    'SELECT COUNT(*), g FROM t',
    'SELECT COUNT(*) FROM t GROUP BY g',
    'SELECT COUNT(*) FROM t HAVING COUNT(*) > 5',
    'SELECT g FROM t HAVING TRUE',
    'SELECT g FROM t GROUP BY g',
    'SELECT DISTINCT g FROM t',
    'SELECT g FROM t ORDER BY COUNT(*)',
    'SELECT COUNT(*) FROM t ORDER BY COUNT(*)',
    'SELECT hidden FROM t GROUP BY hidden',
  ])('refuses %s', (sql) => {
    expect(code(sql)).toBe('ERR_QUERY_OPERATION');
  });
});

describe('groups', () => {
  it('part the rows: their sizes add up, and each is what WHERE finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.option(fc.constantFrom('x', 'y', "z'")), fc.option(fc.integer())), {
          minLength: 1,
          maxLength: 30,
        }),
        (rows) => {
          const engine = new Engine();
          engine.run('CREATE TABLE t (k INTEGER PRIMARY KEY, g TEXT, n INTEGER)');
          for (const [k, [g, n]] of rows.entries()) {
            engine.run('INSERT INTO t VALUES (?, ?, ?)', [k, g, n]);
          }
          const groups = engine.run(
            'SELECT g, COUNT(*), SUM(n), MIN(n), MAX(n) FROM t GROUP BY g',
          ) as [string | null, number, ...unknown[]][];
          expect(groups.reduce((sum, [, count]) => sum + count, 0)).toBe(rows.length);
          for (const [g, ...values] of groups) {
            const where = g === null ? 'g IS NULL' : 'g = ?';
            expect(
              engine.run(
                `SELECT COUNT(*), SUM(n), MIN(n), MAX(n) FROM t WHERE ${where}`,
                g === null ? [] : [g],
              ),
            ).toEqual([values]);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a relation that allows counts of groups', () => {
  const table = schemaOfText('CREATE TABLE t (k INTEGER PRIMARY KEY, g TEXT)');
  const relation: Relation = { ...relationOf(table), statistics: 'group-count' };
  const code = (sql: string): string =>
    codeOf(() => {
      const statement = parseStatement(sql);
      if (statement.kind === 'select') bindSelect(statement, relation, []);
    });

  it.each([
    'SELECT COUNT(*), COUNT(g) FROM t WHERE k > 1',
    'SELECT g, COUNT(*) FROM t GROUP BY g LIMIT 3',
    'SELECT COALESCE(g, $$x$$), COUNT(k) FROM t GROUP BY COALESCE(g, $$x$$)'.replaceAll('$$', "'"),
    'SELECT g FROM t GROUP BY g',
  ])('takes %s', (sql) => {
    expect(code(sql)).toBe('none');
  });

  it.each([
    'SELECT SUM(k) FROM t',
    'SELECT g, MAX(k) FROM t GROUP BY g',
    'SELECT COUNT(DISTINCT g) FROM t',
    'SELECT g, COUNT(*) + 1 FROM t GROUP BY g',
    'SELECT g, COUNT(*) FROM t GROUP BY g HAVING COUNT(*) > 5',
    'SELECT g, COUNT(*) FROM t GROUP BY g ORDER BY COUNT(*)',
    'SELECT COUNT(*), g FROM t',
    'SELECT DISTINCT g FROM t',
  ])('refuses %s', (sql) => {
    expect(code(sql)).toBe('ERR_QUERY_OPERATION');
  });
});
