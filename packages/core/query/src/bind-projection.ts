/**
 * The SELECT of a projection to a typed tree, and to the table that its rows are of.
 *
 * Rows of all its tables stand one behind the other in a joined row, that of a LEFT JOIN without a match as
 * NULLs. Every joined row has exactly one row of the first table, so the joined keys tell joined rows apart.
 * A row of the projection is known by them, or, where it is of a group, by what the rows are grouped by. What
 * of that is not selected stands in columns behind those that are, which no statement can name.
 */

import {
  type ColumnDefinition,
  type ColumnType,
  type DataClass,
  type TableDefinition,
  type TableId,
  type TableSchema,
  isCatalogueName,
} from '@veritydb/types';

import { bindCondition } from './bind-expression.ts';
import { bindSelect } from './bind-select.ts';
import type { BoundExpression, BoundItem, BoundSelect, GroupMember } from './bound.ts';
import { QueryError } from './error.ts';
import { parseProjectionQuery } from './projection-parser.ts';
import type { Relation, RelationColumn } from './relation.ts';
import { type Scope, unknownTable } from './scope.ts';
import type { JoinedTable, Name, ProjectionQuery, SelectStatement } from './statement.ts';
import { unsupported } from './unsupported.ts';
import { memberExpression, columnsOf as namedColumns } from './used-columns.ts';

/** Equality of a column of a table with one of a table before it, of one type. */
export interface JoinKey {
  /** Which of the tables the other column is of. */
  readonly level: number;
  /** Index of that column in its table. */
  readonly other: number;
  /** Index of the own column. */
  readonly own: number;
}

/** A table of a projection. */
export interface ProjectionLevel {
  readonly table: TableSchema;
  /** Index of its first column in the joined row. */
  readonly start: number;
  /** Where no row matches, one of NULLs stands for it. */
  readonly isOuter: boolean;
  /** The whole condition, over the joined row up to here; null for the first table. */
  readonly on: BoundExpression | null;
  /** Of the condition what rows are found by; at least one but for the first table. */
  readonly keys: readonly JoinKey[];
}

export interface BoundProjection {
  readonly levels: readonly ProjectionLevel[];
  /** Over the joined row. */
  readonly where: BoundExpression | null;
  /** What groups are made of; null where joined rows are not grouped. */
  readonly members: readonly GroupMember[] | null;
  /** Over the joined row, or over the values of the members. */
  readonly items: readonly BoundExpression[];
  /** Where in the row of members, or in the joined row, the values are that stand behind the items. */
  readonly hidden: readonly number[];
  /** What of the joined row anything is made of, beside the keys: other columns may change as they like. */
  readonly used: ReadonlySet<number>;
  /** The table of its rows, whose first columns are the items. */
  readonly table: TableSchema;
}

/**
 * Binds the SELECT of a projection to the tables of a catalogue.
 *
 * @param text SQL as it was written
 * @throws {QueryError}
 */
export function bindProjection(
  { id, name, text }: { readonly id: TableId; readonly name: string; readonly text: string },
  tableNamed: (name: string) => TableSchema | undefined,
): BoundProjection {
  const query = parseProjectionQuery(text);
  const tables = query.tables.map((joined) => {
    const table = tableNamed(joined.table.text);
    if (table === undefined) throw unknownTable(joined.table);
    return { joined, table };
  });
  refuseTwice(query.tables);
  const columns = columnsOf(tables);
  const relation = joinedRelation(tables, columns);
  const levels = tables.map((each, level) => levelOf(relation, tables, each, level));
  const select = bindSelect(selectOf(query), relation, []);
  const members = select.grouping?.members ?? null;
  if (members !== null) checkMembers(members);
  const keys = members === null ? relation.table.keyIndexes : keyMembers(members);
  const lineage: Lineage = { levels, columns, members };
  const visible = select.items.map((item, place) => visibleColumn(lineage, select, item, place));
  const plain = select.items.map(({ expression }) =>
    expression.kind === 'column' ? expression.index : -1,
  );
  const hidden = keys.filter((key) => !plain.includes(key));
  const typeAt = (index: number): ColumnType =>
    members === null
      ? (columns[index] as RelationColumn).type
      : (memberExpression(members[index] as GroupMember) as BoundExpression).type;
  const behind = hidden.map((index, place) => hiddenColumn(`#${place + 1}`, typeAt(index)));
  // One row for all, where nothing is grouped by.
  if (keys.length === 0) behind.push(hiddenColumn('#1', 'integer'));
  const table = projectionTable(id, {
    name,
    columns: [...visible, ...behind, ...(members === null ? [] : [hiddenColumn(STATE, 'text')])],
    keyIndexes:
      keys.length === 0
        ? [visible.length]
        : keys.map((key) => {
            const place = plain.indexOf(key);
            return place >= 0 ? place : visible.length + hidden.indexOf(key);
          }),
    subjectIndex: subjectOf(lineage, select),
  });
  const { where } = select;
  const items = select.items.map(({ expression }) => expression);
  const made = members === null ? items : members.map(memberExpression);
  const used = namedColumns([where, ...made, ...levels.map(({ on }) => on)]);
  return { levels, where, members, items, hidden, used, table };
}

