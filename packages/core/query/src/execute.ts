/**
 * Plans over rows.
 *
 * The order of work is fixed, because it decides what an answer can give away: the base filter sees the
 * base row; the view makes of it what the reader may see; and everything that the reader's statement
 * says (WHERE, GROUP BY, HAVING, the items, DISTINCT, ORDER BY, OFFSET, LIMIT) sees the view and nothing
 * else.
 */

import { type ColumnType, type Row, type Value, assert, compareValues } from '@veritydb/types';

import type { BoundOrder, BoundSelect } from './bound.ts';
import { compileExpression, compilePredicate } from './expression.ts';
import { groupRows } from './group-rows.ts';
import type { Plan } from './plan.ts';
import { rowKey } from './value-key.ts';

/** A row of the base table, with whatever its owner wants to find again beside an answer's row. */
export interface BaseRow {
  readonly values: Row;
}

export interface ExecuteOptions {
  /** What the reader may see of a base row: values in the order of the relation's columns. */
  readonly view?: (row: Row) => Row;
  /** Base rows that the reader may not know of are left out here. */
  readonly baseFilter?: (row: Row) => boolean;
  /** The source has the order that the plan reads in; otherwise rows are sorted, whatever the plan says. */
  readonly isAsPlanned?: boolean;
  /** An answer has at most so many rows; whether there were more is said. */
  readonly rowsMax: number;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Indexes of the base columns that it is made of. */
  readonly sources: readonly number[];
}

export interface ResultRow<Origin> {
  readonly values: Row;
  /** The base row that it was made of, or what is kept of it; null where it may have been made of several. */
  readonly origin: Origin | null;
}

export interface ResultSet<Origin> {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow<Origin>[];
  readonly truncated: boolean;
}

/** A row that the items are made of, and what is kept of the base row that it was made of. */
interface Candidate<Origin> {
  readonly origin: Origin | null;
  readonly view: Row;
}

/** What an answer keeps of each base row: a large one need not hold them whole. */
interface Keeping<Base, Origin> {
  readonly keep: (base: Base) => Origin;
}

/**
 * Executes a plan over the rows that its access reads. Without ORDER BY rows keep the order of the
 * source, and reading stops when there are enough; rows that ORDER BY finds equal keep it too.
 *
 * @throws {QueryError} ERR_QUERY_DIVISION, ERR_QUERY_OVERFLOW
 */
export function executeSelect<Base extends BaseRow>(
  plan: Plan,
  source: Iterable<Base>,
  options: ExecuteOptions,
): ResultSet<Base>;
export function executeSelect<Base extends BaseRow, Origin>(
  plan: Plan,
  source: Iterable<Base>,
  options: ExecuteOptions & Keeping<Base, Origin>,
): ResultSet<Origin>;
export function executeSelect<Base extends BaseRow>(
  { select, isSorted }: Plan,
  source: Iterable<Base>,
  options: ExecuteOptions & Partial<Keeping<Base, unknown>>,
): ResultSet<unknown> {
  const { isAsPlanned = false, keep = (base) => base, rowsMax } = options;
  assert(Number.isSafeInteger(rowsMax) && rowsMax >= 0, 'rowsMax is no count');
  const columns = select.items.map(({ name, type, sources }) => ({ name, type, sources }));
  const found = candidates(select, source, { ...options, keep });
  const { grouping } = select;
  const rows = selectRows(
    isAsPlanned && isSorted ? { ...select, orderBy: [] } : select,
    grouping === null ? found : groupRows(grouping, viewsOf(found)),
    rowsMax,
  );
  return { columns, rows: rows.slice(0, rowsMax), truncated: rows.length > rowsMax };
}

function* viewsOf(found: Iterable<{ readonly view: Row }>): Generator<Row> {
  for (const { view } of found) yield view;
}

/** The rows that pass the base filter and the condition, as the reader sees them. */
function* candidates<Base extends BaseRow, Origin>(
  { where, relation }: BoundSelect,
  source: Iterable<Base>,
  { view, baseFilter, keep }: ExecuteOptions & Keeping<Base, Origin>,
): Generator<Candidate<Origin>> {
  const passes = compilePredicate(where);
  for (const base of source) {
    if (baseFilter !== undefined && !baseFilter(base.values)) continue;
    const seen = view === undefined ? base.values : view(base.values);
    assert(seen.length === relation.columns.length, 'view is not of the relation');
    if (passes(seen)) yield { origin: keep(base), view: seen };
  }
}

/** At most one row more than `rowsMax`, which says that there are more. */
function selectRows<Origin>(
  select: BoundSelect,
  found: Iterable<Candidate<Origin>>,
  rowsMax: number,
): readonly ResultRow<Origin>[] {
  const { distinct, offset, orderBy } = select;
  const end = offset + Math.min(select.limit ?? Infinity, rowsMax + 1);
  const items = select.items.map(({ expression }) => compileExpression(expression));
  const each = distinct ? distinctRows(select, found) : found;
  const toRow = ({ origin, view }: Candidate<Origin>): ResultRow<Origin> => ({
    values: items.map((evaluate) => evaluate(view)),
    origin,
  });
  if (orderBy.length > 0) return sorted(orderBy, each).slice(offset, end).map(toRow);
  return takeBetween(each, { start: offset, end }, toRow);
}

/** The first of the rows whose items are equal. */
function* distinctRows<Origin>(
  { items }: BoundSelect,
  found: Iterable<Candidate<Origin>>,
): Generator<Candidate<Origin>> {
  const types = items.map(({ type }) => type);
  const evaluators = items.map(({ expression }) => compileExpression(expression));
  const seen = new Set<string>();
  for (const { view } of found) {
    const key = rowKey(
      types,
      evaluators.map((evaluate) => evaluate(view)),
    );
    if (seen.has(key)) continue;
    seen.add(key);
    yield { origin: null, view };
  }
}

/** Items from the place `start` to before `end`, each made at once into what is kept of it. */
function takeBetween<Item, Made>(
  items: Iterable<Item>,
  { start, end }: { readonly start: number; readonly end: number },
  make: (item: Item) => Made,
): readonly Made[] {
  const taken: Made[] = [];
  if (start >= end) return taken;
  let at = 0;
  for (const item of items) {
    if (at >= start) taken.push(make(item));
    at += 1;
    if (at === end) break;
  }
  return taken;
}

function sorted<Origin>(
  orderBy: readonly BoundOrder[],
  found: Iterable<Candidate<Origin>>,
): readonly Candidate<Origin>[] {
  const evaluators = orderBy.map(({ expression }) => compileExpression(expression));
  const keyed = Array.from(found, (candidate) => ({
    candidate,
    keys: evaluators.map((evaluate) => evaluate(candidate.view)),
  }));
  // The sort is stable (ECMA-262, 23.1.3.30).
  keyed.sort((a, b) => {
    for (const [index, order] of orderBy.entries()) {
      const difference = compareKeys(order, a.keys[index] as Value, b.keys[index] as Value);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return keyed.map(({ candidate }) => candidate);
}

function compareKeys(
  { expression, descending, nullsFirst }: BoundOrder,
  a: Value,
  b: Value,
): number {
  if (a === null || b === null) {
    if (a === b) return 0;
    return (a === null) === nullsFirst ? -1 : 1;
  }
  const difference = compareValues(expression.type, a, b);
  return descending ? -difference : difference;
}
