/** Which columns of its relation a statement uses at all: the others need not be made. */

import { unreachable } from '@veritydb/types';

import type { BoundExpression, BoundSelect, GroupMember } from './bound.ts';

/** Indexes of the relation's columns that a statement names anywhere. */
export function usedColumns({ where, grouping, items, orderBy }: BoundSelect): ReadonlySet<number> {
  if (grouping !== null) {
    return columnsOf([where, ...grouping.members.map(memberExpression)]);
  }
  return columnsOf([
    where,
    ...items.map(({ expression }) => expression),
    ...orderBy.map(({ expression }) => expression),
  ]);
}

/** What of a single row a value of its group is made of; null for `COUNT(*)`. */
export function memberExpression(member: GroupMember): BoundExpression | null {
  return member.kind === 'key' ? member.expression : member.argument;
}

/** Indexes of the row's values that expressions are made of. */
export function columnsOf(expressions: readonly (BoundExpression | null)[]): ReadonlySet<number> {
  const columns = new Set<number>();
  const pending = [...expressions];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === null) continue;
    if (next.kind === 'column') columns.add(next.index);
    else pending.push(...operandsOf(next));
  }
  return columns;
}

function operandsOf(
  expression: Exclude<BoundExpression, { readonly kind: 'column' }>,
): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'constant':
      return [];
    case 'widen':
    case 'negate':
    case 'abs':
    case 'not':
    case 'is-null':
    case 'like':
      return [expression.operand];
    case 'arithmetic':
    case 'comparison':
      return [expression.left, expression.right];
    case 'logical':
    case 'coalesce':
      return expression.operands;
    case 'case':
      return [
        ...expression.branches.flatMap(({ when, answer }) => [when, answer]),
        expression.otherwise,
      ];
    case 'in':
      return [expression.operand, ...expression.items];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    default:
      return unreachable(expression);
  }
}
