import { COLUMN_TYPES, DATA_CLASSES, LADDERS } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { parseStatement } from '../src/index.ts';
import { codeOf, schemaOfText } from './fixtures.ts';

describe('CREATE TABLE', () => {
  it('reads everything that a definition holds', () => {
    expect(
      schemaOfText(
        `create table Patients (
           id uuid primary key, name text not null data class direct_id,
           zip text data class 'quasi-id' ladder 'us-zip-2020' not null, data subject id)`,
      ).definition,
    ).toEqual({
      name: 'patients',
      columns: [
        { name: 'id', type: 'uuid', notNull: true, dataClass: null, ladder: null },
        { name: 'name', type: 'text', notNull: true, dataClass: 'direct-id', ladder: null },
        { name: 'zip', type: 'text', notNull: true, dataClass: 'quasi-id', ladder: 'us-zip-2020' },
      ],
      primaryKey: ['id'],
      subject: 'id',
    });
  });

  it('reads every type, data class and ladder', () => {
    const key = 'k INTEGER PRIMARY KEY';
    for (const type of COLUMN_TYPES) {
      expect(schemaOfText(`CREATE TABLE t (${key}, a ${type})`).definition.columns[1]?.type).toBe(
        type,
      );
    }
    for (const [alias, type] of [
      ['INT', 'integer'],
      ['NUMERIC', 'decimal'],
      ['VARCHAR', 'text'],
      ['BYTEA', 'bytes'],
    ] as const) {
      const { columns } = schemaOfText(`CREATE TABLE t (${key}, a ${alias})`).definition;
      expect(columns[1]?.type).toBe(type);
    }
    for (const dataClass of DATA_CLASSES) {
      for (const spelling of [`'${dataClass}'`, dataClass.replaceAll('-', '_')]) {
        const sql = `CREATE TABLE t (${key}, a TEXT DATA CLASS ${spelling})`;
        expect(schemaOfText(sql).definition.columns[1]?.dataClass).toBe(dataClass);
      }
    }
    for (const [ladder, { types }] of Object.entries(LADDERS)) {
      const sql = `CREATE TABLE t (${key}, a ${types[0]} LADDER '${ladder}')`;
      expect(schemaOfText(sql).definition.columns[1]?.ladder).toBe(ladder);
    }
  });

  it('takes the words of its clauses as names', () => {
    const { columns } = schemaOfText(
      'CREATE TABLE t (data TEXT, class TEXT, ladder TEXT, subject TEXT, key INTEGER PRIMARY KEY)',
    ).definition;
    expect(columns.map(({ name }) => name)).toEqual(['data', 'class', 'ladder', 'subject', 'key']);
  });

  it.each([
    'CREATE TABLE t (a INTEGER)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, a TEXT)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT PRIMARY KEY)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, PRIMARY KEY (a))',
    'CREATE TABLE t (a INTEGER, PRIMARY KEY (b))',
    'CREATE TABLE t (a INTEGER, PRIMARY KEY (a, a))',
    'CREATE TABLE t (a INTEGER, PRIMARY KEY ())',
    'CREATE TABLE t (a JSON PRIMARY KEY)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY NOT NULL NOT NULL)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY NULL)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, DATA SUBJECT b)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, DATA SUBJECT a, DATA SUBJECT a)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, DATA SUBJECT z)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY DATA CLASS chd DATA CLASS sad)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY DATA CLASS 5)',
    "CREATE TABLE t (a INTEGER PRIMARY KEY LADDER 'date')",
    "CREATE TABLE t (a INTEGER PRIMARY KEY LADDER 'nope')",
    'CREATE TABLE t (a INTEGER PRIMARY KEY LADDER age)',
    "CREATE TABLE t (a INTEGER PRIMARY KEY LADDER '__proto__')",
    'CREATE TABLE "T" (a INTEGER PRIMARY KEY)',
    'CREATE TABLE t ("a b" INTEGER PRIMARY KEY)',
    `CREATE TABLE t (k INTEGER PRIMARY KEY, ${Array.from({ length: 256 }, (_, i) => `c${i} INT`).join()})`,
  ])('refuses %s', (sql) => {
    expect(codeOf(() => parseStatement(sql))).toBe('ERR_QUERY_SYNTAX');
  });
});
