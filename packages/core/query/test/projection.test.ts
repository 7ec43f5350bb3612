/** The SELECT of a projection: what it may say, and what its columns are. */

import { type TableSchema, parseDecimal, toTableId, toTableSchema } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compileAggregate } from '../src/aggregate.ts';
import type { BoundAggregate } from '../src/bound.ts';
import {
  type BoundProjection,
  GroupTotals,
  ProjectionJoin,
  bindProjection,
  parseStatement,
} from '../src/index.ts';
import { codeOf, schemaOfText } from './fixtures.ts';

const TABLES: readonly TableSchema[] = [
  `CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT DATA CLASS direct_id, born DATE DATA CLASS quasi_id,
     ward INTEGER, plan JSON, DATA SUBJECT id)`,
  `CREATE TABLE visits (person TEXT NOT NULL, day DATE, note TEXT DATA CLASS free_text, ward INTEGER,
     cost DECIMAL DATA CLASS sensitive, PRIMARY KEY (person, day), DATA SUBJECT person)`,
  "CREATE TABLE wards (id INTEGER PRIMARY KEY, name TEXT DATA CLASS 'non-personal', plan JSON, big BIGINT)",
].map((sql, index) => {
  const { definition } = schemaOfText(sql);
  return toTableSchema(toTableId(1000 + index), definition, new Uint8Array(32));
});

function bind(text: string): BoundProjection {
  return bindProjection({ id: toTableId(2000), name: 'p', text }, (name) =>
    TABLES.find(({ definition }) => definition.name === name),
  );
}

/** Columns with their class, those that no statement can name last; the key, and the subject. */
function shapeOf(text: string): readonly string[] {
  const { items, table } = bind(text);
  const { columns, primaryKey, subject } = table.definition;
  return [
    ...columns.map(({ name, type, notNull, dataClass }, index) =>
      [index < items.length ? name : '-', type, notNull ? 'present' : '', dataClass ?? ''].join(
        ' ',
      ),
    ),
    `key ${primaryKey.join(' ')}`,
    `subject ${subject ?? 'none'}`,
  ];
}

