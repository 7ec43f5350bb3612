/**
 * The canonical text of a bound SELECT, for audit records: the same question gets the same text however
 * it was written, and no value is in it. It is written from the typed tree and never parsed.
 *
 * Literals, parameters, LIMIT, OFFSET and positions are `?`; a list of constants is one `?`, whatever
 * its length; aliases, which a client may choose freely, are left out.
 */

import { unreachable } from '@veritydb/types';

import type { BoundExpression, BoundSelect } from './bound.ts';
import type { Relation } from './relation.ts';

export function fingerprintSelect(select: BoundSelect): string {
  const { relation, items, where, orderBy } = select;
  const parts = [
    `select ${items
      .map(({ expression, count }) => {
        const inner = expression === null ? '*' : textOf(relation, expression);
        return count ? `count(${inner})` : inner;
      })
      .join(', ')}`,
    `from ${relation.name}`,
  ];
  if (select.asOf !== null) parts.push('as of position ?');
  if (where !== null) parts.push(`where ${textOf(relation, where)}`);
  if (orderBy.length > 0) {
    const orders = orderBy.map(({ expression, descending, nullsFirst }) => {
      const direction = `${descending ? 'desc' : 'asc'} nulls ${nullsFirst ? 'first' : 'last'}`;
      return `${textOf(relation, expression)} ${direction}`;
    });
    parts.push(`order by ${orders.join(', ')}`);
  }
  if (select.limit !== null) parts.push('limit ?');
  if (select.offset > 0) parts.push('offset ?');
  return parts.join(' ');
}

function textOf(relation: Relation, expression: BoundExpression): string {
  const text = (each: BoundExpression): string => textOf(relation, each);
  switch (expression.kind) {
    case 'constant':
      return '?';
    case 'column':
      return relation.columns[expression.index]?.name ?? unreachable(expression as never);
    case 'widen':
      return text(expression.operand);
    case 'negate':
      return `(- ${text(expression.operand)})`;
    case 'arithmetic':
    case 'comparison':
      return `(${text(expression.left)} ${expression.operator} ${text(expression.right)})`;
    case 'logical':
      return `(${expression.operands.map(text).join(` ${expression.operator} `)})`;
    case 'not':
      return `(not ${text(expression.operand)})`;
    case 'is-null':
      return `(${text(expression.operand)} is ${expression.negated ? 'not ' : ''}null)`;
    case 'in': {
      const items = new Set(expression.items.map(text));
      return `(${text(expression.operand)} ${negation(expression)}in (${[...items].join(', ')}))`;
    }
    case 'between': {
      const { operand, low, high } = expression;
      return `(${text(operand)} ${negation(expression)}between ${text(low)} and ${text(high)})`;
    }
    case 'like':
      return `(${text(expression.operand)} ${negation(expression)}like ?)`;
    default:
      return unreachable(expression);
  }
}

function negation({ negated }: { readonly negated: boolean }): string {
  return negated ? 'not ' : '';
}
