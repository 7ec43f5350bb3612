/**
 * Expressions to typed trees: names to the relation's columns, types by PostgreSQL's rules, less its
 * silent casts: numbers compare and calculate among themselves, everything else with its own type only.
 *
 * What is written without a type (NULL, a quoted text, a parameter) takes the type of what it stands
 * beside; so the typed sides are bound first.
 */

import { type ColumnType, unreachable } from '@veritydb/types';

import type { BoundExpression, NumericType } from './bound.ts';
import { literalConstant, numberConstant, parameterConstant } from './constant.ts';
import { type Place, QueryError } from './error.ts';
import { parseLikePattern } from './like.ts';
import { isNumericType, widen, widerType } from './numeric.ts';
import type { ColumnOperations, RelationColumn } from './relation.ts';
import { type Scope, findColumn } from './scope.ts';
import type { Expression } from './statement.ts';

/** What is about to be done with a value: a column must allow it. */
type Usage = 'equality' | 'all';

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/**
 * Binds an expression whose context wants a type, or none (null).
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_TYPE,
 *   ERR_QUERY_OPERATION, ERR_QUERY_PARAMETER, ERR_QUERY_OVERFLOW, ERR_QUERY_UNSUPPORTED
 */
export function bindExpression(
  scope: Scope,
  expression: Expression,
  wanted: ColumnType | null,
  usage: Usage = 'all',
): BoundExpression {
  const ofGroup = scope.group?.find(scope, expression);
  if (ofGroup !== undefined) return ofGroup;
  switch (expression.kind) {
    case 'literal':
      return literalConstant(expression.literal, wanted, expression.place);
    case 'parameter':
      return bindParameter(scope, expression, wanted);
    case 'column':
      return bindColumn(scope, expression, usage);
    case 'negate':
      return bindNegate(scope, expression, wanted);
    case 'plus':
      return bindSigned(scope, expression, wanted);
    case 'arithmetic':
      return bindArithmetic(scope, expression, wanted);
    case 'comparison':
      return bindComparison(scope, expression);
    case 'logical':
      return {
        kind: 'logical',
        type: 'boolean',
        operator: expression.operator,
        operands: expression.operands.map((operand) => bindCondition(scope, operand)),
      };
    case 'not':
      return { kind: 'not', type: 'boolean', operand: bindCondition(scope, expression.operand) };
    case 'is-null':
      return {
        kind: 'is-null',
        type: 'boolean',
        operand: bindExpression(scope, expression.operand, null, 'equality'),
        negated: expression.negated,
      };
    case 'is-truth':
      return bindTruth(scope, expression);
    case 'is-distinct':
      return bindDistinct(scope, expression);
    case 'in':
      return bindIn(scope, expression);
    case 'between':
      return bindBetween(scope, expression);
    case 'like':
      return bindLike(scope, expression);
    case 'case':
      return bindCase(scope, expression, wanted);
    case 'call':
      return bindCall(scope, expression, wanted);
    case 'aggregate':
      throw new QueryError('ERR_QUERY_GROUPING', `${expression.name} of many rows stands here`, {
        place: expression.place,
        hint: 'Aggregates stand in items, HAVING and ORDER BY, and not in each other.',
      });
    default:
      return unreachable(expression);
  }
}

/** Binds what must be true or false: WHERE, and the operands of AND, OR and NOT. */
export function bindCondition(scope: Scope, expression: Expression): BoundExpression {
  const bound = bindExpression(scope, expression, 'boolean');
  if (bound.type !== 'boolean') {
    throw mismatch(expression.place, `expected a condition, found a value of type ${bound.type}`);
  }
  return bound;
}

/** Binds what is written into a column. Numbers may widen; nothing else changes its type. */
export function bindAssigned(
  scope: Scope,
  expression: Expression,
  type: ColumnType,
): BoundExpression {
  const bound = bindExpression(scope, expression, type);
  if (bound.type === type) return bound;
  if (isNumericType(bound.type) && isNumericType(type)) {
    if (widerType(type, bound.type) === type) return widened(bound, type);
  }
  throw mismatch(
    expression.place,
    `a column of type ${type} cannot take a value of type ${bound.type}`,
  );
}

