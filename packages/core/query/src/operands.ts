/** Walks over syntax trees. */

import type { Expression } from './statement.ts';

/** The expressions that an expression is made of, in the order of the text. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'column':
      return [];
    case 'comparison':
    case 'arithmetic':
    case 'is-distinct':
      return [expression.left, expression.right];
    case 'logical':
    case 'call':
      return expression.operands;
    case 'in':
      return [expression.operand, ...expression.items];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'like':
      return [expression.operand, expression.pattern, ...given(expression.escape)];
    case 'case':
      return [
        ...given(expression.operand),
        ...expression.branches.flatMap(({ when, answer }) => [when, answer]),
        ...given(expression.otherwise),
      ];
    case 'aggregate':
      return given(expression.argument);
    case 'not':
    case 'is-null':
    case 'is-truth':
    case 'negate':
    case 'plus':
    default:
      return [expression.operand];
  }
}

function given(expression: Expression | null): readonly Expression[] {
  return expression === null ? [] : [expression];
}

/** Whether an expression calls a function of many rows. */
export function hasAggregate(expression: Expression): boolean {
  return expression.kind === 'aggregate' || operandsOf(expression).some(hasAggregate);
}
