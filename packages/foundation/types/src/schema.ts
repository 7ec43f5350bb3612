/**
 * What a table is: columns, key, data classes, ladders, and the digest that commits to all of it.
 *
 * A definition is plain JSON. Its digest goes into every row commitment, so that a reader of a row
 * knows which columns its digests stand for, and in which order.
 */

import { TypesError } from './error.ts';
import type { TableId } from './id.ts';
import { type JsonObject, type JsonValue, canonicalJson, isJsonObject } from './json.ts';
import { LADDERS, type LadderName, isLadderName, ladderLevels } from './ladder.ts';
import { COLUMN_TYPES, type ColumnType, type Row, type Value } from './value.ts';

/** What a column holds, for policies and their linter (HIPAA, GDPR, PCI DSS vocabulary). */
export const DATA_CLASSES = [
  'direct-id',
  'quasi-id',
  'sensitive',
  'special-category',
  'chd',
  'sad',
  'free-text',
  'non-personal',
] as const;
export type DataClass = (typeof DATA_CLASSES)[number];

export interface ColumnDefinition {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  readonly dataClass: DataClass | null;
  readonly ladder: LadderName | null;
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  /** Names of the key's columns, in key order; at least one. */
  readonly primaryKey: readonly string[];
  /** The column whose value names the data subject, or null where rows are about nobody. */
  readonly subject: string | null;
}

/** A condition that no row of a table may make false. */
export interface CheckRule {
  readonly name: string;
  /** SQL of the condition, as it was written. */
  readonly text: string;
}

/** What rows are and must be beyond their types. No part of the definition: recipients of rows do not get it. */
export interface TableRules {
  /** What a column is that INSERT does not name; in the order of the columns, NULL where nothing is said. */
  readonly defaults: Row;
  readonly checks: readonly CheckRule[];
}

/** An order of a table's rows by some of its columns, and then by their key. */
export interface IndexSchema {
  /** Of its tree in the store; of one series with the ids of tables. */
  readonly id: TableId;
  readonly name: string;
  /** Indexes of its columns, in its order; at least one. */
  readonly columns: readonly number[];
  /** No two rows have the same values here, but where one of them is NULL. */
  readonly isUnique: boolean;
}

/** A table as the catalogue knows it. */
export interface TableSchema {
  readonly id: TableId;
  /**
   * Of the definition, which rows name in the log: the table's own until it is altered. Of one series with
   * the ids of tables.
   */
  readonly definitionId: TableId;
  readonly definition: TableDefinition;
  /** SHA-256 over the tagged canonical definition: see `schemaDigest` in crypto. */
  readonly digest: Uint8Array;
  /** Indexes of the key's columns, in key order. */
  readonly keyIndexes: readonly number[];
  /** Index of the subject's column, or null. */
  readonly subjectIndex: number | null;
  readonly rules: TableRules;
  /** In the order of their ids. */
  readonly indexes: readonly IndexSchema[];
  /** What it was before it was altered, oldest first: rows stay as they were written. */
  readonly earlier: readonly EarlierSchema[];
}

/** What a table was, and what its rows of then are read as now. */
export interface EarlierSchema {
  readonly schema: TableSchema;
  /** For each column of the table as it is now. */
  readonly columns: readonly ColumnSource[];
}

/** Where the value of a column is found in a row that was written before: at a place in it, or nowhere. */
export type ColumnSource =
  | { readonly kind: 'place'; readonly index: number }
  | { readonly kind: 'added'; readonly value: Value };

export const COLUMNS_COUNT_MAX = 256;
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Whether a text can be the name of a table, a column, an index or a rule. */
export function isCatalogueName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Makes a table's schema from its definition, its id and its digest.
 *
 * @throws {TypesError} ERR_TYPES_SCHEMA when the definition is not well-formed
 */
export function toTableSchema(
  id: TableId,
  definition: TableDefinition,
  digest: Uint8Array,
): TableSchema {
  checkTableDefinition(definition);
  const indexOf = (name: string): number =>
    definition.columns.findIndex((column) => column.name === name);
  return {
    id,
    definitionId: id,
    definition,
    digest,
    keyIndexes: definition.primaryKey.map(indexOf),
    subjectIndex: definition.subject === null ? null : indexOf(definition.subject),
    rules: { defaults: definition.columns.map(() => null), checks: [] },
    indexes: [],
    earlier: [],
  };
}

/**
 * Checks a definition as a whole: names, types, key, subject, ladders.
 *
 * @throws {TypesError} ERR_TYPES_SCHEMA
 */
