/**
 * What to read for a statement: everything, some keys, or a range of keys.
 *
 * Only conditions that are joined by AND at the top, that compare a leading key column with constants,
 * and whose column is exact (its value is the base column's) narrow the reading. They narrow it and no
 * more: the whole condition is still tested on every row that is read.
 *
 * Invariant: keys stand in key order, each once, and rows come in the order of the table's key, unless the
 * access says that it is in that of an index.
 */

import {
  type ColumnType,
  type Decimal,
  type IndexSchema,
  type Row,
  type Value,
  assert,
  compareValues,
  isValueOf,
} from '@veritydb/types';

import type { BoundExpression, BoundSelect } from './bound.ts';
import { inOrder } from './plan-order.ts';
import { type Relation, relationOf } from './relation.ts';

/** An end of a range, as a value of the key column after the prefix. */
export interface KeyBound {
  readonly value: Value;
  readonly inclusive: boolean;
}

/**
 * - `index`: that of the index, and by the table's key where that is equal.
 * - `index-descending`: the index from its end, and by the table's key where that is equal.
 * - `backwards`: from the end of the key, or of the index and then the key.
 */
export type RangeOrder = 'index' | 'index-descending' | 'backwards';

/** What is read, in the order of the table's key. */
export type KeyAccess =
  | { readonly kind: 'scan' }
  /** Whole keys of the table or of an index, ascending, each once. */
  | { readonly kind: 'keys'; readonly index?: IndexSchema; readonly keys: readonly Row[] }
  /** Keys that begin with `prefix`, and whose next column is within the bounds that there are. */
  | {
      readonly kind: 'range';
      /** Whose keys are meant; none: the table's own. */
      readonly index?: IndexSchema;
      readonly prefix: Row;
      readonly lower?: KeyBound;
      readonly upper?: KeyBound;
      /** In another order than that of the table's key. */
      readonly order?: RangeOrder;
    };

export interface Plan {
  readonly select: BoundSelect;
  readonly access: KeyAccess;
  /** What is read comes in the order that ORDER BY asks for. */
  readonly isSorted: boolean;
}

const KEYS_COUNT_MAX = 256;

export function planSelect(select: BoundSelect): Plan {
  return { select, ...inOrder(select, accessOf(select.where, select.relation)) };
}

/** The access of an UPDATE or DELETE. */
export function planAccess({
  table,
  where,
}: {
  readonly table: Relation['table'];
  readonly where: BoundExpression | null;
}): KeyAccess {
  return accessOf(where, relationOf(table));
}

/** A key column, as the relation shows it. */
interface KeyColumn {
  readonly type: ColumnType;
  /** Indexes of the relation's columns that are exactly this one. */
  readonly indexes: ReadonlySet<number>;
}

/** An access, and how much it is worth: what names single rows first, then what pins more columns. */
interface Narrowed {
  readonly access: KeyAccess;
  readonly rank: number;
}

const SINGLE_ROWS = 1000;
const NOTHING: KeyAccess = { kind: 'keys', keys: [] };

/** The best of the key's and the indexes'; the key's where others are no better, as it leads to rows at once. */
function accessOf(where: BoundExpression | null, relation: Relation): KeyAccess {
  const conditions = where === null ? [] : conjuncts(where);
  let best = accessBy(conditions, relation);
  for (const index of relation.table.indexes) {
    const other = accessBy(conditions, relation, index);
    if (other.rank > best.rank) best = other;
  }
  return best.access;
}

function accessBy(
  conditions: readonly BoundExpression[],
  relation: Relation,
  index?: IndexSchema,
): Narrowed {
  const sources = index === undefined ? relation.table.keyIndexes : index.columns;
  const by = index === undefined ? {} : { index };
  const columns = keyColumnsOf(relation, sources);
  const pinned: (readonly Value[])[] = [];
  for (const column of columns) {
    const values = pinnedValues(conditions, column);
    if (values === undefined) break;
    if (values.length === 0) return { access: NOTHING, rank: Infinity };
    pinned.push(values);
  }
  const count = pinned.reduce((product, values) => product * values.length, 1);
  if (pinned.length === sources.length && count <= KEYS_COUNT_MAX) {
    const isSingle = index === undefined || index.isUnique;
    return {
      access: { kind: 'keys', ...by, keys: combinations(pinned) },
      rank: 2 * pinned.length + (isSingle ? SINGLE_ROWS : 0),
    };
  }
  const several = pinned.findIndex((values) => values.length > 1);
  const prefix = (several < 0 ? pinned : pinned.slice(0, several)).flat();
  const bounds = boundsAfter(conditions, columns[prefix.length]);
  const isBounded = bounds.lower !== undefined || bounds.upper !== undefined;
  const rank = 2 * prefix.length + (isBounded ? 1 : 0);
  const access: KeyAccess =
    rank === 0 ? { kind: 'scan' } : { kind: 'range', ...by, prefix, ...bounds };
  return { access, rank };
}

/** Ascending, where each list is. */
function combinations(lists: readonly (readonly Value[])[]): readonly Row[] {
  let rows: Row[] = [[]];
  for (const values of lists) {
    const longer: Row[] = [];
    // Loops: most often there is one row, of one value.
    for (const row of rows) for (const value of values) longer.push([...row, value]);
    rows = longer;
  }
  return rows;
}

/** The leading columns of a key that conditions may speak of: those that the relation shows as they are. */
function keyColumnsOf(
  { columns, table }: Relation,
  sources: readonly number[],
): readonly KeyColumn[] {
  const found: KeyColumn[] = [];
  for (const source of sources) {
    const type = table.definition.columns[source]?.type as ColumnType;
    const indexes = new Set<number>();
    for (const [index, column] of columns.entries()) {
      if (!column.exact || column.source !== source) continue;
      assert(column.type === type, 'an exact column changes its type');
      indexes.add(index);
    }
    if (indexes.size === 0) break;
    found.push({ type, indexes });
  }
  return found;
}

