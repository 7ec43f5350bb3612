/**
 * Typed trees to closures over rows, with three-valued logic: NULL is unknown, and a condition holds
 * only where it is true.
 */

import { type Row, type Value, compareValues, unreachable } from '@veritydb/types';

import type { BoundExpression, BoundUpdate } from './bound.ts';
import { isLike } from './like.ts';
import { calculate, isNegative, negate, widen } from './numeric.ts';
import type { ComparisonOperator } from './statement.ts';

type Evaluate = (row: Row) => Value;
type Of<Kind extends BoundExpression['kind']> = Extract<BoundExpression, { kind: Kind }>;

/**
 * Makes an expression a function of a row. That function throws {@link QueryError} ERR_QUERY_DIVISION
 * and ERR_QUERY_OVERFLOW where a row's values call for it.
 */
export function compileExpression(expression: BoundExpression): Evaluate {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'column': {
      const { index } = expression;
      return (row) => row[index] ?? null;
    }
    case 'widen': {
      const { type } = expression;
      const operand = compileExpression(expression.operand);
      return (row) => widen(type, operand(row));
    }
    case 'negate': {
      const { type } = expression;
      const operand = compileExpression(expression.operand);
      return (row) => {
        const value = operand(row);
        return value === null ? null : negate(type, value);
      };
    }
    case 'abs': {
      const { type } = expression;
      const operand = compileExpression(expression.operand);
      return (row) => {
        const value = operand(row);
        return value !== null && isNegative(type, value) ? negate(type, value) : value;
      };
    }
    case 'case':
      return compileCase(expression);
    case 'coalesce': {
      const operands = expression.operands.map(compileExpression);
      return (row) => {
        for (const operand of operands) {
          const value = operand(row);
          if (value !== null) return value;
        }
        return null;
      };
    }
    case 'arithmetic':
      return compileArithmetic(expression);
    case 'comparison':
      return compileComparison(expression);
    case 'logical':
      return compileLogical(expression);
    case 'not': {
      const operand = compileExpression(expression.operand);
      return (row) => not(operand(row));
    }
    case 'is-null': {
      const operand = compileExpression(expression.operand);
      const { negated } = expression;
      return (row) => (operand(row) === null) !== negated;
    }
    case 'in':
      return compileIn(expression);
    case 'between':
      return compileBetween(expression);
    case 'like':
      return compileLike(expression);
    default:
      return unreachable(expression);
  }
}

/** A condition as a test of rows: only what is true passes. No condition passes everything. */
export function compilePredicate(where: BoundExpression | null): (row: Row) => boolean {
  if (where === null) return () => true;
  const evaluate = compileExpression(where);
  return (row) => evaluate(row) === true;
}

/** Assignments as a function from the old row to the new: every right side sees the old one. */
export function compileAssignments({
  assignments,
  table,
}: Pick<BoundUpdate, 'assignments' | 'table'>): (row: Row) => Row {
  const { length } = table.definition.columns;
  const compiled = assignments.map(({ column, expression }) => ({
    column,
    evaluate: compileExpression(expression),
  }));
  return (row) => {
    // The row of DO UPDATE is longer: behind it stands the one that was to be inserted.
    const next = row.slice(0, length);
    for (const { column, evaluate } of compiled) next[column] = evaluate(row);
    return next;
  };
}

function not(value: Value): Value {
  return value === null ? null : value !== true;
}

/** Branches are looked at in their order, and not beyond the one that is taken. */
function compileCase({ branches, otherwise }: Of<'case'>): Evaluate {
  const compiled = branches.map(({ when, answer }) => ({
    when: compileExpression(when),
    answer: compileExpression(answer),
  }));
  const last = compileExpression(otherwise);
  return (row) => {
    const taken = compiled.find(({ when }) => when(row) === true);
    return (taken?.answer ?? last)(row);
  };
}

function compileArithmetic({ type, operator, left, right }: Of<'arithmetic'>): Evaluate {
  const first = compileExpression(left);
  const second = compileExpression(right);
  return (row) => {
    const a = first(row);
    const b = second(row);
    return a === null || b === null ? null : calculate(type, operator, a, b);
  };
}

function holds(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return unreachable(operator);
  }
}

function compileComparison({ operator, left, right }: Of<'comparison'>): Evaluate {
  const first = compileExpression(left);
  const second = compileExpression(right);
  const { type } = left;
  return (row) => {
    const a = first(row);
    const b = second(row);
    return a === null || b === null ? null : holds(operator, compareValues(type, a, b));
  };
}

/** Left to right, stopping where the answer is certain: so a condition can guard the next one. */
function compileLogical({ operator, operands }: Of<'logical'>): Evaluate {
  const compiled = operands.map(compileExpression);
  const certain = operator === 'or';
  return (row) => {
    let unknown = false;
    for (const evaluate of compiled) {
      const value = evaluate(row);
      if (value === certain) return certain;
      if (value === null) unknown = true;
    }
    return unknown ? null : !certain;
  };
}

function compileIn({ operand, items, negated }: Of<'in'>): Evaluate {
  const evaluate = compileExpression(operand);
  const compiled = items.map(compileExpression);
  const { type } = operand;
  return (row) => {
    const value = evaluate(row);
    if (value === null) return null;
    let unknown = false;
    for (const item of compiled) {
      const member = item(row);
      if (member === null) unknown = true;
      else if (compareValues(type, value, member) === 0) return !negated;
    }
    return unknown ? null : negated;
  };
}

/** `low <= value AND value <= high`, in three-valued logic: one false side decides. */
function compileBetween({ operand, low, high, negated }: Of<'between'>): Evaluate {
  const evaluate = compileExpression(operand);
  const lower = compileExpression(low);
  const upper = compileExpression(high);
  const { type } = operand;
  return (row) => {
    const value = evaluate(row);
    const least = lower(row);
    const most = upper(row);
    if (value === null) return null;
    if (least !== null && compareValues(type, least, value) > 0) return negated;
    if (most !== null && compareValues(type, value, most) > 0) return negated;
    return least === null || most === null ? null : !negated;
  };
}

function compileLike({ operand, pattern, negated }: Of<'like'>): Evaluate {
  const evaluate = compileExpression(operand);
  return (row) => {
    const value = evaluate(row);
    return value === null || pattern === null ? null : isLike(value as string, pattern) !== negated;
  };
}
