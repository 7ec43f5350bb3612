/** Whatever comes in, what comes out is a statement or a coded error. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  QueryError,
  fingerprintSelect,
  bindSelect,
  parseStatement,
  relationOf,
} from '../src/index.ts';
import { Engine, codeOf, schemaOfText } from './fixtures.ts';

const table = schemaOfText('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BOOLEAN, d DATE)');

const MESSAGE_LENGTH_MAX = 600;

/** Whether it is a statement; throws for anything but a statement or an error that helps. */
function attempt(text: string): boolean {
  try {
    const statement = parseStatement(text);
    if (statement.kind === 'select' && statement.from.text === 't') {
      const parameters = Array.from({ length: statement.parameterCount }, () => 1);
      fingerprintSelect(bindSelect(statement, relationOf(table), parameters));
    }
    return true;
  } catch (error) {
    const helps =
      error instanceof QueryError &&
      error.hint !== undefined &&
      error.message.length <= MESSAGE_LENGTH_MAX;
    if (!helps) throw error;
    return false;
  }
}

const word = fc.constantFrom(
  ...'select all from where and or not is null between in like escape order by asc desc nulls'.split(
    ' ',
  ),
  ...'first last limit offset as of position insert into values update set delete create table'.split(
    ' ',
  ),
  ...'drop primary key data class subject ladder integer text count date uuid true false'.split(
    ' ',
  ),
  ...'t t a b c d t.a "a" x union join group having distinct case when then else end cast'.split(
    ' ',
  ),
  ...'sum max coalesce nullif abs unique check default constraint index on conflict do nothing'.split(
    ' ',
  ),
  ...'returning explain history diff timestamp excluded filter over'.split(' '),
  ...'( ) ( ) , . ; * = <> < + - / % ? $1 $2'.split(' '),
  '1',
  '0',
  '1.5',
  '99999999999',
  "'a'",
  "'2024-01-27'",
  "''",
  '--',
  '/*',
  '*/',
  "'",
  '"',
  '\n',
);

