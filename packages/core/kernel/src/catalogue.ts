/** Tables of the kernel's state. */

import { type TableId, type TableSchema, schemaOfDefinition } from '@veritydb/types';

import { KernelError } from './error.ts';
import type { KernelState } from './state.ts';

/** The state with another schema of a table that it knows. */
export function withTable(state: KernelState, table: TableSchema): KernelState {
  const { name } = table.definition;
  const tablesById = new Map(state.tablesById).set(table.id, table);
  if (state.tablesByName.get(name)?.id !== table.id) return { ...state, tablesById };
  return { ...state, tablesById, tablesByName: new Map(state.tablesByName).set(name, table) };
}

/** The schema that rows which name this definition were written under: of a table as it is, or as it was. */
export function definitionOf(
  { definitions, tablesById }: Pick<KernelState, 'definitions' | 'tablesById'>,
  id: TableId,
): TableSchema | undefined {
  const table = tablesById.get(definitions.get(id) ?? id);
  return table === undefined ? undefined : schemaOfDefinition(table, id);
}

export function unknownTable(): KernelError {
  return new KernelError('format', 'ERR_KERNEL_TABLE_UNKNOWN', 'no such table', {
    hint: 'check the name; a dropped table is read AS OF a position before the drop',
  });
}
