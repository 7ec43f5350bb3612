/**
 * What two readers of one statement must agree on: its kind, its tables, its columns, and the shape of
 * its condition (which operators join which columns, with every constant a `?`).
 */

import { unreachable } from '@veritydb/types';

import { QueryError } from './error.ts';
import { operandsOf } from './operands.ts';
import type { Expression, SelectStatement, Statement } from './statement.ts';

export interface Summary {
  readonly kind: Statement['kind'];
  /** Lower case, ascending, each once. */
  readonly tables: readonly string[];
  /** Names that stand for columns, ascending, each once; `*` for all. */
  readonly columns: readonly string[];
  /** The condition's shape, or null where there is none. */
  readonly predicate: string | null;
  /** DISTINCT, GROUP BY and HAVING in one text; empty where there are none. */
  readonly grouping: string;
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
  if (own.predicate !== other.predicate) return 'condition';
  return own.grouping === other.grouping ? null : 'grouping';
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
    grouping: statement.kind === 'select' ? groupingOf(statement) : '',
  };
}

function groupingOf({ distinct, groupBy, having }: SelectStatement): string {
  return groupingShape({
    distinct,
    keys: groupBy.map(shapeOf),
    having: having === null ? null : shapeOf(having),
  });
}

export function groupingShape(parts: {
  readonly distinct: boolean;
  readonly keys: readonly string[];
  readonly having: string | null;
}): string {
  const { distinct, keys, having } = parts;
  return [
    ...(distinct ? ['distinct'] : []),
    ...(keys.length === 0 ? [] : [operatorShape('group', keys)]),
    ...(having === null ? [] : [operatorShape('having', [having])]),
  ].join(' ');
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
      const { items, where, groupBy, having, orderBy } = statement;
      return [
        ...items.flatMap((item) => (item.kind === 'star' ? [] : [item.expression])),
        ...(where === null ? [] : [where]),
        ...groupBy,
        ...(having === null ? [] : [having]),
        ...orderBy.map(({ expression }) => expression),
      ];
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

function caseShape({
  operand,
  branches,
  otherwise,
}: Extract<Expression, { kind: 'case' }>): string {
  return operatorShape('case', [
    ...(operand === null ? [] : [shapeOf(operand)]),
    ...branches.flatMap(({ when, answer }) => [
      operatorShape('when', [shapeOf(when)]),
      operatorShape('then', [shapeOf(answer)]),
    ]),
    ...(otherwise === null ? [] : [operatorShape('else', [shapeOf(otherwise)])]),
  ]);
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
    case 'plus':
      return operands[0] as string;
    case 'case':
      return caseShape(expression);
    case 'call':
      return operatorShape(expression.name, operands);
    case 'aggregate':
      return operatorShape(expression.name, expression.argument === null ? ['*'] : operands);
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
