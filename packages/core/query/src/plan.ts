/**
 * What to read for a statement: everything, some keys, or a range of keys.
 *
 * Only conditions that are joined by AND at the top, that compare a leading key column with constants,
 * and whose column is exact (its value is the base column's) narrow the reading. They narrow it and no
 * more: the whole condition is still tested on every row that is read.
 *
 * Invariant: keys stand in key order, each once, so every access yields rows in the table's order.
 */

import {
  type ColumnType,
  type Decimal,
  type Row,
  type Value,
  assert,
  compareValues,
  isValueOf,
} from '@veritydb/types';

import type { BoundExpression, BoundSelect } from './bound.ts';
import { type Relation, relationOf } from './relation.ts';

/** An end of a range, as a value of the key column after the prefix. */
export interface KeyBound {
  readonly value: Value;
  readonly inclusive: boolean;
}

export type KeyAccess =
  | { readonly kind: 'scan' }
  /** Whole keys, in key order, each once. */
  | { readonly kind: 'keys'; readonly keys: readonly Row[] }
  /** Keys that begin with `prefix`, and whose next column is within the bounds that there are. */
  | {
      readonly kind: 'range';
      readonly prefix: Row;
      readonly lower?: KeyBound;
      readonly upper?: KeyBound;
    };

export interface Plan {
  readonly select: BoundSelect;
  readonly access: KeyAccess;
}

const KEYS_COUNT_MAX = 256;
const NOTHING: KeyAccess = { kind: 'keys', keys: [] };

export function planSelect(select: BoundSelect): Plan {
  return { select, access: accessOf(select.where, select.relation) };
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

function accessOf(where: BoundExpression | null, relation: Relation): KeyAccess {
  const conditions = where === null ? [] : conjuncts(where);
  const columns = keyColumnsOf(relation);
  const pinned: (readonly Value[])[] = [];
  for (const column of columns) {
    const values = pinnedValues(conditions, column);
    if (values === undefined) break;
    if (values.length === 0) return NOTHING;
    pinned.push(values);
  }
  const count = pinned.reduce((product, values) => product * values.length, 1);
  if (pinned.length === relation.table.keyIndexes.length && count <= KEYS_COUNT_MAX) {
    return { kind: 'keys', keys: combinations(pinned) };
  }
  const several = pinned.findIndex((values) => values.length > 1);
  const prefix = (several < 0 ? pinned : pinned.slice(0, several)).flat();
  return rangeAfter(prefix, conditions, columns[prefix.length]);
}

/** Ascending, where each list is. */
function combinations(lists: readonly (readonly Value[])[]): readonly Row[] {
  let rows: readonly Row[] = [[]];
  for (const values of lists) {
    rows = rows.flatMap((row) => values.map((value) => row.concat(value)));
  }
  return rows;
}

/**
 * The leading key columns that conditions may speak of. A decimal has many spellings (1.5, 1.50) that
 * are one value and not one key, so the reading is not narrowed by it.
 */
function keyColumnsOf({ columns, table }: Relation): readonly KeyColumn[] {
  const found: KeyColumn[] = [];
  for (const source of table.keyIndexes) {
    const type = table.definition.columns[source]?.type as ColumnType;
    const indexes = new Set<number>();
    for (const [index, column] of columns.entries()) {
      if (!column.exact || column.source !== source) continue;
      assert(column.type === type, 'an exact column changes its type');
      indexes.add(index);
    }
    if (indexes.size === 0 || type === 'decimal') break;
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

/** Keys that begin with a prefix and go on within what the conditions say of the next column. */
function rangeAfter(
  prefix: Row,
  conditions: readonly BoundExpression[],
  column: KeyColumn | undefined,
): KeyAccess {
  const bounds: Bounds = {};
  if (column !== undefined) {
    for (const condition of conditions) {
      for (const said of boundsOf(condition, column)) tighten(bounds, column.type, said);
    }
  }
  const { lower, upper } = bounds;
  if (prefix.length === 0 && lower === undefined && upper === undefined) return { kind: 'scan' };
  return {
    kind: 'range',
    prefix,
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
  };
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
