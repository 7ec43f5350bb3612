import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type KeyAccess,
  type Relation,
  bindDelete,
  bindSelect,
  compilePredicate,
  parseStatement,
  planAccess,
  planSelect,
  relationOf,
} from '../src/index.ts';
import { readAccess, schemaOfText } from './fixtures.ts';

const table = schemaOfText(
  'CREATE TABLE t (a INTEGER, b TEXT, c BIGINT, v INTEGER, PRIMARY KEY (a, b, c))',
);

function accessOf(where: string, relation: Relation = relationOf(table)): KeyAccess {
  const statement = parseStatement(`SELECT * FROM t WHERE ${where}`);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  return planSelect(bindSelect(statement, relation, [])).access;
}

const none: KeyAccess = { kind: 'keys', keys: [] };

describe('planSelect', () => {
  it.each<[string, KeyAccess]>([
    ['v = 1', { kind: 'scan' }],
    ["b = 'x'", { kind: 'scan' }],
    ['a = 1 OR v = 2', { kind: 'scan' }],
    ['NOT a = 1', { kind: 'scan' }],
    ['a <> 1', { kind: 'scan' }],
    ['a + 0 = 1', { kind: 'scan' }],
    ['a = v', { kind: 'scan' }],
    ['a NOT IN (1)', { kind: 'scan' }],
    ['a NOT BETWEEN 1 AND 2', { kind: 'scan' }],
    ['a = 1', { kind: 'range', prefix: [1] }],
    ['1 = a AND v = 2', { kind: 'range', prefix: [1] }],
    ["a = 1 AND (v = 2 AND b = 'x')", { kind: 'range', prefix: [1, 'x'] }],
    ["a = 1 AND b = 'x' AND c = 3", { kind: 'keys', keys: [[1, 'x', 3n]] }],
    ["a = 1.0 AND b = 'x' AND c = 3.00", { kind: 'keys', keys: [[1, 'x', 3n]] }],
    ['a = 1.5', none],
    ['a = 3000000000', none],
    ['a = NULL', none],
    ['a IN (NULL, 1.5)', none],
    [
      "a IN (2, 1, 2) AND b IN ('y', 'x') AND c = 3",
      {
        kind: 'keys',
        keys: [
          [1, 'x', 3n],
          [1, 'y', 3n],
          [2, 'x', 3n],
          [2, 'y', 3n],
        ],
      },
    ],
    [
      'a IN (3, 1)',
      {
        kind: 'range',
        prefix: [],
        lower: { value: 1, inclusive: true },
        upper: { value: 3, inclusive: true },
      },
    ],
    ['a > 1', { kind: 'range', prefix: [], lower: { value: 1, inclusive: false } }],
    ['5 >= a', { kind: 'range', prefix: [], upper: { value: 5, inclusive: true } }],
    [
      'a > 1 AND a >= 1 AND a < 9 AND a <= 9 AND a < 10',
      {
        kind: 'range',
        prefix: [],
        lower: { value: 1, inclusive: false },
        upper: { value: 9, inclusive: false },
      },
    ],
    [
      "a = 1 AND b BETWEEN 'm' AND 'p'",
      {
        kind: 'range',
        prefix: [1],
        lower: { value: 'm', inclusive: true },
        upper: { value: 'p', inclusive: true },
      },
    ],
    ['a < 1.5', { kind: 'scan' }],
    ['a > NULL', { kind: 'scan' }],
  ])('%s', (where, access) => {
    expect(accessOf(where)).toEqual(access);
  });

  it('uses no column that is not exact, and leaves out what is hidden', () => {
    const relation = relationOf(table);
    const changed = (index: number): Relation => ({
      ...relation,
      columns: relation.columns.map((column, at) =>
        at === index ? { ...column, exact: false } : column,
      ),
    });
    expect(accessOf("a = 1 AND b = 'x'", changed(0))).toEqual({ kind: 'scan' });
    expect(accessOf("a = 1 AND b = 'x'", changed(1))).toEqual({ kind: 'range', prefix: [1] });
    const hidden = { ...relation, columns: relation.columns.slice(1) };
    expect(accessOf("b = 'x'", hidden)).toEqual({ kind: 'scan' });
  });

  it('takes the many spellings of a decimal for one key', () => {
    const decimal = schemaOfText('CREATE TABLE t (d DECIMAL PRIMARY KEY)');
    expect(accessOf('d IN (1.5, 1.50, 1)', relationOf(decimal))).toMatchObject({
      kind: 'keys',
      keys: [[{ unscaled: 1n }], [{ unscaled: 15n }]],
    });
  });

  it('bounds the keys that it lists', () => {
    const list = Array.from({ length: 20 }, (_, index) => index).join();
    const texts = Array.from({ length: 20 }, (_, index) => `'${index}'`).join();
    expect(accessOf(`a IN (${list}) AND b IN (${texts}) AND c = 1`)).toEqual({
      kind: 'range',
      prefix: [],
      lower: { value: 0, inclusive: true },
      upper: { value: 19, inclusive: true },
    });
  });

  it('finds for DELETE what it finds for SELECT', () => {
    const statement = parseStatement("DELETE FROM t WHERE a = 1 AND b > 'x'");
    if (statement.kind !== 'delete') throw new Error('not a DELETE');
    expect(planAccess(bindDelete(statement, table, []))).toEqual({
      kind: 'range',
      prefix: [1],
      lower: { value: 'x', inclusive: false },
    });
  });
});

describe('every access', () => {
  const rows = [0, 1, 2].flatMap((a) =>
    ['', 'x', 'y'].flatMap((b) => [0n, 1n].map((c) => ({ values: [a, b, c, a] as const }))),
  );
  const operator = fc.constantFrom('=', '<>', '<', '<=', '>', '>=');
  const literals = {
    a: fc.constantFrom('0', '1', '2', '1.0', '1.5', '-1', '3000000000', 'NULL'),
    b: fc.constantFrom("''", "'x'", "'y'", "'xx'", 'NULL'),
    c: fc.constantFrom('0', '1', '0.5', 'NULL'),
    v: fc.constantFrom('0', '1', 'a'),
  };
  const atom = fc.constantFrom<keyof typeof literals>('a', 'b', 'c', 'v').chain((column) => {
    const literal = literals[column];
    return fc.oneof(
      fc.tuple(operator, literal).map(([sign, value]) => `${column} ${sign} ${value}`),
      fc.tuple(operator, literal).map(([sign, value]) => `${value} ${sign} ${column}`),
      fc
        .array(literal, { minLength: 1, maxLength: 3 })
        .map((values) => `${column} IN (${values.join(', ')})`),
      fc.tuple(literal, literal).map(([low, high]) => `${column} BETWEEN ${low} AND ${high}`),
    );
  });
  const where = fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: atom },
        { weight: 1, arbitrary: atom.map((x) => `NOT ${x}`) },
        { weight: 1, arbitrary: fc.tuple(atom, atom).map((pair) => `(${pair.join(' OR ')})`) },
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) => all.join(' AND '));

  it('reads every row that the condition passes, in the same order as a scan', () => {
    fc.assert(
      fc.property(where, (text) => {
        const statement = parseStatement(`SELECT * FROM t WHERE ${text}`);
        if (statement.kind !== 'select') throw new Error('not a SELECT');
        const { select, access } = planSelect(bindSelect(statement, relationOf(table), []));
        const passes = compilePredicate(select.where);
        const byAccess = readAccess(table, access, rows).filter(({ values }) => passes(values));
        expect([text, byAccess]).toEqual([text, rows.filter(({ values }) => passes(values))]);
      }),
      { numRuns: 1500 },
    );
  });
});
