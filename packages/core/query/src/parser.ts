/** Statements, by recursive descent: our own small grammar (docs/SQL.md), and nothing beyond it. */

import { type Offset, toOffset } from '@veritydb/types';

import { Cursor } from './cursor.ts';
import { QueryError } from './error.ts';
import { parseExpression } from './expression-parser.ts';
import { readTokens } from './lexer.ts';
import type {
  DeleteStatement,
  DropTableStatement,
  Expression,
  InsertStatement,
  Name,
  OrderItem,
  SelectItem,
  SelectStatement,
  Statement,
  UpdateStatement,
} from './statement.ts';
import { parseCreateTable } from './table-parser.ts';
import { unexpected, unsupported } from './unsupported.ts';

/**
 * Reads one statement.
 *
 * @throws {QueryError} ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_LIMIT, ERR_QUERY_PARAMETER
 */
export function parseStatement(text: string): Statement {
  const cursor = new Cursor(readTokens(text));
  const first = cursor.take();
  if (first.kind === 'word') {
    switch (first.text) {
      case 'select':
        return parseSelect(cursor);
      case 'insert':
        return parseInsert(cursor);
      case 'update':
        return parseUpdate(cursor);
      case 'delete':
        return parseDelete(cursor);
      case 'create':
        return parseCreateTable(cursor);
      case 'drop':
        return parseDrop(cursor);
      default:
    }
  }
  throw unexpected(first, 'SELECT, INSERT, UPDATE, DELETE, CREATE TABLE or DROP TABLE');
}

function parseSelect(cursor: Cursor): SelectStatement {
  // SELECT ALL is SELECT.
  cursor.takeWord('all');
  const items = [parseItem(cursor)];
  while (cursor.takeSymbol(',')) items.push(parseItem(cursor));
  if (cursor.peek().kind === 'end') {
    throw unsupported(cursor.place(), 'SELECT without FROM', 'Name a table after FROM.');
  }
  cursor.expectWord('from');
  const from = cursor.takeTableName();
  const asOf = parseAsOf(cursor);
  const alias = parseTableAlias(cursor);
  refuseSecondTable(cursor);
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  const orderBy = parseOrderBy(cursor);
  const limit = cursor.takeWord('limit') ? parseCount(cursor) : null;
  const offset = cursor.takeWord('offset') ? parseCount(cursor) : null;
  cursor.expectEnd('the end of the statement');
  const { parameterCount } = cursor;
  return {
    kind: 'select',
    items,
    from,
    alias,
    asOf,
    where,
    orderBy,
    limit,
    offset,
    parameterCount,
  };
}

function parseItem(cursor: Cursor): SelectItem {
  const place = cursor.place();
  if (cursor.takeSymbol('*')) return { kind: 'star', place };
  if (!cursor.isWord('count') || !cursor.isSymbol('(', 1)) {
    return {
      kind: 'expression',
      expression: parseExpression(cursor),
      alias: parseAlias(cursor),
      place,
    };
  }
  cursor.take();
  cursor.take();
  const argument = cursor.takeSymbol('*') ? null : cursor.nest(() => parseExpression(cursor));
  cursor.expectSymbol(')');
  const next = cursor.peek();
  if (next.kind === 'symbol' && next.text !== ',') {
    throw unsupported(next.place, 'COUNT inside an expression', 'Select COUNT(…) alone.');
  }
  return { kind: 'count', argument, alias: parseAlias(cursor), place };
}

function parseAlias(cursor: Cursor): Name | null {
  if (cursor.takeWord('as')) return cursor.takeName('an alias');
  if (!cursor.isName()) return null;
  if (cursor.isWord('over') || cursor.isWord('filter')) throw unexpected(cursor.peek(), 'FROM');
  // A comma that was forgotten would make a name of the next column.
  throw new QueryError('ERR_QUERY_SYNTAX', 'a name follows an expression', {
    place: cursor.place(),
    hint: 'Write a comma between columns, or AS before an alias.',
  });
}

/** An alias of a table may do without AS. */
function parseTableAlias(cursor: Cursor): Name | null {
  if (cursor.takeWord('as')) return cursor.takeName('an alias of the table');
  return cursor.isName() ? cursor.takeName('an alias of the table') : null;
}

/** `AS OF POSITION n`: the table as it stood when the log had n records. */
function parseAsOf(cursor: Cursor): Offset | null {
  if (!cursor.isWord('as') || !cursor.isWord('of', 1)) return null;
  cursor.take();
  cursor.take();
  if (!cursor.takeWord('position')) {
    throw unsupported(cursor.place(), 'AS OF without POSITION', 'Write AS OF POSITION n.');
  }
  const { kind, text, place } = cursor.take();
  if (kind !== 'number' || !/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'a position is a whole number of at most 2^53 - 1', {
      place,
      hint: 'Take it from the answer of an earlier statement; parameters cannot stand here.',
    });
  }
  return toOffset(Number(text));
}

function refuseSecondTable(cursor: Cursor): void {
  if (cursor.isSymbol(',')) {
    throw unsupported(cursor.place(), 'a second table', 'A statement reads one table.');
  }
  if (cursor.isWord('as') && cursor.isWord('of', 1)) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'AS OF POSITION after an alias', {
      place: cursor.place(),
      hint: 'Write FROM table AS OF POSITION n AS alias.',
    });
  }
}

function parseOrderBy(cursor: Cursor): readonly OrderItem[] {
  if (!cursor.takeWord('order')) return [];
  cursor.expectWord('by');
  const items = [parseOrderItem(cursor)];
  while (cursor.takeSymbol(',')) items.push(parseOrderItem(cursor));
  return items;
}

function parseOrderItem(cursor: Cursor): OrderItem {
  const { kind, place } = cursor.peek();
  const expression = parseExpression(cursor);
  if (kind === 'number' && expression.kind === 'literal') {
    throw unsupported(place, 'ORDER BY a number of a column', 'Write the name of the column.');
  }
  const descending = cursor.takeWord('desc') || (cursor.takeWord('asc') && false);
  let nullsFirst = descending;
  if (cursor.takeWord('nulls')) {
    nullsFirst = cursor.takeWord('first');
    if (!nullsFirst) cursor.expectWord('last');
  }
  return { expression, descending, nullsFirst };
}

/** What LIMIT and OFFSET take: a whole number or a parameter. */
function parseCount(cursor: Cursor): Expression {
  const { kind, text, place } = cursor.take();
  if (kind === 'parameter') return { kind: 'parameter', index: Number(text), place };
  if (kind === 'number' && /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) {
    return { kind: 'literal', literal: { type: 'number', text }, place };
  }
  throw new QueryError('ERR_QUERY_SYNTAX', 'LIMIT and OFFSET take a whole number or a parameter', {
    place,
    hint: 'Write digits, $1 or ?.',
  });
}

function parseInsert(cursor: Cursor): InsertStatement {
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

function parseUpdate(cursor: Cursor): UpdateStatement {
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

function parseDelete(cursor: Cursor): DeleteStatement {
  cursor.expectWord('from');
  const table = cursor.takeTableName();
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  cursor.expectEnd('the end of the statement');
  return { kind: 'delete', table, where, parameterCount: cursor.parameterCount };
}

function parseDrop(cursor: Cursor): DropTableStatement {
  if (!cursor.takeWord('table')) {
    throw unsupported(cursor.place(), 'DROP of anything but a table', 'Write DROP TABLE name.');
  }
  if (cursor.isWord('if')) throw unexpected(cursor.peek(), 'the name of a table');
  const table = cursor.takeTableName();
  cursor.expectEnd('the end of the statement');
  return { kind: 'drop-table', table };
}
