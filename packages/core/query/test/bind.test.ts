import type { Row, Value } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import {
  type BoundSelect,
  type ParameterValue,
  type Relation,
  bindDelete,
  bindInsert,
  bindSelect,
  bindUpdate,
  parseStatement,
  relationOf,
} from '../src/index.ts';
import { codeOf, errorOf, schemaOfText } from './fixtures.ts';

const everything = schemaOfText(
  `CREATE TABLE t (i INTEGER PRIMARY KEY, b BIGINT, d DECIMAL, s TEXT, f BOOLEAN, day DATE,
     at TIMESTAMP, u UUID, x BYTES, j JSON)`,
);
const UUID = '0190f0e0-0000-7000-8000-000000000000';

function bind(
  text: string,
  parameters: readonly ParameterValue[] = [],
  relation: Relation = relationOf(everything),
): BoundSelect {
  const statement = parseStatement(text);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  return bindSelect(statement, relation, parameters);
}

function insert(text: string, parameters: readonly ParameterValue[] = []): readonly Row[] {
  const statement = parseStatement(text);
  if (statement.kind !== 'insert') throw new Error('not an INSERT');
  return bindInsert(statement, everything, parameters).rows;
}

describe('types', () => {
  it.each([
    'i = 1',
    'i = 3000000000',
    'i < 1.5',
    'b = i',
    'd = b + i',
    "s = 'a'",
    'f',
    'NOT f',
    'f = TRUE',
    "day > '2024-01-27'",
    "day = DATE '2024-01-27'",
    "at < '2024-01-27 16:17:47Z'",
    `u IN ('${UUID}', UUID '${UUID.toUpperCase()}')`,
    "x = 'AQI='",
    `j = '{"b":1, "a":2}'`,
    "j <> 'null'",
    'NULL',
    'NULL = NULL',
    's = NULL',
    'i IN (1, 2.5, NULL, b)',
    "'a' = 'b'",
    "day BETWEEN '2024-01-01' AND '2024-02-01'",
    '-i = - NULL',
    'i + NULL > 1',
    'i IS NULL AND j IS NOT NULL',
    's LIKE NULL',
    "NULL LIKE 'a'",
    '(i = 1) = f',
  ])('takes %s', (condition) => {
    expect(bind(`SELECT i FROM t WHERE ${condition}`).where?.type).toBe('boolean');
  });

  it.each([
    'i',
    's',
    "'true'",
    '1',
    'i = s',
    "i = '1'",
    "f = 'true'",
    's = 1',
    's = day',
    "day = TIMESTAMP '2024-01-27T00:00:00Z'",
    "day = '2024-02-30'",
    "day = '27.1.2024'",
    "at = '2024-01-27'",
    "u = 'x'",
    "x = 'AQI'",
    "j = '{'",
    `j = '{"a":1,"a":2}'`,
    "j < '1'",
    "j BETWEEN '1' AND '2'",
    's + 1 = 1',
    's + s = s',
    '-s = s',
    'day + 1 = day',
    "i LIKE '1'",
    's LIKE 1',
    "s LIKE 'a' ESCAPE 'ab'",
    "s LIKE 'a\\'",
    'i IN (1, s)',
    'i BETWEEN 1 AND s',
    'NOT i',
    'f AND i',
    'f OR s',
  ])('refuses %s', (condition) => {
    expect(codeOf(() => bind(`SELECT i FROM t WHERE ${condition}`))).toBe('ERR_QUERY_TYPE');
  });

  it('gives a number the narrowest type', () => {
    const text =
      'SELECT 1, -2147483648, 2147483648, -9223372036854775808, 9223372036854775808, 007, 1.0';
    expect(bind(`${text} FROM t`).items.map(({ type }) => type)).toEqual([
      'integer',
      'integer',
      'bigint',
      'bigint',
      'decimal',
      'integer',
      'decimal',
    ]);
    expect(codeOf(() => bind(`SELECT ${'9'.repeat(39)} FROM t`))).toBe('ERR_QUERY_OVERFLOW');
    expect(codeOf(() => bind('SELECT i FROM t ORDER BY j'))).toBe('ERR_QUERY_TYPE');
  });
});

const where = (condition: string, ...parameters: ParameterValue[]): BoundSelect =>
  bind(`SELECT i FROM t WHERE ${condition}`, parameters);
const constantOf = ({ where: bound }: BoundSelect): unknown =>
  bound?.kind === 'comparison' && bound.right.kind === 'constant' ? bound.right.value : bound;

