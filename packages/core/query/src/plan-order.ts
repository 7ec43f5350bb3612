/** Whether what is read comes in the order that is asked for, and by which index it would. */

import type { BoundOrder, BoundSelect } from './bound.ts';
import type { KeyAccess, Plan } from './plan.ts';
import type { Relation } from './relation.ts';

/**
 * An access as it is, or in the order of an index where that spares the sorting: an index that narrows the
 * reading anyway, or any where LIMIT says that a few rows will do.
 */
export function inOrder(
  { relation, orderBy, grouping, limit }: BoundSelect,
  access: KeyAccess,
): Pick<Plan, 'access' | 'isSorted'> {
  const unsorted = { access, isSorted: false };
  if (orderBy.length === 0) return { access, isSorted: true };
  const wanted = grouping === null ? sourcesOf(relation, orderBy) : undefined;
  if (wanted === undefined) return unsorted;
  const { keyIndexes, indexes } = relation.table;
  const pinned = access.kind === 'range' ? access.prefix.length : 0;
  const isByKey = access.kind === 'range' && access.index === undefined;
  const fixed = isByKey ? keyIndexes.slice(0, pinned) : [];
  if (isPrefix(without(wanted, fixed), without(keyIndexes, fixed)))
    return { access, isSorted: true };
  const candidates =
    access.kind === 'range'
      ? [access.index]
      : access.kind === 'scan' && limit !== null
        ? indexes
        : [];
  for (const index of candidates) {
    if (index === undefined) continue;
    const isFixed = index.columns.slice(0, pinned);
    const rest = index.columns.slice(pinned);
    const asked = without(wanted, isFixed);
    if (asked.length < rest.length || !isPrefix(asked, [...rest, ...keyIndexes])) continue;
    const range = access.kind === 'range' ? access : ({ kind: 'range', prefix: [] } as const);
    return { access: { ...range, index, inIndexOrder: true }, isSorted: true };
  }
  return unsorted;
}

/** The columns of the table that are ordered by, where each is one, ascending with NULLs last. */
function sourcesOf(
  { columns }: Relation,
  orderBy: readonly BoundOrder[],
): readonly number[] | undefined {
  const sources: number[] = [];
  for (const { expression, descending, nullsFirst } of orderBy) {
    const column = expression.kind === 'column' ? columns[expression.index] : undefined;
    if (column === undefined || !column.exact || descending) return undefined;
    if (nullsFirst && !column.notNull) return undefined;
    sources.push(column.source);
  }
  return sources;
}

/** What is left where some columns have one value. */
function without(columns: readonly number[], fixed: readonly number[]): readonly number[] {
  return columns.filter((column) => !fixed.includes(column));
}

function isPrefix(some: readonly number[], all: readonly number[]): boolean {
  return some.every((column, place) => all[place] === column);
}
