/** SELECT, by recursive descent. */

import { type Offset, toOffset } from '@veritydb/types';

import { literalConstant } from './constant.ts';
import type { Cursor } from './cursor.ts';
import { QueryError } from './error.ts';
import { parseExpression } from './expression-parser.ts';
import type {
  AsOf,
  Expression,
  Name,
  OrderItem,
  SelectItem,
  SelectStatement,
  Source,
} from './statement.ts';
import { ONE_TABLE_HINT, unexpected, unsupported } from './unsupported.ts';

export function parseSelect(cursor: Cursor): SelectStatement {
  const distinct = cursor.takeWord('distinct');
  if (distinct && cursor.isWord('on')) {
    throw unsupported(cursor.place(), 'DISTINCT ON', 'Use GROUP BY with MIN or MAX.');
  }
  // SELECT ALL is SELECT.
  if (!distinct) cursor.takeWord('all');
  const items = parseItems(cursor);
  if (cursor.peek().kind === 'end') {
    throw unsupported(cursor.place(), 'SELECT without FROM', 'Name a table after FROM.');
  }
  cursor.expectWord('from');
  const kind = takeSourceKind(cursor);
  const from = cursor.takeTableName();
  const source = parseSource(cursor, kind);
  const asOf = source.kind === 'diff' ? null : parseAsOf(cursor);
  const alias = parseTableAlias(cursor);
  refuseSecondTable(cursor);
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  const groupBy = parseGroupBy(cursor);
  const having = cursor.takeWord('having') ? parseExpression(cursor) : null;
  const orderBy = parseOrderBy(cursor);
  const { limit, offset } = parseWindow(cursor);
  cursor.expectEnd('the end of the statement');
  const { parameterCount } = cursor;
  return {
    kind: 'select',
    distinct,
    items,
    from,
    alias,
    source,
    asOf,
    where,
    groupBy,
    having,
    orderBy,
    limit,
    offset,
    parameterCount,
  };
}

/** `item, …`: what is selected, or what RETURNING answers. */
export function parseItems(cursor: Cursor): readonly SelectItem[] {
  const items = [parseItem(cursor)];
  while (cursor.takeSymbol(',')) items.push(parseItem(cursor));
  return items;
}

function parseItem(cursor: Cursor): SelectItem {
  const place = cursor.place();
  if (cursor.takeSymbol('*')) return { kind: 'star', qualifier: null, place };
  if (cursor.isName() && cursor.isSymbol('.', 1) && cursor.isSymbol('*', 2)) {
    const qualifier = cursor.takeName('the name of a table');
    cursor.expectSymbol('.');
    cursor.expectSymbol('*');
    return { kind: 'star', qualifier, place };
  }
  const expression = parseExpression(cursor);
  return { kind: 'expression', expression, alias: parseAlias(cursor), place };
}

/** Words that PostgreSQL takes for something else behind an expression (manual, appendix C). */
const WANT_AS: ReadonlySet<string> = new Set(
  'char character day filter hour minute month over precision second varying within without year'.split(
    ' ',
  ),
);

function parseAlias(cursor: Cursor): Name | null {
  if (cursor.takeWord('as')) return cursor.takeName('an alias');
  if (!cursor.isName()) return null;
  const { kind, text, place } = cursor.peek();
  if (kind === 'word' && WANT_AS.has(text)) {
    throw new QueryError('ERR_QUERY_SYNTAX', `${text.toUpperCase()} after an expression`, {
      place,
      hint: `Write AS ${text}, or a comma between columns.`,
    });
  }
  return cursor.takeName('an alias');
}

/** `HISTORY OF` or `DIFF OF` before the name of a table. */
function takeSourceKind(cursor: Cursor): Source['kind'] {
  if (!cursor.isWord('of', 1)) return 'rows';
  const kind = cursor.isWord('history') ? 'history' : cursor.isWord('diff') ? 'diff' : 'rows';
  if (kind === 'rows') return kind;
  cursor.take();
  cursor.take();
  return kind;
}