/** What groups come to so far: see `projection-group.ts`. */
const STATE = '#state';

/**
 * What a statement may name of a projection: what it selects.
 *
 * @param relation of its table
 */
export function projectionRelation(
  { items, table }: Pick<BoundProjection, 'items' | 'table'>,
  relation: Relation,
): { readonly relation: Relation; readonly toVisible: (row: RowOf) => RowOf } {
  const [from, to] = [items.length, table.definition.columns.length];
  const without = <Item>(list: readonly Item[]): readonly Item[] => [
    ...list.slice(0, from),
    ...list.slice(to),
  ];
  return { relation: { ...relation, columns: without(relation.columns) }, toVisible: without };
}

type RowOf = readonly TableSchema['rules']['defaults'][number][];

interface Joined {
  readonly joined: JoinedTable;
  readonly table: TableSchema;
}

function nameOf({ table, alias }: JoinedTable): Name {
  return alias ?? table;
}

function refuseTwice(tables: readonly JoinedTable[]): void {
  const seen = new Set<string>();
  for (const each of tables) {
    const { text, place } = nameOf(each);
    if (seen.has(text)) {
      throw new QueryError('ERR_QUERY_AMBIGUOUS', `table "${text}" is named twice`, {
        place,
        hint: 'Give each table an alias of its own.',
      });
    }
    seen.add(text);
  }
}

function columnsOf(tables: readonly Joined[]): readonly RelationColumn[] {
  const columns: RelationColumn[] = [];
  for (const { joined, table } of tables) {
    for (const { name, type, notNull } of table.definition.columns) {
      columns.push({
        name,
        type,
        notNull: notNull && joined.join?.kind !== 'left',
        source: columns.length,
        exact: true,
        operations: 'all',
        qualifier: nameOf(joined).text,
      });
    }
  }
  return columns;
}

function startOf(tables: readonly Joined[], level: number): number {
  return tables
    .slice(0, level)
    .reduce((start, { table }) => start + table.definition.columns.length, 0);
}

/** The joined rows as one relation. What it has as a table is the key, by which columns may depend on it. */
function joinedRelation(tables: readonly Joined[], columns: readonly RelationColumn[]): Relation {
  const [first] = tables as readonly [Joined, ...Joined[]];
  const { text: name } = nameOf(first.joined);
  const definition: TableDefinition = {
    name,
    columns: tables.flatMap(({ table }) => table.definition.columns),
    primaryKey: [],
    subject: null,
  };
  const keyIndexes = tables.flatMap(({ table }, level) =>
    table.keyIndexes.map((index) => startOf(tables, level) + index),
  );
  const table = { ...first.table, definition, keyIndexes, subjectIndex: null, indexes: [] };
  return { name, statistics: 'all', columns, table };
}

function levelOf(
  relation: Relation,
  tables: readonly Joined[],
  { joined, table }: Joined,
  level: number,
): ProjectionLevel {
  const start = startOf(tables, level);
  if (joined.join === null) return { table, start, isOuter: false, on: null, keys: [] };
  const until = start + table.definition.columns.length;
  const scope: Scope = {
    relation: { ...relation, columns: relation.columns.slice(0, until) },
    qualifier: relation.name,
    parameters: [],
    clause: 'where',
    group: null,
  };
  const on = bindCondition(scope, joined.join.on);
  const starts = tables.map((_, index) => startOf(tables, index));
  const keys = conjuncts(on).flatMap((each) => joinKeys(each, starts, level));
  if (keys.length === 0) {
    throw unsupported(
      joined.join.on.place,
      'a join without an equality of columns',
      'Join a column to one of the same type, of a table before it: ON a.x = b.y AND ….',
    );
  }
  return { table, start, isOuter: joined.join.kind === 'left', on, keys };
}

function conjuncts(expression: BoundExpression): readonly BoundExpression[] {
  return expression.kind === 'logical' && expression.operator === 'and'
    ? expression.operands.flatMap(conjuncts)
    : [expression];
}

function joinKeys(
  condition: BoundExpression,
  starts: readonly number[],
  level: number,
): readonly JoinKey[] {
  if (condition.kind !== 'comparison' || condition.operator !== '=') return [];
  const { left, right } = condition;
  if (left.kind !== 'column' || right.kind !== 'column') return [];
  if (left.type !== right.type || left.type === 'json') return [];
  const start = starts[level] as number;
  const [own, other] = left.index >= start ? [left.index, right.index] : [right.index, left.index];
  if (own < start || other >= start) return [];
  const of = starts.findLastIndex((each) => each <= other);
  return [{ level: of, other: other - (starts[of] as number), own: own - start }];
}

/** The same SELECT over one relation, for what binds any SELECT. */
function selectOf({ items, tables, where, groupBy }: ProjectionQuery): SelectStatement {
  return {
    kind: 'select',
    distinct: false,
    items,
    from: nameOf(tables[0] as JoinedTable),
    alias: null,
    source: { kind: 'rows' },
    asOf: null,
    where,
    groupBy,
    having: null,
    orderBy: [],
    limit: null,
    offset: null,
    parameterCount: 0,
  };
}

