/** Which columns of its relation a statement uses at all: the others need not be made. */

import { unreachable } from '@veritydb/types';

import type { BoundExpression, BoundSelect } from './bound.ts';

/** Indexes of the relation's columns that items, WHERE or ORDER BY name. */
export function usedColumns(select: BoundSelect): ReadonlySet<number> {
  return columnsOf([
    select.where,
    ...select.items.map(({ expression }) => expression),
    ...select.orderBy.map(({ expression }) => expression),
  ]);
}

/** Indexes of the relation's columns that expressions are made of. */
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
    case 'not':
    case 'is-null':
    case 'like':
      return [expression.operand];
    case 'arithmetic':
    case 'comparison':
      return [expression.left, expression.right];
    case 'logical':
      return expression.operands;
    case 'in':
      return [expression.operand, ...expression.items];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    default:
      return unreachable(expression);
  }
}
