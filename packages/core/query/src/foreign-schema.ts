/**
 * Tables as other databases dump them (PostgreSQL, MySQL, SQLite), made into CREATE TABLE statements of
 * this dialect. node-sql-parser reads them; what it cannot read, and what has no place here, is said.
 *
 * It has no entry in `index.ts`: the library is slow to load, and slow on hostile text, so whoever calls
 * this does it in a worker with a deadline.
 */

import mysql from 'node-sql-parser/build/mysql.js';
import postgresql from 'node-sql-parser/build/postgresql.js';
import sqlite from 'node-sql-parser/build/sqlite.js';

import { dumpStatements } from './dump-statements.ts';
import { parseStatement } from './parser.ts';

export type ForeignDialect = 'postgresql' | 'mysql' | 'sqlite';
export const FOREIGN_DIALECTS: readonly ForeignDialect[] = ['postgresql', 'mysql', 'sqlite'];

export interface ForeignSchema {
  /** CREATE TABLE statements, each of which {@link parseStatement} takes. */
  readonly statements: readonly string[];
  /** What was left out or changed: a table's name, and what. */
  readonly notes: readonly string[];
}

/** A node of the library's tree, of which nothing is taken for granted. */
type Node = Readonly<Record<string, unknown>>;

interface Column {
  readonly name: string;
  readonly type: string;
  isNotNull: boolean;
  readonly isUnique: boolean;
  readonly fallback: string | null;
}

interface Table {
  readonly name: string;
  readonly dialect: ForeignDialect;
  readonly columns: Column[];
  key: readonly string[];
  readonly notes: string[];
}

const PARSERS = { postgresql, mysql, sqlite } as const;
const CREATE = /^CREATE\s+(?:GLOBAL\s+|LOCAL\s+|TEMPORARY\s+|TEMP\s+|UNLOGGED\s+)*TABLE\b/i;
const KEY_LATER = /^ALTER\s+TABLE\b[\s\S]*\bPRIMARY\s+KEY\b/i;
const STATEMENT_LENGTH_MAX = 64 * 1024;

/** Reads the tables of a dump. Never throws: what is no table of ours is a note. */
export function readForeignSchema(text: string, dialect: ForeignDialect): ForeignSchema {
  const tables = new Map<string, Table>();
  const notes: string[] = [];
  for (const statement of dumpStatements(text, dialect === 'mysql')) {
    const isCreate = CREATE.test(statement);
    if (!isCreate && !KEY_LATER.test(statement)) continue;
    const node = readStatement(statement, dialect);
    if (node === null) notes.push(`left out: ${firstWords(statement)} … cannot be read`);
    else if (isCreate) addTable(tables, node, { notes, dialect });
    else addKey(tables, node);
  }
  const statements: string[] = [];
  for (const table of tables.values()) {
    notes.push(...table.notes.map((note) => `${table.name}: ${note}`));
    const made = formatTable(table);
    if (typeof made === 'string') statements.push(made);
    else notes.push(`${table.name}: left out, ${made.why}`);
  }
  return { statements, notes };
}

function readStatement(statement: string, dialect: ForeignDialect): Node | null {
  if (statement.length > STATEMENT_LENGTH_MAX) return null;
  try {
    const known = statement.replace(/^ALTER\s+TABLE\s+ONLY\b/i, 'ALTER TABLE');
    const tree: unknown = new PARSERS[dialect].Parser().astify(known);
    return nodeOf(Array.isArray(tree) ? tree[0] : tree);
  } catch {
    return null;
  }
}

function addTable(
  tables: Map<string, Table>,
  node: Node,
  { notes, dialect }: { readonly notes: string[]; readonly dialect: ForeignDialect },
): void {
  const name = tableName(node);
  if (name === null || tables.has(name)) {
    notes.push(`left out: a table ${name === null ? 'without a name' : `${name} comes twice`}`);
    return;
  }
  const table: Table = { name, dialect, columns: [], key: [], notes: [] };
  const definitions = listOf(node['create_definitions']);
  for (const each of definitions) if (each['resource'] === 'column') addColumn(table, each);
  for (const each of definitions) if (each['resource'] !== 'column') addConstraint(table, each);
  tables.set(name, table);
}