/** A diff is of what changed `BETWEEN POSITION a AND b`. */
function parseSource(cursor: Cursor, kind: Source['kind']): Source {
  if (kind !== 'diff') return { kind };
  cursor.expectWord('between');
  cursor.expectWord('position');
  const { place } = cursor.peek();
  const from = parsePosition(cursor);
  cursor.expectWord('and');
  const to = parsePosition(cursor);
  if (from <= to) return { kind, from, to };
  throw new QueryError('ERR_QUERY_SYNTAX', 'a DIFF that goes backwards', {
    place,
    hint: 'Write the smaller position first.',
  });
}

/** `AS OF POSITION n` or `AS OF TIMESTAMP '…'`: the table as it stood then. */
function parseAsOf(cursor: Cursor): AsOf | null {
  if (!cursor.isWord('as') || !cursor.isWord('of', 1)) return null;
  cursor.take();
  cursor.take();
  if (cursor.takeWord('position')) return { kind: 'position', position: parsePosition(cursor) };
  if (!cursor.takeWord('timestamp')) throw unexpected(cursor.peek(), 'POSITION or TIMESTAMP');
  const { kind, text, place } = cursor.take();
  if (kind !== 'string') {
    throw new QueryError('ERR_QUERY_SYNTAX', 'a time that is no string', {
      place,
      hint: "Write TIMESTAMP '2024-01-27T16:17:47Z'; parameters cannot stand here.",
    });
  }
  const { value } = literalConstant({ type: 'timestamp', text }, null, place);
  return { kind: 'timestamp', timestamp: value as bigint };
}

function parsePosition(cursor: Cursor): Offset {
  const { kind, text, place } = cursor.take();
  if (kind !== 'number' || !/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'a position is a whole number of at most 2^53 - 1', {
      place,
      hint: 'Take it from the answer of an earlier statement; parameters cannot stand here.',
    });
  }
  return toOffset(Number(text));
}

/** An alias of a table may do without AS. */
export function parseTableAlias(cursor: Cursor): Name | null {
  if (cursor.takeWord('as')) return cursor.takeName('an alias of the table');
  return cursor.isName() ? cursor.takeName('an alias of the table') : null;
}

function refuseSecondTable(cursor: Cursor): void {
  if (cursor.isSymbol(',')) {
    throw unsupported(cursor.place(), 'a second table', ONE_TABLE_HINT);
  }
  if (cursor.isWord('as') && cursor.isWord('of', 1)) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'AS OF after an alias', {
      place: cursor.place(),
      hint: 'Write FROM table AS OF POSITION n AS alias.',
    });
  }
}

export function parseGroupBy(cursor: Cursor): readonly Expression[] {
  if (!cursor.takeWord('group')) return [];
  cursor.expectWord('by');
  const keys = [parseExpression(cursor)];
  while (cursor.takeSymbol(',')) keys.push(parseExpression(cursor));
  return keys;
}

function parseOrderBy(cursor: Cursor): readonly OrderItem[] {
  if (!cursor.takeWord('order')) return [];
  cursor.expectWord('by');
  const items = [parseOrderItem(cursor)];
  while (cursor.takeSymbol(',')) items.push(parseOrderItem(cursor));
  return items;
}

function parseOrderItem(cursor: Cursor): OrderItem {
  const expression = parseExpression(cursor);
  const descending = cursor.takeWord('desc') || (cursor.takeWord('asc') && false);
  let nullsFirst = descending;
  if (cursor.takeWord('nulls')) {
    nullsFirst = cursor.takeWord('first');
    if (!nullsFirst) cursor.expectWord('last');
  }
  return { expression, descending, nullsFirst };
}

interface Window {
  readonly limit: Expression | null;
  readonly offset: Expression | null;
}

/** LIMIT and OFFSET, in either order; `LIMIT ALL` is none. */
function parseWindow(cursor: Cursor): Window {
  const offsetFirst = cursor.takeWord('offset') ? parseCount(cursor) : null;
  let limit: Expression | null = null;
  if (cursor.takeWord('limit') && !cursor.takeWord('all')) limit = parseCount(cursor);
  const offset =
    offsetFirst === null && cursor.takeWord('offset') ? parseCount(cursor) : offsetFirst;
  return { limit, offset };
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
