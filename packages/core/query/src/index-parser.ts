/** CREATE INDEX and DROP INDEX, and the names of indexes that are given none. */

import { isCatalogueName } from '@veritydb/types';

import type { Cursor } from './cursor.ts';
import { type Place, QueryError } from './error.ts';
import { LIMITS } from './lexer.ts';
import type { CreateIndexStatement, DropIndexStatement } from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

/** `CREATE [UNIQUE] INDEX [name] ON t (a, b)`. */
export function parseCreateIndex(cursor: Cursor, isUnique: boolean): CreateIndexStatement {
  if (cursor.isWord('if') || cursor.isWord('concurrently')) {
    throw unsupported(cursor.place(), 'this way to make an index', 'Write CREATE INDEX name ON ….');
  }
  const name = cursor.isWord('on') ? null : cursor.takeName('the name of an index');
  if (name !== null && !isCatalogueName(name.text)) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'the name of an index is not [a-z_][a-z0-9_]*', {
      place: name.place,
      hint: 'Choose another.',
    });
  }
  cursor.expectWord('on');
  const table = cursor.takeTableName();
  const columns = parseIndexColumns(cursor);
  cursor.expectEnd('the end of the statement');
  const own = name?.text ?? indexName(table.text, columns, 'idx');
  return { kind: 'create-index', table, index: { name: own, columns, isUnique } };
}

/** Names of columns, each once. */
export function parseIndexColumns(cursor: Cursor): readonly string[] {
  const columns: string[] = [];
  cursor.takeList(() => {
    if (!cursor.isName()) throw expressionIndex(cursor.place());
    const { text, place } = cursor.takeName('the name of a column');
    if (columns.includes(text)) {
      throw new QueryError('ERR_QUERY_SYNTAX', `column "${text}" is named twice`, {
        place,
        hint: 'Name each column once.',
      });
    }
    columns.push(text);
    // It is read from either end.
    if (!cursor.takeWord('asc')) cursor.takeWord('desc');
    if (cursor.isSymbol('(') || cursor.isSymbol('.')) throw expressionIndex(cursor.place());
    if (!cursor.isSymbol(',') && !cursor.isSymbol(')')) {
      throw unsupported(cursor.place(), 'this order of an index', 'Write names of columns alone.');
    }
  });
  return columns;
}

function expressionIndex(place: Place): QueryError {
  return unsupported(
    place,
    'an index of an expression',
    'Index columns; keep what you compute in a column of its own.',
  );
}

/** As PostgreSQL names them: table, columns and what it is, within the length of a name. */
export function indexName(table: string, columns: readonly string[], kind: string): string {
  const longest = LIMITS.nameLengthMax - kind.length - 1;
  return `${[table, ...columns].join('_').slice(0, longest)}_${kind}`;
}

export function parseDropIndex(cursor: Cursor): DropIndexStatement {
  if (cursor.isWord('if')) throw unexpected(cursor.peek(), 'the name of an index');
  const index = cursor.takeName('the name of an index');
  cursor.expectEnd('the end of the statement');
  return { kind: 'drop-index', index };
}
