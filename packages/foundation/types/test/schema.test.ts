import {
  COLUMN_TYPES,
  type ColumnDefinition,
  type ColumnType,
  DATA_CLASSES,
  type JsonValue,
  LADDERS,
  type LadderName,
  type TableDefinition,
  checkTableDefinition,
  digestCount,
  digestIndexOf,
  formatTableDefinition,
  ladderLevels,
  parseCanonicalJson,
  parseTableDefinition,
  toTableId,
  toTableSchema,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';

const TABLE: TableDefinition = {
  name: 'patients',
  columns: [
    { name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null },
    { name: 'born', type: 'date', notNull: false, dataClass: 'quasi-id', ladder: 'date' },
    { name: 'zip', type: 'text', notNull: false, dataClass: 'quasi-id', ladder: 'us-zip-2020' },
    { name: 'note', type: 'json', notNull: false, dataClass: 'free-text', ladder: null },
  ],
  primaryKey: ['id'],
  subject: 'id',
};

const TEXT =
  '{"columns":[' +
  '{"dataClass":null,"ladder":null,"name":"id","notNull":true,"type":"integer"},' +
  '{"dataClass":"quasi-id","ladder":"date","name":"born","notNull":false,"type":"date"},' +
  '{"dataClass":"quasi-id","ladder":"us-zip-2020","name":"zip","notNull":false,"type":"text"},' +
  '{"dataClass":"free-text","ladder":null,"name":"note","notNull":false,"type":"json"}' +
  '],"name":"patients","primaryKey":["id"],"subject":"id"}';

const KEY = 'key';

const columns: fc.Arbitrary<readonly ColumnDefinition[]> = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((name) => name !== KEY),
    type: fc.constantFrom(...COLUMN_TYPES),
    notNull: fc.boolean(),
    dataClass: fc.option(fc.constantFrom(...DATA_CLASSES)),
    ladder: fc.constant(null as LadderName | null),
  }),
  { selector: (column) => column.name, minLength: 0, maxLength: 6 },
);

/** The first ladder that fits, so that ladders are among the columns. */
function ladderOf(type: ColumnType): LadderName | null {
  const names = Object.keys(LADDERS) as LadderName[];
  return names.find((name) => LADDERS[name].types.includes(type)) ?? null;
}

const tables: fc.Arbitrary<TableDefinition> = columns.map((rest) => ({
  name: 't',
  columns: [
    { name: KEY, type: 'text' as const, notNull: true, dataClass: null, ladder: null },
    ...rest,
  ].map(({ name, type, notNull, dataClass }) => ({
    name,
    type,
    notNull,
    dataClass,
    ladder: ladderOf(type),
  })),
  primaryKey: [KEY],
  subject: null,
}));

describe('definitions', () => {
  test('the canonical text, pinned', () => {
    expect(formatTableDefinition(TABLE)).toBe(TEXT);
    expect(parseTableDefinition(parseCanonicalJson(TEXT))).toEqual(TABLE);
  });

  test('round trip of any', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const text = formatTableDefinition(table);
        expect(parseTableDefinition(parseCanonicalJson(text))).toEqual(table);
      }),
    );
  });

  test('digests: one a column and one a level', () => {
    expect(digestCount(TABLE)).toBe(8);
    expect(TABLE.columns.map((_, index) => digestIndexOf(TABLE, index))).toEqual([0, 1, 4, 7]);
    fc.assert(
      fc.property(tables, (table) => {
        let index = 0;
        for (const [at, { ladder }] of table.columns.entries()) {
          expect(digestIndexOf(table, at)).toBe(index);
          index += 1 + ladderLevels(ladder).length;
        }
        expect(digestCount(table)).toBe(index);
      }),
    );
  });

  test('a schema knows its key and subject by index', () => {
    const digest = new Uint8Array(32);
    expect(toTableSchema(toTableId(3), TABLE, digest)).toEqual({
      id: 3,
      definitionId: 3,
      definition: TABLE,
      digest,
      keyIndexes: [0],
      subjectIndex: 0,
      rules: { defaults: TABLE.columns.map(() => null), checks: [] },
      indexes: [],
      earlier: [],
    });
    expect(toTableSchema(toTableId(3), { ...TABLE, subject: null }, digest).subjectIndex).toBe(
      null,
    );
  });
});