const ALLOWED: Readonly<Record<ColumnOperations, string>> = {
  all: 'anything',
  equality: '=, <>, IN, NOT IN and IS [NOT] NULL in WHERE, and to be selected as it is',
  none: 'to be selected as it is',
};

function requireOperation(scope: Scope, column: RelationColumn, usage: Usage, place: Place): void {
  if (column.operations === 'all') return;
  if (column.operations === usage && scope.clause === 'where') return;
  throw new QueryError('ERR_QUERY_OPERATION', `column "${column.name}" does not allow this`, {
    place,
    hint: `What it allows: ${ALLOWED[column.operations]}.`,
  });
}

function bindColumn(scope: Scope, expression: Of<'column'>, usage: Usage): BoundExpression {
  const index = findColumn(scope, expression);
  const column = scope.relation?.columns[index] as RelationColumn;
  requireOperation(scope, column, usage, expression.place);
  return { kind: 'column', type: column.type, index };
}

function bindParameter(
  scope: Scope,
  { index, place }: Of<'parameter'>,
  wanted: ColumnType | null,
): BoundExpression {
  if (wanted === null) {
    throw new QueryError(
      'ERR_QUERY_PARAMETER',
      `the type of parameter $${index + 1} is not clear`,
      {
        place,
        hint: 'Use it beside a column or a typed value.',
      },
    );
  }
  return parameterConstant(scope.parameters[index] ?? null, wanted, index);
}

/** What has no type of its own. */
function isUntyped(expression: Expression): boolean {
  if (expression.kind === 'parameter') return true;
  if (expression.kind === 'negate' || expression.kind === 'plus') {
    return isUntyped(expression.operand);
  }
  if (expression.kind !== 'literal') return false;
  return expression.literal.type === 'null' || expression.literal.type === 'text';
}

/** Binds values that meet each other, and brings them to one type. */
function bindAlike(
  scope: Scope,
  expressions: readonly Expression[],
  usage: Usage,
  fallback: ColumnType | null,
): readonly BoundExpression[] {
  let common: ColumnType | null = null;
  const bound: (BoundExpression | undefined)[] = expressions.map((expression) => {
    if (isUntyped(expression)) return undefined;
    const typed = bindExpression(scope, expression, null, usage);
    common = commonType(common, typed.type, expression.place);
    return typed;
  });
  const wanted: ColumnType | null = common ?? fallback ?? textIfQuoted(expressions);
  const all = expressions.map((expression, index) => {
    const typed = bound[index] ?? bindExpression(scope, expression, wanted, usage);
    common = commonType(common, typed.type, expression.place);
    return typed;
  });
  return all.map((each) =>
    isNumericType(each.type) ? widened(each, common as NumericType) : each,
  );
}

/** Where nothing has a type, a quoted text is a text; so is NULL among NULLs. */
function textIfQuoted(expressions: readonly Expression[]): ColumnType | null {
  const quoted = expressions.some(
    (each) => each.kind === 'literal' && each.literal.type === 'text',
  );
  return quoted || expressions.every((each) => each.kind === 'literal') ? 'text' : null;
}

function commonType(common: ColumnType | null, type: ColumnType, place: Place): ColumnType {
  if (common === null || common === type) return type;
  if (isNumericType(common) && isNumericType(type)) return widerType(common, type);
  throw mismatch(place, `${common} and ${type} do not compare or calculate`);
}

function widened(expression: BoundExpression, type: NumericType): BoundExpression {
  if (expression.type === type) return expression;
  if (expression.kind === 'constant') {
    return { kind: 'constant', type, value: widen(type, expression.value) };
  }
  return { kind: 'widen', type, operand: expression };
}

function bindNegate(
  scope: Scope,
  { operand, place }: Of<'negate'>,
  wanted: ColumnType | null,
): BoundExpression {
  // The sign belongs to the number: -2147483648 is an integer, 2147483648 is not.
  if (operand.kind === 'literal' && operand.literal.type === 'number') {
    return numberConstant(`-${operand.literal.text}`, place);
  }
  const bound = bindSigned(scope, { operand, place }, wanted);
  return { kind: 'negate', type: bound.type as NumericType, operand: bound };
}

