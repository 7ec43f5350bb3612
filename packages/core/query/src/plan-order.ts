/** Whether what is read comes in the order that is asked for, and by which index it would. */

import type { IndexSchema } from '@veritydb/types';

import type { BoundOrder, BoundSelect } from './bound.ts';
import type { KeyAccess, Plan, RangeOrder } from './plan.ts';
import type { Relation } from './relation.ts';

/** A column of the table that is ordered by, NULLs last where it ascends and first where it descends. */
interface Wanted {
  readonly column: number;
  readonly descending: boolean;
}

/**
 * An access as it is, or in the order of an index where that spares the sorting: an index that narrows the
 * reading anyway, or any where LIMIT says that a few rows will do. Keys and indexes are read from either end.
 */
export function inOrder(
  { relation, orderBy, grouping, limit }: BoundSelect,
  access: KeyAccess,
): Pick<Plan, 'access' | 'isSorted'> {
  const unsorted = { access, isSorted: false };
  if (orderBy.length === 0) return { access, isSorted: true };
  const wanted = grouping === null ? wantedOf(relation, orderBy) : undefined;
  if (wanted === undefined) return unsorted;
  const { keyIndexes, indexes } = relation.table;
  const range = access.kind === 'range' ? access : ({ kind: 'range', prefix: [] } as const);
  const pinned = range.prefix.length;
  const isByKey = access.kind === 'range' && access.index === undefined;
  const fixed = isByKey ? keyIndexes.slice(0, pinned) : [];
  const asked = without(wanted, fixed);
  const key = keyIndexes.filter((column) => !fixed.includes(column));
  if (isAll(asked, false) && isPrefix(asked, key)) return { access, isSorted: true };
  const isOfKey = access.kind === 'scan' || isByKey;
  if (isOfKey && isAll(asked, true) && asked.length === key.length && isPrefix(asked, key)) {
    return { access: { ...range, order: 'backwards' }, isSorted: true };
  }
  const candidates =
    access.kind === 'range'
      ? [access.index]
      : access.kind === 'scan' && limit !== null
        ? indexes
        : [];
  for (const index of candidates) {
    const order = index === undefined ? undefined : orderOf(wanted, index, keyIndexes, pinned);
    if (index === undefined || order === undefined) continue;
    return { access: { ...range, index, order }, isSorted: true };
  }
  return unsorted;
}

/** How the entries of an index are read so that rows come as they are wanted. */
function orderOf(
  wanted: readonly Wanted[],
  index: IndexSchema,
  keyIndexes: readonly number[],
  pinned: number,
): RangeOrder | undefined {
  const asked = without(wanted, index.columns.slice(0, pinned));
  const rest = index.columns.slice(pinned);
  if (asked.length < rest.length || !isPrefix(asked, [...rest, ...keyIndexes])) return undefined;
  if (isAll(asked, false)) return 'index';
  const behind = asked.slice(rest.length);
  if (!isAll(asked.slice(0, rest.length), true)) return undefined;
  if (isAll(behind, false)) return 'index-descending';
  return isAll(behind, true) && behind.length === keyIndexes.length ? 'backwards' : undefined;
}

/** Undefined where one is no column of the table as it is, or has its NULLs at the other end. */
function wantedOf(
  { columns }: Relation,
  orderBy: readonly BoundOrder[],
): readonly Wanted[] | undefined {
  const wanted: Wanted[] = [];
  for (const { expression, descending, nullsFirst } of orderBy) {
    const column = expression.kind === 'column' ? columns[expression.index] : undefined;
    if (column === undefined || !column.exact) return undefined;
    if (nullsFirst !== descending && !column.notNull) return undefined;
    wanted.push({ column: column.source, descending });
  }
  return wanted;
}

/** What is left where some columns have one value. */
function without(wanted: readonly Wanted[], fixed: readonly number[]): readonly Wanted[] {
  return wanted.filter(({ column }) => !fixed.includes(column));
}

function isPrefix(some: readonly Wanted[], all: readonly number[]): boolean {
  return some.every(({ column }, place) => all[place] === column);
}

function isAll(wanted: readonly Wanted[], descending: boolean): boolean {
  return wanted.every((each) => each.descending === descending);
}
