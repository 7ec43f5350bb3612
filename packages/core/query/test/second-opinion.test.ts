import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { QueryError, agree, parseStatement, summarize } from '../src/index.ts';
import { secondOpinion } from '../src/second-opinion.ts';
import { codeOf } from './fixtures.ts';

function compare(sql: string): string {
  const statement = parseStatement(sql);
  return codeOf(() => agree(statement, secondOpinion(sql)));
}

const deep = (head: string, depth: number): string =>
  `SELECT a FROM t WHERE ${head.repeat(depth)}a = 1${' OR b = 2)'.repeat(depth)}`;

describe('the two readings agree', () => {
  it.each([
    'SELECT ALL a, t.b AS "B", -a * (b + 1) FROM t',
    'SELECT COUNT(*), COUNT(a > 1) AS n FROM t AS OF POSITION 42 AS x WHERE x.a IS NULL;',
    "SELECT a FROM t x WHERE a = 'it''s' -- end",
    "SELECT a FROM t WHERE a = 'x\\' OR b = ' OR 1 = 1 --'",
    "SELECT a FROM t WHERE a = '\\'",
    "SELECT a /* '; DROP TABLE t */ FROM t WHERE a = '/*' OR b = '*/'",
    "SELECT a FROM t WHERE d = DATE '2024-01-27' AND u = UUID 'x' OR at < TIMESTAMP '2024'",
    'SELECT a FROM t WHERE a = ? AND b IN (?, ?) LIMIT ? OFFSET ?',
    'SELECT a FROM t WHERE a = $2 AND b = $1',
    'SELECT date, position, data, class, ladder, subject, count, value FROM t WHERE start = stop',
    'SELECT at.at, json FROM t AS at WHERE show = ?AND local = ?',
    'CREATE TABLE json (at TIMESTAMP PRIMARY KEY, json JSON, bytes BYTES, "at_" TEXT)',
    'SELECT A, "b" FROM "t" WHERE T.C = 1 ORDER BY a DESC NULLS FIRST, b + 1',
    'SELECT a FROM t WHERE NOT (a) = 1 AND NOT (b = 2 OR NOT (c)) OR NOT (a + 1) * 2 BETWEEN 1 AND 2',
    'SELECT a FROM t WHERE a = 9223372036854775808 OR a = 007 OR a = 1.10',
    "INSERT INTO t (a, b) VALUES (?, 'x'), (-1 + 2, NULL)",
    'INSERT INTO t VALUES (1, TRUE)',
    "UPDATE t SET a = b + 1, c = NULL, d = 'x' WHERE a = 1 OR b = 2 AND c = 3",
    'UPDATE t SET a = 1',
    "DELETE FROM t WHERE a NOT LIKE 'x%' ESCAPE '!'",
    'DELETE FROM t',
    'SELECT DISTINCT a x, t.*, SUM(DISTINCT a), COUNT(ALL b) FROM t GROUP BY a, 1, b + 1 HAVING COUNT(*) > 1 AND NOT MAX(a) = 2 ORDER BY 2, COUNT(a) DESC OFFSET 1 LIMIT ALL',
    "SELECT CASE a WHEN 1 THEN b ELSE + c END value, CASE WHEN a > 1 OR b THEN 'x' END FROM t WHERE COALESCE(a, NULLIF(b, 2)) = ABS(-c)",
    'EXPLAIN SELECT ALL a FROM t WHERE b = ?',
    "SELECT a FROM t AS OF TIMESTAMP '2024-01-27T00:00:00Z' x WHERE x.a BETWEEN 1 AND 2",
    'SELECT a, history FROM HISTORY OF t AS OF POSITION 3 AS h WHERE h.valid_to IS NULL',
    'SELECT a, diff FROM DIFF OF t BETWEEN POSITION 1 AND 2 d WHERE diff BETWEEN 1 AND 2',
    'SELECT history, diff FROM history',
    'INSERT INTO t AS x (a) VALUES (DEFAULT), (1) ON CONFLICT (a, b) DO UPDATE SET c = EXCLUDED.c + x.c, d = DEFAULT WHERE x.a > 1 RETURNING a, x.*',
    'INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING *',
    'UPDATE t AS x SET a = DEFAULT WHERE x.a = 1 RETURNING x.a + 1 AS y',
    'DELETE FROM t x WHERE x.a = 1 RETURNING *',
    'DELETE FROM t AS x RETURNING x.a',
    'SELECT a FROM t WHERE (a = 1) IS NOT TRUE OR b IS FALSE AND NOT (c) IS UNKNOWN OR d IS NOT UNKNOWN',
    'SELECT unknown FROM t WHERE a IS DISTINCT FROM b + 1 AND c IS NOT DISTINCT FROM NULL',
    'CREATE UNIQUE INDEX i ON t (a, b ASC)',
    'CREATE INDEX ON t (a)',
    "ALTER TABLE t ADD COLUMN at BYTES NOT NULL DEFAULT 'AQI=' DATA CLASS quasi_id",
    'ALTER TABLE add ADD json JSON',
    "ALTER TABLE t ADD COLUMN bytes DATE LADDER 'date'",
    'ALTER TABLE t ADD add INTEGER DEFAULT 1 + 1',
    'ALTER TABLE json DROP COLUMN at',
    'ALTER TABLE t DROP add;',
    'DROP INDEX i',
    'CREATE PROJECTION p AS SELECT a.id, b.n + 1 AS m FROM a JOIN b ON a.id = b.a AND (b.k = 1 OR b.k = 2) WHERE a.x <> 3',
    'CREATE PROJECTION "p" AS SELECT x.g AS g, COUNT(*) AS n, SUM(CASE WHEN y.k THEN y.n END) s FROM a AS x LEFT OUTER JOIN b y ON x.id = y.a INNER JOIN c ON c.y = y.id AND c.at = x.at GROUP BY x.g, 2;',
    'CREATE PROJECTION p AS SELECT SUM(a) AS s FROM a',
    'DROP PROJECTION p',
    `CREATE TABLE t (a INTEGER PRIMARY KEY DEFAULT -1 CHECK (a > 1 OR a < 0), b TEXT UNIQUE DATA CLASS free_text DEFAULT 'x',
       CONSTRAINT u UNIQUE (a, b), CONSTRAINT c CHECK (a <> 3), CHECK (b <> 'y'), DATA SUBJECT a)`,
    'DROP TABLE t',
    `CREATE TABLE t (id UUID PRIMARY KEY, data TEXT DATA CLASS free_text, b BYTES NOT NULL,
       zip VARCHAR DATA CLASS 'quasi-id' LADDER 'us-zip-2020', bytes BYTES, at TIMESTAMP, j JSON,
       n NUMERIC, i INT, DATA SUBJECT id)`,
    'CREATE TABLE t (DATA SUBJECT a, a INTEGER, b TEXT, PRIMARY KEY (a, b))',
  ])('%s', (sql) => {
    expect(compare(sql)).toBe('none');
  });

  const scalar = fc.constantFrom(
    'a',
    'b',
    't.c',
    '"a"',
    '1',
    '-2',
    '1.5',
    "'x'",
    "''",
    "'it''s'",
    '?',
    'NULL',
    'TRUE',
    '(a)',
    "DATE '2024-01-27'",
    '- 3',
    '-b',
    'a + 1',
    'a*b - 2',
    '(a+b)*c',
    '-(a+1)',
    'a%2',
    '- - a',
    'a - -1',
  );
  const match = fc.oneof(
    fc
      .tuple(scalar, fc.constantFrom('=', '<>', '!=', '<', '<=', '>', '>='), scalar)
      .map((parts) => parts.join(' ')),
    fc.tuple(scalar, fc.constantFrom(' IS NULL', ' IS NOT NULL')).map((parts) => parts.join('')),
    fc
      .tuple(
        scalar,
        fc.constantFrom('IN', 'NOT IN'),
        fc.array(scalar, { minLength: 1, maxLength: 3 }),
      )
      .map(([value, operator, items]) => `${value} ${operator} (${items.join(', ')})`),
    fc
      .tuple(scalar, fc.constantFrom('BETWEEN', 'NOT BETWEEN'), scalar, scalar)
      .map(([value, operator, low, high]) => `${value} ${operator} ${low} AND ${high}`),
    fc
      .tuple(
        scalar,
        fc.constantFrom('LIKE', 'NOT LIKE'),
        fc.constantFrom("'x%'", '?', "'x' ESCAPE '!'"),
      )
      .map((parts) => parts.join(' ')),
    fc.constantFrom('a', 't.b', 'TRUE'),
  );
  const { condition } = fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 5, depthSize: 'medium' },
      match,
      fc
        .tuple(tie('condition'), fc.constantFrom('AND', 'OR', 'and', 'oR'), tie('condition'))
        .map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom('(', 'NOT ', 'NOT (', 'NOT('), tie('condition'))
        .map(([head, inner]) => `${head}${inner}${head.endsWith('(') ? ')' : ''}`),
      fc
        .tuple(match, fc.constantFrom('=', '<>'), match)
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    ),
  }));

  it('on generated conditions, once its precedence of AND and OR is put right', () => {
    let read = 0;
    fc.assert(
      fc.property(condition, (where) => {
        const sql = `SELECT a, * FROM t WHERE ${where}`;
        const bound = codeOf(() => parseStatement(sql));
        if (bound === 'ERR_QUERY_LIMIT' || bound === 'ERR_QUERY_SYNTAX') return;
        expect([where, bound, compare(sql)]).toEqual([where, 'none', 'none']);
        read += 1;
      }),
      { numRuns: 400 },
    );
    expect(read).toBeGreaterThan(200);
  });

  it('within the bounds, at their worst', () => {
    expect(compare(deep('(', 8))).toBe('none');
    expect(compare(deep('NOT (', 4))).toBe('none');
    expect(compare(`SELECT a FROM t WHERE a = 1${' AND a = 1'.repeat(248)}`)).toBe('none');
  });
});

