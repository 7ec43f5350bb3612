/**
 * Expressions, by recursive descent with PostgreSQL's precedence (manual, 4.1.6), loosest first:
 *
 *     OR < AND < NOT < comparison, BETWEEN, IN, LIKE, IS < + - < * / % < sign
 *
 * PostgreSQL has three levels between NOT and `+`, and other dialects have other ones. Here they are one
 * and do not chain, so that `a = b IS NULL` needs its parentheses and has one reading everywhere.
 */

import type { Cursor } from './cursor.ts';
import { type Place, QueryError } from './error.ts';
import { LIMITS } from './lexer.ts';
import type {
  AggregateName,
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  FunctionName,
  Literal,
  TypedLiteral,
} from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
/** The last four are not ours, and are named when they are refused. */
const PREDICATES: ReadonlySet<string> = new Set(
  'between in is like ilike isnull notnull similar'.split(' '),
);
const AGGREGATES: ReadonlySet<string> = new Set<AggregateName>([
  'avg',
  'count',
  'max',
  'min',
  'sum',
]);
const FUNCTIONS: ReadonlySet<string> = new Set<FunctionName>(['abs', 'coalesce', 'nullif']);
const TYPED_LITERALS: ReadonlySet<string> = new Set<TypedLiteral>(['date', 'timestamp', 'uuid']);

export function parseExpression(cursor: Cursor): Expression {
  return parseLogical(cursor, 'or', () => parseLogical(cursor, 'and', () => parseNot(cursor)));
}

function parseLogical(
  cursor: Cursor,
  operator: 'and' | 'or',
  parseOperand: () => Expression,
): Expression {
  const place = cursor.place();
  const operands = [parseOperand()];
  while (cursor.takeWord(operator)) operands.push(parseOperand());
  const [only] = operands;
  return operands.length === 1
    ? (only as Expression)
    : { kind: 'logical', operator, operands, place };
}

function parseNot(cursor: Cursor): Expression {
  const place = cursor.place();
  if (!cursor.takeWord('not')) return parsePredicate(cursor);
  return { kind: 'not', operand: cursor.nest(() => parseNot(cursor)), place };
}

/** One comparison, BETWEEN, IN, LIKE or IS NULL at most: a second one wants parentheses. */
function parsePredicate(cursor: Cursor): Expression {
  const operand = parseSum(cursor);
  const predicate = parsePredicateOf(cursor, operand);
  if (predicate === undefined) return operand;
  const next = cursor.peek(cursor.isWord('not') ? 1 : 0);
  const set = next.kind === 'symbol' ? COMPARISONS : PREDICATES;
  if ((next.kind === 'symbol' || next.kind === 'word') && set.has(next.text)) {
    throw new QueryError('ERR_QUERY_SYNTAX', `${next.text.toUpperCase()} after another condition`, {
      place: next.place,
      hint: 'Add parentheses, or join two conditions with AND.',
    });
  }
  return predicate;
}

function parsePredicateOf(cursor: Cursor, operand: Expression): Expression | undefined {
  const place = cursor.place();
  const negated = cursor.isWord('not');
  const { kind, text } = cursor.peek(negated ? 1 : 0);
  if (kind === 'symbol' && !negated && COMPARISONS.has(text))
    return parseComparison(cursor, operand);
  if (kind !== 'word' || !PREDICATES.has(text)) return undefined;
  if (text === 'is') return negated ? undefined : parseIs(cursor, operand);
  if (negated) cursor.take();
  switch (text) {
    case 'between': {
      cursor.take();
      if (cursor.isWord('symmetric')) {
        throw unsupported(cursor.place(), 'BETWEEN SYMMETRIC', 'Put the smaller bound first.');
      }
      const low = parseSum(cursor);
      cursor.expectWord('and');
      return { kind: 'between', operand, low, high: parseSum(cursor), negated, place };
    }
    case 'in':
      cursor.take();
      return { kind: 'in', operand, items: parseItems(cursor), negated, place };
    case 'like': {
      cursor.take();
      const pattern = parseSum(cursor);
      const escape = cursor.takeWord('escape') ? parseSum(cursor) : null;
      return { kind: 'like', operand, pattern, escape, negated, place };
    }
    default:
      throw unexpected(cursor.peek(), 'an operator');
  }
}

