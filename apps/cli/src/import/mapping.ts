/** How the columns of a file stand to the columns of its table. */

import { basename } from 'node:path';

import type { ColumnDefinition, TableDefinition } from '@veritydb/types';

import { CliError } from '../error.ts';
import { ROW_NUMBER_COLUMN } from './infer.ts';
import type { SourceRow } from './source.ts';

/** Where a column's values come from: a field's index, or the row's number. */
type FieldSource = number | 'row-number';

export interface ColumnMapping {
  readonly column: ColumnDefinition;
  readonly source: FieldSource;
}

/**
 * The columns that the file fills, in the file's order. Columns of the table that the file lacks are
 * NULL; a `row_id` that is the table's key and that the file lacks counts the rows from 1.
 *
 * @throws {CliError} ERR_CLI_CSV when the file has a column that the table lacks, or lacks one it needs
 */
export function mapColumns(
  names: readonly string[],
  table: TableDefinition,
  path: string,
): readonly ColumnMapping[] {
  const byName = new Map(table.columns.map((column) => [column.name, column] as const));
  const mappings: ColumnMapping[] = [];
  for (const [index, name] of names.entries()) {
    const column = byName.get(name);
    if (column === undefined) {
      throw refused(path, `table ${table.name} has no column ${name}`);
    }
    mappings.push({ column, source: index });
    byName.delete(name);
  }
  for (const column of byName.values()) {
    if (isRowNumber(column, table)) mappings.unshift({ column, source: 'row-number' });
    else if (column.notNull) {
      throw refused(path, `column ${column.name} of table ${table.name} is missing`);
    }
  }
  return mappings;
}

function isRowNumber(column: ColumnDefinition, table: TableDefinition): boolean {
  return (
    column.name === ROW_NUMBER_COLUMN &&
    (column.type === 'integer' || column.type === 'bigint') &&
    table.primaryKey.length === 1 &&
    table.primaryKey[0] === ROW_NUMBER_COLUMN
  );
}

/** A row's values as text. `rowNumber` counts from 1. */
export function valuesOf(
  row: SourceRow,
  rowNumber: number,
  mappings: readonly ColumnMapping[],
): readonly (string | null)[] {
  return mappings.map(({ source }) =>
    source === 'row-number' ? String(rowNumber) : (row.fields[source] as string | null),
  );
}

function refused(path: string, what: string): CliError {
  return new CliError('format', 'ERR_CLI_CSV', `${basename(path)}:1: ${what}`, {
    hint: 'The header, or a member of NDJSON, names a column of the table, in letters of either case.',
  });
}
