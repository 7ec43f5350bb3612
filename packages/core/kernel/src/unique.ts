/** What must be unique, and is seen to be once a command has done all that it does. */

import { rowKey } from '@veritydb/query';
import {
  type ColumnType,
  type IndexSchema,
  type Row,
  type TableSchema,
  type Value,
} from '@veritydb/types';

import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import type { TableReader } from './state.ts';

/** A text for a row's values in some columns; null where one is NULL, which is like no other. */
export function uniqueKey(
  { definition }: TableSchema,
  columns: readonly number[],
  values: Row,
): string | null {
  const picked = columns.map((index) => values[index] as Value);
  if (picked.includes(null)) return null;
  return rowKey(
    columns.map((index) => definition.columns[index]?.type as ColumnType),
    picked,
  );
}

/**
 * Checks every unique index of the tables that a command writes to. Rows that the command ends, or gives
 * other values, are in nobody's way: two rows may trade their values.
 *
 * @throws {KernelError} ERR_KERNEL_UNIQUE
 */
export function checkUniques(changes: readonly RowChange[], rows: TableReader): void {
  // Most tables have no index: they cost nothing here.
  if (changes.every(({ table }) => table.indexes.length === 0)) return;
  const tables = new Set(changes.map(({ table }) => table));
  for (const table of tables) {
    const uniques = table.indexes.filter(({ isUnique }) => isUnique);
    if (uniques.length === 0) continue;
    const newest = new Map<string, RowChange>();
    for (const change of changes) {
      if (change.table === table) newest.set(keyOf(table, change.values), change);
    }
    for (const index of uniques) checkUnique(table, index, newest, rows);
  }
}

function checkUnique(
  table: TableSchema,
  index: IndexSchema,
  newest: ReadonlyMap<string, RowChange>,
  rows: TableReader,
): void {
  const seen = new Set<string>();
  for (const { event, values } of newest.values()) {
    const key = event === 'delete' ? null : uniqueKey(table, index.columns, values);
    if (key === null) continue;
    if (seen.has(key)) throw uniqueViolation(table, index.name);
    seen.add(key);
    const picked = index.columns.map((column) => values[column] as Value);
    const stored = rows.find(table, index, picked);
    if (stored !== undefined && !newest.has(keyOf(table, stored.values))) {
      throw uniqueViolation(table, index.name);
    }
  }
}

function keyOf(table: TableSchema, values: Row): string {
  return uniqueKey(table, table.keyIndexes, values) ?? '';
}

export function uniqueViolation({ definition }: TableSchema, index: string): KernelError {
  return new KernelError(
    'conflict',
    'ERR_KERNEL_UNIQUE',
    `two rows of ${definition.name} would be the same by ${index}`,
    { hint: 'change the row that is there, or write other values' },
  );
}
