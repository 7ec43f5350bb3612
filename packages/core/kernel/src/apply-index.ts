/** Indexes: made, dropped, and folded back from the rows that say so. Their entries are the store's affair. */

import type { NewIndex } from '@veritydb/query';
import {
  type IndexSchema,
  type TableSchema,
  type Value,
  assert,
  canonicalJson,
  parseCanonicalJson,
  toTableId,
} from '@veritydb/types';

import { noTable } from './apply-projection.ts';
import { checkWritable } from './apply-write.ts';
import { withTable } from './catalogue.ts';
import type { Command } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, TableReader } from './state.ts';
import { uniqueKey, uniqueViolation } from './unique.ts';

export function createIndex(
  state: KernelState,
  { table: name, index }: Extract<Command, { kind: 'create-index' }>,
  rows: TableReader,
): readonly RowChange[] {
  const table = state.tablesByName.get(name);
  if (table === undefined) throw noTable(state, name);
  checkWritable(table);
  const change = indexRow(state, table, index, { id: state.nextTableId, earlier: [] });
  if (index.isUnique) {
    const columns = columnsOf(table, index.columns);
    const seen = new Set<string>();
    for (const { values } of rows.scan(table)) {
      const key = uniqueKey(table, columns, values);
      if (key === null) continue;
      if (seen.has(key)) throw uniqueViolation(table, index.name);
      seen.add(key);
    }
  }
  return [change];
}

export function dropIndex(
  state: KernelState,
  name: string,
  rows: TableReader,
): readonly RowChange[] {
  const index = indexNamed(state, name);
  if (index === undefined) {
    throw new KernelError('format', 'ERR_KERNEL_INDEX_UNKNOWN', 'no such index', {
      hint: 'check the name; EXPLAIN names the index that a statement uses',
    });
  }
  const row = readNamed(state, 'verity_indexes', [BigInt(index.id)], { rows });
  assert(row !== undefined, 'an index has no row');
  return [updateIn(state, 'verity_indexes', row, { dropped: true })];
}

function indexNamed(state: KernelState, name: string): IndexSchema | undefined {
  for (const { indexes } of state.tablesByName.values()) {
    const found = indexes.find((index) => index.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The row that makes an index, unless its name or columns forbid it. */
export function indexRow(
  state: KernelState,
  table: TableSchema,
  { name, columns, isUnique }: NewIndex,
  { id, earlier }: { readonly id: number; readonly earlier: readonly NewIndex[] },
): RowChange {
  columnsOf(table, columns);
  if (indexNamed(state, name) !== undefined || earlier.some((other) => other.name === name)) {
    throw new KernelError('conflict', 'ERR_KERNEL_INDEX_EXISTS', `index ${name} exists`, {
      hint: 'choose another name, or drop the index first',
    });
  }
  return insertInto(state, 'verity_indexes', {
    index_id: BigInt(id),
    name,
    table_id: BigInt(table.id),
    columns: canonicalJson(columns),
    is_unique: isUnique,
    dropped: false,
  });
}

function columnsOf(table: TableSchema, names: readonly string[]): readonly number[] {
  return names.map((name) => {
    const place = table.definition.columns.findIndex((column) => column.name === name);
    const column = table.definition.columns[place];
    if (column !== undefined && column.type !== 'json') return place;
    throw new KernelError(
      'format',
      'ERR_KERNEL_COLUMN_UNKNOWN',
      `${table.definition.name} has no column ${name} that has an order`,
      { hint: 'index columns of the table, of any type but json' },
    );
  });
}

/** Moves the state on by a row of `verity_indexes`: at a change, and when the store is opened. */
export function evolveIndex(state: KernelState, values: RowChange['values']): KernelState {
  const [id, name, tableId, columns, isUnique, dropped] = values as readonly Exclude<Value, null>[];
  const table = state.tablesById.get(toTableId(Number(tableId)));
  assert(table !== undefined, 'an index of no table');
  const indexId = toTableId(Number(id));
  const indexes = table.indexes.filter((other) => other.id !== indexId);
  // The columns of one that was dropped may be gone.
  if (dropped !== true) {
    indexes.push({
      id: indexId,
      name: name as string,
      columns: columnsOf(table, parseCanonicalJson(columns as string) as readonly string[]),
      isUnique: isUnique === true,
    });
  }
  return {
    ...withTable(state, { ...table, indexes: indexes.toSorted((a, b) => a.id - b.id) }),
    nextTableId: Math.max(state.nextTableId, indexId + 1),
  };
}