describe('parameters', () => {
  it.each<[string, ParameterValue, Value]>([
    ['i = $1', 5, 5],
    ['i = $1', -0, 0],
    ['i = $1', null, null],
    ['b = $1', 5, 5n],
    ['b = $1', '9007199254740993', 9007199254740993n],
    ['b = $1', 7n, 7n],
    ['d = $1', '1.50', { unscaled: 150n, scale: 2 }],
    ['d = $1', 1.5, { unscaled: 15n, scale: 1 }],
    ['d = $1', { unscaled: 15n, scale: 1 }, { unscaled: 15n, scale: 1 }],
    ['s = $1', "' OR 1=1 --", "' OR 1=1 --"],
    ['f = $1', true, true],
    ['day = $1', '1970-01-02', 1],
    ['at = $1', '1970-01-01T00:00:01Z', 1_000_000n],
    ['at = $1', 1_000_000n, 1_000_000n],
    ['u = $1', UUID.toUpperCase(), UUID],
    ['x = $1', 'AQI=', new Uint8Array([1, 2])],
    ['x = $1', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ['j = $1', '{"b":1, "a":2}', '{"a":2,"b":1}'],
  ])('%s with %o', (condition, parameter, value) => {
    expect(constantOf(where(condition, parameter))).toEqual(value);
  });

  it.each<[string, ParameterValue]>([
    ['i = $1', '5'],
    ['i = $1', true],
    ['i = $1', 1e300],
    ['i = $1', Number.NaN],
    ['i = $1', 2 ** 53 + 2],
    ['b = $1', '5'],
    ['b = $1', 1n << 70n],
    ['d = $1', '1e5'],
    ['d = $1', 1e-7],
    ['s = $1', 5],
    ['s = $1', '\ud800'],
    ['f = $1', 'true'],
    ['f = $1', 1],
    ['day = $1', 2020],
    ['day = $1', '2024-02-30'],
    ['u = $1', 'x'],
    ['x = $1', '***'],
    ['j = $1', '{'],
    ['s LIKE $1', 5],
    ['$1', 'true'],
    ['$1 = $1', 5],
    ['$1 IS NULL', 5],
    ['-$1 = -$1', 5],
  ])('refuses %s with %o', (condition, parameter) => {
    expect(codeOf(() => where(condition, parameter))).toBe('ERR_QUERY_PARAMETER');
  });

  it('counts them', () => {
    expect(codeOf(() => where('i = ?'))).toBe('ERR_QUERY_PARAMETER');
    expect(codeOf(() => where('i = 1', 1))).toBe('ERR_QUERY_PARAMETER');
    expect(codeOf(() => where('i = $1 OR b = $1', 1))).toBe('none');
  });

  it('takes counts for LIMIT and OFFSET', () => {
    const { limit, offset } = bind('SELECT i FROM t LIMIT ? OFFSET ?', [5, 6n]);
    expect([limit, offset]).toEqual([5, 6]);
    for (const bad of [-1, 1.5, null, '5', true, 2 ** 53, -1n]) {
      expect(codeOf(() => bind('SELECT i FROM t LIMIT ?', [bad]))).toBe('ERR_QUERY_PARAMETER');
    }
  });

  it('never says a value', () => {
    for (const call of [
      () => where('i = $1', 'secret'),
      () => where("i = 'secret'"),
      () => where("day = 'secret'"),
      () => where("j = 'secret'"),
    ]) {
      const { message, hint } = errorOf(call);
      expect(`${message} ${hint}`).not.toContain('secret');
    }
  });
});

describe('a relation with less than the table', () => {
  const base = schemaOfText(
    `CREATE TABLE people (id INTEGER PRIMARY KEY, ssn TEXT, name TEXT, zip TEXT, born DATE)`,
  );
  /** ssn is hidden; name is masked; zip is a pseudonym; born is a year. */
  const relation: Relation = {
    name: 'people',
    statistics: 'count',
    table: base,
    columns: [
      {
        name: 'zip',
        type: 'text',
        notNull: false,
        source: 3,
        exact: false,
        operations: 'equality',
      },
      { name: 'name', type: 'text', notNull: false, source: 2, exact: false, operations: 'none' },
      { name: 'born', type: 'integer', notNull: false, source: 4, exact: false, operations: 'all' },
      { name: 'id', type: 'integer', notNull: true, source: 0, exact: true, operations: 'all' },
    ],
  };
  const seen = (text: string): BoundSelect => bind(text, [], relation);
  const failure = (text: string): { code: string; message: string; hint: string | undefined } => {
    const { code, message, hint } = errorOf(() => seen(text));
    return { code, message, hint };
  };

  it('cannot tell a hidden column from none', () => {
    for (const text of [
      'SELECT ??? FROM people',
      'SELECT id FROM people WHERE ??? = 1',
      'SELECT id FROM people ORDER BY ???',
      'SELECT COUNT(???) FROM people',
      'SELECT id AS ssn FROM people WHERE ??? IS NULL',
      'SELECT people.??? FROM people',
      'SELECT id FROM people WHERE id IN (1, ???)',
      'SELECT - ??? AS id FROM people',
    ]) {
      const hidden = failure(text.replace('???', 'ssn'));
      const nowhere = failure(text.replace('???', 'xyz'));
      expect(hidden.code).toBe('ERR_QUERY_UNKNOWN_COLUMN');
      expect(nowhere).toEqual({ ...hidden, message: hidden.message.replace('ssn', 'xyz') });
      expect(hidden.hint).not.toContain('ssn');
    }
  });

  it('keeps `*` and lineage to what is visible', () => {
    const star = seen('SELECT * FROM people');
    expect(
      star.items.map(({ name, type, column, sources }) => [name, type, column, sources]),
    ).toEqual([
      ['zip', 'text', 0, [3]],
      ['name', 'text', 1, [2]],
      ['born', 'integer', 2, [4]],
      ['id', 'integer', 3, [0]],
    ]);
    const mixed = seen('SELECT born + id * 2 + born AS x, 1 FROM people');
    expect(mixed.items.map(({ column, sources }) => [column, sources])).toEqual([
      [null, [0, 4]],
      [null, []],
    ]);
    expect(
      seen('SELECT COUNT(born > id), COUNT(*) FROM people').items.map((i) => i.sources),
    ).toEqual([[0, 4], []]);
  });

  it.each([
    'SELECT zip, name, born AS b FROM people',
    "SELECT id FROM people WHERE zip = 'x' AND zip <> 'y' OR NOT zip IN ('a', 'b')",
    "SELECT id FROM people WHERE zip NOT IN ('a') AND zip IS NOT NULL AND (zip = 'a') = TRUE",
    'SELECT id FROM people WHERE born > 1980 ORDER BY born LIMIT 1',
  ])('allows %s', (text) => {
    expect(codeOf(() => seen(text))).toBe('none');
  });

  it.each([
    "SELECT id FROM people WHERE name = 'x'",
    "SELECT id FROM people WHERE name LIKE 'x%'",
    "SELECT id FROM people WHERE name IN ('x')",
    'SELECT id FROM people WHERE name IS NULL',
    'SELECT id FROM people WHERE zip = name',
    "SELECT name = 'x' FROM people",
    'SELECT name IS NULL FROM people',
    'SELECT COUNT(name) FROM people',
    'SELECT id FROM people ORDER BY name',
    'SELECT name AS id FROM people ORDER BY id',
    'SELECT name AS x FROM people ORDER BY x',
    'SELECT zip AS born FROM people ORDER BY born',
    'SELECT id FROM people ORDER BY zip',
    "SELECT id FROM people ORDER BY zip = 'x'",
    "SELECT id FROM people ORDER BY zip IN ('x')",
    "SELECT zip = 'x' FROM people",
    'SELECT zip IS NULL FROM people',
    'SELECT COUNT(zip) FROM people',
    "SELECT id FROM people WHERE zip < 'x'",
    "SELECT id FROM people WHERE zip BETWEEN 'a' AND 'b'",
    "SELECT id FROM people WHERE 'a' BETWEEN zip AND 'b'",
    "SELECT id FROM people WHERE zip LIKE 'x%'",
    "SELECT COUNT(zip = 'x') FROM people",
  ])('refuses %s', (text) => {
    expect(failure(text).code).toBe('ERR_QUERY_OPERATION');
  });
});

describe('names', () => {
  it('folds and quotes', () => {
    expect(codeOf(() => bind('SELECT I, "i", T.i, "t".I FROM T'))).toBe('none');
    expect(codeOf(() => bind('SELECT "I" FROM t'))).toBe('ERR_QUERY_UNKNOWN_COLUMN');
    expect(codeOf(() => bind('SELECT t.i FROM t AS x'))).toBe('ERR_QUERY_UNKNOWN_TABLE');
    expect(codeOf(() => bind('SELECT x.i FROM t AS x'))).toBe('none');
    expect(codeOf(() => bind('SELECT __proto__ FROM t'))).toBe('ERR_QUERY_UNKNOWN_COLUMN');
    expect(codeOf(() => bind('SELECT constructor FROM t'))).toBe('ERR_QUERY_UNKNOWN_COLUMN');
  });

  it('orders by items first, and refuses a name that two have', () => {
    const [order] = bind('SELECT -i AS b FROM t ORDER BY b').orderBy;
    expect(order?.expression.kind).toBe('negate');
    expect(codeOf(() => bind('SELECT i AS b, b FROM t ORDER BY b'))).toBe('ERR_QUERY_UNSUPPORTED');
    expect(codeOf(() => bind('SELECT *, i AS b FROM t ORDER BY b'))).toBe('ERR_QUERY_UNSUPPORTED');
    expect(codeOf(() => bind('SELECT *, b FROM t ORDER BY b'))).toBe('none');
    expect(codeOf(() => bind('SELECT i AS z FROM t ORDER BY z + 1'))).toBe(
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
  });

  it('gives unnamed items the names of PostgreSQL', () => {
    expect(bind('SELECT i + 1, i, i AS "X y" FROM t').items.map(({ name }) => name)).toEqual([
      '?column?',
      'i',
      'X y',
    ]);
    expect(bind('SELECT COUNT(*), COUNT(i) AS n FROM t').items.map(({ name }) => name)).toEqual([
      'count',
      'n',
    ]);
  });
});

const update = (text: string): string =>
  codeOf(() => {
    const statement = parseStatement(text);
    if (statement.kind === 'update') bindUpdate(statement, everything, []);
    if (statement.kind === 'delete') bindDelete(statement, everything, []);
  });

describe('writes', () => {
  it('makes whole rows in the order of the table', () => {
    expect(insert("INSERT INTO t (s, i) VALUES ('a', 1 + 1), (NULL, -3)")).toEqual([
      [2, null, null, 'a', null, null, null, null, null, null],
      [-3, null, null, null, null, null, null, null, null, null],
    ]);
    expect(
      insert(
        `INSERT INTO t VALUES (1, 2, 3, 's', TRUE, '1970-01-02', '1970-01-01 00:00:01Z', '${UUID}', 'AQ==', '[1 ]')`,
      ),
    ).toEqual([
      [
        1,
        2n,
        { unscaled: 3n, scale: 0 },
        's',
        true,
        1,
        1_000_000n,
        UUID,
        new Uint8Array([1]),
        '[1]',
      ],
    ]);
    expect(insert('INSERT INTO t (i, b, d) VALUES ($1, $1, $1)', [7])).toEqual([
      [7, 7n, { unscaled: 7n, scale: 0 }, null, null, null, null, null, null, null],
    ]);
  });

  it.each([
    ['ERR_QUERY_UNKNOWN_COLUMN', 'INSERT INTO t (z) VALUES (1)'],
    ['ERR_QUERY_UNKNOWN_COLUMN', 'INSERT INTO t (i) VALUES (b)'],
    ['ERR_QUERY_UNKNOWN_COLUMN', 'INSERT INTO t (s) VALUES ("a")'],
    ['ERR_QUERY_SYNTAX', 'INSERT INTO t (i, i) VALUES (1, 2)'],
    ['ERR_QUERY_SYNTAX', 'INSERT INTO t (i) VALUES (1, 2)'],
    ['ERR_QUERY_SYNTAX', 'INSERT INTO t (i, b) VALUES (1, 2), (1)'],
    ['ERR_QUERY_SYNTAX', 'INSERT INTO t VALUES (1)'],
    ['ERR_QUERY_TYPE', 'INSERT INTO t (i) VALUES (1.0)'],
    ['ERR_QUERY_TYPE', 'INSERT INTO t (i) VALUES (2147483648)'],
    ['ERR_QUERY_TYPE', "INSERT INTO t (i) VALUES ('1')"],
    ['ERR_QUERY_TYPE', 'INSERT INTO t (s) VALUES (1)'],
    ['ERR_QUERY_TYPE', 'INSERT INTO t (b) VALUES (1.5)'],
    ['ERR_QUERY_DIVISION', 'INSERT INTO t (i) VALUES (1 / 0)'],
    ['ERR_QUERY_OVERFLOW', 'INSERT INTO t (i) VALUES (2147483647 + 1)'],
  ])('%s: %s', (code, text) => {
    expect(codeOf(() => insert(text))).toBe(code);
  });

  it('binds UPDATE and DELETE', () => {
    expect(update("UPDATE t SET b = i, d = b + 1, s = 'x', day = NULL WHERE i = 1")).toBe('none');
    expect(update('UPDATE t SET b = 1, b = 2')).toBe('ERR_QUERY_SYNTAX');
    expect(update('UPDATE t SET i = 1')).toBe('none');
    expect(update('UPDATE t SET z = 1')).toBe('ERR_QUERY_UNKNOWN_COLUMN');
    expect(update('UPDATE t SET b = d')).toBe('ERR_QUERY_TYPE');
    expect(update('UPDATE t SET b = 1 WHERE b')).toBe('ERR_QUERY_TYPE');
    expect(update('DELETE FROM t WHERE t.i = 1')).toBe('none');
    expect(update('DELETE FROM t WHERE z = 1')).toBe('ERR_QUERY_UNKNOWN_COLUMN');
    expect(update('DELETE FROM t WHERE u.i = 1')).toBe('ERR_QUERY_UNKNOWN_TABLE');
  });
});
