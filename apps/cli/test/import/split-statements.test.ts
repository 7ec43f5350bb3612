import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CliError } from '../../src/error.ts';
import { parseSchema } from '../../src/import/schema-file.ts';
import { splitStatements } from '../../src/import/split-statements.ts';

const split = (source: string): [string, number][] =>
  splitStatements(source, 'schema.sql').map(({ text, line }) => [text, line]);

describe('splitStatements', () => {
  it.each<[string, string, [string, number][]]>([
    ['nothing', ' \n ', []],
    ['only comments', '-- a; b\n/* c;\n d */', []],
    [
      'two statements',
      'A;\nB ;',
      [
        ['A', 1],
        ['B', 2],
      ],
    ],
    [
      'a last one without its semicolon',
      'A; B',
      [
        ['A', 1],
        ['B', 1],
      ],
    ],
    ['empty statements', ';; A ;;', [['A', 1]]],
    [
      'semicolons in strings',
      "A ';' ; B",
      [
        ["A ';'", 1],
        ['B', 1],
      ],
    ],
    [
      'doubled quotes',
      "A 'it''s; ' ; B",
      [
        ["A 'it''s; '", 1],
        ['B', 1],
      ],
    ],
    [
      'quoted names',
      'A "x;""y" ; B',
      [
        ['A "x;""y"', 1],
        ['B', 1],
      ],
    ],
    [
      'a comment before',
      '-- first;\n\nA; /* x; */ B',
      [
        ['A', 3],
        ['B', 3],
      ],
    ],
    [
      'comments within',
      "A -- ;'\n B; C /* ;' */ D",
      [
        ["A -- ;'\n B", 1],
        ["C /* ;' */ D", 2],
      ],
    ],
    [
      'comments do not nest',
      'A /* /* */; B',
      [
        ['A /* /* */', 1],
        ['B', 1],
      ],
    ],
    [
      'quotes in comments, comments in quotes',
      "-- '\nA '--;' ; B '/*'",
      [
        ["A '--;'", 2],
        ["B '/*'", 2],
      ],
    ],
    [
      'no backslash escapes',
      "A '\\'; B",
      [
        ["A '\\'", 1],
        ['B', 1],
      ],
    ],
    [
      'a lone minus or slash',
      'A - 1 / 2; B',
      [
        ['A - 1 / 2', 1],
        ['B', 1],
      ],
    ],
  ])('%s', (_, source, statements) => {
    expect(split(source)).toEqual(statements);
  });

  it.each(["A;\nB 'x", 'A;\nB "x', 'A;\n/* x', "A;\nB 'x''"])('refuses %j', (source) => {
    expect(() => split(source)).toThrow(expect.objectContaining({ code: 'ERR_CLI_SCHEMA' }));
    expect(() => split(source)).toThrow(/^schema\.sql:2: /);
  });

  it('loses nothing but blanks, comments and semicolons, and throws nothing but its own error', () => {
    const soup = fc.string({ unit: fc.constantFrom('a', ';', "'", '"', '-', '/', '*', '\n', ' ') });
    fc.assert(
      fc.property(soup, (source) => {
        let texts: string[] = [];
        let failure: unknown = new CliError('format', 'ERR_CLI_SCHEMA', '');
        try {
          texts = splitStatements(source, 'x').map(({ text }) => text);
        } catch (error) {
          failure = error;
        }
        expect(failure).toBeInstanceOf(CliError);
        for (const text of texts) expect(source).toContain(text);
      }),
    );
  });
});

describe('parseSchema', () => {
  it('reads CREATE TABLE statements', async () => {
    const tables = await parseSchema('CREATE TABLE a (x INTEGER PRIMARY KEY); -- ;\n', 's.sql');
    expect([...tables.keys()]).toEqual(['a']);
    expect(tables.get('a')?.statement).toBe('CREATE TABLE a (x INTEGER PRIMARY KEY)');
  });

  it.each([
    'CREATE TABLE a (x NONSENSE PRIMARY KEY)',
    'SELECT x FROM a',
    'DROP TABLE a',
    'CREATE TABLE a (x INTEGER PRIMARY KEY); CREATE TABLE a (y INTEGER PRIMARY KEY)',
  ])('refuses %s', async (source) => {
    await expect(parseSchema(`\n${source}`, 's.sql')).rejects.toMatchObject({
      code: 'ERR_CLI_SCHEMA',
    });
    await expect(parseSchema(`\n${source}`, 's.sql')).rejects.toThrow(/^s\.sql:2: /);
  });
});
