/**
 * A second reading of a statement, by node-sql-parser, to be compared with ours ({@link agree}).
 *
 * It sees the text only after our own parser has accepted it, so that our bounds hold: its work is
 * exponential in open parentheses. It is slow all the same and blocks, so it is called in a worker with
 * a deadline. It has no entry in `index.ts`, because loading it takes longer than reading a statement.
 *
 * The text that it gets is ours in the words that it knows (see `plain-text.ts`). In its tree AND and OR have one precedence and `NOT (` is a function: both are put
 * right before shapes are compared. Every node that is not expected makes the readings differ.
 */

import postgresql from 'node-sql-parser/build/postgresql.js';

import {
  CONSTANT_SHAPE,
  type SecondOpinion,
  type Summary,
  columnShape,
  groupingShape,
  joinsShape,
  negationShape,
  operatorShape,
} from './agreement.ts';
import { readTokens } from './lexer.ts';
import { parseStatement } from './parser.ts';
import { plainText } from './plain-text.ts';
import type { Statement } from './statement.ts';

/** A node of the library's tree, of which nothing is taken for granted. */
interface Node {
  readonly [member: string]: unknown;
}

const parser = new postgresql.Parser();

/**
 * Reads a statement a second time.
 *
 * @throws {QueryError} where our own parser refuses the statement
 */
export function secondOpinion(text: string): SecondOpinion {
  const statement = parseStatement(text);
  const { tokens } = readTokens(text);
  let tree: unknown;
  try {
    tree = parser.astify(plainText(text, tokens, statement.kind), { database: 'postgresql' });
  } catch {
    return { kind: 'refused' };
  }
  const summary = isNode(tree) ? summaryOf(tree) : null;
  if (summary === null) return { kind: 'refused' };
  return { kind: 'read', summary: withoutAdded(statement, summary) };
}

