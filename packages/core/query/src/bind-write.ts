/** INSERT, UPDATE and DELETE to typed trees: what a statement means for a table, with its parameters. */

import { type ColumnType, type Row, type TableSchema, type Value, assert } from '@veritydb/types';

import { bindAssigned, bindWhere } from './bind-expression.ts';
import type { BoundDelete, BoundUpdate } from './bound.ts';
import type { ParameterValue } from './constant.ts';
import { QueryError } from './error.ts';
import { compileExpression } from './expression.ts';
import { relationOf } from './relation.ts';
import { type Scope, requireParameters, unknownColumn } from './scope.ts';
import type { DeleteStatement, InsertStatement, Name, UpdateStatement } from './statement.ts';
import { unsupported } from './unsupported.ts';

/**
 * Binds an INSERT: whole rows in the table's order; a column that is not listed is NULL.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_TYPE, ERR_QUERY_PARAMETER,
 *   ERR_QUERY_SYNTAX, ERR_QUERY_DIVISION, ERR_QUERY_OVERFLOW
 */
export function bindInsert(
  statement: InsertStatement,
  table: TableSchema,
  parameters: readonly ParameterValue[],
): Row[] {
  assert(statement.table.text === table.definition.name, 'table is not the one that INTO names');
  requireParameters(statement.parameterCount, parameters);
  const { columns } = table.definition;
  const targets =
    statement.columns === null
      ? columns.map((_, index) => index)
      : targetsOf(table, statement.columns);
  const scope: Scope = {
    relation: null,
    qualifier: null,
    parameters,
    clause: 'other',
    group: null,
  };
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
    const row: Value[] = columns.map(() => null);
    for (const [index, expression] of expressions.entries()) {
      const target = targets[index] as number;
      const type = columns[target]?.type as ColumnType;
      row[target] = compileExpression(bindAssigned(scope, expression, type))([]);
    }
    return row;
  });
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

/**
 * Binds an UPDATE. A key is what a row is known by in the log, so it does not change.
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
  const scope = scopeOf(statement.table, table, parameters);
  const targets = targetsOf(
    table,
    statement.assignments.map(({ column }) => column),
  );
  const assignments = statement.assignments.map(({ column: name, expression }, index) => {
    const column = targets[index] as number;
    if (table.keyIndexes.includes(column)) {
      throw unsupported(
        name.place,
        'UPDATE of a key',
        'Insert the new row and delete the old one.',
      );
    }
    const type = table.definition.columns[column]?.type as ColumnType;
    return { column, expression: bindAssigned(scope, expression, type) };
  });
  return { table, assignments, where: bindWhere(scope, statement.where) };
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
  const scope = scopeOf(statement.table, table, parameters);
  return { table, where: bindWhere(scope, statement.where) };
}

function scopeOf(name: Name, table: TableSchema, parameters: readonly ParameterValue[]): Scope {
  assert(name.text === table.definition.name, 'table is not the one that the statement names');
  return {
    relation: relationOf(table),
    qualifier: name.text,
    parameters,
    clause: 'other',
    group: null,
  };
}