function conjuncts(expression: BoundExpression): readonly BoundExpression[] {
  return expression.kind === 'logical' && expression.operator === 'and'
    ? expression.operands.flatMap(conjuncts)
    : [expression];
}

function isColumn(expression: BoundExpression, column: KeyColumn): boolean {
  const inner = expression.kind === 'widen' ? expression.operand : expression;
  return inner.kind === 'column' && column.indexes.has(inner.index);
}

/** The values that a column must have one of: ascending, each once. The shortest list that is said. */
function pinnedValues(
  conditions: readonly BoundExpression[],
  column: KeyColumn,
): readonly Value[] | undefined {
  let shortest: readonly Value[] | undefined;
  for (const condition of conditions) {
    const constants = pinningConstants(condition, column);
    if (constants === undefined) continue;
    const values = distinct(column.type, constants);
    if (shortest === undefined || values.length < shortest.length) shortest = values;
  }
  return shortest;
}

function pinningConstants(
  condition: BoundExpression,
  column: KeyColumn,
): readonly Value[] | undefined {
  if (condition.kind === 'in' && !condition.negated && isColumn(condition.operand, column)) {
    return condition.items.every((item) => item.kind === 'constant')
      ? condition.items.map((item) => item.value)
      : undefined;
  }
  if (condition.kind !== 'comparison' || condition.operator !== '=') return undefined;
  const { left, right } = condition;
  if (isColumn(left, column) && right.kind === 'constant') return [right.value];
  return isColumn(right, column) && left.kind === 'constant' ? [left.value] : undefined;
}

/** NULL equals nothing, and neither does a number that the column's type cannot hold. */
function distinct(type: ColumnType, constants: readonly Value[]): readonly Value[] {
  const values = constants
    .map((constant) => narrow(type, constant))
    .filter((value): value is Exclude<Value, null> => value !== undefined && value !== null)
    .toSorted((a, b) => compareValues(type, a, b));
  return values.filter(
    (value, index) => index === 0 || compareValues(type, values[index - 1] as Value, value) !== 0,
  );
}

/** A number as the column's own type; undefined where it is none of its values. */
function narrow(type: ColumnType, value: Value): Value | undefined {
  if (value === null || (type !== 'integer' && type !== 'bigint')) return value;
  const whole = typeof value === 'object' ? wholeOf(value as Decimal) : BigInt(value);
  if (whole === undefined) return undefined;
  const narrowed = type === 'integer' ? Number(whole) : whole;
  return isValueOf(type, narrowed) ? narrowed : undefined;
}

function wholeOf({ unscaled, scale }: Decimal): bigint | undefined {
  const unit = 10n ** BigInt(scale);
  return unscaled % unit === 0n ? unscaled / unit : undefined;
}

/** What the conditions say of a column. */
function boundsAfter(
  conditions: readonly BoundExpression[],
  column: KeyColumn | undefined,
): Bounds {
  const bounds: Bounds = {};
  if (column === undefined) return bounds;
  for (const condition of conditions) {
    for (const said of boundsOf(condition, column)) tighten(bounds, column.type, said);
  }
  return bounds;
}

interface Bounds {
  lower?: KeyBound;
  upper?: KeyBound;
}

interface SaidBound extends KeyBound {
  readonly side: 'lower' | 'upper';
}

const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=', '<>': '<>' } as const;

function boundsOf(condition: BoundExpression, column: KeyColumn): readonly SaidBound[] {
  if (condition.kind === 'between' && !condition.negated && isColumn(condition.operand, column)) {
    return [
      ...bound(column, 'lower', condition.low, true),
      ...bound(column, 'upper', condition.high, true),
    ];
  }
  if (condition.kind === 'in' && !condition.negated) {
    const values = pinnedValues([condition], column) ?? [];
    const [least] = values;
    const most = values.at(-1);
    if (least === undefined || most === undefined) return [];
    return [
      { side: 'lower', value: least, inclusive: true },
      { side: 'upper', value: most, inclusive: true },
    ];
  }
  if (condition.kind !== 'comparison') return [];
  const { left, right, operator } = condition;
  const mirrored = isColumn(right, column);
  if (!mirrored && !isColumn(left, column)) return [];
  const constant = mirrored ? left : right;
  switch (mirrored ? MIRRORED[operator] : operator) {
    case '<':
      return bound(column, 'upper', constant, false);
    case '<=':
      return bound(column, 'upper', constant, true);
    case '>':
      return bound(column, 'lower', constant, false);
    case '>=':
      return bound(column, 'lower', constant, true);
    case '=':
    case '<>':
    default:
      return [];
  }
}

/** Nothing is said by what is not a constant of the column's type: the condition tests it anyway. */
function bound(
  column: KeyColumn,
  side: 'lower' | 'upper',
  constant: BoundExpression,
  inclusive: boolean,
): readonly SaidBound[] {
  if (constant.kind !== 'constant') return [];
  const value = narrow(column.type, constant.value);
  return value === undefined || value === null ? [] : [{ side, value, inclusive }];
}

function tighten(bounds: Bounds, type: ColumnType, { side, value, inclusive }: SaidBound): void {
  const held = bounds[side];
  if (held !== undefined) {
    const order = compareValues(type, value, held.value);
    const tighter = side === 'lower' ? order > 0 : order < 0;
    if (!tighter && (order !== 0 || inclusive)) return;
  }
  bounds[side] = { value, inclusive };
}
