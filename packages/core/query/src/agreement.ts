/**
 * What two readers of one statement must agree on: its kind, its tables, its columns, and the shape of
 * its condition (which operators join which columns, with every constant a `?`).
 */

import { unreachable } from '@veritydb/types';

import { QueryError } from './error.ts';
import { operandsOf } from './operands.ts';
import { parseCondition } from './parser.ts';
import type {
  AlterTableStatement,
  Assigned,
  Assignment,
  Expression,
  Name,
  ProjectionQuery,
  SelectItem,
  SelectStatement,
  Statement,
} from './statement.ts';

export interface Summary {
  readonly kind: Statement['kind'];
  /** Lower case, ascending, each once. */
  readonly tables: readonly string[];
  /** Names that stand for columns, ascending, each once; `*` for all. */
  readonly columns: readonly string[];
  /** The condition's shape, or null where there is none. */
  readonly predicate: string | null;
  /** DISTINCT, GROUP BY and HAVING in one text, and the joins of a projection; empty where there are none. */
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
  if (statement.kind === 'explain') return { ...summarize(statement.select), kind: 'explain' };
  const columns = new Set<string>();
  for (const expression of expressionsOf(statement)) addColumns(columns, expression);
  for (const name of namesOf(statement)) columns.add(name);
  const where = whereOf(statement);
  return {
    kind: statement.kind,
    tables: [...new Set(tablesOf(statement).map((table) => table.toLowerCase()))].toSorted(),
    columns: [...columns].toSorted(),
    predicate: where === null ? null : shapeOf(where),
    grouping:
      statement.kind === 'select'
        ? groupingOf(statement)
        : statement.kind === 'create-projection'
          ? joiningOf(statement.query)
          : '',
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

type Plain = Exclude<Statement, { readonly kind: 'explain' }>;

/** The table, the index or the projection that a statement is of, and the tables of a projection. */
function tablesOf(statement: Plain): readonly string[] {
  switch (statement.kind) {
    case 'select':
      return [statement.from.text];
    case 'create-table':
      return [statement.definition.name];
    case 'drop-index':
      return [statement.index.text];
    case 'create-projection':
      return [statement.name.text, ...statement.query.tables.map(({ table }) => table.text)];
    case 'drop-projection':
      return [statement.name.text];
    case 'insert':
    case 'update':
    case 'delete':
    case 'drop-table':
    case 'alter-table':
    case 'create-index':
    default:
      return [statement.table.text];
  }
}

function whereOf(statement: Plain): Expression | null {
  if (statement.kind === 'create-projection') return statement.query.where;
  return 'where' in statement ? statement.where : null;
}

/** How the tables of a projection are joined, in one text. */
export function joinsShape(
  joins: readonly { readonly kind: string; readonly on: string }[],
): string {
  return joins.map(({ kind, on }) => operatorShape(`${kind}-join`, [on])).join(' ');
}

function joiningOf({ tables, groupBy }: ProjectionQuery): string {
  const joins = tables.flatMap(({ join }) =>
    join === null ? [] : [{ kind: join.kind, on: shapeOf(join.on) }],
  );
  const grouping = groupingShape({ distinct: false, keys: groupBy.map(shapeOf), having: null });
  return `${joinsShape(joins)}|${grouping}`;
}

function namesOf(statement: Plain): readonly string[] {
  switch (statement.kind) {
    case 'select':
      return starsOf(statement.items);
    case 'insert': {
      const { columns, conflict, rows, returning } = statement;
      return [
        ...textsOf(columns ?? []),
        ...(rows.some((row) => row.includes(null)) ? [DEFAULT] : []),
        ...textsOf(conflict?.target ?? []),
        ...assignedNames(conflict?.update?.assignments ?? []),
        ...starsOf(returning ?? []),
      ];
    }
    case 'update':
      return [...assignedNames(statement.assignments), ...starsOf(statement.returning ?? [])];
    case 'delete':
      return starsOf(statement.returning ?? []);
    case 'create-table':
      return statement.definition.columns.map((column) => column.name);
    case 'alter-table':
      return [alteredColumn(statement)];
    case 'create-index':
      return statement.index.columns;
    case 'drop-table':
    case 'drop-index':
    case 'create-projection':
    case 'drop-projection':
    default:
      return [];
  }
}

function alteredColumn({ change }: AlterTableStatement): string {
  return change.kind === 'add-column' ? change.column.name : change.column;
}

/** The word, which the other reader takes for the name of a column. */
const DEFAULT = 'default';

function starsOf(items: readonly SelectItem[]): readonly string[] {
  return items.some(({ kind }) => kind === 'star') ? ['*'] : [];
}

function textsOf(names: readonly Name[]): readonly string[] {
  return names.map(({ text }) => text);
}

function assignedNames(assignments: readonly Assignment[]): readonly string[] {
  return assignments.flatMap(({ column, expression }) =>
    expression === null ? [column.text, DEFAULT] : [column.text],
  );
}

function itemExpressions(items: readonly SelectItem[]): readonly Expression[] {
  return items.flatMap((item) => (item.kind === 'star' ? [] : [item.expression]));
}

function said(expressions: readonly Assigned[]): readonly Expression[] {
  return expressions.filter((each): each is Expression => each !== null);
}

function expressionsOf(statement: Plain): readonly Expression[] {
  switch (statement.kind) {
    case 'select': {
      const { items, where, groupBy, having, orderBy } = statement;
      const orders = orderBy.map(({ expression }) => expression);
      return [...itemExpressions(items), ...said([where, ...groupBy, having, ...orders])];
    }
    case 'insert': {
      const { rows, conflict, returning } = statement;
      const { assignments = [], where = null } = conflict?.update ?? {};
      return [
        ...said([...rows.flat(), ...assignments.map(({ expression }) => expression), where]),
        ...itemExpressions(returning ?? []),
      ];
    }
    case 'update': {
      const { assignments, where, returning } = statement;
      const assigned = assignments.map(({ expression }) => expression);
      return [...said([...assigned, where]), ...itemExpressions(returning ?? [])];
    }
    case 'delete':
      return [...said([statement.where]), ...itemExpressions(statement.returning ?? [])];
    case 'create-table':
      return statement.rules.checks.map(({ text }) => parseCondition(text));
    case 'create-projection': {
      const { items, tables, where, groupBy } = statement.query;
      const joins = tables.map(({ join }) => join?.on ?? null);
      return [...itemExpressions(items), ...said([...joins, where, ...groupBy])];
    }
    case 'drop-projection':
    case 'drop-table':
    case 'alter-table':
    case 'create-index':
    case 'drop-index':
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

function isName(what: string, { negated }: { readonly negated: boolean }): string {
  return negated ? `is-not-${what}` : `is-${what}`;
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
    case 'is-truth':
      return operatorShape(
        isName(expression.truth === 'unknown' ? 'null' : expression.truth, expression),
        operands,
      );
    // The other reader is given a plain comparison.
    case 'is-distinct':
      return operatorShape(expression.negated ? '=' : '<>', operands);
    case 'is-null':
      return operatorShape(isName('null', expression), operands);
    case 'in':
    case 'between':
    case 'like':
      return operatorShape(`${expression.negated ? 'not-' : ''}${expression.kind}`, operands);
    default:
      return unreachable(expression);
  }
}
