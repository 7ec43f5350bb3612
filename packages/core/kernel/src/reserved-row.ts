/** Rows of the reserved tables by column name: the kernel reads and writes them in no other way. */

import { type Row, type TableSchema, type Value, assert, isValueOf } from '@veritydb/types';

import type { RowChange } from './event.ts';
import type { ReservedTable } from './reserved.ts';
import type { KernelState, RowReader } from './state.ts';

export type NamedRow = Readonly<Record<string, Value>>;

export function reservedTable(state: KernelState, name: ReservedTable): TableSchema {
  const table = state.reserved.get(name);
  assert(table !== undefined, 'reserved table is missing');
  return table;
}

/** An insert into a reserved table. Requires every column by name, with a value of its type. */
export function insertInto(state: KernelState, name: ReservedTable, row: NamedRow): RowChange {
  const values = ordered(state, name, row);
  return { table: reservedTable(state, name), event: 'insert', values, previous: null };
}

/** A new version of a reserved row: what it was, with some columns changed. */
export function updateIn(
  state: KernelState,
  name: ReservedTable,
  row: NamedRow,
  changed: NamedRow,
): RowChange {
  const values = ordered(state, name, { ...row, ...changed });
  return { table: reservedTable(state, name), event: 'update', values, previous: null };
}

/** The newest version of a reserved row, by column name. */
export function readNamed(
  state: KernelState,
  name: ReservedTable,
  key: Row,
  context: { readonly rows: RowReader },
): NamedRow | undefined {
  const table = reservedTable(state, name);
  const stored = context.rows.get(table, key);
  return stored === undefined ? undefined : toNamedRow(table, stored.values);
}

export function toNamedRow(table: TableSchema, values: Row): NamedRow {
  const named: Record<string, Value> = {};
  for (const [index, { name }] of table.definition.columns.entries()) {
    named[name] = values[index] as Value;
  }
  return named;
}

function ordered(state: KernelState, name: ReservedTable, row: NamedRow): Row {
  const { columns } = reservedTable(state, name).definition;
  assert(Object.keys(row).length === columns.length, `row of ${name} has another set of columns`);
  return columns.map((column) => {
    const value = row[column.name];
    assert(value !== undefined, `row of ${name} lacks ${column.name}`);
    assert(isValueOf(column.type, value), `${name}.${column.name} is no ${column.type}`);
    assert(value !== null || !column.notNull, `${name}.${column.name} is null`);
    return value;
  });
}
