import type { ColumnType } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TableGuess, formatCreateTable } from '../../src/import/infer.ts';
import { parseSchema } from '../../src/import/schema-file.ts';

function typeOf(values: readonly (string | null)[]): ColumnType | undefined {
  const guess = new TableGuess(['value', 'other']);
  for (const value of values) guess.see([value, 'x']);
  return guess.definition('t').columns.find(({ name }) => name === 'value')?.type;
}

function keyOf(columns: string[], rows: (string | null)[][]): readonly string[] {
  const guess = new TableGuess(columns);
  for (const row of rows) guess.see(row);
  const definition = guess.definition('t');
  const key = definition.primaryKey[0];
  expect(definition.columns.find(({ name }) => name === key)?.notNull).toBe(true);
  return definition.primaryKey;
}

const ID = '3edac2e3-d223-6fae-d515-daf96ef6bc76';

describe('TableGuess', () => {
  it.each<[readonly (string | null)[], ColumnType]>([
    [[], 'text'],
    [[null, null], 'text'],
    [[ID, ID.toUpperCase()], 'uuid'],
    [[ID, '5'], 'text'],
    [['5', ID], 'text'],
    [['2024-02-29', null, '1900-01-01'], 'date'],
    [['2024-02-30'], 'text'],
    [['2023-10-10T04:17:47Z'], 'timestamp'],
    [['2023-10-10T04:17:47.123456Z', '2023-10-10 04:17:47Z'], 'timestamp'],
    [['2023-10-10T04:17:47'], 'text'],
    [['2023-10-10T04:17:47+02:00'], 'text'],
    [['2023-10-10T04:17:47+00:00'], 'text'],
    [['2024-02-29', '2023-10-10T04:17:47Z'], 'text'],
    [['true', 'false'], 'boolean'],
    [['TRUE'], 'text'],
    [['0', '1'], 'integer'],
    [['2147483647', '-2147483648'], 'integer'],
    [['1', '2147483648'], 'bigint'],
    [['9223372036854775807'], 'bigint'],
    [['1', '9223372036854775808'], 'decimal'],
    [['1', '2.50'], 'decimal'],
    [['0.5', '-12.30'], 'decimal'],
    [['1e5'], 'text'],
    [['NaN', '1'], 'text'],
    [['1', 'true'], 'text'],
    [['02155', '1'], 'text'],
    [['007.5'], 'text'],
    [['-01'], 'text'],
    [['9'.repeat(39)], 'text'],
    [['999-17-5017'], 'text'],
    [[' 1'], 'text'],
  ])('%j → %s', (values, type) => {
    expect(typeOf(values)).toBe(type);
  });

  it('does not depend on the order of the rows', () => {
    const value = fc.constantFrom(
      '',
      '1',
      '-7',
      '4000000000',
      '1.5',
      '0',
      'true',
      'x',
      '2024-01-01',
      '2024-01-01T00:00:00Z',
      ID,
      '01',
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        expect(typeOf(values.toReversed())).toBe(typeOf(values));
      }),
    );
  });

  it('takes a unique id as the key, or else numbers the rows', () => {
    expect(
      keyOf(
        ['name', 'id'],
        [
          ['a', '1'],
          ['b', '2'],
        ],
      ),
    ).toEqual(['id']);
    expect(
      keyOf(
        ['name', 'id'],
        [
          ['a', '1'],
          ['b', '1'],
        ],
      ),
    ).toEqual(['row_id']);
    expect(
      keyOf(
        ['name', 'id'],
        [
          ['a', '1'],
          ['b', null],
        ],
      ),
    ).toEqual(['row_id']);
    expect(keyOf(['name'], [['a']])).toEqual(['row_id']);
    expect(keyOf(['row_id', 'name'], [['4', 'a']])).toEqual(['row_id']);
    expect(() => keyOf(['row_id'], [['4'], ['4']])).toThrow(
      expect.objectContaining({ code: 'ERR_CLI_SCHEMA' }),
    );
  });

  it('is created by a statement that reads as the same table', async () => {
    const guess = new TableGuess(['id', 'order', 'date', 'select', 'zip']);
    guess.see([ID, '1', '2024-01-01', 'true', '02155']);
    const definition = guess.definition('group');
    const parsed = await parseSchema(formatCreateTable(definition), 'made.sql');
    expect([...parsed.values()].map((table) => table.definition)).toEqual([definition]);
  });
});