describe('a projection', () => {
  it('has the columns that are selected, and its key behind them', () => {
    expect(
      shapeOf('SELECT v.day, w.name, v.note FROM visits v LEFT JOIN wards w ON w.id = v.ward'),
    ).toEqual([
      'day date present ',
      'name text  non-personal',
      'note text  free-text',
      '- text  ',
      '- integer  ',
      'key #1 day #2',
      'subject none',
    ]);
    expect(shapeOf('SELECT ward AS w, COUNT(*) AS n FROM people GROUP BY ward, born')).toEqual([
      'w integer  ',
      'n bigint  ',
      '- date  ',
      '- text  ',
      'key w #1',
      'subject none',
    ]);
    expect(shapeOf('SELECT MAX(born) AS last FROM people')).toEqual([
      'last date  quasi-id',
      '- integer  ',
      '- text  ',
      'key #1',
      'subject none',
    ]);
  });

  it('gives a column the strictest class of what it is made of', () => {
    const classOf = (item: string): string | null | undefined =>
      bind(
        `SELECT ${item} AS x FROM people p JOIN visits v ON v.person = p.id JOIN wards w ON w.id = p.ward`,
      ).table.definition.columns[0]?.dataClass;
    expect(classOf('v.note')).toBe('free-text');
    expect(classOf('COALESCE(v.note, p.name)')).toBe('direct-id');
    expect(classOf('COALESCE(w.name, p.id)')).toBe(null);
    expect(classOf('CASE WHEN v.cost > 1 THEN w.name END')).toBe('sensitive');
    expect(classOf('w.id')).toBe(null);
    expect(classOf('w.name')).toBe('non-personal');
  });

  it('is about the subject of the one table that has one, or of those that are joined by it', () => {
    const subjectOf = (text: string): string | null => bind(text).table.definition.subject;
    expect(subjectOf('SELECT p.id AS who FROM people p JOIN wards w ON w.id = p.ward')).toBe('who');
    expect(subjectOf('SELECT p.name FROM people p JOIN wards w ON w.id = p.ward')).toBe(null);
    expect(subjectOf('SELECT p.id FROM people p LEFT JOIN visits v ON v.person = p.id')).toBe('id');
    expect(subjectOf('SELECT v.person FROM people p JOIN visits v ON v.person = p.id')).toBe(
      'person',
    );
    // Where nobody may be there, and where two persons meet.
    expect(subjectOf('SELECT p.id FROM wards w LEFT JOIN people p ON p.ward = w.id')).toBe(null);
    expect(
      subjectOf('SELECT p.id, q.id AS other FROM people p JOIN people q ON q.ward = p.ward'),
    ).toBe(null);
    expect(subjectOf('SELECT person, COUNT(*) AS n FROM visits GROUP BY person')).toBe('person');
    expect(subjectOf('SELECT day, MAX(person) AS last FROM visits GROUP BY day')).toBe(null);
  });

  it.each([
    ['SELECT * FROM people', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.* FROM people p', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT DISTINCT id FROM people', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM people, wards', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM people AS OF POSITION 3', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM HISTORY OF people', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM people ORDER BY id', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM people LIMIT 1', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT id FROM people WHERE id = $1', 'ERR_QUERY_PARAMETER'],
    ['SELECT p.id FROM people p RIGHT JOIN wards w ON w.id = p.ward', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p CROSS JOIN wards w', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p NATURAL JOIN wards w', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p JOIN wards w USING (id)', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p JOIN wards w', 'ERR_QUERY_SYNTAX'],
    ['SELECT p.id FROM people p JOIN wards w ON w.id = 1', 'ERR_QUERY_UNSUPPORTED'],
    [
      'SELECT p.id FROM people p JOIN wards w ON w.id = p.ward OR w.id = 1',
      'ERR_QUERY_UNSUPPORTED',
    ],
    ['SELECT p.id FROM people p JOIN wards w ON w.big = p.ward', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p JOIN wards w ON w.plan = p.plan', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT p.id FROM people p JOIN wards w ON w.id', 'ERR_QUERY_TYPE'],
    [
      'SELECT p.id FROM people p JOIN wards w ON w.name = q.id JOIN wards q ON q.id = w.id',
      'ERR_QUERY_UNKNOWN_TABLE',
    ],
    ['SELECT people.id FROM people JOIN people ON people.id = people.id', 'ERR_QUERY_AMBIGUOUS'],
    ['SELECT id FROM people p JOIN wards w ON w.id = p.ward', 'ERR_QUERY_AMBIGUOUS'],
    ['SELECT p.id, w.id FROM people p JOIN wards w ON w.id = p.ward', 'ERR_QUERY_AMBIGUOUS'],
    ['SELECT id || name FROM people', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT ward + 1 FROM people', 'ERR_QUERY_SYNTAX'],
    ['SELECT ward AS "Ward" FROM people', 'ERR_QUERY_SYNTAX'],
    ['SELECT name, COUNT(*) FROM people GROUP BY ward', 'ERR_QUERY_GROUPING'],
    ['SELECT COUNT(DISTINCT ward) FROM people', 'ERR_QUERY_UNSUPPORTED'],
    ['SELECT COUNT(*) FROM wards GROUP BY plan', 'ERR_QUERY_TYPE'],
    ['SELECT id FROM nobody', 'ERR_QUERY_UNKNOWN_TABLE'],
    [
      `SELECT p.id FROM people p ${Array.from({ length: 8 }, (_, at) => `JOIN wards w${at} ON w${at}.id = p.ward`).join(' ')}`,
      'ERR_QUERY_LIMIT',
    ],
  ])('%s is refused', (text, code) => {
    const attempt = (): unknown => {
      parseStatement(`CREATE PROJECTION p AS ${text}`);
      return bind(text);
    };
    expect(codeOf(attempt)).toBe(code);
  });

  it('is named as tables are', () => {
    expect(codeOf(() => parseStatement('CREATE PROJECTION "P" AS SELECT id FROM t'))).toBe(
      'ERR_QUERY_SYNTAX',
    );
    expect(codeOf(() => parseStatement('CREATE PROJECTION p (a) AS SELECT id FROM t'))).toBe(
      'ERR_QUERY_SYNTAX',
    );
    expect(codeOf(() => parseStatement('DROP PROJECTION IF EXISTS p'))).not.toBe('none');
  });

  it('keeps what it says as it was written', () => {
    const text = "SELECT id /* who */ FROM people WHERE name <> 'it''s'";
    expect(parseStatement(`CREATE PROJECTION p AS ${text} ;`)).toMatchObject({
      text,
      name: { text: 'p' },
    });
  });

  it('finds rows by a key where the key begins with what is joined, and keeps the other ways', () => {
    const lookupsOf = (text: string): readonly string[] =>
      new ProjectionJoin(bind(text)).lookups.map(
        ({ table, columns }) => `${table.definition.name} ${columns.join()}`,
      );
    expect(lookupsOf('SELECT p.id FROM people p JOIN visits v ON v.person = p.id')).toEqual([]);
    expect(lookupsOf('SELECT p.id FROM people p JOIN wards w ON w.id = p.ward')).toEqual([
      'people 3',
    ]);
    expect(
      lookupsOf('SELECT p.id FROM people p JOIN visits v ON v.ward = p.ward AND v.day = p.born'),
    ).toEqual(['visits 1,3', 'people 2,3']);
    expect(
      lookupsOf(
        'SELECT p.id FROM people p JOIN people q ON q.ward = p.ward JOIN people r ON r.ward = q.ward',
      ),
    ).toEqual(['people 3']);
  });
});

describe('totals of a group', () => {
  const column = (type: 'decimal' | 'text', index: number) =>
    ({ kind: 'column', type, index }) as const;
  const members: readonly BoundAggregate[] = [
    { kind: 'aggregate', name: 'count', type: 'bigint', argument: null, distinct: false },
    {
      kind: 'aggregate',
      name: 'count',
      type: 'bigint',
      argument: column('text', 0),
      distinct: false,
    },
    {
      kind: 'aggregate',
      name: 'sum',
      type: 'decimal',
      argument: column('decimal', 1),
      distinct: false,
    },
    {
      kind: 'aggregate',
      name: 'avg',
      type: 'decimal',
      argument: column('decimal', 1),
      distinct: false,
    },
  ];
  const row = fc.tuple(
    fc.option(fc.constantFrom('a', 'b')),
    fc.option(
      fc.constantFrom('1', '1.5', '1.50', '-0.25', '900000000000000000000.001').map(parseDecimal),
    ),
  );

  it('are, digit by digit, those of the rows that are left, however often they were put away', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.array(fc.nat(11)), (rows, gone) => {
        let totals = new GroupTotals(members, null);
        const inputs = ([text, number]: (typeof rows)[number]) => [true, text, number, number];
        for (const each of rows) totals.change(inputs(each), 1n);
        const left = rows.filter((_, index) => !gone.includes(index));
        for (const [index, each] of rows.entries()) {
          if (!gone.includes(index)) continue;
          totals = new GroupTotals(members, totals.format());
          totals.change(inputs(each), -1n);
        }
        const expected = members.map((member) => {
          const { argument, open } = compileAggregate(member);
          const accumulator = open();
          for (const each of left) accumulator.add(argument([...each]));
          return accumulator.result();
        });
        expect(members.map((_, index) => totals.result(index))).toEqual(expected);
        expect(totals.rows).toBe(BigInt(left.length));
        // The same rows, the same text: a store that is made again is the same byte by byte.
        const afresh = new GroupTotals(members, null);
        for (const each of left.toReversed()) afresh.change(inputs(each), 1n);
        expect(totals.format()).toBe(afresh.format());
      }),
    );
  });
});
