/** Statements, by recursive descent: our own small grammar (docs/SQL.md), and nothing beyond it. */

import { Cursor } from './cursor.ts';
import { parseExpression } from './expression-parser.ts';
import { parseCreateIndex, parseDropIndex } from './index-parser.ts';
import { readTokens } from './lexer.ts';
import { parseCreateProjection, parseDropProjection } from './projection-parser.ts';
import { parseSelect } from './select-parser.ts';
import type { Expression, Statement } from './statement.ts';
import { parseAlterTable, parseCreateTable, parseDropTable } from './table-parser.ts';
import { unexpected, unsupported } from './unsupported.ts';
import { parseDelete, parseInsert, parseUpdate } from './write-parser.ts';

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
        return parseCreate(cursor);
      case 'alter':
        return parseAlter(cursor);
      case 'drop':
        return parseDrop(cursor);
      case 'explain':
        cursor.expectWord('select');
        return { kind: 'explain', select: parseSelect(cursor) };
      default:
    }
  }
  throw unexpected(first, 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER or DROP');
}

function parseCreate(cursor: Cursor): Statement {
  const place = cursor.place();
  if (cursor.takeWord('table')) return parseCreateTable(cursor);
  if (cursor.takeWord('projection')) return parseCreateProjection(cursor);
  const isUnique = cursor.takeWord('unique');
  if (cursor.takeWord('index')) return parseCreateIndex(cursor, isUnique);
  throw unsupported(
    place,
    'CREATE of anything but a table, an index or a projection',
    'Write CREATE TABLE name (…), CREATE INDEX name ON table (…) or CREATE PROJECTION name AS SELECT ….',
  );
}

function parseAlter(cursor: Cursor): Statement {
  if (cursor.takeWord('table')) return parseAlterTable(cursor);
  throw unsupported(
    cursor.place(),
    'ALTER of anything but a table',
    'Write ALTER TABLE name ADD COLUMN … or ALTER TABLE name DROP COLUMN ….',
  );
}

function parseDrop(cursor: Cursor): Statement {
  if (cursor.takeWord('table')) return parseDropTable(cursor);
  if (cursor.takeWord('index')) return parseDropIndex(cursor);
  if (cursor.takeWord('projection')) return parseDropProjection(cursor);
  throw unsupported(
    cursor.place(),
    'DROP of anything but a table, an index or a projection',
    'Write DROP TABLE name, DROP INDEX name or DROP PROJECTION name.',
  );
}

/**
 * Reads a condition that stands alone: of a rule, as it was written when its table was made.
 *
 * @throws {QueryError} ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_LIMIT, ERR_QUERY_PARAMETER
 */
export function parseCondition(text: string): Expression {
  const cursor = new Cursor(readTokens(text));
  const condition = parseExpression(cursor);
  cursor.expectEnd('the end of the condition');
  return condition;
}