export function checkTableDefinition(definition: TableDefinition): void {
  const { name, columns, primaryKey, subject } = definition;
  if (!NAME.test(name))
    throw refused('table name is not [a-z_][a-z0-9_]* of at most 63 characters');
  if (columns.length < 1 || columns.length > COLUMNS_COUNT_MAX) {
    throw refused(`a table has 1 to ${COLUMNS_COUNT_MAX} columns, not ${columns.length}`);
  }
  const byName = new Map<string, ColumnDefinition>();
  for (const column of columns) {
    if (!NAME.test(column.name)) throw refused('column name is not [a-z_][a-z0-9_]*');
    if (byName.has(column.name)) throw refused(`column ${column.name} is named twice`);
    if (column.ladder !== null && !LADDERS[column.ladder].types.includes(column.type)) {
      throw refused(`ladder ${column.ladder} does not fit column ${column.name} of ${column.type}`);
    }
    byName.set(column.name, column);
  }
  if (primaryKey.length < 1) throw refused(`table ${name} has no primary key`);
  if (new Set(primaryKey).size !== primaryKey.length) throw refused('a key column is named twice');
  for (const key of primaryKey) {
    const column = byName.get(key);
    if (column === undefined) throw refused(`key column ${key} is not a column`);
    if (!column.notNull) throw refused(`key column ${key} may be null`);
    if (column.type === 'json') throw refused(`key column ${key} is json`);
  }
  if (subject !== null) {
    const column = byName.get(subject);
    if (column === undefined) throw refused(`data subject ${subject} is not a column`);
    if (!column.notNull) throw refused(`data subject ${subject} may be null`);
  }
}

/** How many digests a row of the table has: one a column, and one a level of its ladder. */
export function digestCount(definition: TableDefinition): number {
  let count = digestCounts.get(definition);
  if (count === undefined) {
    count = 0;
    for (const { ladder } of definition.columns) count += 1 + ladderLevels(ladder).length;
    digestCounts.set(definition, count);
  }
  return count;
}

/** Counted once for a table: each write of a row asks. */
const digestCounts = new WeakMap<TableDefinition, number>();

/** Index of a column's level 0 among the digests of its row; its levels follow. */
export function digestIndexOf(definition: TableDefinition, columnIndex: number): number {
  let index = 0;
  for (const column of definition.columns.slice(0, columnIndex)) {
    index += 1 + ladderLevels(column.ladder).length;
  }
  return index;
}

/** The definition as canonical JSON: what is stored, disclosed and digested. */
export function formatTableDefinition(definition: TableDefinition): string {
  return canonicalJson({
    columns: definition.columns.map((column) => ({
      dataClass: column.dataClass,
      ladder: column.ladder,
      name: column.name,
      notNull: column.notNull,
      type: column.type,
    })),
    name: definition.name,
    primaryKey: definition.primaryKey,
    subject: definition.subject,
  });
}

/**
 * Reads a definition from parsed JSON: exactly the members that {@link formatTableDefinition} writes.
 *
 * @throws {TypesError} ERR_TYPES_SCHEMA
 */
export function parseTableDefinition(json: JsonValue): TableDefinition {
  const object = membersOf(json, ['columns', 'name', 'primaryKey', 'subject']);
  const columns = object['columns'];
  const primaryKey = object['primaryKey'];
  if (!Array.isArray(columns) || !Array.isArray(primaryKey)) throw refused('a list is missing');
  const subject = object['subject'];
  const definition: TableDefinition = {
    name: text(object['name']),
    columns: (columns as readonly JsonValue[]).map(parseColumn),
    primaryKey: (primaryKey as readonly JsonValue[]).map(text),
    subject: subject === null ? null : text(subject),
  };
  checkTableDefinition(definition);
  return definition;
}

function parseColumn(json: JsonValue): ColumnDefinition {
  const column = membersOf(json, ['dataClass', 'ladder', 'name', 'notNull', 'type']);
  const { dataClass, ladder, notNull, type } = column;
  if (typeof notNull !== 'boolean') throw refused('notNull is not true or false');
  if (!COLUMN_TYPES.includes(type as ColumnType)) throw refused('a column type is unknown');
  if (dataClass !== null && !DATA_CLASSES.includes(dataClass as DataClass)) {
    throw refused('a data class is unknown');
  }
  if (ladder !== null && !isLadderName(text(ladder))) throw refused('a ladder is unknown');
  return {
    name: text(column['name']),
    type: type as ColumnType,
    notNull,
    dataClass: dataClass as DataClass | null,
    ladder: ladder as LadderName | null,
  };
}

function membersOf(json: JsonValue, names: readonly string[]): JsonObject {
  if (!isJsonObject(json)) throw refused('an object is missing');
  const found = Object.keys(json).toSorted();
  if (found.join() !== names.toSorted().join()) throw refused(`members are not ${names.join()}`);
  return json;
}

function text(json: JsonValue | undefined): string {
  if (typeof json !== 'string') throw refused('a text is missing');
  return json;
}

function refused(what: string): TypesError {
  return new TypesError('ERR_TYPES_SCHEMA', `table definition is refused: ${what}`);
}