/** What stands behind a sign: a number. */
function bindSigned(
  scope: Scope,
  { operand, place }: Pick<Of<'plus'>, 'operand' | 'place'>,
  wanted: ColumnType | null,
): BoundExpression {
  const number = wanted !== null && isNumericType(wanted) ? wanted : null;
  const nullType = isNullLiteral(operand) ? (number ?? 'integer') : number;
  const bound = bindExpression(scope, operand, nullType);
  if (!isNumericType(bound.type)) {
    throw mismatch(place, `a sign takes a number, not a value of type ${bound.type}`);
  }
  return bound;
}

function isNullLiteral(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.literal.type === 'null';
}

function bindArithmetic(
  scope: Scope,
  { operator, left, right, place }: Of<'arithmetic'>,
  wanted: ColumnType | null,
): BoundExpression {
  const nulls = isNullLiteral(left) && isNullLiteral(right) ? 'integer' : null;
  const fallback = wanted !== null && isNumericType(wanted) ? wanted : nulls;
  const [first, second] = bindAlike(scope, [left, right], 'all', fallback) as [
    BoundExpression,
    BoundExpression,
  ];
  const { type } = first;
  if (!isNumericType(type)) {
    throw mismatch(place, `${operator} takes numbers, not values of type ${type}`);
  }
  return { kind: 'arithmetic', type, operator, left: first, right: second };
}

function bindComparison(
  scope: Scope,
  { operator, left, right, place }: Of<'comparison'>,
): BoundExpression {
  const equality = operator === '=' || operator === '<>';
  const [first, second] = bindAlike(scope, [left, right], equality ? 'equality' : 'all', null) as [
    BoundExpression,
    BoundExpression,
  ];
  if (!equality) requireOrder(first.type, place);
  return { kind: 'comparison', type: 'boolean', operator, left: first, right: second };
}

/** `CASE value WHEN other` compares; `CASE WHEN condition` does not. The answers are of one type. */
function bindCase(
  scope: Scope,
  { operand, branches, otherwise, place }: Of<'case'>,
  wanted: ColumnType | null,
): BoundExpression {
  const conditions = branches.map(({ when }) =>
    operand === null
      ? bindCondition(scope, when)
      : bindComparison(scope, {
          kind: 'comparison',
          operator: '=',
          left: operand,
          right: when,
          place: when.place,
        }),
  );
  const last = otherwise ?? nullLiteral(place);
  const answers = bindAlike(scope, [...branches.map(({ answer }) => answer), last], 'all', wanted);
  const none = answers.at(-1) as BoundExpression;
  return {
    kind: 'case',
    type: none.type,
    branches: conditions.map((when, index) => ({
      when,
      answer: answers[index] as BoundExpression,
    })),
    otherwise: none,
  };
}

function bindCall(
  scope: Scope,
  { name, operands, place }: Of<'call'>,
  wanted: ColumnType | null,
): BoundExpression {
  const [first, second] = operands as readonly [Expression, Expression];
  switch (name) {
    case 'abs': {
      const operand = bindSigned(scope, { operand: first, place }, wanted);
      return { kind: 'abs', type: operand.type as NumericType, operand };
    }
    case 'nullif': {
      const branches = [{ when: second, answer: nullLiteral(place) }];
      return bindCase(
        scope,
        { kind: 'case', operand: first, branches, otherwise: first, place },
        wanted,
      );
    }
    case 'coalesce': {
      const bound = bindAlike(scope, operands, 'all', wanted);
      return { kind: 'coalesce', type: (bound[0] as BoundExpression).type, operands: bound };
    }
    default:
      return unreachable(name);
  }
}

function nullLiteral(place: Place): Expression {
  return { kind: 'literal', literal: { type: 'null' }, place };
}

/** JSON is equal or not; it has no order. */
export function requireOrder(type: ColumnType, place: Place): void {
  if (type === 'json') {
    throw mismatch(place, 'values of type json have no order', 'Compare them with = or <>.');
  }
}

const TRUE: BoundExpression = { kind: 'constant', type: 'boolean', value: true };
const FALSE: BoundExpression = { kind: 'constant', type: 'boolean', value: false };

