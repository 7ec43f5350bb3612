/** SELECT to a typed tree: what a statement means for a relation, with its parameters. */

import { assert } from '@veritydb/types';

import { bindExpression, bindWhere, requireOrder } from './bind-expression.ts';
import type { BoundExpression, BoundItem, BoundOrder, BoundSelect } from './bound.ts';
import type { ParameterValue } from './constant.ts';
import { QueryError } from './error.ts';
import type { Relation, RelationColumn } from './relation.ts';
import { type Scope, findColumn, requireParameters } from './scope.ts';
import type { Expression, OrderItem, SelectItem, SelectStatement } from './statement.ts';
import { unsupported } from './unsupported.ts';
import { columnsOf } from './used-columns.ts';

/**
 * Binds a SELECT to the relation of that name.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_TYPE,
 *   ERR_QUERY_OPERATION, ERR_QUERY_PARAMETER, ERR_QUERY_OVERFLOW, ERR_QUERY_UNSUPPORTED
 */
export function bindSelect(
  select: SelectStatement,
  relation: Relation,
  parameters: readonly ParameterValue[],
): BoundSelect {
  assert(select.from.text === relation.name, 'relation is not the one that FROM names');
  requireParameters(select.parameterCount, parameters);
  const qualifier = (select.alias ?? select.from).text;
  const scope: Scope = { relation, qualifier, parameters, clause: 'other' };
  const items = select.items.flatMap((item) => bindItem(scope, relation, item));
  const aggregate = items.some((item) => item.count);
  if (aggregate) refuseMixture(select, items);
  return {
    relation,
    asOf: select.asOf,
    items,
    aggregate,
    where: bindWhere(scope, select.where),
    orderBy: select.orderBy.map((order) => bindOrder(scope, select, order)),
    limit: bindCount(select.limit, parameters),
    offset: bindCount(select.offset, parameters) ?? 0,
  };
}

function refuseMixture(select: SelectStatement, items: readonly BoundItem[]): void {
  const { place } = select.from;
  if (!items.every((item) => item.count)) {
    throw unsupported(place, 'COUNT beside columns', 'Select counts alone.');
  }
  if (select.orderBy.length > 0) {
    throw unsupported(place, 'ORDER BY of a count', 'Leave it out: the answer is one row.');
  }
}

function bindItem(scope: Scope, relation: Relation, item: SelectItem): readonly BoundItem[] {
  if (item.kind === 'star') {
    return relation.columns.map((column, index) => columnItem(column, index, column.name));
  }
  if (item.kind === 'count') {
    const expression =
      item.argument === null ? null : bindExpression(scope, item.argument, null, 'all');
    return [
      {
        name: item.alias?.text ?? 'count',
        type: 'bigint',
        expression,
        count: true,
        column: null,
        sources: expression === null ? [] : sourcesOf(relation, expression),
      },
    ];
  }
  if (item.expression.kind === 'column') {
    const index = findColumn(scope, item.expression);
    const column = relation.columns[index] as RelationColumn;
    return [columnItem(column, index, item.alias?.text ?? column.name)];
  }
  const expression = bindExpression(scope, item.expression, null);
  return [
    {
      name: item.alias?.text ?? '?column?',
      type: expression.type,
      expression,
      count: false,
      column: null,
      sources: sourcesOf(relation, expression),
    },
  ];
}

/** A plain column, as it is: the one use that every column of a relation allows. */
function columnItem(column: RelationColumn, index: number, name: string): BoundItem {
  return {
    name,
    type: column.type,
    expression: { kind: 'column', type: column.type, index },
    count: false,
    column: index,
    sources: [column.source],
  };
}

/** The base columns that an expression is made of. */
function sourcesOf(relation: Relation, expression: BoundExpression): readonly number[] {
  const sources = new Set<number>();
  for (const index of columnsOf([expression])) {
    sources.add((relation.columns[index] as RelationColumn).source);
  }
  return [...sources].toSorted((a, b) => a - b);
}

/**
 * As in PostgreSQL, a bare name in ORDER BY is first that of an item, then that of a column. An item's
 * expression is bound again here, because a column that may be selected may not always be ordered by.
 */
function bindOrder(scope: Scope, select: SelectStatement, order: OrderItem): BoundOrder {
  const { descending, nullsFirst, expression: written } = order;
  const expression = bindExpression(
    scope,
    itemNamed(select, scope.relation as Relation, written) ?? written,
    null,
  );
  requireOrder(expression.type, written.place);
  return { expression, descending, nullsFirst };
}

function itemNamed(
  select: SelectStatement,
  relation: Relation,
  written: Expression,
): Expression | undefined {
  if (written.kind !== 'column' || written.qualifier !== null) return undefined;
  const { text, place } = written.name;
  let found: Expression | undefined;
  for (const item of select.items) {
    // `*` has every column under its own name.
    if (item.kind === 'count') continue;
    const expression = item.kind === 'star' ? written : item.expression;
    if (item.kind === 'star' ? !hasColumn(relation, text) : nameOf(item) !== text) continue;
    if (found !== undefined && !isSameColumn(found, expression)) {
      throw unsupported(place, 'ORDER BY a name that two items have', 'Give them different names.');
    }
    found = expression;
  }
  return found;
}

function hasColumn(relation: Relation, name: string): boolean {
  return relation.columns.some((column) => column.name === name);
}

function nameOf({ alias, expression }: Extract<SelectItem, { kind: 'expression' }>): string | null {
  return alias?.text ?? (expression.kind === 'column' ? expression.name.text : null);
}

function isSameColumn(a: Expression, b: Expression): boolean {
  return a.kind === 'column' && b.kind === 'column' && a.name.text === b.name.text;
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
