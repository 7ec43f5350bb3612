/** Tables of the kernel's state. */

import type { TableSchema } from '@veritydb/types';

import { KernelError } from './error.ts';
import type { KernelState } from './state.ts';

/** The state with another schema of a table that it knows. */
export function withTable(state: KernelState, table: TableSchema): KernelState {
  const { name } = table.definition;
  const tablesById = new Map(state.tablesById).set(table.id, table);
  if (state.tablesByName.get(name)?.id !== table.id) return { ...state, tablesById };
  return { ...state, tablesById, tablesByName: new Map(state.tablesByName).set(name, table) };
}

export function unknownTable(): KernelError {
  return new KernelError('format', 'ERR_KERNEL_TABLE_UNKNOWN', 'no such table', {
    hint: 'check the name; a dropped table is read AS OF a position before the drop',
  });
}
