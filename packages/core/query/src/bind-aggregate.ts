/** Functions of many rows to typed trees: what each takes, and the type of its answer. */

import type { ColumnType } from '@veritydb/types';

import { bindExpression, mismatch, requireOrder } from './bind-expression.ts';
import type { BoundAggregate } from './bound.ts';
import { isNumericType } from './numeric.ts';
import type { Scope } from './scope.ts';
import type { Expression } from './statement.ts';

/** @param scope of a single row, in which no aggregate can stand */
export function bindAggregate(
  scope: Scope,
  { name, argument, distinct, place }: Extract<Expression, { kind: 'aggregate' }>,
): BoundAggregate {
  const bound = argument === null ? null : bindExpression(scope, argument, null);
  const type = bound?.type ?? 'bigint';
  const aggregate = { kind: 'aggregate', name, argument: bound, distinct } as const;
  switch (name) {
    case 'count':
      return { ...aggregate, type: 'bigint' };
    case 'sum':
    case 'avg':
      if (!isNumericType(type)) {
        throw mismatch(place, `${name} takes numbers, not values of type ${type}`);
      }
      return { ...aggregate, type: name === 'avg' ? 'decimal' : sumType(type) };
    case 'min':
    case 'max':
    default:
      if (type === 'boolean') throw mismatch(place, `${name} does not take values of type boolean`);
      requireOrder(type, place);
      return { ...aggregate, type };
  }
}

/** Wider than what is added up, as PostgreSQL's. */
function sumType(type: ColumnType): ColumnType {
  return type === 'integer' ? 'bigint' : 'decimal';
}