const [ID, BORN, ZIP, NOTE] = TABLE.columns as readonly [
  ColumnDefinition,
  ColumnDefinition,
  ColumnDefinition,
  ColumnDefinition,
];
const many = (count: number): readonly ColumnDefinition[] =>
  Array.from({ length: count }, (_, index) => ({ ...ID, name: `c${index}` }));

test.each<readonly [string, Partial<TableDefinition>]>([
  ['an empty name', { name: '' }],
  ['a name in upper case', { name: 'Patients' }],
  ['a name with a digit in front', { name: '1a' }],
  ['a name of 64 characters', { name: 'a'.repeat(64) }],
  ['a name with a newline', { name: 'a\n' }],
  ['no columns', { columns: [] }],
  ['257 columns', { columns: many(257), primaryKey: ['c0'], subject: null }],
  ['a column twice', { columns: [ID, ID] }],
  ['a column name with a space', { columns: [ID, { ...BORN, name: 'b c' }] }],
  ['a ladder that does not fit', { columns: [ID, { ...ZIP, type: 'integer' }] }],
  ['no key', { primaryKey: [] }],
  ['a key column twice', { primaryKey: ['id', 'id'] }],
  ['a key column that is none', { primaryKey: ['nobody'] }],
  ['a key column that may be null', { primaryKey: ['born'] }],
  ['a key column of json', { columns: [ID, { ...NOTE, notNull: true }], primaryKey: ['note'] }],
  ['a subject that is no column', { subject: 'nobody' }],
  ['a subject that may be null', { subject: 'zip' }],
])('%s is refused', (_, wrong) => {
  expect(codeOf(() => checkTableDefinition({ ...TABLE, ...wrong }))).toBe('ERR_TYPES_SCHEMA');
});

test('256 columns are taken', () => {
  const table = { ...TABLE, columns: many(256), primaryKey: ['c0'], subject: null };
  expect(codeOf(() => checkTableDefinition(table))).toBe('none');
});

describe('JSON of a definition', () => {
  const json = JSON.parse(TEXT) as Record<string, JsonValue>;
  const first = (json['columns'] as readonly Record<string, JsonValue>[])[0] as Record<
    string,
    JsonValue
  >;
  const { subject: _subject, ...withoutSubject } = json;

  test.each<readonly [string, JsonValue]>([
    ['null', null],
    ['a list', []],
    ['a member too many', { ...json, extra: 1 }],
    ['a member too few', withoutSubject],
    ['columns that are no list', { ...json, columns: {} }],
    ['a key that is no list', { ...json, primaryKey: 'id' }],
    ['a key of numbers', { ...json, primaryKey: [1] }],
    ['a subject that is a number', { ...json, subject: 1 }],
    ['a column that is null', { ...json, columns: [null] }],
    ['a column with a member too many', { ...json, columns: [{ ...first, extra: 1 }] }],
    ['an unknown type', { ...json, columns: [{ ...first, type: 'float' }] }],
    ['an unknown class', { ...json, columns: [{ ...first, dataClass: 'secret' }] }],
    ['an unknown ladder', { ...json, columns: [{ ...first, ladder: 'constructor' }] }],
    ['notNull as text', { ...json, columns: [{ ...first, notNull: 'true' }] }],
  ])('%s is refused', (_, wrong) => {
    expect(codeOf(() => parseTableDefinition(wrong))).toBe('ERR_TYPES_SCHEMA');
  });

  test('any JSON is a definition or is refused with the code', () => {
    const spoiled = fc
      .tuple(fc.constantFrom('columns', 'name', 'primaryKey', 'subject'), fc.jsonValue())
      .map(([name, value]) => Object.assign(structuredClone(json), { [name]: value as JsonValue }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue().map((value) => value as JsonValue),
          spoiled,
        ),
        (one) => {
          expect(['none', 'ERR_TYPES_SCHEMA']).toContain(codeOf(() => parseTableDefinition(one)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
