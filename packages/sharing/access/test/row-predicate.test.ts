import { codeOf, table } from '@veritydb/testkit';
import { type Row, type TableDefinition, parseDate, parseTimestamp } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type AccessError,
  type RowPredicate,
  compileRowPredicate,
  rowPredicate,
} from '../src/index.ts';

const COLUMNS = {
  state: 'text',
  age: 'integer',
  on: 'date',
  at: 'timestamp',
  ok: 'boolean',
} as const;
const TABLE: TableDefinition = {
  name: 't',
  columns: Object.entries(COLUMNS).map(([name, type]) => ({
    name,
    type,
    notNull: false,
    dataClass: null,
    ladder: null,
  })),
  primaryKey: ['state'],
  subject: null,
};
const ROW: Row = ['VT', 40, parseDate('2020-06-01'), parseTimestamp('2020-06-01T12:00:00Z'), true];
const EMPTY: Row = [null, null, null, null, null];

const CASES = `
  row    predicate                                                  passes
  full   {"column":"state","equals":"VT"}                           yes
  full   {"column":"state","equals":"vt"}                           no
  full   {"column":"age","equals":40}                               yes
  full   {"column":"ok","equals":true}                              yes
  full   {"column":"state","in":["MA","VT"]}                        yes
  full   {"column":"state","in":["MA"]}                             no
  full   {"column":"age","from":40}                                 yes
  full   {"column":"age","before":40}                               no
  full   {"column":"age","from":18,"before":65}                     yes
  full   {"column":"on","from":"2020-06-01","before":"2020-06-02"}  yes
  full   {"column":"on","before":"2020-06-01"}                      no
  full   {"column":"at","from":"2020-06-01","before":"2020-06-02"}  yes
  full   {"column":"at","from":"2020-06-01T12:00:01Z"}              no
  full   {"column":"at","isNull":false}                             yes
  full   {"all":[{"column":"age","from":1},{"column":"ok","equals":false}]}  no
  full   {"any":[{"column":"age","from":99},{"column":"ok","equals":true}]}  yes
  full   {"not":{"column":"age","from":99}}                         yes
  # What compares with NULL is unknown, also under not.
  empty  {"column":"state","equals":"VT"}                           no
  empty  {"not":{"column":"state","equals":"VT"}}                   no
  empty  {"not":{"column":"age","from":1}}                          no
  empty  {"column":"state","isNull":true}                           yes
  empty  {"any":[{"column":"age","from":1},{"column":"ok","isNull":true}]}  yes
  empty  {"not":{"all":[{"column":"age","from":1},{"column":"ok","isNull":false}]}}  yes
`
  .replaceAll(
    /^( *\S+ +)(\{.*\}) +(yes|no)$/gm,
    (_, a: string, b: string, c: string) => `${a}${b.padEnd(90)}  ${c}`,
  )
  .replace(/predicate +passes/, `${'predicate'.padEnd(90)}  passes`);

describe('row predicates', () => {
  it.each(table(CASES))('$row: $predicate', ({ row, predicate = '', passes }) => {
    const parsed = rowPredicate.parse(JSON.parse(predicate));
    const test = compileRowPredicate(parsed, TABLE);
    expect(test(row === 'full' ? ROW : EMPTY)).toBe(passes === 'yes');
  });

  it.each([
    { column: 'gone', equals: 'x' },
    { column: 'age', equals: 'forty' },
    { column: 'on', from: '2020-02-30' },
    { not: { column: 'ok', in: ['perhaps'] } },
  ])('that do not fit their table are refused: %j', (predicate) => {
    expect(codeOf(() => compileRowPredicate(predicate, TABLE))).toBe('ERR_ACCESS_ROWS');
  });

  it('hold no value of theirs in the error', () => {
    try {
      compileRowPredicate({ column: 'age', equals: 'Quillfeather' }, TABLE);
      expect.unreachable();
    } catch (error) {
      expect(`${String(error)} ${(error as AccessError).hint}`).not.toContain('Quillfeather');
    }
  });

  it.each([
    {},
    { column: 'age' },
    { column: 'age', equals: null },
    { column: 'age', equals: 1, more: 1 },
    { all: [] },
    { column: 'Age', equals: 1 },
    Array.from({ length: 20 }).reduce<unknown>((inner) => ({ not: inner }), {
      column: 'a',
      equals: 1,
    }),
  ])('of another shape are none: %#', (predicate) => {
    expect(rowPredicate.safeParse(predicate).success).toBe(false);
  });

  it('parse whatever comes, or refuse it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(typeof rowPredicate.safeParse(value).success).toBe('boolean');
      }),
    );
  });

  it('are the same as a slow twin in two-valued logic where nothing is NULL', () => {
    const leaf = fc.nat(5).map((n): RowPredicate => ({ column: 'age', from: n * 10 }));
    const { tree } = fc.letrec<{ tree: RowPredicate }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        tie('tree').map((not) => ({ not })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      ),
    }));
    const twin = (predicate: RowPredicate, age: number): boolean => {
      if ('all' in predicate) return predicate.all.every((each) => twin(each, age));
      if ('any' in predicate) return predicate.any.some((each) => twin(each, age));
      if ('not' in predicate) return !twin(predicate.not, age);
      return 'from' in predicate && age >= Number(predicate.from);
    };
    fc.assert(
      fc.property(tree, fc.nat(60), (predicate, age) => {
        const row = ROW.with(1, age);
        expect(compileRowPredicate(predicate, TABLE)(row)).toBe(twin(predicate, age));
      }),
    );
  });
});
