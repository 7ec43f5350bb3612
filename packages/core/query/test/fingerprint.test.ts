import { describe, expect, it } from 'vitest';

import {
  type ParameterValue,
  bindSelect,
  fingerprintSelect,
  parseStatement,
  relationOf,
} from '../src/index.ts';
import { schemaOfText } from './fixtures.ts';

const table = schemaOfText('CREATE TABLE t (a INTEGER PRIMARY KEY, b BIGINT, s TEXT, f BOOLEAN)');

function fingerprint(text: string, parameters: readonly ParameterValue[] = []): string {
  const statement = parseStatement(text);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  return fingerprintSelect(bindSelect(statement, relationOf(table), parameters));
}

describe('fingerprintSelect', () => {
  it.each([
    ['SELECT * FROM t', 'select a, b, s, f from t'],
    ['SELECT COUNT(*), COUNT(a) AS n FROM t WHERE f', 'select count(*), count(a) from t where f'],
    [
      "SELECT a AS secret FROM t AS OF POSITION 7 AS x WHERE x.a = 1 AND (s LIKE 'p%' OR NOT f) ORDER BY secret DESC LIMIT 5 OFFSET 2",
      'select a from t as of position ? where ((a = ?) and ((s like ?) or (not f))) ' +
        'order by a desc nulls first limit ? offset ?',
    ],
    ['SELECT -a + 1 FROM t WHERE b = a', 'select ((- a) + ?) from t where (b = a)'],
    [
      'SELECT a FROM t WHERE a IN (1, 2, 3) AND a NOT BETWEEN 4 AND b AND s IS NOT NULL',
      'select a from t where ((a in (?)) and (a not between ? and b) and (s is not null))',
    ],
    [
      `SELECT DISTINCT s AS x, SUM(DISTINCT b + 1), CASE WHEN s = 'secret' THEN 1 ELSE 2 END FROM t
         GROUP BY x HAVING COUNT(*) > 7 ORDER BY x`,
      'select distinct s, sum(distinct (b + ?)), (case when (s = ?) then ? else ? end) from t ' +
        'group by s having (count(*) > ?) order by s asc nulls last',
    ],
    ['SELECT a FROM HISTORY OF t AS OF POSITION 7', 'select a from history of t as of position ?'],
    ['SELECT ABS(b), COALESCE(s, ?) y FROM t', 'select abs(b), coalesce(s, ?) from t'],
  ])('%s', (text, expected) => {
    const count = text.split('?').length - 1;
    expect(fingerprint(text, Array(count).fill('x'))).toBe(expected);
  });

  it('is one for one question', () => {
    const one = fingerprint("SELECT a, s FROM t WHERE s = 'secret' AND a IN (1, 2)");
    expect(fingerprint('select T.A, s as "X" from T where (t.s = ?) and a in (7)', ['x'])).toBe(
      one,
    );
    expect(
      fingerprint('SELECT a, s FROM t /* who */ WHERE s = $1 AND a IN ($2, 1, NULL)', ['y', 3]),
    ).toBe(one);
    expect(fingerprint("SELECT a, s FROM t WHERE a IN (1) AND s = 'secret'")).not.toBe(one);
    expect(one).not.toContain('secret');
  });
});