/** What it read less what it was given instead of ours: see `plain-text.ts`. */
function withoutAdded(statement: Statement, summary: Summary): Summary {
  if (statement.kind === 'explain' && summary.kind === 'select') {
    return { ...summary, kind: 'explain' };
  }
  const isGiven = statement.kind === 'delete' && statement.where === null;
  return isGiven && summary.predicate === CONSTANT_SHAPE
    ? { ...summary, predicate: null }
    : summary;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

const KINDS: ReadonlyMap<string, Statement['kind']> = new Map<string, Statement['kind']>([
  ['select', 'select'],
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['create table', 'create-table'],
  ['alter table', 'alter-table'],
  ['create index', 'create-index'],
  ['drop table', 'drop-table'],
  ['drop index', 'drop-index'],
  ['create view', 'create-projection'],
  ['drop view', 'drop-projection'],
]);

/** Members that say something that no statement of ours says. */
const FOREIGN_MEMBERS = ['_next', 'query_expr', 'window', 'with'];

function summaryOf(tree: Node): Summary | null {
  const { type, keyword } = tree;
  const isOfCatalogue = type === 'create' || type === 'alter' || type === 'drop';
  const kind = KINDS.get(isOfCatalogue ? `${type} ${String(keyword)}` : String(type));
  if (kind === undefined || FOREIGN_MEMBERS.some((member) => isSaid(tree[member]))) return null;
  const columns = new Set<string>();
  addColumns(columns, kind === 'drop-index' ? null : tree);
  if (kind === 'insert') for (const name of nodes(tree['columns'])) columns.add(nameOf(name));
  const query = kind === 'create-projection' ? tree['select'] : tree;
  if (!isNode(query) || FOREIGN_MEMBERS.some((member) => isSaid(query[member]))) return null;
  const where = query['where'];
  return {
    kind,
    tables: [...new Set(tablesOf(kind, tree).map((table) => table.toLowerCase()))].toSorted(),
    columns: [...columns].toSorted(),
    predicate: isNode(where) ? shapeOf(where) : null,
    grouping:
      kind === 'create-projection' ? `${joinsOf(query)}|${groupingOf(query)}` : groupingOf(query),
  };
}

/** How tables are joined. */
function joinsOf({ from }: Node): string {
  return joinsShape(
    nodes(from).flatMap(({ join, on }) =>
      isSaid(join)
        ? [{ kind: JOINS.get(String(join)) ?? 'unknown', on: isNode(on) ? shapeOf(on) : '' }]
        : [],
    ),
  );
}

const JOINS: ReadonlyMap<string, string> = new Map([
  ['INNER JOIN', 'inner'],
  ['LEFT JOIN', 'left'],
]);

/** Names of the tables that a statement is of; for DROP INDEX that of the index. */
function tablesOf(kind: Statement['kind'], tree: Node): readonly string[] {
  if (kind === 'drop-index') return isNode(tree['name']) ? [columnNameOf(tree['name'])] : [];
  if (kind === 'create-projection') {
    const { select, view } = tree;
    const from = isNode(select) ? nodes(select['from']) : [];
    return [
      ...(isNode(view) ? [String(view['view'])] : []),
      ...from.map((table) => String(table['table'])),
    ];
  }
  const named =
    kind === 'drop-table' || kind === 'drop-projection'
      ? 'name'
      : kind === 'select' || kind === 'delete'
        ? 'from'
        : 'table';
  const tables = isNode(tree[named]) ? [tree[named]] : nodes(tree[named]);
  return tables.map((table) => String(table['table']));
}

function groupingOf({ distinct, groupby, having }: Node): string {
  return groupingShape({
    distinct: isNode(distinct) && distinct['type'] === 'DISTINCT',
    keys: isNode(groupby) ? nodes(groupby['columns']).map(shapeOf) : [],
    having: isNode(having) ? shapeOf(having) : null,
  });
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A name: quoted as it stands, otherwise in lower case. */
function nameOf(name: Node): string {
  const value = String(name['value']);
  return name['type'] === 'default' ? value.toLowerCase() : value;
}

function columnNameOf(reference: Node): string {
  const column = reference['column'];
  if (typeof column === 'string') return column;
  const name = isNode(column) ? column['expr'] : undefined;
  return isNode(name) ? nameOf(name) : '';
}

function addColumns(columns: Set<string>, value: unknown): void {
  if (Array.isArray(value)) {
    for (const each of value) addColumns(columns, each);
  } else if (isNode(value)) {
    if (value['type'] === 'column_ref') columns.add(columnNameOf(value));
    for (const each of Object.values(value)) addColumns(columns, each);
  }
}

function shapeOf(node: Node): string {
  switch (node['type']) {
    case 'number':
    case 'bigint':
    case 'single_quote_string':
    case 'bool':
    case 'null':
    case 'var':
    case 'param':
      return CONSTANT_SHAPE;
    case 'column_ref': {
      const table = node['table'];
      return columnShape(typeof table === 'string' ? table : null, columnNameOf(node));
    }
    case 'unary_expr': {
      const operand = isNode(node['expr']) ? shapeOf(node['expr']) : unknownShape(node);
      if (node['operator'] === 'NOT') return operatorShape('not', [operand]);
      if (node['operator'] === '+') return operand;
      return node['operator'] === '-' ? negationShape(operand) : unknownShape(node);
    }
    case 'function': {
      const argument = negatedBy(node);
      return argument === undefined ? callShape(node) : operatorShape('not', [shapeOf(argument)]);
    }
    case 'aggr_func':
      return aggregateShape(node);
    case 'case':
      return caseShape(node);
    case 'binary_expr':
      return binaryShape(node);
    default:
      return unknownShape(node);
  }
}

/** Functions of ours; another is not read. */
function callShape(node: Node): string {
  const [name] = isNode(node['name']) ? nodes(node['name']['name']) : [];
  const list = isNode(node['args']) ? nodes(node['args']['value']) : [];
  return name === undefined
    ? unknownShape(node)
    : operatorShape(String(name['value']).toLowerCase(), list.map(shapeOf));
}

function aggregateShape(node: Node): string {
  const { args, name, over } = node;
  const argument = isNode(args) ? args['expr'] : undefined;
  if (!isNode(argument) || isSaid(over)) return unknownShape(node);
  const shape = argument['type'] === 'star' ? '*' : shapeOf(argument);
  return operatorShape(String(name).toLowerCase(), [shape]);
}

function caseShape(node: Node): string {
  const parts = nodes(node['args']).flatMap(({ type, cond, result }) => {
    if (!isNode(result)) return [unknownShape(node)];
    if (type === 'else') return [operatorShape('else', [shapeOf(result)])];
    const when = isNode(cond) ? shapeOf(cond) : unknownShape(node);
    return [operatorShape('when', [when]), operatorShape('then', [shapeOf(result)])];
  });
  const operand = isNode(node['expr']) ? [shapeOf(node['expr'])] : [];
  return operatorShape('case', [...operand, ...parts]);
}

/** Never equal to a shape of ours, whose heads are operators. */
function unknownShape(node: Node): string {
  return `(unknown ${String(node['type'])})`;
}

/** What `NOT (…)`, which it reads as a function, negates. */
function negatedBy(node: Node): Node | undefined {
  const names = isNode(node['name']) ? nodes(node['name']['name']) : [];
  const list = isNode(node['args']) ? nodes(node['args']['value']) : [];
  const [argument] = list;
  return names.length === 1 && /^not$/i.test(String(names[0]?.['value'])) && list.length === 1
    ? argument
    : undefined;
}

function isLogical(node: Node): boolean {
  return (
    node['type'] === 'binary_expr' && (node['operator'] === 'AND' || node['operator'] === 'OR')
  );
}

function binaryShape(node: Node): string {
  if (isLogical(node)) return logicalShape(node);
  const unwrapped = withoutLeadingNot(node);
  return unwrapped === undefined ? matchShape(node) : operatorShape('not', [matchShape(unwrapped)]);
}

/** A chain without parentheses, in the order of the text, grouped as AND before OR. */
function logicalShape(root: Node): string {
  const operands: string[] = [];
  const operators: unknown[] = [];
  const visit = (node: unknown, isRoot: boolean): void => {
    if (!isNode(node)) return;
    if (!isLogical(node) || (node['parentheses'] === true && !isRoot)) {
      operands.push(shapeOf(node));
      return;
    }
    visit(node['left'], false);
    operators.push(node['operator']);
    visit(node['right'], false);
  };
  visit(root, true);
  const groups: string[][] = [[operands[0] as string]];
  for (const [index, operator] of operators.entries()) {
    const operand = operands[index + 1] as string;
    if (operator === 'AND') (groups.at(-1) as string[]).push(operand);
    else groups.push([operand]);
  }
  const terms = groups.map((group) =>
    group.length === 1 ? (group[0] as string) : operatorShape('and', group),
  );
  return terms.length === 1 ? (terms[0] as string) : operatorShape('or', terms);
}

/** `NOT (a) = 1` negates the comparison: the comparison, if the node begins so. */
function withoutLeadingNot(node: Node): Node | undefined {
  const left = node['left'];
  if (!isNode(left) || left['parentheses'] === true) return undefined;
  if (left['type'] === 'function') {
    const argument = negatedBy(left);
    return argument === undefined
      ? undefined
      : { ...node, left: { ...argument, parentheses: true } };
  }
  if (left['type'] !== 'binary_expr' || isLogical(left)) return undefined;
  const inner = withoutLeadingNot(left);
  return inner === undefined ? undefined : { ...node, left: inner };
}

function matchShape(node: Node): string {
  const { left, right } = node;
  const operator = String(node['operator']);
  if (!isNode(left) || !isNode(right)) return unknownShape(node);
  const operand = shapeOf(left);
  switch (operator) {
    case 'IS':
    case 'IS NOT':
      return isShape(node, operand, right, operator === 'IS' ? '' : 'not-');
    case 'IN':
    case 'NOT IN':
    case 'BETWEEN':
    case 'NOT BETWEEN':
      if (right['type'] !== 'expr_list') return unknownShape(node);
      return operatorShape(operator.toLowerCase().replace(' ', '-'), [
        operand,
        ...nodes(right['value']).map(shapeOf),
      ]);
    case 'LIKE':
    case 'NOT LIKE':
      return operatorShape(operator.toLowerCase().replace(' ', '-'), [
        operand,
        shapeOf(right),
        ...escapeShapes(right),
      ]);
    default:
      return operatorShape(operator === '!=' ? '<>' : operator, [operand, shapeOf(right)]);
  }
}

function isShape(node: Node, operand: string, right: Node, not: string): string {
  if (right['type'] === 'null') return operatorShape(`is-${not}null`, [operand]);
  if (right['type'] === 'bool')
    return operatorShape(`is-${not}${String(right['value'])}`, [operand]);
  return unknownShape(node);
}

function escapeShapes(pattern: Node): readonly string[] {
  const escape = pattern['escape'];
  if (!isNode(escape)) return [];
  return isNode(escape['value']) ? [shapeOf(escape['value'])] : [unknownShape(pattern)];
}