function parseComparison(cursor: Cursor, left: Expression): Expression {
  const { text, place } = cursor.take();
  if (cursor.isWord('any') || cursor.isWord('some') || cursor.isWord('all')) {
    throw unsupported(cursor.place(), `${cursor.peek().text.toUpperCase()} (…)`, 'Use IN (…).');
  }
  const operator = text as ComparisonOperator;
  return { kind: 'comparison', operator, left, right: parseSum(cursor), place };
}

function parseIs(cursor: Cursor, operand: Expression): Expression {
  const { place } = cursor.take();
  const negated = cursor.takeWord('not');
  if (cursor.takeWord('null')) return { kind: 'is-null', operand, negated, place };
  if (cursor.takeWord('distinct')) {
    cursor.expectWord('from');
    return { kind: 'is-distinct', left: operand, right: parseSum(cursor), negated, place };
  }
  const truth = (['true', 'false', 'unknown'] as const).find((word) => cursor.takeWord(word));
  if (truth === undefined) {
    throw unexpected(cursor.peek(), 'NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM');
  }
  return { kind: 'is-truth', operand, truth, negated, place };
}

function parseItems(cursor: Cursor): readonly Expression[] {
  const place = cursor.place();
  const items = cursor.nest(() => {
    if (cursor.isSymbol('(') && cursor.isSymbol(')', 1)) {
      throw new QueryError('ERR_QUERY_SYNTAX', 'IN with an empty list', {
        place: cursor.place(),
        hint: 'List at least one value.',
      });
    }
    return cursor.takeList(() => parseExpression(cursor));
  });
  if (items.length > LIMITS.inItemsCountMax) {
    throw new QueryError('ERR_QUERY_LIMIT', `more than ${LIMITS.inItemsCountMax} items in IN`, {
      place,
      hint: 'Ask in several statements.',
    });
  }
  return items;
}

export function parseSum(cursor: Cursor): Expression {
  return parseArithmetic(cursor, ['+', '-'], () =>
    parseArithmetic(cursor, ['*', '/', '%'], () => parseSign(cursor)),
  );
}

function parseArithmetic(
  cursor: Cursor,
  operators: readonly ArithmeticOperator[],
  parseOperand: () => Expression,
): Expression {
  let left = parseOperand();
  for (;;) {
    const { kind, text, place } = cursor.peek();
    if (kind !== 'symbol' || !operators.includes(text as ArithmeticOperator)) return left;
    cursor.take();
    const right = parseOperand();
    left = { kind: 'arithmetic', operator: text as ArithmeticOperator, left, right, place };
  }
}

function parseSign(cursor: Cursor): Expression {
  const place = cursor.place();
  const kind = cursor.isSymbol('-') ? 'negate' : cursor.isSymbol('+') ? 'plus' : undefined;
  if (kind === undefined) return parsePrimary(cursor);
  cursor.take();
  return { kind, operand: cursor.nest(() => parseSign(cursor)), place };
}

function parsePrimary(cursor: Cursor): Expression {
  const token = cursor.peek();
  const { kind, text, place } = token;
  switch (kind) {
    case 'number':
      cursor.take();
      return { kind: 'literal', literal: { type: 'number', text }, place };
    case 'string':
      cursor.take();
      return { kind: 'literal', literal: { type: 'text', text }, place };
    case 'parameter':
      cursor.take();
      return { kind: 'parameter', index: Number(text), place };
    case 'quoted-name':
      return parseColumn(cursor);
    case 'word':
      return parseWord(cursor);
    case 'symbol':
      return parseParentheses(cursor);
    case 'end':
    default:
      throw unexpected(token, 'an expression');
  }
}

function parseParentheses(cursor: Cursor): Expression {
  if (!cursor.takeSymbol('(')) throw unexpected(cursor.peek(), 'an expression');
  if (cursor.isWord('select') || cursor.isWord('with')) {
    throw unsupported(
      cursor.place(),
      'a query inside a statement',
      'Ask the inner query first and pass its answer as parameters.',
    );
  }
  const inner = cursor.nest(() => parseExpression(cursor));
  if (cursor.isSymbol(',')) {
    throw unsupported(cursor.place(), 'a row of values', 'Compare column by column.');
  }
  cursor.expectSymbol(')');
  return inner;
}

