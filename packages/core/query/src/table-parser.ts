/**
 * CREATE TABLE, to the definition that the catalogue keeps:
 *
 *     CREATE TABLE t (
 *       c TYPE [NOT NULL] [PRIMARY KEY] [UNIQUE] [DEFAULT value] [CHECK (condition)]
 *         [DATA CLASS name] [LADDER 'name'], …
 *       [, PRIMARY KEY (c, …)] [, DATA SUBJECT c]
 *       [, [CONSTRAINT name] UNIQUE (c, …)] [, [CONSTRAINT name] CHECK (condition)] )
 *
 * and ALTER TABLE, to what it changes of one:
 *
 *     ALTER TABLE t ADD [COLUMN] c TYPE [NOT NULL] [DEFAULT value] [DATA CLASS name] [LADDER 'name']
 *     ALTER TABLE t DROP [COLUMN] c
 */

import {
  COLUMN_TYPES,
  type ColumnDefinition,
  type ColumnType,
  DATA_CLASSES,
  type DataClass,
  LADDERS,
  type LadderName,
  type CheckRule,
  type TableDefinition,
  TypesError,
  type Value,
  assert,
  checkTableDefinition,
  isCatalogueName,
  isLadderName,
} from '@veritydb/types';

import { bindAssigned } from './bind-expression.ts';
import type { Cursor } from './cursor.ts';
import { type Place, QueryError } from './error.ts';
import { parseExpression, parseSum } from './expression-parser.ts';
import { compileExpression } from './expression.ts';
import { indexName, parseIndexColumns } from './index-parser.ts';
import type {
  AlterTableStatement,
  CreateTableStatement,
  DropTableStatement,
  Name,
  NewIndex,
} from './statement.ts';
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
  readonly name: string;
  readonly place: Place;
  readonly columns: ColumnDefinition[];
  readonly defaults: Value[];
  readonly checks: CheckRule[];
  readonly uniques: NewIndex[];
  primaryKey: readonly string[] | null;
  subject: string | null;
}

export function parseCreateTable(cursor: Cursor): CreateTableStatement {
  if (cursor.isWord('if') && cursor.isWord('not', 1)) throw unexpected(cursor.peek(), 'a name');
  const { text: name, place } = cursor.takeTableName();
  const draft = emptyDraft(name, place);
  cursor.takeList(() => {
    parseElement(cursor, draft);
  });
  cursor.expectEnd('the end of the statement');
  refuseParameters(cursor, place);
  const { defaults, checks, uniques } = draft;
  return {
    kind: 'create-table',
    definition: complete(name, draft),
    rules: { defaults, checks },
    uniques,
  };
}

function emptyDraft(name: string, place: Place): Draft {
  const lists = { columns: [], defaults: [], checks: [], uniques: [] };
  return { name, place, ...lists, primaryKey: null, subject: null };
}

/** @throws {QueryError} ERR_QUERY_PARAMETER: the catalogue keeps what it is told, and no parameters */
function refuseParameters(cursor: Cursor, place: Place): void {
  if (cursor.parameterCount === 0) return;
  throw new QueryError('ERR_QUERY_PARAMETER', 'a parameter in a definition', {
    place,
    hint: 'Write the value itself.',
  });
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
    const name = takeRuleName(cursor);
    if (!parseRule(cursor, draft, name)) {
      if (name !== null) throw unexpected(cursor.peek(), 'CHECK or UNIQUE');
      parseColumn(cursor, draft);
    }
  }
}

function takeRuleName(cursor: Cursor): string | null {
  if (!cursor.takeWord('constraint')) return null;
  const { text, place } = cursor.takeName('the name of a rule');
  if (isCatalogueName(text)) return text;
  throw refused(place, 'the name of a rule is not [a-z_][a-z0-9_]*', 'Choose another.');
}

/** A rule of the table. */
function parseRule(cursor: Cursor, draft: Draft, name: string | null): boolean {
  if (cursor.takeWord('check')) {
    addCheck(cursor, draft, name, null);
  } else if (cursor.takeWord('unique')) {
    const columns = parseIndexColumns(cursor);
    addUnique(draft, name, columns);
  } else {
    return false;
  }
  return true;
}

function addUnique(draft: Draft, name: string | null, columns: readonly string[]): void {
  const own = name ?? indexName(draft.name, columns, 'key');
  draft.uniques.push({ name: own, columns, isUnique: true });
}

/** The condition is kept as it was written; that it fits the table is seen when the table is made. */
function addCheck(cursor: Cursor, draft: Draft, name: string | null, column: string | null): void {
  cursor.expectSymbol('(');
  const { place } = cursor.peek();
  cursor.nest(() => parseExpression(cursor));
  const text = cursor.textFrom(place);
  cursor.expectSymbol(')');
  const own = name ?? indexName(draft.name, column === null ? [] : [column], 'check');
  const taken = (each: string): boolean => draft.checks.some((check) => check.name === each);
  let free = own;
  for (let number = 1; taken(free); number += 1) free = `${own.slice(0, 60)}${number}`;
  if (name !== null && free !== name) throw refused(place, `${name} is said twice`, 'Rename one.');
  draft.checks.push({ name: free, text });
}

function setPrimaryKey(draft: Draft, place: Place, names: readonly string[]): void {
  if (draft.primaryKey !== null) {
    throw refused(place, 'PRIMARY KEY is said twice', 'For several columns: PRIMARY KEY (a, b).');
  }
  draft.primaryKey = names;
}

