/**
 * The canonical text of a bound SELECT, for audit records: the same question gets the same text however
 * it was written, and no value is in it. It is written from the typed tree and never parsed.
 *
 * Literals, parameters, LIMIT, OFFSET and positions are `?`; a list of constants is one `?`, whatever
 * its length; aliases, which a client may choose freely, are left out.
 */

import { unreachable } from '@veritydb/types';

import type { BoundExpression, BoundSelect, GroupMember } from './bound.ts';

export function fingerprintSelect(select: BoundSelect): string {
  const { relation, where, grouping, items, distinct, orderBy } = select;
  const ofRow: NameOf = (index) => relation.columns[index]?.name ?? unreachable(index as never);
  const ofGroup: NameOf = (index) => memberText(ofRow, grouping?.members[index] as GroupMember);
  const nameOf = grouping === null ? ofRow : ofGroup;
  const parts = [
    `select ${distinct ? 'distinct ' : ''}${items
      .map(({ expression }) => textOf(nameOf, expression))
      .join(', ')}`,
    `from ${select.source.kind === 'rows' ? '' : `${select.source.kind} of `}${relation.name}`,
  ];
  if (select.asOf !== null) parts.push(`as of ${select.asOf.kind} ?`);
  if (where !== null) parts.push(`where ${textOf(ofRow, where)}`);
  if (grouping !== null && !grouping.isWhole) {
    const keys = grouping.members.filter(({ kind }) => kind === 'key');
    parts.push(`group by ${keys.map((member) => memberText(ofRow, member)).join(', ')}`);
  }
  if (grouping !== null && grouping.having !== null) {
    parts.push(`having ${textOf(ofGroup, grouping.having)}`);
  }
  if (orderBy.length > 0) {
    const orders = orderBy.map(({ expression, descending, nullsFirst }) => {
      const direction = `${descending ? 'desc' : 'asc'} nulls ${nullsFirst ? 'first' : 'last'}`;
      return `${textOf(nameOf, expression)} ${direction}`;
    });
    parts.push(`order by ${orders.join(', ')}`);
  }
  if (select.limit !== null) parts.push('limit ?');
  if (select.offset > 0) parts.push('offset ?');
  return parts.join(' ');
}

/** The text of a value of the row, by its index. */
type NameOf = (index: number) => string;

function memberText(nameOf: NameOf, member: GroupMember): string {
  if (member.kind === 'key') return textOf(nameOf, member.expression);
  const { name, argument, distinct } = member;
  const inner = argument === null ? '*' : textOf(nameOf, argument);
  return `${name}(${distinct ? 'distinct ' : ''}${inner})`;
}

function textOf(nameOf: NameOf, expression: BoundExpression): string {
  const text = (each: BoundExpression): string => textOf(nameOf, each);
  switch (expression.kind) {
    case 'constant':
      return '?';
    case 'column':
      return nameOf(expression.index);
    case 'widen':
      return text(expression.operand);
    case 'negate':
      return `(- ${text(expression.operand)})`;
    case 'abs':
      return `abs(${text(expression.operand)})`;
    case 'coalesce':
      return `coalesce(${expression.operands.map(text).join(', ')})`;
    case 'case': {
      const branches = expression.branches.map(
        ({ when, answer }) => `when ${text(when)} then ${text(answer)}`,
      );
      return `(case ${branches.join(' ')} else ${text(expression.otherwise)} end)`;
    }
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
