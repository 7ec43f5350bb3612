/** S224: which index is read, in which order, and what is never read by one. */

import { type TableSchema, toTableId } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import {
  type Relation,
  bindSelect,
  executeSelect,
  explainPlan,
  parseStatement,
  planSelect,
  relationOf,
  sourceRelation,
} from '../src/index.ts';
import { schemaOfText } from './fixtures.ts';

const table: TableSchema = {
  ...schemaOfText('CREATE TABLE t (k INTEGER PRIMARY KEY, a INTEGER, b TEXT, c DECIMAL, d DATE)'),
  indexes: [
    { id: toTableId(2000), name: 'by_a_b', columns: [1, 2], isUnique: false },
    { id: toTableId(2001), name: 'by_c', columns: [3], isUnique: true },
    { id: toTableId(2002), name: 'by_d', columns: [4], isUnique: false },
  ],
};

function explain(sql: string, seen?: Relation): string {
  const statement = parseStatement(sql);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  const relation = seen ?? sourceRelation(table, statement.source);
  const lines = explainPlan(planSelect(bindSelect(statement, relation, [])));
  return lines.filter((line) => !line.startsWith('filter')).join('; ');
}

describe('a plan', () => {
  it.each([
    ['SELECT * FROM t', 'read t whole'],
    ['SELECT * FROM t WHERE k = 1 AND a = 2', 'read t by its key: 1 key'],
    ['SELECT * FROM t WHERE k > 1 AND k <= 9', 'read t by its key: k > ?, k <= ?'],
    ['SELECT * FROM t WHERE a = 1', 'read t by index by_a_b: a = ?'],
    ["SELECT * FROM t WHERE a = 1 AND b >= 'x'", 'read t by index by_a_b: a = ?, b >= ?'],
    ["SELECT * FROM t WHERE a IN (1, 2) AND b = 'x'", 'read t by index by_a_b: 2 keys'],
    ["SELECT * FROM t WHERE b = 'x'", 'read t whole'],
    ['SELECT * FROM t WHERE c = 1.50 AND a = 1', 'read t by index by_c: 1 key'],
    ['SELECT * FROM t WHERE a = 1 OR c = 2', 'read t whole'],
    ['SELECT * FROM t WHERE a + 0 = 1', 'read t whole'],
    ['SELECT * FROM t WHERE a BETWEEN 1 AND 3 AND k > 5', 'read t by its key: k > ?'],
    ['SELECT * FROM t WHERE k > 5 AND a = 3', 'read t by index by_a_b: a = ?'],
    ['SELECT * FROM t ORDER BY k LIMIT 1', 'read t whole; limit'],
    ['SELECT * FROM t ORDER BY k DESC', 'read t by its key: whole, backwards'],
    ['SELECT * FROM t WHERE k < 9 ORDER BY k DESC', 'read t by its key: k < ?, backwards'],
    ['SELECT * FROM t ORDER BY k DESC, a', 'read t whole; sort'],
    ['SELECT * FROM t ORDER BY d DESC', 'read t whole; sort'],
    ['SELECT * FROM t ORDER BY d DESC LIMIT 1', 'read t by index by_d: whole, backwards; limit'],
    ['SELECT * FROM t ORDER BY d DESC, k LIMIT 1', 'read t by index by_d: whole, backwards; limit'],
    [
      'SELECT * FROM t ORDER BY d DESC, k DESC LIMIT 1',
      'read t by index by_d: whole, backwards; limit',
    ],
    ['SELECT * FROM t ORDER BY d DESC NULLS LAST LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t ORDER BY a DESC, b LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t ORDER BY a, b DESC LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t WHERE a = 1 ORDER BY b DESC', 'read t by index by_a_b: a = ?, backwards'],
    ['SELECT * FROM t ORDER BY d', 'read t whole; sort'],
    ['SELECT * FROM t ORDER BY d LIMIT 1', 'read t by index by_d: whole, in its order; limit'],
    ['SELECT * FROM t ORDER BY d, k LIMIT 1', 'read t by index by_d: whole, in its order; limit'],
    ['SELECT * FROM t ORDER BY d, a LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t ORDER BY d NULLS FIRST LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t ORDER BY a LIMIT 1', 'read t whole; sort; limit'],
    ['SELECT * FROM t WHERE a = 1 ORDER BY b', 'read t by index by_a_b: a = ?, in its order'],
    ['SELECT * FROM t WHERE a = 1 ORDER BY a, b, k', 'read t by index by_a_b: a = ?, in its order'],
    ['SELECT * FROM t WHERE a = 1 ORDER BY k', 'read t by index by_a_b: a = ?'],
    [
      "SELECT * FROM t WHERE d > '2024-01-01' ORDER BY d",
      'read t by index by_d: d > ?, in its order',
    ],
    [
      'SELECT a, COUNT(*) FROM t WHERE a > 1 GROUP BY a ORDER BY a',
      'read t by index by_a_b: a > ?; group; sort',
    ],
    ['SELECT DISTINCT d FROM t ORDER BY d', 'read t whole; drop duplicates; sort'],
    ['SELECT COUNT(*) FROM HISTORY OF t WHERE k = 1', 'read history of t whole; aggregate'],
  ])('%s', (sql, plan) => {
    expect(explain(sql)).toBe(plan);
  });

  it('reads by no index what a recipient does not see as it is', () => {
    const { columns, ...relation } = relationOf(table);
    const masked: Relation = {
      ...relation,
      columns: Array.from(columns, (column) => ({ ...column, exact: false })),
    };
    expect(explain('SELECT * FROM t WHERE a = 1 AND k = 1', masked)).toBe('read t whole');
    expect(explain('SELECT * FROM t ORDER BY d LIMIT 1', masked)).toBe('read t whole; sort; limit');
  });

  it('is sorted all the same by who reads in another order', () => {
    const statement = parseStatement('SELECT k FROM t ORDER BY k LIMIT 2');
    if (statement.kind !== 'select') throw new Error('not a SELECT');
    const plan = planSelect(bindSelect(statement, relationOf(table), []));
    const rows = [3, 1, 2].map((k) => ({ values: [k, null, null, null, null] }));
    expect(plan.isSorted).toBe(true);
    const answer = executeSelect(plan, rows, { rowsMax: 9 });
    expect(answer.rows.map(({ values }) => values)).toEqual([[1], [2]]);
  });
});
