/** Ways around SQL guards that were published, and readings in which parsers are known to differ. */

import { describe, expect, it } from 'vitest';

import { bindSelect, parseStatement, relationOf } from '../src/index.ts';
import { Engine, codeOf, schemaOfText } from './fixtures.ts';

const table = schemaOfText('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, tenant INTEGER)');

/** Refused before a row is read, whatever the code. */
function isRefused(text: string): boolean {
  return (
    codeOf(() => {
      const statement = parseStatement(text);
      if (statement.kind === 'select') bindSelect(statement, relationOf(table), []);
    }) !== 'none'
  );
}

describe('published bypasses', () => {
  it.each([
    [
      'a comment as separator (mcp-server-mysql #126)',
      'SELECT/**/a/**/INTO/**/OUTFILE/**/b FROM t',
    ],
    ['INTO OUTFILE taken for a SELECT (#128)', "SELECT a FROM t INTO OUTFILE '/tmp/x'"],
    ['SELECT INTO', 'SELECT a INTO u FROM t'],
    ['startsWith SELECT (GHSA-65hm-pwj5-73pw)', 'SELECT 1; DROP TABLE t'],
    ['COMMIT first (reference PostgreSQL server)', 'COMMIT; DROP TABLE t; --'],
    ['WITH … DELETE (sqlite-explorer #8)', 'WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x'],
    ['executable comment (awslabs/mcp #4044)', 'SELECT a FROM t /*!50000 UNION SELECT b FROM u */'],
    ['unicode name (awslabs/mcp #4575)', 'SELECT a FROM U&"t\\0061"'],
    ['dblink', "SELECT a FROM dblink('x', 'y')"],
    ['COPY TO PROGRAM', "COPY t TO PROGRAM 'sh'"],
    ['an alias that is a table (superset #21535)', 'SELECT secret.a FROM t'],
    ['a CTE that hides a table (superset #43005)', 'WITH t AS (SELECT 1) SELECT a FROM t'],
    ['an alias with a clause in it (WaveHouse #322)', 'SELECT x.b FROM t AS "x WHERE 1=1 --"'],
    ['whole rows', 'SELECT row_to_json(t) FROM t'],
    ['a table as a column', 'SELECT t FROM t'],
    ['a file', "SELECT pg_read_file('/etc/passwd') FROM t"],
    ['sleep', 'SELECT pg_sleep(10) FROM t'],
    ['a lateral function', 'SELECT a FROM t, LATERAL f(a)'],
    ['a comma join', 'SELECT a FROM t, secret'],
    ['a comma join after an alias', 'SELECT a FROM t x, secret y'],
    ['NATURAL after a table', 'SELECT a FROM t NATURAL JOIN secret'],
    ['CROSS after a table', 'SELECT a FROM t CROSS JOIN secret'],
    ['a schema', 'SELECT a FROM public.t'],
    ['a catalogue', 'SELECT a FROM pg_catalog.pg_class'],
    ['another catalogue', 'SELECT a FROM information_schema.tables'],
    ['a union', 'SELECT a FROM t UNION ALL SELECT a FROM secret'],
    ['an exists oracle', 'SELECT a FROM t WHERE EXISTS (SELECT 1 FROM secret)'],
    ['a scalar subquery', 'SELECT (SELECT b FROM secret) FROM t'],
    ['a subquery as a table', 'SELECT a FROM (SELECT a FROM secret) AS t'],
    ['an aggregate with a filter', "SELECT COUNT(*) FILTER (WHERE b = 'x') FROM t"],
    ['a cast oracle', 'SELECT CAST(b AS INTEGER) FROM t'],
    ['a cast by colons', 'SELECT b::INTEGER FROM t'],
    ['a silent cast', 'SELECT a FROM t WHERE b = 1'],
    ['a hexadecimal string', "SELECT a FROM t WHERE b = X'41'"],
    ['a dollar quote', "SELECT a FROM t WHERE b = $$it's$$"],
    ['a backtick', 'SELECT `a` FROM t'],
    ['a bracket', 'SELECT [a] FROM t'],
    ['a hash comment', 'SELECT a FROM t # WHERE tenant = 5'],
    ['a NUL', "SELECT a FROM t WHERE b = 'x\0' OR 1 = 1"],
    ['an assignment', 'SELECT a := 1 FROM t'],
    ['a zero-width space', 'SELECT a FROM\u200b t'],
    ['a fullwidth quote', 'SELECT a FROM t WHERE b = \uff07x\uff07'],
    ['a right-to-left override', 'SELECT a\u202e FROM t'],
    ['a byte-order mark', '\ufeffSELECT a FROM t'],
  ])('%s', (_, text) => {
    expect(isRefused(text)).toBe(true);
  });
});

