/** A table that is altered, against a slow twin: rows as maps that each step changes. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type ColumnDefinition,
  type Row,
  type TableSchema,
  type Value,
  alterSchema,
  presentRow,
  schemaOfDefinition,
  toTableId,
  toTableSchema,
} from '../src/index.ts';

function column(name: string): ColumnDefinition {
  return { name, type: 'integer', notNull: name === 'id', dataClass: null, ladder: null };
}

function alter(before: TableSchema, columns: readonly ColumnDefinition[], added: Value) {
  return alterSchema(before, {
    id: toTableId(before.definitionId + 1),
    definition: { ...before.definition, columns },
    digest: new Uint8Array(32),
    added,
  });
}

interface Written {
  readonly definitionId: number;
  readonly values: Row;
  /** What it is read as now. */
  now: ReadonlyMap<string, Value>;
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('add'), name: fc.constantFrom('a', 'b', 'c'), value: fc.nat(9) }),
  fc.record({ kind: fc.constant('drop'), name: fc.constantFrom('a', 'b', 'c'), value: fc.nat(9) }),
  fc.record({ kind: fc.constant('write'), name: fc.constant('a'), value: fc.nat(9) }),
);

describe('an altered table', () => {
  it('reads every row that was ever written, as it is now', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const definition = {
          name: 't',
          columns: [column('id')],
          primaryKey: ['id'],
          subject: null,
        };
        let table = toTableSchema(toTableId(1000), definition, new Uint8Array(32));
        const rows: Written[] = [];
        for (const { kind, name, value } of steps) {
          const { columns } = table.definition;
          const has = columns.some((each) => each.name === name);
          if (kind === 'write') {
            const values = columns.map((_, index) => value + index);
            const now = new Map(columns.map((each, index) => [each.name, value + index]));
            rows.push({ definitionId: table.definitionId, values, now });
          } else if (kind === 'add' && !has) {
            table = alter(table, [...columns, column(name)], value === 0 ? null : value);
            for (const row of rows)
              row.now = new Map([...row.now, [name, value === 0 ? null : value]]);
          } else if (kind === 'drop' && has) {
            const left = columns.filter((each) => each.name !== name);
            table = alter(table, left, null);
            for (const row of rows)
              row.now = new Map([...row.now].filter(([each]) => each !== name));
          }
        }
        for (const { definitionId, now, values } of rows) {
          const names = table.definition.columns.map(({ name }) => name);
          expect(presentRow(table, definitionId, values)).toEqual(
            names.map((name) => now.get(name)),
          );
          const schema = schemaOfDefinition(table, definitionId);
          expect(schema?.definition.columns).toHaveLength(values.length);
        }
        expect(schemaOfDefinition(table, 999)).toBeUndefined();
      }),
    );
  });

  it('keeps its indexes, by the columns that they are of', () => {
    const columns = ['id', 'a', 'b'].map(column);
    const definition = { name: 't', columns, primaryKey: ['id'], subject: null };
    const bare = toTableSchema(toTableId(1000), definition, new Uint8Array(32));
    const index = { id: toTableId(1001), name: 'i', columns: [2, 0], isUnique: false };
    const table = { ...bare, indexes: [index] };
    const next = alter(table, ['id', 'b'].map(column), null);
    expect(next.indexes).toEqual([{ ...index, columns: [1, 0] }]);
    expect(() => alter(table, ['id', 'a'].map(column), null)).toThrow('an index has a column');
  });
});
