/** Statements, by recursive descent: our own small grammar (docs/SQL.md), and nothing beyond it. */

import { Cursor } from './cursor.ts';
import { readTokens } from './lexer.ts';
import { parseSelect } from './select-parser.ts';
import type { Statement } from './statement.ts';
import { parseCreateTable, parseDrop } from './table-parser.ts';
import { unexpected } from './unsupported.ts';
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
        return parseCreateTable(cursor);
      case 'drop':
        return parseDrop(cursor);
      default:
    }
  }
  throw unexpected(first, 'SELECT, INSERT, UPDATE, DELETE, CREATE TABLE or DROP TABLE');
}
