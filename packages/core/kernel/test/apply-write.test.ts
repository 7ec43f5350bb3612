/** Writes of rows: every type, and the bound of a command. The tables of cases are in apply.test.ts. */

import { expectCode } from '@veritydb/testkit';
import { COLUMN_TYPES, type ColumnType, type Value, parseValue } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { ROWS_PER_COMMAND_MAX } from '../src/index.ts';
import { KernelHouse, PEOPLE } from './kernel-house.ts';

/** One good value of each type: refused in a column of every type whose values it is not one of. */
const SAMPLES: Readonly<Record<ColumnType, Value>> = {
  integer: -7,
  bigint: 1n << 62n,
  decimal: parseValue('decimal', '1.50'),
  text: 'ann',
  boolean: true,
  date: 20_000,
  timestamp: 1_700_000_000_000_000n,
  uuid: '00000000-0000-4000-8000-000000000000',
  bytes: new Uint8Array([1, 2]),
  json: '{"a":1}',
};

/** Values that are also of another type. */
const ALSO: ReadonlySet<string> = new Set([
  'integer in date',
  'date in integer',
  'timestamp in bigint',
  'uuid in text',
  'json in text',
]);

describe('writes', () => {
  it.each(COLUMN_TYPES)('a column of %s holds its own values', (type) => {
    const house = new KernelHouse();
    const [id] = PEOPLE.columns;
    if (id === undefined) throw new Error('no column');
    const column = { name: 'value', type, notNull: false, dataClass: null, ladder: null };
    const definition = { ...PEOPLE, columns: [id, column], subject: null };
    house.run({ kind: 'create-table', definition });
    const people = house.state.tablesByName.get('people');
    if (people === undefined) throw new Error('no table');
    for (const [index, other] of COLUMN_TYPES.entries()) {
      const insert = () =>
        house.run({
          kind: 'write',
          writes: [{ event: 'insert', table: people.id, values: [index, SAMPLES[other]] }],
        });
      if (other === type || ALSO.has(`${other} in ${type}`)) insert();
      else expectCode(insert, 'ERR_KERNEL_ROW');
    }
  });

  it('are bounded in number', () => {
    const house = new KernelHouse();
    house.run({ kind: 'create-table', definition: PEOPLE });
    const people = house.state.tablesByName.get('people');
    if (people === undefined) throw new Error('no table');
    const writes = Array.from({ length: ROWS_PER_COMMAND_MAX + 1 }, (_, index) => ({
      event: 'insert' as const,
      table: people.id,
      values: [index, 'ann', null],
    }));
    expectCode(() => house.run({ kind: 'write', writes }), 'ERR_KERNEL_ROW');
    house.run({ kind: 'write', writes: writes.slice(1) });
    expect(house.rowsOf(people).length).toBe(ROWS_PER_COMMAND_MAX);
  });
});