describe('random input', () => {
  it('of words', () => {
    expect(() => {
      fc.assert(
        fc.property(fc.array(word, { maxLength: 60 }), (words) => {
          attempt(words.join(' '));
          attempt(`SELECT ${words.join(' ')} FROM t`);
          attempt(`SELECT a FROM t WHERE ${words.join(' ')}`);
        }),
        { numRuns: 1500 },
      );
    }).not.toThrow();
  });

  it('of characters', () => {
    expect(() => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
          attempt(text);
          attempt(`SELECT a FROM t WHERE b = '${text}'`);
          attempt(`SELECT a AS "${text}" FROM t`);
        }),
        { numRuns: 600 },
      );
    }).not.toThrow();
  });

  it('of UTF-16 units, halves of characters too', () => {
    expect(() => {
      fc.assert(
        fc.property(fc.array(fc.nat(0xffff), { maxLength: 100 }), (units) => {
          attempt(`SELECT a FROM t WHERE b = '${String.fromCharCode(...units)}'`);
        }),
      );
    }).not.toThrow();
  });

  it('of statements with a part changed', () => {
    const seeds = [
      'SELECT a, b AS x, COUNT(a) FROM t AS OF POSITION 3 AS y WHERE a = 1 AND b LIKE $1 ORDER BY a LIMIT 5 OFFSET 2',
      "INSERT INTO t (a, b) VALUES (1, 'x'), (-2, NULL)",
      'SELECT DISTINCT b x, SUM(DISTINCT a) FROM HISTORY OF t WHERE a > 1 GROUP BY b HAVING COUNT(*) > 1 ORDER BY 1 LIMIT ALL',
      "SELECT CASE WHEN a = 1 THEN COALESCE(b, 'x') ELSE NULLIF(b, 'y') END FROM DIFF OF t BETWEEN POSITION 1 AND 2",
      'INSERT INTO t AS y (a) VALUES (DEFAULT) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE y.a > 1 RETURNING a, y.*',
      "CREATE TABLE t (a INTEGER PRIMARY KEY DEFAULT - 1 , b TEXT UNIQUE CHECK ( b <> 'x' ) , CONSTRAINT u UNIQUE ( a , b ) )",
      'CREATE UNIQUE INDEX i ON t ( a , b )',
      'CREATE PROJECTION p AS SELECT x.b AS b , COUNT(*) AS n FROM t AS x LEFT JOIN t AS y ON x.a = y.a AND y.c WHERE x.a > 1 GROUP BY x.b',
      'DROP PROJECTION p',
      "UPDATE t SET b = 'y', c = TRUE WHERE a IN (1, 2) OR d BETWEEN DATE '2024-01-01' AND '2024-02-01'",
      "CREATE TABLE t (a INTEGER PRIMARY KEY, z TEXT DATA CLASS quasi_id LADDER 'us-zip-2020', DATA SUBJECT a)",
    ].map((text) => text.split(' '));
    let accepted = 0;
    expect(() => {
      fc.assert(
        fc.property(
          fc.constantFrom(...seeds),
          fc.nat(40),
          fc.nat(2),
          word,
          (words, at, removed, added) => {
            if (attempt(words.toSpliced(at % words.length, removed, added).join(' ')))
              accepted += 1;
          },
        ),
        { numRuns: 2000 },
      );
    }).not.toThrow();
    // The canary: some of them are statements after all.
    expect(accepted).toBeGreaterThan(20);
  });

  it('that is built to cost', () => {
    for (const text of [
      '('.repeat(8192),
      'NOT '.repeat(2048),
      '-'.repeat(8192),
      '- '.repeat(4096),
      "'".repeat(8191),
      '/*'.repeat(4096),
      `SELECT a FROM t WHERE ${'a = 1 AND '.repeat(700)}`,
      `SELECT ${'('.repeat(8)}${'a,'.repeat(480)}`,
      `SELECT a FROM t WHERE a IN (${'1,'.repeat(490)}1)`,
      `SELECT a FROM t WHERE ${'CAST('.repeat(6)}`,
      `SELECT a FROM t WHERE ${'EXISTS (SELECT '.repeat(10)}`,
      'SELECT '.repeat(1000),
      `SELECT a FROM t WHERE b LIKE '${'%a'.repeat(2000)}'`,
    ]) {
      expect(attempt(text)).toBe(false);
    }
  });
});

describe('statements that run', () => {
  it('never fail but with a code', () => {
    const engine = new Engine();
    engine.run('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BOOLEAN, d DATE)');
    engine.run(
      "INSERT INTO t VALUES (1, 'x', TRUE, '2024-01-27'), (2, NULL, NULL, NULL), (0, '', FALSE, NULL)",
    );
    const piece = fc.constantFrom(
      'a',
      'b',
      'c',
      'd',
      '0',
      '1',
      "'x'",
      "'2024-01-27'",
      'NULL',
      '1.5',
      '2147483647',
    );
    const operator = fc.constantFrom(
      '=',
      '<',
      '+',
      '-',
      '*',
      '/',
      '%',
      'AND',
      'OR',
      'LIKE',
      'IN (1,',
      'BETWEEN 1 AND',
    );
    let answered = 0;
    expect(() => {
      fc.assert(
        fc.property(fc.array(fc.tuple(piece, operator), { maxLength: 6 }), piece, (parts, last) => {
          const text = parts.map(([left, sign]) => `${left} ${sign} `).join('') + last;
          const closed = text + ')'.repeat(text.split('(').length - 1);
          if (codeOf(() => engine.run(`SELECT a FROM t WHERE ${closed}`)) === 'none') answered += 1;
          codeOf(() => engine.run(`SELECT ${closed} FROM t ORDER BY ${closed}`));
        }),
        { numRuns: 2000 },
      );
    }).not.toThrow();
    expect(answered).toBeGreaterThan(50);
  });
});
