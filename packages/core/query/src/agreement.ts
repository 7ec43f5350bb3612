/**
 * What two readers of one statement must agree on: its kind, its tables, its columns, and the shape of
 * its condition (which operators join which columns, with every constant a `?`).
 */

import { unreachable } from '@veritydb/types';

import { QueryError } from './error.ts';
import type { Expression, Statement } from './statement.ts';

export interface Summary {
  readonly kind: Statement['kind'];
  /** Lower case, ascending, each once. */
  readonly tables: readonly string[];
  /** Names that stand for columns, ascending, each once; `*` for all. */
  readonly columns: readonly string[];
  /** The condition's shape, or null where there is none. */
  readonly predicate: string | null;
}

/** What the second reader made of a statement that we can read; `refused` when it could not read it. */
export type SecondOpinion =
  | { readonly kind: 'read'; readonly summary: Summary }
  | { readonly kind: 'refused' };

/**
 * Refuses a statement that the second reader understands otherwise.
 *
 * @throws {QueryError} ERR_QUERY_DISAGREEMENT
 */
export function agree(statement: Statement, opinion: SecondOpinion): void {
  const part = opinion.kind === 'refused' ? 'syntax' : difference(statement, opinion.summary);
  if (part === null) return;
  throw new QueryError('ERR_QUERY_DISAGREEMENT', `two parsers differ on the statement's ${part}`, {
    hint: 'Write it more simply: add parentheses, quote names, pass texts as parameters.',
  });
}

function difference(statement: Statement, other: Summary): string | null {
  const own = summarize(statement);
  if (own.kind !== other.kind) return 'kind';
  if (own.tables.join('\n') !== other.tables.join('\n')) return 'tables';
  if (own.columns.join('\n') !== other.columns.join('\n')) return 'columns';
  return own.predicate === other.predicate ? null : 'condition';
}

/** Our own reading. */
export function summarize(statement: Statement): Summary {
  const table = statement.kind === 'select' ? statement.from : tableOf(statement);
  const columns = new Set<string>();
  for (const expression of expressionsOf(statement)) addColumns(columns, expression);
  for (const name of namesOf(statement)) columns.add(name);
  const where = 'where' in statement ? statement.where : null;
  return {
    kind: statement.kind,
    tables: [(typeof table === 'string' ? table : table.text).toLowerCase()],
    columns: [...columns].toSorted(),
    predicate: where === null ? null : shapeOf(where),
  };
}

function tableOf(statement: Exclude<Statement, { kind: 'select' }>): string {
  return statement.kind === 'create-table' ? statement.definition.name : statement.table.text;
}

function namesOf(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case 'select':
      return statement.items.flatMap((item) => (item.kind === 'star' ? ['*'] : []));
    case 'insert':
      return (statement.columns ?? []).map((name) => name.text);
    case 'update':
      return statement.assignments.map(({ column }) => column.text);
    case 'create-table':
      return statement.definition.columns.map((column) => column.name);
    case 'delete':
    case 'drop-table':
    default:
      return [];
  }
}

function expressionsOf(statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case 'select': {
      const items = statement.items.flatMap((item) => {
        if (item.kind === 'star') return [];
        const expression = item.kind === 'count' ? item.argument : item.expression;
        return expression === null ? [] : [expression];
      });
      const orders = statement.orderBy.map(({ expression }) => expression);
      return [...items, ...orders, ...(statement.where === null ? [] : [statement.where])];
    }
    case 'insert':
      return statement.rows.flat();
    case 'update': {
      const assigned = statement.assignments.map(({ expression }) => expression);
      return statement.where === null ? assigned : [...assigned, statement.where];
    }
    case 'delete':
      return statement.where === null ? [] : [statement.where];
    case 'create-table':
    case 'drop-table':
    default:
      return [];
  }
}

function addColumns(columns: Set<string>, expression: Expression): void {
  if (expression.kind === 'column') columns.add(expression.name.text);
  for (const child of operandsOf(expression)) addColumns(columns, child);
}

/** The expressions that an expression is made of, in the order of the text. */
function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
    case 'column':
      return [];
    case 'comparison':
    case 'arithmetic':
      return [expression.left, expression.right];
    case 'logical':
      return expression.operands;
    case 'in':
      return [expression.operand, ...expression.items];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'like':
      return [
        expression.operand,
        expression.pattern,
        ...(expression.escape === null ? [] : [expression.escape]),
      ];
    case 'not':
    case 'is-null':
    case 'negate':
    default:
      return [expression.operand];
  }
}

export const CONSTANT_SHAPE = '?';

export function columnShape(qualifier: string | null, name: string): string {
  const quoted = JSON.stringify(name);
  return qualifier === null ? quoted : `${JSON.stringify(qualifier.toLowerCase())}.${quoted}`;
}

/** An operator over shapes. A chain of AND or OR is flat, whatever parentheses it had. */
export function operatorShape(operator: string, operands: readonly string[]): string {
  const head = `(${operator} `;
  const flat =
    operator === 'and' || operator === 'or'
      ? operands.map((each) => (each.startsWith(head) ? each.slice(head.length, -1) : each))
      : operands;
  return `${head}${flat.join(' ')})`;
}

/** The sign of a constant belongs to the constant. */
export function negationShape(operand: string): string {
  return operand === CONSTANT_SHAPE ? operand : operatorShape('negate', [operand]);
}

export function shapeOf(expression: Expression): string {
  const operands = operandsOf(expression).map(shapeOf);
  switch (expression.kind) {
    case 'literal':
    case 'parameter':
      return CONSTANT_SHAPE;
    case 'column':
      return columnShape(expression.qualifier?.text ?? null, expression.name.text);
    case 'comparison':
    case 'arithmetic':
    case 'logical':
      return operatorShape(expression.operator, operands);
    case 'not':
      return operatorShape('not', operands);
    case 'negate':
      return negationShape(operands[0] as string);
    case 'is-null':
      return operatorShape(expression.negated ? 'is-not-null' : 'is-null', operands);
    case 'in':
    case 'between':
    case 'like':
      return operatorShape(`${expression.negated ? 'not-' : ''}${expression.kind}`, operands);
    default:
      return unreachable(expression);
  }
}
