/** SELECT, by recursive descent. */

import { type Offset, toOffset } from '@veritydb/types';

import type { Cursor } from './cursor.ts';
import { QueryError } from './error.ts';
import { parseExpression } from './expression-parser.ts';
import type { Expression, Name, OrderItem, SelectItem, SelectStatement } from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

export function parseSelect(cursor: Cursor): SelectStatement {
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
