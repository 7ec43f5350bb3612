/** INSERT, UPDATE and DELETE to typed trees: what a statement means for a table, with its parameters. */

import { type ColumnType, type Row, type TableSchema, type Value, assert } from '@veritydb/types';

import { bindAssigned, bindWhere } from './bind-expression.ts';
import { bindReturning } from './bind-select.ts';
import type {
  BoundAssignment,
  BoundConflict,
  BoundDelete,
  BoundExpression,
  BoundInsert,
  BoundUpdate,
} from './bound.ts';
import type { ParameterValue } from './constant.ts';
import { QueryError } from './error.ts';
import { compileExpression } from './expression.ts';
import { type Relation, relationOf } from './relation.ts';
import { type Scope, requireParameters, unknownColumn } from './scope.ts';
import type {
  Assigned,
  Assignment,
  ConflictClause,
  DeleteStatement,
  InsertStatement,
  Name,
  UpdateStatement,
} from './statement.ts';

/** The name of the row that was to be inserted, in DO UPDATE. */
const EXCLUDED = 'excluded';

/**
 * Binds an INSERT: whole rows in the table's order; a column that is not listed is its default.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_AMBIGUOUS,
 *   ERR_QUERY_TYPE, ERR_QUERY_PARAMETER, ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_DIVISION,
 *   ERR_QUERY_OVERFLOW
 */
export function bindInsert(
  statement: InsertStatement,
  table: TableSchema,
  parameters: readonly ParameterValue[],
): BoundInsert {
  requireParameters(statement.parameterCount, parameters);
  const scope = scopeOf(statement, table, parameters);
  return {
    table,
    rows: insertedRows(statement, table, { ...scope, relation: null, qualifier: null }),
    conflict: statement.conflict === null ? null : bindConflict(scope, table, statement.conflict),
    returning: bindReturning(scope, statement.returning),
  };
}

function insertedRows(
  statement: InsertStatement,
  table: TableSchema,
  scope: Scope,
): readonly Row[] {
  const targets =
    statement.columns === null
      ? table.definition.columns.map((_, index) => index)
      : targetsOf(table, statement.columns);
  return statement.rows.map((expressions) => {
    if (expressions.length !== targets.length) {
      throw new QueryError(
        'ERR_QUERY_SYNTAX',
        `a row has ${expressions.length} values for ${targets.length} columns`,
        {
          place: expressions[0]?.place ?? statement.table.place,
          hint: 'Give each column one value.',
        },
      );
    }
    const row: Value[] = [...table.rules.defaults];
    for (const [index, expression] of expressions.entries()) {
      const target = targets[index] as number;
      row[target] = compileExpression(bindValue(scope, table, target, expression))([]);
    }
    return row;
  });
}

/** What is written into a column: an expression, or its default. */
function bindValue(
  scope: Scope,
  table: TableSchema,
  column: number,
  expression: Assigned,
): BoundExpression {
  const type = table.definition.columns[column]?.type as ColumnType;
  if (expression !== null) return bindAssigned(scope, expression, type);
  return { kind: 'constant', type, value: table.rules.defaults[column] ?? null };
}

/** Indexes of the columns that are written to, each at most once. */
function targetsOf(table: TableSchema, names: readonly Name[]): readonly number[] {
  const targets: number[] = [];
  for (const name of names) {
    const index = table.definition.columns.findIndex((column) => column.name === name.text);
    if (index < 0) throw unknownColumn(relationOf(table), name);
    if (targets.includes(index)) {
      throw new QueryError('ERR_QUERY_SYNTAX', `column "${name.text}" is written twice`, {
        place: name.place,
        hint: 'Name each column once.',
      });
    }
    targets.push(index);
  }
  return targets;
}

/** The row that is there is named as the table is, the one that was to be inserted `excluded`. */
function bindConflict(
  scope: Scope,
  table: TableSchema,
  { target: names, update, place }: ConflictClause,
): BoundConflict {
  const target = names === null ? null : targetsOf(table, names);
  if (target !== null && !isUniqueTogether(table, target)) {
    throw new QueryError(
      'ERR_QUERY_SYNTAX',
      'ON CONFLICT of columns that are not unique together',
      {
        place,
        hint: 'Name the columns of the key, or of a UNIQUE.',
      },
    );
  }
  if (update === null) return { target, update: null };
  const relation = scope.relation as Relation;
  const proposed = relation.columns.map((column) => ({ ...column, qualifier: EXCLUDED }));
  const both: Scope = {
    ...scope,
    relation: { ...relation, columns: [...relation.columns, ...proposed] },
  };
  return {
    target,
    update: {
      assignments: bindAssignments(both, table, update.assignments),
      where: bindWhere(both, update.where),
    },
  };
}

function isUniqueTogether(table: TableSchema, columns: readonly number[]): boolean {
  const name = columns.toSorted((a, b) => a - b).join();
  const uniques = table.indexes.filter(({ isUnique }) => isUnique).map((index) => index.columns);
  return [table.keyIndexes, ...uniques].some(
    (unique) => unique.toSorted((a, b) => a - b).join() === name,
  );
}

/**
 * Binds an UPDATE.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_TYPE,
 *   ERR_QUERY_PARAMETER, ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_OVERFLOW
 */
export function bindUpdate(
  statement: UpdateStatement,
  table: TableSchema,
  parameters: readonly ParameterValue[],
): BoundUpdate {
  requireParameters(statement.parameterCount, parameters);
  const scope = scopeOf(statement, table, parameters);
  return {
    table,
    assignments: bindAssignments(scope, table, statement.assignments),
    where: bindWhere(scope, statement.where),
    returning: bindReturning(scope, statement.returning),
  };
}

function bindAssignments(
  scope: Scope,
  table: TableSchema,
  assignments: readonly Assignment[],
): readonly BoundAssignment[] {
  const targets = targetsOf(
    table,
    assignments.map(({ column }) => column),
  );
  return assignments.map(({ expression }, index) => {
    const column = targets[index] as number;
    return { column, expression: bindValue(scope, table, column, expression) };
  });
}

/**
 * Binds a DELETE.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_TYPE,
 *   ERR_QUERY_PARAMETER, ERR_QUERY_OVERFLOW, ERR_QUERY_UNSUPPORTED
 */
export function bindDelete(
  statement: DeleteStatement,
  table: TableSchema,
  parameters: readonly ParameterValue[],
): BoundDelete {
  requireParameters(statement.parameterCount, parameters);
  const scope = scopeOf(statement, table, parameters);
  return {
    table,
    where: bindWhere(scope, statement.where),
    returning: bindReturning(scope, statement.returning),
  };
}

function scopeOf(
  { table: name, alias }: { readonly table: Name; readonly alias: Name | null },
  table: TableSchema,
  parameters: readonly ParameterValue[],
): Scope {
  assert(name.text === table.definition.name, 'table is not the one that the statement names');
  return {
    relation: relationOf(table),
    qualifier: (alias ?? name).text,
    parameters,
    clause: 'other',
    group: null,
  };
}
