/**
 * What a statement is bound against: named, typed columns over one base table.
 *
 * The owner's own relation is the table itself. A recipient's relation holds only the columns that it
 * may see, with the types that its transforms give: a hidden column is simply not there, and so cannot
 * be told apart from a name that exists nowhere.
 */

import type { ColumnType, TableSchema } from '@veritydb/types';

import type { Source } from './statement.ts';

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

const CHANGED = { notNull: false, source: -1, exact: false, operations: 'all' } as const;

/** Columns that versions of rows have behind those of the table. */
const ADDED: Readonly<Record<Source['kind'], readonly RelationColumn[]>> = {
  rows: [],
  history: [
    { name: 'valid_from', type: 'bigint', ...CHANGED, notNull: true },
    { name: 'valid_to', type: 'bigint', ...CHANGED },
  ],
  diff: [{ name: 'change', type: 'text', ...CHANGED, notNull: true }],
};

/**
 * What a source shows its owner. A history has of each version the position that made it and the one that
 * ended it, NULL while it is current; a diff says `insert`, `update` or `delete` of each row that changed.
 */
export function sourceRelation(table: TableSchema, { kind }: Source): Relation {
  const relation = relationOf(table);
  if (kind === 'rows') return relation;
  // Versions are not read by key.
  const columns = relation.columns.map((column) => ({ ...column, exact: false, notNull: false }));
  return { ...relation, columns: [...columns, ...ADDED[kind]] };
}
