/** SELECT to a typed tree: what a statement means for a relation, with its parameters. */

import { assert } from '@veritydb/types';

import { bindCondition, bindExpression, bindWhere, requireOrder } from './bind-expression.ts';
import type {
  BoundExpression,
  BoundItem,
  BoundOrder,
  BoundReturning,
  BoundSelect,
} from './bound.ts';
import type { ParameterValue } from './constant.ts';
import { type Place, QueryError } from './error.ts';
import { GroupScope, expressionKey } from './group-scope.ts';
import { hasAggregate } from './operands.ts';
import type { Relation, RelationColumn } from './relation.ts';
import { type Scope, findColumn, requireParameters, requireQualifier } from './scope.ts';
import type { Expression, Name, OrderItem, SelectItem, SelectStatement } from './statement.ts';
import { unsupported } from './unsupported.ts';
import { columnsOf, memberExpression } from './used-columns.ts';

/** An item of the answer, with `*` made of single columns. */
interface Item {
  readonly expression: Expression;
  readonly alias: Name | null;
}

/**
 * Binds a SELECT to the relation of that name.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_TYPE,
 *   ERR_QUERY_GROUPING, ERR_QUERY_OPERATION, ERR_QUERY_PARAMETER, ERR_QUERY_OVERFLOW,
 *   ERR_QUERY_UNSUPPORTED
 */
export function bindSelect(
  select: SelectStatement,
  relation: Relation,
  parameters: readonly ParameterValue[],
): BoundSelect {
  assert(select.from.text === relation.name, 'relation is not the one that FROM names');
  requireParameters(select.parameterCount, parameters);
  const { statistics } = relation;
  if (statistics !== 'all') requireCounts(select, statistics === 'group-count');
  const qualifier = (select.alias ?? select.from).text;
  const single: Scope = { relation, qualifier, parameters, clause: 'other', group: null };
  const items = expandItems(single, relation, select.items);
  const where = bindWhere(single, select.where);
  const group = isGrouped(select) ? groupOf(single, relation, select.groupBy, items) : null;
  const scope: Scope = { ...single, group };
  const boundItems = items.map((item) => bindItem(scope, relation, item));
  const having = select.having === null ? null : bindCondition(scope, select.having);
  const orderBy = select.orderBy.map((order) => bindOrder(scope, items, order, select.distinct));
  return {
    relation,
    source: select.source,
    asOf: select.asOf,
    where,
    // What HAVING and ORDER BY name is a member too: the members are complete only now.
    grouping:
      group === null
        ? null
        : { members: group.members, isWhole: select.groupBy.length === 0, having },
    items: boundItems,
    distinct: select.distinct,
    orderBy,
    limit: bindCount(select.limit, parameters),
    offset: bindCount(select.offset, parameters) ?? 0,
  };
}

/** Counts of the rows that WHERE passes: what may be asked where nothing else of many rows may. */
function requireCounts(select: SelectStatement, groups: boolean): void {
  if (!isGrouped(select) && !select.distinct) return;
  const isPlain =
    !select.distinct &&
    (groups || select.groupBy.length === 0) &&
    select.having === null &&
    select.orderBy.length === 0 &&
    select.items.every(
      (item) =>
        item.kind === 'expression' &&
        (isPlainCount(item.expression) ||
          (select.groupBy.length > 0 && !hasAggregate(item.expression))),
    );
  if (isPlain) return;
  throw new QueryError('ERR_QUERY_OPERATION', 'the table does not allow statistics', {
    place: select.from.place,
    hint: groups
      ? 'Select COUNT(…), and what GROUP BY names: no other aggregate, HAVING, ORDER BY or DISTINCT.'
      : 'Select rows, or COUNT(…) alone: no other aggregate, GROUP BY, HAVING or DISTINCT.',
  });
}

function isPlainCount(expression: Expression): boolean {
  return expression.kind === 'aggregate' && expression.name === 'count' && !expression.distinct;
}

function isGrouped({ items, groupBy, having, orderBy }: SelectStatement): boolean {
  return (
    groupBy.length > 0 ||
    having !== null ||
    items.some((item) => item.kind === 'expression' && hasAggregate(item.expression)) ||
    orderBy.some(({ expression }) => hasAggregate(expression))
  );
}

/** Binds what RETURNING answers of a row that was written. */
export function bindReturning(scope: Scope, items: readonly SelectItem[] | null): BoundReturning {
  const { relation } = scope;
  if (items === null || relation === null) return null;
  return expandItems(scope, relation, items).map((item) => bindItem(scope, relation, item));
}

function expandItems(
  scope: Scope,
  relation: Relation,
  items: readonly SelectItem[],
): readonly Item[] {
  return items.flatMap((item) => {
    if (item.kind === 'expression') return [item];
    const { qualifier, place } = item;
    if (qualifier !== null) requireQualifier(scope, qualifier);
    return relation.columns.map((column): Item => ({
      expression: { kind: 'column', qualifier, name: { text: column.name, place }, place },
      alias: null,
    }));
  });
}

/** In GROUP BY a bare name is first that of a column, then that of an item; a number is an item's place. */
function groupOf(
  scope: Scope,
  relation: Relation,
  groupBy: readonly Expression[],
  items: readonly Item[],
): GroupScope {
  const group = new GroupScope(relation);
  for (const written of groupBy) {
    const isColumn = written.kind === 'column' && hasColumn(relation, written.name.text);
    const key =
      itemAt(items, written, 'GROUP BY') ??
      (isColumn ? undefined : itemNamed(scope, items, written)) ??
      written;
    const expression = bindExpression(scope, key, null);
    group.addKey(scope, key, expression);
  }
  return group;
}