describe('agree', () => {
  const sql = 'SELECT a FROM t WHERE a = 1 OR b = 2 AND c = 3';
  const statement = parseStatement(sql);
  const summary = summarize(statement);

  it('refuses what was read otherwise', () => {
    for (const other of [
      { ...summary, kind: 'delete' as const },
      { ...summary, tables: ['t', 'u'] },
      { ...summary, columns: ['a', 'b'] },
      { ...summary, predicate: null },
      {
        ...summary,
        predicate: summarize(parseStatement(sql.replace('a = 1 OR b = 2', '(a = 1 OR b = 2)')))
          .predicate,
      },
    ]) {
      expect(codeOf(() => agree(statement, { kind: 'read', summary: other }))).toBe(
        'ERR_QUERY_DISAGREEMENT',
      );
    }
    expect(codeOf(() => agree(statement, { kind: 'refused' }))).toBe('ERR_QUERY_DISAGREEMENT');
    expect(codeOf(() => agree(statement, { kind: 'read', summary }))).toBe('none');
  });

  it('refuses a projection that was joined otherwise', () => {
    const made =
      'CREATE PROJECTION p AS SELECT a.id FROM a JOIN b ON a.x = b.y AND a.z = 1 GROUP BY a.id';
    const ours = parseStatement(made);
    for (const [part, by] of [
      ['JOIN', 'LEFT JOIN'],
      ['a.x = b.y', 'a.x = b.z'],
      ['FROM a', 'FROM c'],
      [' p AS', ' q AS'],
      ['BY a.id', 'BY a.id + 1'],
      ['GROUP', 'WHERE a.x = 1 GROUP'],
    ] as const) {
      const other = summarize(parseStatement(made.replace(part, by)));
      const differs = codeOf(() => agree(ours, { kind: 'read', summary: other }));
      expect([part, differs]).toEqual([part, 'ERR_QUERY_DISAGREEMENT']);
    }
  });

  it('never lets the second reader see what the first refuses', () => {
    for (const text of [
      '('.repeat(12),
      'CAST('.repeat(6),
      `SELECT a FROM t WHERE ${'NOT ('.repeat(8)}`,
    ]) {
      expect(() => secondOpinion(text)).toThrow(QueryError);
    }
  });
});