/** PostgreSQL's dumps name keys behind all tables. */
function addKey(tables: Map<string, Table>, node: Node): void {
  const table = tables.get(tableName(node) ?? '');
  if (table === undefined) return;
  for (const each of listOf(node['expr'])) {
    const definition = nodeOf(each['create_definitions']);
    if (definition !== null) addConstraint(table, definition);
  }
}

function addColumn(table: Table, node: Node): void {
  const name = columnName(node['column']);
  const definition = nodeOf(node['definition']);
  const written = textOf(definition?.['dataType']).toUpperCase();
  if (name === null || written === '') {
    table.notes.push('a column that cannot be read is left out');
    return;
  }
  const suffix = listOfText(definition?.['suffix']).join(' ').toUpperCase();
  const { type, note } = typeOf(written, suffix);
  if (note !== null) table.notes.push(`${name}: ${note}`);
  const isKey = node['primary_key'] !== undefined || node['unique_or_primary'] === 'primary key';
  if (isKey) table.key = [name];
  const fallback = defaultOf(node['default_val'], type, table.dialect);
  if (fallback === undefined || node['auto_increment'] !== undefined) {
    table.notes.push(
      `${name}: its values are given by the database there; here every row brings one`,
    );
  }
  if (node['check'] !== undefined) table.notes.push(`${name}: a CHECK is left out`);
  if (node['reference_definition'] !== undefined) {
    table.notes.push(`${name}: a reference is left out`);
  }
  table.columns.push({
    name,
    type,
    isNotNull: nodeOf(node['nullable'])?.['type'] === 'not null' || isKey,
    isUnique: node['unique'] !== undefined,
    fallback: fallback ?? null,
  });
}

function addConstraint(table: Table, node: Node): void {
  const kind = textOf(node['constraint_type']).toLowerCase();
  const columns = listOf(node['definition']).flatMap((each) => columnName(each) ?? []);
  if (kind === 'primary key') table.key = columns;
  else if (kind.startsWith('unique')) {
    table.notes.push(`UNIQUE (${columns.join(', ')}) is left out: CREATE UNIQUE INDEX makes it`);
  } else if (node['resource'] === 'index') {
    table.notes.push(`an index over ${columns.join(', ')} is left out: CREATE INDEX makes it`);
  } else table.notes.push(`${kind === '' ? 'a constraint' : kind.toUpperCase()} is left out`);
}

function plain(type: string): { readonly type: string; readonly note: null } {
  return { type, note: null };
}

