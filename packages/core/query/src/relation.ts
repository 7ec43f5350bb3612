/**
 * What a statement is bound against: named, typed columns over one base table.
 *
 * The owner's own relation is the table itself. A recipient's relation holds only the columns that it
 * may see, with the types that its transforms give: a hidden column is simply not there, and so cannot
 * be told apart from a name that exists nowhere.
 */

import type { ColumnType, TableSchema } from '@veritydb/types';

/**
 * What a WHERE or ORDER BY may do with a column.
 *
 * - `all`: anything.
 * - `equality`: `=`, `<>`, `IN`, `NOT IN`, `IS [NOT] NULL` in WHERE; nothing else.
 * - `none`: it may be selected as it is, and nothing else.
 */
export type ColumnOperations = 'all' | 'equality' | 'none';

export interface RelationColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  /** Index of the base column that it comes from. */
  readonly source: number;
  /** Its value equals the base column's, so a key over that column may be used. */
  readonly exact: boolean;
  readonly operations: ColumnOperations;
  /** What must stand before its name instead of the relation's own name or alias. */
  readonly qualifier?: string;
}

/**
 * What may be asked of many rows at once.
 *
 * - `all`: aggregates, GROUP BY, DISTINCT.
 * - `group-count`: counts, of all rows or of groups.
 * - `count`: counts, alone.
 */
export type Statistics = 'all' | 'group-count' | 'count';

export interface Relation {
  readonly name: string;
  readonly statistics: Statistics;
  readonly columns: readonly RelationColumn[];
  /** The base table. */
  readonly table: TableSchema;
}

/** The table as its owner sees it: every column, exact, with all operations. */
export function relationOf(table: TableSchema): Relation {
  return {
    name: table.definition.name,
    statistics: 'all',
    columns: table.definition.columns.map((column, index) => ({
      name: column.name,
      type: column.type,
      notNull: column.notNull,
      source: index,
      exact: true,
      operations: 'all',
    })),
    table,
  };
}
