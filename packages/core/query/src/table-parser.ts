/**
 * CREATE TABLE, to the definition that the catalogue keeps:
 *
 *     CREATE TABLE t (
 *       c TYPE [NOT NULL] [PRIMARY KEY] [DATA CLASS name] [LADDER 'name'], …
 *       [, PRIMARY KEY (c, …)] [, DATA SUBJECT c] )
 */

import {
  COLUMN_TYPES,
  type ColumnDefinition,
  type ColumnType,
  DATA_CLASSES,
  type DataClass,
  LADDERS,
  type LadderName,
  type TableDefinition,
  TypesError,
  checkTableDefinition,
  isLadderName,
} from '@veritydb/types';

import type { Cursor } from './cursor.ts';
import { type Place, QueryError } from './error.ts';
import type { CreateTableStatement, DropTableStatement } from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

const TYPES: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ...COLUMN_TYPES.map((type): [string, ColumnType] => [type, type]),
  ['int', 'integer'],
  ['numeric', 'decimal'],
  ['varchar', 'text'],
  ['bytea', 'bytes'],
]);

/** Types of other systems, and what stands in their place. */
const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ['int2', 'INTEGER'],
  ['int4', 'INTEGER'],
  ['int8', 'BIGINT'],
  ['smallint', 'INTEGER'],
  ['serial', 'INTEGER, and number the rows yourself'],
  ['bigserial', 'BIGINT, and number the rows yourself'],
  ['real', 'DECIMAL'],
  ['float', 'DECIMAL'],
  ['double', 'DECIMAL'],
  ['money', 'DECIMAL'],
  ['bool', 'BOOLEAN'],
  ['char', 'TEXT'],
  ['character', 'TEXT'],
  ['string', 'TEXT'],
  ['jsonb', 'JSON'],
  ['blob', 'BYTES'],
  ['datetime', 'TIMESTAMP, which is UTC'],
  ['timestamptz', 'TIMESTAMP, which is UTC'],
  ['time', 'TEXT'],
]);

interface Draft {
  readonly place: Place;
  readonly columns: ColumnDefinition[];
  primaryKey: readonly string[] | null;
  subject: string | null;
}

export function parseCreateTable(cursor: Cursor): CreateTableStatement {
  const place = cursor.place();
  if (!cursor.takeWord('table')) {
    throw unsupported(place, 'CREATE of anything but a table', 'Write CREATE TABLE name (…).');
  }
  if (cursor.isWord('if') && cursor.isWord('not', 1)) throw unexpected(cursor.peek(), 'a name');
  const { text: name } = cursor.takeTableName();
  const draft: Draft = { place, columns: [], primaryKey: null, subject: null };
  cursor.takeList(() => {
    parseElement(cursor, draft);
  });
  cursor.expectEnd('the end of the statement');
  return { kind: 'create-table', definition: complete(name, draft) };
}

function complete(name: string, draft: Draft): TableDefinition {
  const primaryKey = draft.primaryKey ?? [];
  const definition: TableDefinition = {
    name,
    // A key column is never null, said or not.
    columns: draft.columns.map((column) =>
      primaryKey.includes(column.name) ? { ...column, notNull: true } : column,
    ),
    primaryKey,
    subject: draft.subject,
  };
  try {
    checkTableDefinition(definition);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw refused(draft.place, error.message, 'The rules of tables are in docs/SQL.md.');
  }
  return definition;
}

function parseElement(cursor: Cursor, draft: Draft): void {
  const place = cursor.place();
  if (cursor.isWord('primary') && cursor.isWord('key', 1)) {
    cursor.take();
    cursor.take();
    setPrimaryKey(
      draft,
      place,
      cursor.takeList(() => cursor.takeName('the name of a column').text),
    );
  } else if (cursor.isWord('data') && cursor.isWord('subject', 1)) {
    cursor.take();
    cursor.take();
    if (draft.subject !== null) throw refused(place, 'DATA SUBJECT is said twice', 'Say it once.');
    draft.subject = cursor.takeName('the name of a column').text;
  } else {
    parseColumn(cursor, draft);
  }
}

