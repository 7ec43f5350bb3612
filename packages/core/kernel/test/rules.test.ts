/** Rules and indexes: made, dropped, held to, and folded back from the rows that say so. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode } from '@veritydb/testkit';
import {
  type TableDefinition,
  type TableSchema,
  type Value,
  assert,
  toOffset,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Command, type RowWrite, evolve } from '../src/index.ts';
import { KernelHouse } from './kernel-house.ts';

const ROOMS: TableDefinition = {
  name: 'rooms',
  columns: [
    { name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null },
    { name: 'label', type: 'text', notNull: false, dataClass: null, ladder: null },
    { name: 'beds', type: 'integer', notNull: false, dataClass: null, ladder: null },
    { name: 'plan', type: 'json', notNull: false, dataClass: null, ladder: null },
  ],
  primaryKey: ['id'],
  subject: null,
};
const LABEL = { name: 'rooms_label', columns: ['label'], isUnique: true };

function open(
  checks: readonly { readonly name: string; readonly text: string }[] = [],
): KernelHouse {
  const house = new KernelHouse();
  const rules = { defaults: [null, 'none', 2, null], checks };
  house.run({ kind: 'create-table', definition: ROOMS, rules, uniques: [LABEL] });
  return house;
}

function tableOf(house: KernelHouse): TableSchema {
  const table = house.state.tablesByName.get('rooms');
  assert(table !== undefined, 'no table');
  return table;
}

function insert(house: KernelHouse, ...rows: readonly (readonly Value[])[]): Command {
  const { id } = tableOf(house);
  const writes = rows.map((values): RowWrite => ({ event: 'insert', table: id, values }));
  return { kind: 'write', writes };
}

describe('rules', () => {
  it('are part of the schema, and not of the definition that is digested', () => {
    const table = tableOf(open([{ name: 'some', text: 'beds > 0' }]));
    expect(table.definition).toEqual(ROOMS);
    expect(table.rules).toEqual({
      defaults: [null, 'none', 2, null],
      checks: [{ name: 'some', text: 'beds > 0' }],
    });
    expect(table.indexes.map(({ name, columns }) => [name, columns])).toEqual([
      ['rooms_label', [1]],
    ]);
  });

  it('hold for what is inserted and updated; what is unknown passes', () => {
    const house = open([{ name: 'some', text: 'beds > 0' }]);
    house.run(insert(house, [1, 'a', 1, null], [2, 'b', null, null]));
    expectCode(() => house.run(insert(house, [3, 'c', 0, null])), 'ERR_KERNEL_CHECK');
    const { id } = tableOf(house);
    const update: RowWrite = {
      event: 'update',
      table: id,
      values: [1, 'a', -1, null],
      expected: toOffset(house.nextOffset - 1),
    };
    expectCode(() => house.run({ kind: 'write', writes: [update] }), 'ERR_KERNEL_CHECK');
    house.run({ kind: 'write', writes: [{ ...update, event: 'delete' }] });
  });

  it.each([
    ['another column', 'nobody > 1', 'ERR_QUERY_UNKNOWN_COLUMN'],
    ['no condition', 'beds', 'ERR_QUERY_TYPE'],
    ['an aggregate', 'COUNT(*) > 1', 'ERR_QUERY_GROUPING'],
    ['another statement', 'beds > 1; DROP TABLE rooms', 'ERR_QUERY_UNSUPPORTED'],
  ])('of %s are refused', (_, text, code) => {
    expectCode(() => open([{ name: 'x', text }]), code);
  });
});

describe('what is unique', () => {
  it('is looked at when the command has done all that it does', () => {
    const house = open();
    house.run(
      insert(house, [1, 'a', 1, null], [2, 'b', 1, null], [3, null, 1, null], [4, null, 1, null]),
    );
    expectCode(() => house.run(insert(house, [5, 'a', 1, null])), 'ERR_KERNEL_UNIQUE');
    expectCode(
      () => house.run(insert(house, [5, 'c', 1, null], [6, 'c', 1, null])),
      'ERR_KERNEL_UNIQUE',
    );
    const { id } = tableOf(house);
    const expected = toOffset(house.nextOffset - 1);
    house.run({
      kind: 'write',
      writes: [
        { event: 'update', table: id, values: [1, 'b', 1, null], expected },
        { event: 'update', table: id, values: [2, 'a', 1, null], expected },
      ],
    });
    expect(house.rowsOf(tableOf(house)).map(({ values }) => values[1])).toEqual([
      'b',
      'a',
      null,
      null,
    ]);
  });

  it('is what a map of values says, whatever is written', () => {
    const row = fc.record({
      id: fc.integer({ min: 1, max: 5 }),
      label: fc.option(fc.constantFrom('a', 'b', 'c')),
      isDelete: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(row, { selector: ({ id }) => id, minLength: 1 })),
        (commands) => {
          const house = open();
          const labels = new Map<number, string | null>();
          for (const rows of commands) {
            const next = new Map(labels);
            const writes = rows.flatMap(({ id, label, isDelete }): readonly RowWrite[] => {
              const table = tableOf(house);
              const stored = house.get(table, [id]);
              const values = [id, label, 1, null];
              if (stored === undefined && isDelete) return [];
              if (isDelete) next.delete(id);
              else next.set(id, label);
              if (stored === undefined) return [{ event: 'insert', table: table.id, values }];
              const event = isDelete ? 'delete' : 'update';
              return [{ event, table: table.id, values, expected: stored.offset }];
            });
            const said = [...next.values()].filter((label) => label !== null);
            const isUnique = new Set(said).size === said.length;
            if (isUnique) {
              house.run({ kind: 'write', writes });
              labels.clear();
              for (const [id, label] of next) labels.set(id, label);
            } else {
              expectCode(() => house.run({ kind: 'write', writes }), 'ERR_KERNEL_UNIQUE');
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('indexes', () => {
  const index = { name: 'by_beds', columns: ['beds', 'label'], isUnique: false };

  it('come and go, under names and ids of their own', () => {
    const house = open();
    house.run({ kind: 'create-index', table: 'rooms', index });
    const [first, second] = tableOf(house).indexes;
    expect(second).toMatchObject({ name: 'by_beds', columns: [2, 1], isUnique: false });
    house.run({ kind: 'drop-index', name: 'rooms_label' });
    house.run({ kind: 'create-index', table: 'rooms', index: LABEL });
    const ids = tableOf(house).indexes.map(({ id }) => id);
    expect(new Set([first?.id, ...ids]).size).toBe(3);
    house.run({ kind: 'drop-table', name: 'rooms' });
    house.run({ kind: 'create-table', definition: ROOMS });
    expect(tableOf(house).indexes).toEqual([]);
    expect(ids).not.toContain(tableOf(house).id);
  });

  it.each([
    [
      'a name that is taken',
      { kind: 'create-index', table: 'rooms', index: LABEL },
      'ERR_KERNEL_INDEX_EXISTS',
    ],
    ['no table', { kind: 'create-index', table: 'nobody', index }, 'ERR_KERNEL_TABLE_UNKNOWN'],
    [
      'a table of the database',
      { kind: 'create-index', table: 'verity_tables', index: { ...index, columns: ['name'] } },
      'ERR_KERNEL_RESERVED',
    ],
    [
      'no column',
      { kind: 'create-index', table: 'rooms', index: { ...index, columns: ['nobody'] } },
      'ERR_KERNEL_COLUMN_UNKNOWN',
    ],
    [
      'a column without order',
      { kind: 'create-index', table: 'rooms', index: { ...index, columns: ['plan'] } },
      'ERR_KERNEL_COLUMN_UNKNOWN',
    ],
    ['no index', { kind: 'drop-index', name: 'nobody' }, 'ERR_KERNEL_INDEX_UNKNOWN'],
  ] as const)('over %s are refused', (_, command, code) => {
    expectCode(() => open().run(command), code);
  });

  it('that are unique are refused over rows that are not', () => {
    const house = open();
    house.run(insert(house, [1, 'a', 1, null], [2, 'b', 1, null], [3, 'c', null, null]));
    const unique = { name: 'u', columns: ['beds'], isUnique: true };
    expectCode(
      () => house.run({ kind: 'create-index', table: 'rooms', index: unique }),
      'ERR_KERNEL_UNIQUE',
    );
    const both = { name: 'u', columns: ['beds', 'label'], isUnique: true };
    house.run({ kind: 'create-index', table: 'rooms', index: both });
  });

  it('and rules are folded back from their rows', () => {
    const house = new KernelHouse();
    let { state } = house;
    const rules = { defaults: [null, null, 2, null], checks: [{ name: 'x', text: 'beds > 0' }] };
    house.run({ kind: 'create-table', definition: ROOMS, rules, uniques: [LABEL] });
    house.run({ kind: 'create-index', table: 'rooms', index });
    house.run({ kind: 'drop-index', name: 'rooms_label' });
    for (const event of house.events) state = evolve(state, event, nativeCrypto);
    expect(state).toEqual(house.state);
    expect(state.tablesByName.get('rooms')).toEqual(tableOf(house));
  });
});