function checkMembers(members: readonly GroupMember[]): void {
  for (const member of members) {
    if (member.kind === 'aggregate' && member.distinct) {
      throw new QueryError('ERR_QUERY_UNSUPPORTED', 'not supported: DISTINCT in a projection', {
        hint: 'Group by the value as well, and count the rows of the projection.',
      });
    }
    if (member.kind === 'key' && member.expression.type === 'json') {
      throw new QueryError('ERR_QUERY_TYPE', 'a projection groups by json', {
        hint: 'Group by a value that has an order.',
      });
    }
  }
}

function keyMembers(members: readonly GroupMember[]): readonly number[] {
  return members.flatMap(({ kind }, index) => (kind === 'key' ? [index] : []));
}

/** What values of a projection come from. */
interface Lineage {
  readonly levels: readonly ProjectionLevel[];
  readonly columns: readonly RelationColumn[];
  readonly members: readonly GroupMember[] | null;
}

function visibleColumn(
  { levels, columns }: Lineage,
  { items }: BoundSelect,
  { name, type, column, sources }: BoundItem,
  place: number,
): ColumnDefinition {
  if (!isCatalogueName(name)) {
    throw new QueryError('ERR_QUERY_SYNTAX', `column ${place + 1} of the projection has no name`, {
      hint: 'Write AS name behind it: [a-z_][a-z0-9_]*.',
    });
  }
  if (items.findIndex((each) => each.name === name) !== place) {
    throw new QueryError(
      'ERR_QUERY_AMBIGUOUS',
      `two columns of the projection are called ${name}`,
      {
        hint: 'Write AS and another name behind one of them.',
      },
    );
  }
  const definitions = levels.flatMap(({ table }) => table.definition.columns);
  const classes = sources.map((source) => definitions[source]?.dataClass ?? null);
  const notNull = column !== null && columns[column]?.notNull === true;
  return { name, type, notNull, dataClass: strictest(classes), ladder: null };
}

/** From the strictest to the laxest. What nobody classified is stricter than what is known to be harmless. */
const STRICTNESS: readonly (DataClass | null)[] = [
  'sad',
  'chd',
  'special-category',
  'direct-id',
  'sensitive',
  'free-text',
  'quasi-id',
  null,
  'non-personal',
];

function strictest(classes: readonly (DataClass | null)[]): DataClass | null {
  return STRICTNESS.find((each) => classes.includes(each)) ?? null;
}

/**
 * The item that names the data subject: of the one table that has a subject, or of all that do, where they
 * are joined by it. None where rows may be about several, or where it is not selected.
 */
function subjectOf(lineage: Lineage, { items }: BoundSelect): number | null {
  const { levels, columns, members } = lineage;
  const subjects = levels.flatMap(({ table, start }) =>
    table.subjectIndex === null ? [] : [start + table.subjectIndex],
  );
  const [first] = subjects;
  if (first === undefined) return null;
  const same = sameAs(levels, first);
  if (!subjects.every((each) => same.has(each))) return null;
  const place = items.findIndex(({ expression }) => {
    if (expression.kind !== 'column') return false;
    const member = members?.[expression.index];
    if (member?.kind === 'aggregate') return false;
    const plain = member === undefined ? expression : member.expression;
    if (plain.kind !== 'column' || !same.has(plain.index)) return false;
    return columns[plain.index]?.notNull === true;
  });
  return place < 0 ? null : place;
}

/** Columns of the joined row that are equal to one wherever they are not NULL. */
function sameAs(levels: readonly ProjectionLevel[], column: number): ReadonlySet<number> {
  const same = new Set([column]);
  const pairs = levels.flatMap(({ keys, start }) =>
    keys.map(({ level, other, own }) => [
      (levels[level] as ProjectionLevel).start + other,
      start + own,
    ]),
  );
  for (let size = 0; size !== same.size;) {
    size = same.size;
    for (const pair of pairs) {
      if (pair.some((each) => same.has(each))) for (const each of pair) same.add(each);
    }
  }
  return same;
}

function hiddenColumn(name: string, type: ColumnType): ColumnDefinition {
  return { name, type, notNull: false, dataClass: null, ladder: null };
}

/** No table of the catalogue: its key may be NULL, and names of hidden columns are none. */
function projectionTable(
  id: TableId,
  parts: {
    readonly name: string;
    readonly columns: readonly ColumnDefinition[];
    readonly keyIndexes: readonly number[];
    readonly subjectIndex: number | null;
  },
): TableSchema {
  const { name, columns, keyIndexes, subjectIndex } = parts;
  const nameAt = (index: number): string => (columns[index] as ColumnDefinition).name;
  return {
    id,
    definitionId: id,
    definition: {
      name,
      columns,
      primaryKey: keyIndexes.map(nameAt),
      subject: subjectIndex === null ? null : nameAt(subjectIndex),
    },
    digest: new Uint8Array(0),
    keyIndexes,
    subjectIndex,
    rules: { defaults: columns.map(() => null), checks: [] },
    indexes: [],
    earlier: [],
  };
}