function parseWord(cursor: Cursor): Expression {
  const { text, place } = cursor.peek();
  const literal = parseWordLiteral(cursor);
  if (literal !== undefined) return { kind: 'literal', literal, place };
  if (text === 'case') return parseCase(cursor);
  if (cursor.isSymbol('(', 1) && (FUNCTIONS.has(text) || AGGREGATES.has(text))) {
    cursor.take();
    return AGGREGATES.has(text)
      ? parseAggregate(cursor, text as AggregateName, place)
      : parseCall(cursor, text as FunctionName, place);
  }
  if (cursor.isSymbol('(', 1) && cursor.isName()) {
    throw unsupported(place, `the function ${text}`, 'Functions are listed in docs/SQL.md.');
  }
  return parseColumn(cursor);
}

/** `CASE WHEN … THEN … [ELSE …] END`, or `CASE value WHEN …`. */
function parseCase(cursor: Cursor): Expression {
  const { place } = cursor.take();
  return cursor.nest(() => {
    const operand = cursor.isWord('when') ? null : parseExpression(cursor);
    const branches: { when: Expression; answer: Expression }[] = [];
    do {
      cursor.expectWord('when');
      const when = parseExpression(cursor);
      cursor.expectWord('then');
      branches.push({ when, answer: parseExpression(cursor) });
    } while (cursor.isWord('when'));
    const otherwise = cursor.takeWord('else') ? parseExpression(cursor) : null;
    cursor.expectWord('end');
    return { kind: 'case', operand, branches, otherwise, place };
  });
}

const OPERANDS_COUNT: Readonly<Record<FunctionName, readonly [least: number, most: number]>> = {
  abs: [1, 1],
  coalesce: [1, LIMITS.inItemsCountMax],
  nullif: [2, 2],
};

function parseCall(cursor: Cursor, name: FunctionName, place: Place): Expression {
  const operands = cursor.nest(() => cursor.takeList(() => parseExpression(cursor)));
  const [least, most] = OPERANDS_COUNT[name];
  if (operands.length < least || operands.length > most) {
    throw new QueryError('ERR_QUERY_SYNTAX', `${name} with ${operands.length} arguments`, {
      place,
      hint: `It takes ${least === most ? least : `${least} to ${most}`}.`,
    });
  }
  return { kind: 'call', name, operands, place };
}

function parseAggregate(cursor: Cursor, name: AggregateName, place: Place): Expression {
  cursor.expectSymbol('(');
  let distinct = false;
  let argument: Expression | null = null;
  if (name !== 'count' || !cursor.takeSymbol('*')) {
    distinct = cursor.takeWord('distinct');
    // ALL is what is meant without it.
    if (!distinct) cursor.takeWord('all');
    argument = cursor.nest(() => parseExpression(cursor));
  }
  cursor.expectSymbol(')');
  if (cursor.isSymbol('(') || cursor.isWord('over') || cursor.isWord('filter')) {
    throw unexpected(cursor.peek(), 'the end of the aggregate');
  }
  return { kind: 'aggregate', name, argument, distinct, place };
}

function parseWordLiteral(cursor: Cursor): Literal | undefined {
  const { text } = cursor.peek();
  if (cursor.takeWord('null')) return { type: 'null' };
  if (cursor.takeWord('true')) return { type: 'boolean', value: true };
  if (cursor.takeWord('false')) return { type: 'boolean', value: false };
  if (!TYPED_LITERALS.has(text) || cursor.peek(1).kind !== 'string') return undefined;
  cursor.take();
  return { type: text as TypedLiteral, text: cursor.take().text };
}

function parseColumn(cursor: Cursor): Expression {
  const place = cursor.place();
  const first = cursor.takeName('an expression');
  if (!cursor.takeSymbol('.')) return { kind: 'column', qualifier: null, name: first, place };
  if (cursor.isSymbol('*')) {
    throw new QueryError('ERR_QUERY_SYNTAX', 'all columns of a name inside an expression', {
      place: cursor.place(),
      hint: 'Write name.* as an item of its own.',
    });
  }
  const name = cursor.takeName('the name of a column');
  if (cursor.isSymbol('.')) {
    throw unsupported(cursor.place(), 'a name of three parts', 'Write table.column.');
  }
  return { kind: 'column', qualifier: first, name, place };
}