/** What a column says of itself behind its type. */
interface ColumnDraft {
  readonly name: string;
  readonly type: ColumnType;
  notNull: boolean;
  dataClass: DataClass | null;
  ladder: LadderName | null;
  fallback: Value | undefined;
}

function parseColumn(cursor: Cursor, draft: Draft): void {
  const { text: name } = cursor.takeName('the name of a column');
  const type = parseType(cursor);
  const column: ColumnDraft = {
    name,
    type,
    notNull: false,
    dataClass: null,
    ladder: null,
    fallback: undefined,
  };
  while (!isColumnEnd(cursor)) parseColumnPart(cursor, draft, column);
  const { notNull, dataClass, ladder, fallback } = column;
  draft.columns.push({ name, type, notNull, dataClass, ladder });
  draft.defaults.push(fallback ?? null);
}

function isColumnEnd(cursor: Cursor): boolean {
  return cursor.isSymbol(',') || cursor.isSymbol(')') || cursor.peek().kind === 'end';
}

function parseColumnPart(cursor: Cursor, draft: Draft, column: ColumnDraft): void {
  const place = cursor.place();
  const once = (isFirst: boolean, what: string): void => {
    if (!isFirst) throw refused(place, `${what} is said twice`, 'Say it once.');
  };
  if (cursor.takeWord('not')) {
    cursor.expectWord('null');
    once(!column.notNull, 'NOT NULL');
    column.notNull = true;
  } else if (cursor.takeWord('primary')) {
    cursor.expectWord('key');
    setPrimaryKey(draft, place, [column.name]);
  } else if (cursor.takeWord('unique')) {
    addUnique(draft, null, [column.name]);
  } else if (cursor.takeWord('check')) {
    addCheck(cursor, draft, null, column.name);
  } else if (cursor.takeWord('default')) {
    once(column.fallback === undefined, 'DEFAULT');
    column.fallback = parseDefault(cursor, column.type);
  } else if (cursor.takeWord('data')) {
    cursor.expectWord('class');
    once(column.dataClass === null, 'DATA CLASS');
    column.dataClass = parseDataClass(cursor);
  } else if (cursor.takeWord('ladder')) {
    once(column.ladder === null, 'LADDER');
    column.ladder = parseLadder(cursor);
  } else {
    throw unexpected(cursor.peek(), 'a rule of the column, a comma or )');
  }
}

/** A value that is known now: no column, no parameter. */
function parseDefault(cursor: Cursor, type: ColumnType): Value {
  const scope = {
    relation: null,
    qualifier: null,
    parameters: [],
    clause: 'other',
    group: null,
  } as const;
  return compileExpression(bindAssigned(scope, parseSum(cursor), type))([]);
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

export function parseDropTable(cursor: Cursor): DropTableStatement {
  if (cursor.isWord('if')) throw unexpected(cursor.peek(), 'the name of a table');
  const table = cursor.takeTableName();
  cursor.expectEnd('the end of the statement');
  return { kind: 'drop-table', table };
}

export function parseAlterTable(cursor: Cursor): AlterTableStatement {
  if (cursor.isWord('if') || cursor.isWord('only')) {
    throw unexpected(cursor.peek(), 'the name of a table');
  }
  const table = cursor.takeTableName();
  const change = parseTableChange(cursor, table);
  if (cursor.isSymbol(',')) {
    throw unsupported(
      cursor.place(),
      'two changes in one ALTER',
      'Write one ALTER TABLE for each.',
    );
  }
  cursor.expectEnd('the end of the statement');
  refuseParameters(cursor, table.place);
  return { kind: 'alter-table', table, change };
}

function parseTableChange(cursor: Cursor, table: Name): AlterTableStatement['change'] {
  const place = cursor.place();
  const isAdded = cursor.takeWord('add');
  if (!isAdded && !cursor.takeWord('drop')) {
    throw unsupported(
      place,
      'this change of a table',
      'Write ADD COLUMN or DROP COLUMN; for anything else make another table.',
    );
  }
  const isColumn = cursor.takeWord('column');
  if (cursor.isWord('if')) throw unexpected(cursor.peek(), 'the name of a column');
  if (!isColumn && cursor.isWord('constraint')) throw rulesStay(cursor.place());
  if (!isAdded) {
    const { text: column } = cursor.takeName('the name of a column');
    return { kind: 'drop-column', column };
  }
  const draft = emptyDraft(table.text, table.place);
  parseColumn(cursor, draft);
  const [column] = draft.columns;
  assert(column !== undefined, 'a column was not parsed');
  if (draft.checks.length > 0 || draft.uniques.length > 0 || draft.primaryKey !== null) {
    throw rulesStay(place);
  }
  const { ladder, name, type } = column;
  if (!isCatalogueName(name)) {
    throw refused(place, 'the name of a column is not [a-z_][a-z0-9_]*', 'Choose another.');
  }
  if (ladder !== null && !LADDERS[ladder].types.includes(type)) {
    throw refused(place, `ladder ${ladder} does not fit ${type}`, 'Choose another, or none.');
  }
  return { kind: 'add-column', column, fallback: draft.defaults[0] ?? null };
}

function rulesStay(place: Place): QueryError {
  return unsupported(
    place,
    'ALTER of a table’s rules',
    'UNIQUE is CREATE UNIQUE INDEX; PRIMARY KEY and CHECK are said when the table is made.',
  );
}
