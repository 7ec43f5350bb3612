/** INSERT, UPDATE and DELETE, by recursive descent. */

import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression-parser.ts';
import type { DeleteStatement, Expression, InsertStatement, UpdateStatement } from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

export function parseInsert(cursor: Cursor): InsertStatement {
  cursor.expectWord('into');
  const table = cursor.takeTableName();
  const columns = cursor.isSymbol('(')
    ? cursor.takeList(() => cursor.takeName('the name of a column'))
    : null;
  if (cursor.isWord('select')) {
    throw unsupported(cursor.place(), 'INSERT from a SELECT', 'Read the rows, then insert them.');
  }
  if (!cursor.takeWord('values')) throw unexpected(cursor.peek(), 'VALUES');
  const rows = [parseRow(cursor)];
  while (cursor.takeSymbol(',')) rows.push(parseRow(cursor));
  cursor.expectEnd('the end of the statement');
  return { kind: 'insert', table, columns, rows, parameterCount: cursor.parameterCount };
}

function parseRow(cursor: Cursor): readonly Expression[] {
  return cursor.nest(() => cursor.takeList(() => parseExpression(cursor)));
}

export function parseUpdate(cursor: Cursor): UpdateStatement {
  const table = cursor.takeTableName();
  cursor.expectWord('set');
  const assignments = [parseAssignment(cursor)];
  while (cursor.takeSymbol(',')) assignments.push(parseAssignment(cursor));
  if (cursor.isWord('from')) {
    throw unsupported(cursor.place(), 'UPDATE from another table', 'Read first, then update.');
  }
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  cursor.expectEnd('the end of the statement');
  return { kind: 'update', table, assignments, where, parameterCount: cursor.parameterCount };
}

function parseAssignment(cursor: Cursor): UpdateStatement['assignments'][number] {
  const column = cursor.takeName('the name of a column');
  cursor.expectSymbol('=');
  return { column, expression: parseExpression(cursor) };
}

export function parseDelete(cursor: Cursor): DeleteStatement {
  cursor.expectWord('from');
  const table = cursor.takeTableName();
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  cursor.expectEnd('the end of the statement');
  return { kind: 'delete', table, where, parameterCount: cursor.parameterCount };
}