describe('what parsers read in two ways has one reading here', () => {
  const engine = new Engine();
  engine.run('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, tenant INTEGER)');
  engine.run("INSERT INTO t VALUES (1, 'x\\', 5), (2, 'it''s', 6), (3, 'a--b', 6), (4, '', 5)");
  const keys = (where: string): unknown => engine.run(`SELECT a FROM t WHERE ${where}`);

  it('ends a string at its quote, backslash or not', () => {
    expect(keys("b = 'x\\'")).toEqual([[1]]);
    expect(codeOf(() => keys("b = 'x\\' OR 1=1 --'"))).toBe('none');
    expect(keys("b = 'x\\' AND tenant = 6 --'")).toEqual([]);
    expect(keys("b = 'it''s'")).toEqual([[2]]);
    expect(keys("b = 'a--b'")).toEqual([[3]]);
    expect(keys("b = '/* ' OR b = ' */'")).toEqual([]);
    expect(keys("b = ''")).toEqual([[4]]);
  });

  it('has key words in strings as text', () => {
    expect(keys("b = '; DROP TABLE t' OR b = 'UNION SELECT'")).toEqual([]);
    expect(keys("a = 1 AND b <> ' WHERE '")).toEqual([[1]]);
  });

  it('keeps two signs apart', () => {
    expect(keys('a = - - 1 AND tenant = 5')).toEqual([[1]]);
    expect(codeOf(() => keys('a = --1 AND tenant = 5'))).toBe('ERR_QUERY_SYNTAX');
  });

  it('groups AND before OR, so that a filter by AND stays a filter', () => {
    expect(keys('a = 1 OR a = 2 AND tenant = 5')).toEqual([[1]]);
    expect(keys('(a = 1 OR a = 2) AND tenant = 6')).toEqual([[2]]);
    expect(keys('NOT (a = 1 OR a = 2) AND tenant = 5')).toEqual([[4]]);
    expect(keys('NOT a = 1 AND tenant = 5')).toEqual([[4]]);
  });

  it('keeps every digit', () => {
    engine.run('CREATE TABLE n (k BIGINT PRIMARY KEY, d DECIMAL)');
    engine.run(
      'INSERT INTO n VALUES (9007199254740993, 1.10), (-9223372036854775808, 0.1), (007, 123456789012345678901234567890)',
    );
    expect(engine.run('SELECT k, d FROM n ORDER BY k')).toEqual([
      ['-9223372036854775808', '0.1'],
      [7, '123456789012345678901234567890'],
      ['9007199254740993', '1.10'],
    ]);
    expect(engine.run('SELECT k FROM n WHERE k = 9007199254740992')).toEqual([]);
    expect(engine.run('SELECT k FROM n WHERE k = 9007199254740993.0')).toEqual([
      ['9007199254740993'],
    ]);
  });

  it('takes a parameter for a value, whatever is in it', () => {
    expect(engine.run('SELECT a FROM t WHERE b = ?', ["' OR 1=1 --"])).toEqual([]);
    expect(engine.run('SELECT a FROM t WHERE b = ?', ['x\\'])).toEqual([[1]]);
    expect(engine.run('SELECT a FROM t WHERE b LIKE ?', ['%--%'])).toEqual([[3]]);
  });
});
