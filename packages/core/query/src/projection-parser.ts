/** CREATE PROJECTION and DROP PROJECTION, by recursive descent. */

import { isCatalogueName } from '@veritydb/types';

import { Cursor } from './cursor.ts';
import { QueryError } from './error.ts';
import { parseExpression } from './expression-parser.ts';
import { readTokens } from './lexer.ts';
import { parseGroupBy, parseItems, parseTableAlias } from './select-parser.ts';
import type {
  CreateProjectionStatement,
  DropProjectionStatement,
  JoinedTable,
  ProjectionQuery,
} from './statement.ts';
import { unsupported } from './unsupported.ts';

/** Tables that one projection may join. */
const TABLES_COUNT_MAX = 8;
const LATER = 'Leave it out; the SELECT that reads the projection may say it.';

/** `CREATE PROJECTION name AS SELECT …`. */
export function parseCreateProjection(cursor: Cursor): CreateProjectionStatement {
  const name = cursor.takeName('the name of a projection');
  if (!isCatalogueName(name.text)) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'the name of a projection is not [a-z_][a-z0-9_]*', {
      place: name.place,
      hint: 'Choose another.',
    });
  }
  cursor.expectWord('as');
  const place = cursor.place();
  const query = parseQuery(cursor);
  return { kind: 'create-projection', name, text: cursor.textFrom(place), query };
}

export function parseDropProjection(cursor: Cursor): DropProjectionStatement {
  const name = cursor.takeName('the name of a projection');
  cursor.expectEnd('the end of the statement');
  return { kind: 'drop-projection', name };
}

/**
 * Reads the SELECT of a projection that stands alone, as it was written when the projection was made.
 *
 * @throws {QueryError} ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_LIMIT
 */
export function parseProjectionQuery(text: string): ProjectionQuery {
  return parseQuery(new Cursor(readTokens(text)));
}

function parseQuery(cursor: Cursor): ProjectionQuery {
  cursor.expectWord('select');
  if (cursor.isWord('distinct')) {
    throw unsupported(cursor.place(), 'DISTINCT in a projection', 'Write GROUP BY.');
  }
  const items = parseItems(cursor);
  for (const item of items) {
    if (item.kind !== 'star') continue;
    // What a table has may change; what a projection has does not.
    throw unsupported(item.place, '* in a projection', 'Name the columns.');
  }
  cursor.expectWord('from');
  const tables = [parseTable(cursor, null)];
  for (let kind = takeJoin(cursor); kind !== null; kind = takeJoin(cursor)) {
    if (tables.length === TABLES_COUNT_MAX) {
      throw new QueryError('ERR_QUERY_LIMIT', `more than ${TABLES_COUNT_MAX} tables`, {
        place: cursor.place(),
        hint: 'Join fewer tables.',
      });
    }
    tables.push(parseTable(cursor, kind));
  }
  const where = cursor.takeWord('where') ? parseExpression(cursor) : null;
  const groupBy = parseGroupBy(cursor);
  refuseClauses(cursor);
  cursor.expectEnd('the end of the statement');
  if (cursor.parameterCount > 0) {
    throw new QueryError('ERR_QUERY_PARAMETER', 'a parameter in a projection', {
      hint: 'A projection is kept for ever: write the value.',
    });
  }
  return { items, tables, where, groupBy };
}

type JoinKind = 'inner' | 'left';

function takeJoin(cursor: Cursor): JoinKind | null {
  const place = cursor.place();
  if (cursor.isSymbol(',')) {
    throw unsupported(place, 'a list of tables', 'Write a JOIN b ON a.x = b.y.');
  }
  for (const word of ['right', 'full', 'cross', 'natural']) {
    if (!cursor.isWord(word)) continue;
    throw unsupported(place, `${word.toUpperCase()} JOIN`, 'Write [INNER] JOIN or LEFT JOIN.');
  }
  if (cursor.takeWord('join')) return 'inner';
  if (cursor.takeWord('inner')) {
    cursor.expectWord('join');
    return 'inner';
  }
  if (!cursor.takeWord('left')) return null;
  cursor.takeWord('outer');
  cursor.expectWord('join');
  return 'left';
}

function parseTable(cursor: Cursor, join: JoinKind | null): JoinedTable {
  if (cursor.isWord('of', 1)) {
    throw unsupported(cursor.place(), 'versions of rows in a projection', 'Name a table.');
  }
  const table = cursor.takeTableName();
  if (cursor.isWord('as') && cursor.isWord('of', 1)) {
    throw unsupported(cursor.place(), 'AS OF in a projection', LATER);
  }
  const alias = parseTableAlias(cursor);
  if (join === null) return { table, alias, join: null };
  if (cursor.isWord('using')) {
    throw unsupported(cursor.place(), 'USING', 'Write ON a.x = b.x.');
  }
  cursor.expectWord('on');
  return { table, alias, join: { kind: join, on: parseExpression(cursor) } };
}

function refuseClauses(cursor: Cursor): void {
  for (const word of ['having', 'order', 'limit', 'offset']) {
    if (!cursor.isWord(word)) continue;
    throw unsupported(cursor.place(), `${word.toUpperCase()} in a projection`, LATER);
  }
}