/** The type here, and what is to be said of it. */
function typeOf(
  written: string,
  suffix: string,
): { readonly type: string; readonly note: string | null } {
  if (written.endsWith('[]')) return { type: 'JSON', note: `${written} becomes JSON` };
  const word = written.replace(/\(.*$/, '').trim();
  if (/^(BIGINT|INT8|BIGSERIAL)$/.test(word)) {
    return suffix.includes('UNSIGNED')
      ? { type: 'DECIMAL', note: 'BIGINT UNSIGNED becomes DECIMAL, which has room for it' }
      : plain('BIGINT');
  }
  if (/^(INT|INTEGER|INT4)$/.test(word)) {
    return plain(suffix.includes('UNSIGNED') ? 'BIGINT' : 'INTEGER');
  }
  if (/^(SMALLINT|TINYINT|MEDIUMINT|INT2|SERIAL|SMALLSERIAL|YEAR)$/.test(word))
    return plain('INTEGER');
  if (/^(NUMERIC|DECIMAL|DEC|MONEY)$/.test(word)) return plain('DECIMAL');
  if (/^(REAL|FLOAT|FLOAT4|FLOAT8|DOUBLE|DOUBLE PRECISION)$/.test(word)) {
    return { type: 'DECIMAL', note: `${word} becomes DECIMAL: there are no binary fractions here` };
  }
  if (/^(BOOL|BOOLEAN)$/.test(word)) return plain('BOOLEAN');
  if (word === 'DATE') return plain('DATE');
  if (/^(TIMESTAMP|TIMESTAMPTZ|DATETIME)\b/.test(word)) {
    return suffix.startsWith('WITH ') || word === 'TIMESTAMPTZ'
      ? plain('TIMESTAMP')
      : { type: 'TIMESTAMP', note: `${word} without a time zone is read as UTC` };
  }
  if (word === 'UUID') return plain('UUID');
  if (/^(BYTEA|BLOB|TINYBLOB|MEDIUMBLOB|LONGBLOB|BINARY|VARBINARY)$/.test(word))
    return plain('BYTES');
  if (/^(JSON|JSONB)$/.test(word)) return plain('JSON');
  if (
    /^(TEXT|TINYTEXT|MEDIUMTEXT|LONGTEXT|CLOB|CITEXT|N?VARCHAR|N?CHAR|CHARACTER|CHARACTER VARYING|BPCHAR)$/.test(
      word,
    )
  ) {
    return plain('TEXT');
  }
  return { type: 'TEXT', note: `${word} becomes TEXT` };
}

/** A literal as it is written here; null: none; undefined: one that only the other database can make. */
function defaultOf(
  value: unknown,
  type: string,
  dialect: ForeignDialect,
): string | null | undefined {
  let node = nodeOf(nodeOf(value)?.['value']);
  if (nodeOf(value) === null) return null;
  while (node?.['type'] === 'cast') node = nodeOf(node['expr']);
  const literal = node?.['value'];
  if (node?.['type'] === 'null') return null;
  if (node?.['type'] === 'bool') return literal === true ? 'TRUE' : 'FALSE';
  const text = typeof literal === 'number' ? String(literal) : textOf(literal);
  const isText = node?.['type'] === 'single_quote_string' || node?.['type'] === 'string';
  if (node?.['type'] !== 'number' && !isText) return undefined;
  if (/^(INTEGER|BIGINT|DECIMAL)$/.test(type))
    return /^-?\d+(\.\d+)?$/.test(text) ? text : undefined;
  if (type === 'BOOLEAN') return { '0': 'FALSE', '1': 'TRUE', f: 'FALSE', t: 'TRUE' }[text];
  return isText && type === 'TEXT' ? quoted(text, dialect) : undefined;
}

/** The library leaves text as it was between its quotes. */
function quoted(raw: string, dialect: ForeignDialect): string {
  const doubled = raw.replaceAll("''", "'");
  const text = dialect === 'mysql' ? doubled.replaceAll(/\\(.)/gs, '$1') : doubled;
  return `'${text.replaceAll("'", "''")}'`;
}

/** Or why there is none. */
function formatTable({ name, columns, key }: Table): string | { readonly why: string } {
  if (key.length === 0) return { why: 'it has no primary key' };
  const lines = columns.map(({ name: column, type, isNotNull, isUnique, fallback }) =>
    [
      `  "${column}" ${type}`,
      isNotNull || key.includes(column) ? 'NOT NULL' : '',
      isUnique ? 'UNIQUE' : '',
      fallback === null ? '' : `DEFAULT ${fallback}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
  const keyed = `  PRIMARY KEY (${key.map((column) => `"${column}"`).join(', ')})`;
  const made = `CREATE TABLE "${name}" (\n${[...lines, keyed].join(',\n')}\n)`;
  try {
    parseStatement(made);
    return made;
  } catch {
    return { why: 'it does not fit into a statement of this database' };
  }
}

function tableName(node: Node): string | null {
  const [first] = listOf(node['table']);
  return nameOf(first?.['table']);
}

function columnName(value: unknown): string | null {
  const column = nodeOf(value)?.['column'];
  return nameOf(typeof column === 'string' ? column : nodeOf(nodeOf(column)?.['expr'])?.['value']);
}

/** As names are here: small letters, digits and underscores. */
function nameOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const name = value.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
  return (/^[a-z_]/.test(name) ? name : `_${name}`).slice(0, 63);
}

function nodeOf(value: unknown): Node | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Node)
    : null;
}

function listOf(value: unknown): readonly Node[] {
  if (!Array.isArray(value)) return [];
  const nodes: Node[] = [];
  for (const each of value) {
    const node = nodeOf(each);
    if (node !== null) nodes.push(node);
  }
  return nodes;
}

function listOfText(value: unknown): readonly string[] {
  return Array.isArray(value)
    ? value.filter((each): each is string => typeof each === 'string')
    : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function firstWords(statement: string): string {
  return statement.replaceAll(/\s+/g, ' ').slice(0, 60);
}
