/** A column that no part of a statement uses can be anything, and the answer is the same. */

import { describe, expect, it } from 'vitest';

import { bindSelect, parseStatement, relationOf, usedColumns } from '../src/index.ts';
import { schemaOfText } from './fixtures.ts';

const schema = schemaOfText(
  'CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c TEXT, d INTEGER, e BOOLEAN)',
);

function usedBy(sql: string): string {
  const statement = parseStatement(sql);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  const used = usedColumns(bindSelect(statement, relationOf(schema), []));
  return [...used]
    .toSorted((x, y) => x - y)
    .map((index) => 'abcde'.charAt(index))
    .join('');
}

describe('used columns', () => {
  it.each([
    ['SELECT COUNT(*) FROM t', ''],
    ['SELECT * FROM t', 'abcde'],
    ['SELECT c FROM t', 'c'],
    ['SELECT COUNT(b) FROM t', 'b'],
    ['SELECT a + b * -d AS x FROM t', 'abd'],
    ['SELECT a FROM t ORDER BY d', 'ad'],
    ["SELECT a FROM t WHERE c LIKE 'x%'", 'ac'],
    ['SELECT a FROM t WHERE NOT e', 'ae'],
    ['SELECT a FROM t WHERE b IS NULL', 'ab'],
    ['SELECT a FROM t WHERE b IN (1, d)', 'abd'],
    ['SELECT a FROM t WHERE a BETWEEN b AND d', 'abd'],
    ['SELECT a FROM t WHERE a = 1 OR (b > 2 AND d <> 3)', 'abd'],
    ['SELECT a FROM t WHERE b < 1.5', 'ab'],
  ])('of %s are %s', (sql, columns) => {
    expect(usedBy(sql)).toBe(columns);
  });
});
