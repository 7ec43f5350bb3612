/** INSERT, UPDATE and DELETE, by recursive descent. */

import type { Cursor } from './cursor.ts';
import { parseExpression } from './expression-parser.ts';
import { parseItems, parseTableAlias } from './select-parser.ts';
import type {
  Assigned,
  Assignment,
  ConflictClause,
  DeleteStatement,
  InsertStatement,
  SelectItem,
  UpdateStatement,
} from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

export function parseInsert(cursor: Cursor): InsertStatement {
  cursor.expectWord('into');
  const table = cursor.takeTableName();
  const alias = cursor.takeWord('as') ? cursor.takeName('an alias of the table') : null;
  const columns = cursor.isSymbol('(') ? takeNames(cursor) : null;
  if (cursor.isWord('select')) {
    throw unsupported(cursor.place(), 'INSERT from a SELECT', 'Read the rows, then insert them.');
  }
  if (cursor.isWord('default')) {
    throw unsupported(cursor.place(), 'DEFAULT VALUES', 'Write VALUES (DEFAULT).');
  }
  if (!cursor.takeWord('values')) throw unexpected(cursor.peek(), 'VALUES');
  const rows = [parseRow(cursor)];
  while (cursor.takeSymbol(',')) rows.push(parseRow(cursor));
  const conflict = parseConflict(cursor);
  const returning = parseReturning(cursor);
  cursor.expectEnd('the end of the statement');
  const { parameterCount } = cursor;
  return { kind: 'insert', table, alias, columns, rows, conflict, returning, parameterCount };
}

function takeNames(cursor: Cursor): InsertStatement['columns'] {
  return cursor.takeList(() => cursor.takeName('the name of a column'));
}

function parseRow(cursor: Cursor): readonly Assigned[] {
  return cursor.nest(() => cursor.takeList(() => parseAssigned(cursor)));
}

function parseAssigned(cursor: Cursor): Assigned {
  return cursor.takeWord('default') ? null : parseExpression(cursor);
}

/** `ON CONFLICT [(column, …)] DO NOTHING` or `… DO UPDATE SET … [WHERE …]`. */
function parseConflict(cursor: Cursor): ConflictClause | null {
  const place = cursor.place();
  if (!cursor.isWord('on') || !cursor.isWord('conflict', 1)) return null;
  cursor.take();
  cursor.take();
  const target = cursor.isSymbol('(') ? takeNames(cursor) : null;
  cursor.expectWord('do');
  if (cursor.takeWord('nothing')) return { target, update: null, place };
  if (target === null) {
    throw unsupported(cursor.place(), 'DO UPDATE without columns', 'Write ON CONFLICT (column).');
  }
  cursor.expectWord('update');
  cursor.expectWord('set');
  const assignments = parseAssignments(cursor);
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  return { target, update: { assignments, where }, place };
}

function parseReturning(cursor: Cursor): readonly SelectItem[] | null {
  return cursor.takeWord('returning') ? parseItems(cursor) : null;
}

export function parseUpdate(cursor: Cursor): UpdateStatement {
  const table = cursor.takeTableName();
  const alias = parseTableAlias(cursor);
  cursor.expectWord('set');
  const assignments = parseAssignments(cursor);
  if (cursor.isWord('from')) {
    throw unsupported(cursor.place(), 'UPDATE from another table', 'Read first, then update.');
  }
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  const returning = parseReturning(cursor);
  cursor.expectEnd('the end of the statement');
  const { parameterCount } = cursor;
  return { kind: 'update', table, alias, assignments, where, returning, parameterCount };
}

function parseAssignments(cursor: Cursor): readonly Assignment[] {
  const assignments = [parseAssignment(cursor)];
  while (cursor.takeSymbol(',')) assignments.push(parseAssignment(cursor));
  return assignments;
}

function parseAssignment(cursor: Cursor): Assignment {
  const column = cursor.takeName('the name of a column');
  cursor.expectSymbol('=');
  return { column, expression: parseAssigned(cursor) };
}

export function parseDelete(cursor: Cursor): DeleteStatement {
  cursor.expectWord('from');
  const table = cursor.takeTableName();
  const alias = parseTableAlias(cursor);
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  const returning = parseReturning(cursor);
  cursor.expectEnd('the end of the statement');
  return { kind: 'delete', table, alias, where, returning, parameterCount: cursor.parameterCount };
}