function bindItem(scope: Scope, relation: Relation, item: Item): BoundItem {
  const name = item.alias?.text ?? defaultName(item.expression) ?? '?column?';
  if (item.expression.kind === 'column' && scope.group === null) {
    const index = findColumn(scope, item.expression);
    return columnItem(relation.columns[index] as RelationColumn, index, name);
  }
  const expression = bindExpression(scope, item.expression, null);
  return {
    name,
    type: expression.type,
    expression,
    column: null,
    sources: sourcesOf(scope, relation, expression),
  };
}

/** As PostgreSQL names what has no alias. */
function defaultName(expression: Expression): string | null {
  const { kind } = expression;
  if (kind === 'column') return expression.name.text;
  if (kind === 'call' || kind === 'aggregate') return expression.name;
  if (kind !== 'case') return null;
  return (expression.otherwise === null ? null : defaultName(expression.otherwise)) ?? 'case';
}

/** A plain column, as it is: the one use that every column of a relation allows. */
function columnItem(column: RelationColumn, index: number, name: string): BoundItem {
  return {
    name,
    type: column.type,
    expression: { kind: 'column', type: column.type, index },
    column: index,
    sources: [column.source],
  };
}

/** The base columns that an expression is made of. */
function sourcesOf(
  { group }: Scope,
  relation: Relation,
  expression: BoundExpression,
): readonly number[] {
  const named = columnsOf([expression]);
  const columns =
    group === null
      ? named
      : columnsOf(group.members.filter((_, index) => named.has(index)).map(memberExpression));
  const sources = new Set<number>();
  for (const index of columns) sources.add((relation.columns[index] as RelationColumn).source);
  return [...sources].toSorted((a, b) => a - b);
}

/**
 * As in PostgreSQL, a bare name in ORDER BY is first that of an item, then that of a column, and a number
 * is an item's place. An item's expression is bound again here, because a column that may be selected may
 * not always be ordered by.
 */
function bindOrder(
  scope: Scope,
  items: readonly Item[],
  order: OrderItem,
  distinct: boolean,
): BoundOrder {
  const { descending, nullsFirst, expression: written } = order;
  const meant = itemAt(items, written, 'ORDER BY') ?? itemNamed(scope, items, written) ?? written;
  if (distinct) requireItem(scope, items, meant, written.place);
  const expression = bindExpression(scope, meant, null);
  requireOrder(expression.type, written.place);
  return { expression, descending, nullsFirst };
}

/** Of rows that DISTINCT made one, only what is selected is known to be the same. */
function requireItem(
  scope: Scope,
  items: readonly Item[],
  expression: Expression,
  place: Place,
): void {
  const key = expressionKey(scope, expression);
  if (items.some((item) => expressionKey(scope, item.expression) === key)) return;
  throw new QueryError('ERR_QUERY_GROUPING', 'ORDER BY what SELECT DISTINCT does not select', {
    place,
    hint: 'Select it too, or leave DISTINCT out.',
  });
}

/** The item that a number stands for; undefined for what is no constant. */
function itemAt(
  items: readonly Item[],
  written: Expression,
  clause: string,
): Expression | undefined {
  if (written.kind !== 'literal') return undefined;
  const { literal, place } = written;
  const index = literal.type === 'number' && /^[0-9]+$/.test(literal.text) ? +literal.text - 1 : -1;
  const item = items[index];
  if (item !== undefined) return item.expression;
  throw new QueryError('ERR_QUERY_SYNTAX', `${clause} a constant that is no place of an item`, {
    place,
    hint: `Write a number from 1 to ${items.length}, a name or an expression.`,
  });
}

/** The item that a bare name stands for. */
function itemNamed(
  scope: Scope,
  items: readonly Item[],
  written: Expression,
): Expression | undefined {
  if (written.kind !== 'column' || written.qualifier !== null) return undefined;
  const { text, place } = written.name;
  let found: Expression | undefined;
  for (const { expression, alias } of items) {
    if ((alias?.text ?? defaultName(expression)) !== text) continue;
    if (found !== undefined && expressionKey(scope, found) !== expressionKey(scope, expression)) {
      throw unsupported(place, `the name ${text}, which two items have`, 'Give each its own.');
    }
    found = expression;
  }
  return found;
}

function hasColumn(relation: Relation, name: string): boolean {
  return relation.columns.some((column) => column.name === name);
}

function bindCount(
  expression: Expression | null,
  parameters: readonly ParameterValue[],
): number | null {
  if (expression === null) return null;
  if (expression.kind === 'literal') {
    assert(expression.literal.type === 'number', 'LIMIT is not a number');
    return Number(expression.literal.text);
  }
  assert(expression.kind === 'parameter', 'LIMIT is neither number nor parameter');
  const value = parameters[expression.index] ?? null;
  const count = typeof value === 'bigint' ? Number(value) : value;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count + 0;
  throw new QueryError('ERR_QUERY_PARAMETER', `parameter $${expression.index + 1} is no count`, {
    place: expression.place,
    hint: 'LIMIT and OFFSET take a whole number from 0 up.',
  });
}