function notIf(isNegated: boolean, expression: BoundExpression): BoundExpression {
  return isNegated ? { kind: 'not', type: 'boolean', operand: expression } : expression;
}

/** True where a condition is, and otherwise false. */
function isTrue(when: BoundExpression): BoundExpression {
  return { kind: 'case', type: 'boolean', branches: [{ when, answer: TRUE }], otherwise: FALSE };
}

function bindTruth(scope: Scope, { operand, truth, ...said }: Of<'is-truth'>): BoundExpression {
  const bound = bindCondition(scope, operand);
  if (truth === 'unknown') {
    return { kind: 'is-null', type: 'boolean', operand: bound, negated: said.negated };
  }
  const wanted = notIf(truth === 'false', bound);
  return notIf(said.negated, isTrue(wanted));
}

function isNullOf(operand: BoundExpression): BoundExpression {
  return { kind: 'is-null', type: 'boolean', operand, negated: false };
}

/** Not distinct: equal, or both NULL. */
function bindDistinct(scope: Scope, { left, right, ...said }: Of<'is-distinct'>): BoundExpression {
  const [first, second] = bindAlike(scope, [left, right], 'equality', null) as [
    BoundExpression,
    BoundExpression,
  ];
  const equal = {
    kind: 'comparison',
    type: 'boolean',
    operator: '=',
    left: first,
    right: second,
  } as const;
  const bothNull = {
    kind: 'logical',
    type: 'boolean',
    operator: 'and',
    operands: [isNullOf(first), isNullOf(second)],
  } as const;
  const same: BoundExpression = {
    kind: 'logical',
    type: 'boolean',
    operator: 'or',
    operands: [isTrue(equal), bothNull],
  };
  return notIf(!said.negated, same);
}

function bindIn(scope: Scope, { operand, items, negated }: Of<'in'>): BoundExpression {
  const [first, ...rest] = bindAlike(scope, [operand, ...items], 'equality', null);
  return {
    kind: 'in',
    type: 'boolean',
    operand: first as BoundExpression,
    items: rest,
    negated,
  };
}

function bindBetween(
  scope: Scope,
  { operand, low, high, negated, place }: Of<'between'>,
): BoundExpression {
  const [value, lower, upper] = bindAlike(scope, [operand, low, high], 'all', null) as [
    BoundExpression,
    BoundExpression,
    BoundExpression,
  ];
  requireOrder(value.type, place);
  return { kind: 'between', type: 'boolean', operand: value, low: lower, high: upper, negated };
}

function bindLike(
  scope: Scope,
  { operand, pattern, escape, negated, place }: Of<'like'>,
): BoundExpression {
  const bound = bindExpression(scope, operand, 'text');
  if (bound.type !== 'text')
    throw mismatch(place, `LIKE takes text, not a value of type ${bound.type}`);
  const patternText = bindText(scope, pattern);
  // As in PostgreSQL, backslash escapes unless something else is said.
  const escapeText = escape === null ? '\\' : bindText(scope, escape);
  return {
    kind: 'like',
    type: 'boolean',
    operand: bound,
    pattern:
      patternText === null || escapeText === null
        ? null
        : parseLikePattern(patternText, escapeText, pattern.place),
    negated,
  };
}

/** A text that is known before any row is read. */
function bindText(scope: Scope, expression: Expression): string | null {
  const bound = bindExpression(scope, expression, 'text');
  if (bound.type !== 'text') {
    throw mismatch(expression.place, `LIKE takes text, not a value of type ${bound.type}`);
  }
  if (bound.kind === 'constant') return bound.value as string | null;
  throw new QueryError('ERR_QUERY_UNSUPPORTED', 'a LIKE pattern that is no string', {
    place: expression.place,
    hint: "Write the pattern as '…' or as a parameter.",
  });
}

export function mismatch(
  place: Place,
  what: string,
  hint = 'There are no silent casts; quote dates, times and uuids, and do not quote numbers.',
): QueryError {
  return new QueryError('ERR_QUERY_TYPE', what, { place, hint });
}

export function bindWhere(scope: Scope, where: Expression | null): BoundExpression | null {
  return where === null ? null : bindCondition({ ...scope, clause: 'where' }, where);
}