function setPrimaryKey(draft: Draft, place: Place, names: readonly string[]): void {
  if (draft.primaryKey !== null) {
    throw refused(place, 'PRIMARY KEY is said twice', 'For several columns: PRIMARY KEY (a, b).');
  }
  draft.primaryKey = names;
}

function parseColumn(cursor: Cursor, draft: Draft): void {
  const { text: name } = cursor.takeName('the name of a column');
  const type = parseType(cursor);
  let notNull = false;
  let dataClass: DataClass | null = null;
  let ladder: LadderName | null = null;
  while (!cursor.isSymbol(',') && !cursor.isSymbol(')')) {
    const place = cursor.place();
    if (cursor.takeWord('not')) {
      cursor.expectWord('null');
      if (notNull) throw refused(place, 'NOT NULL is said twice', 'Say it once.');
      notNull = true;
    } else if (cursor.takeWord('primary')) {
      cursor.expectWord('key');
      setPrimaryKey(draft, place, [name]);
    } else if (cursor.takeWord('data')) {
      cursor.expectWord('class');
      if (dataClass !== null) throw refused(place, 'DATA CLASS is said twice', 'Say it once.');
      dataClass = parseDataClass(cursor);
    } else if (cursor.takeWord('ladder')) {
      if (ladder !== null) throw refused(place, 'LADDER is said twice', 'Say it once.');
      ladder = parseLadder(cursor);
    } else {
      throw unexpected(cursor.peek(), 'NOT NULL, PRIMARY KEY, DATA CLASS, LADDER, a comma or )');
    }
  }
  draft.columns.push({ name, type, notNull, dataClass, ladder });
}

function parseType(cursor: Cursor): ColumnType {
  const token = cursor.take();
  const { kind, text, place } = token;
  if (kind !== 'word') throw unexpected(token, 'a type');
  const type = TYPES.get(text);
  if (type === undefined) {
    const instead = FOREIGN_TYPES.get(text);
    const hint =
      instead === undefined ? `Types are ${COLUMN_TYPES.join(', ')}.` : `Write ${instead}.`;
    throw unsupported(place, `the type ${text}`, hint);
  }
  if (cursor.isSymbol('(')) {
    throw unsupported(cursor.place(), 'a length or precision of a type', 'Write the type alone.');
  }
  if (cursor.isWord('with') || cursor.isWord('without')) {
    throw unsupported(cursor.place(), 'a time zone of a type', 'TIMESTAMP is UTC: write it alone.');
  }
  return type;
}

/** `quasi_id` or `'quasi-id'`. */
function parseDataClass(cursor: Cursor): DataClass {
  const { kind, text, place } = cursor.take();
  const name = kind === 'word' ? text.replaceAll('_', '-') : text;
  if ((kind === 'word' || kind === 'string') && DATA_CLASSES.includes(name as DataClass)) {
    return name as DataClass;
  }
  const known = DATA_CLASSES.join(', ').replaceAll('-', '_');
  throw refused(place, 'expected a data class', `Data classes are ${known}.`);
}

function parseLadder(cursor: Cursor): LadderName {
  const { kind, text, place } = cursor.take();
  if (kind === 'string' && isLadderName(text)) return text;
  throw refused(place, 'expected a ladder', `Ladders are '${Object.keys(LADDERS).join("', '")}'.`);
}

function refused(place: Place, what: string, hint: string): QueryError {
  return new QueryError('ERR_QUERY_SYNTAX', what, { place, hint });
}

export function parseDrop(cursor: Cursor): DropTableStatement {
  if (!cursor.takeWord('table')) {
    throw unsupported(cursor.place(), 'DROP of anything but a table', 'Write DROP TABLE name.');
  }
  if (cursor.isWord('if')) throw unexpected(cursor.peek(), 'the name of a table');
  const table = cursor.takeTableName();
  cursor.expectEnd('the end of the statement');
  return { kind: 'drop-table', table };
}
