/** A plan in words: what is read and what is done with it. No value of a statement is in it. */

import type { BoundSelect } from './bound.ts';
import type { KeyAccess, Plan, RangeOrder } from './plan.ts';

/** One step a line, in the order in which they are taken. */
export function explainPlan({ select, access, isSorted }: Plan): readonly string[] {
  const { where, grouping, distinct, orderBy, limit, offset } = select;
  return [
    `read ${sourceText(select)}${select.relation.name} ${accessText(select, access)}`,
    ...(where === null ? [] : ['filter by WHERE']),
    ...(grouping === null ? [] : [grouping.isWhole ? 'aggregate' : 'group']),
    ...(grouping === null || grouping.having === null ? [] : ['filter by HAVING']),
    ...(distinct ? ['drop duplicates'] : []),
    ...(orderBy.length === 0 || isSorted ? [] : ['sort']),
    ...(limit === null && offset === 0 ? [] : ['limit']),
  ];
}

const ORDERS: Readonly<Record<RangeOrder, string>> = {
  index: ', in its order',
  'index-descending': ', backwards',
  backwards: ', backwards',
};

function sourceText({ source }: BoundSelect): string {
  return source.kind === 'rows' ? '' : `${source.kind} of `;
}

function accessText({ relation: { table } }: BoundSelect, access: KeyAccess): string {
  if (access.kind === 'scan') return 'whole';
  const { index } = access;
  const by = index === undefined ? 'by its key' : `by index ${index.name}`;
  if (access.kind === 'keys') {
    const { length } = access.keys;
    return `${by}: ${length} ${length === 1 ? 'key' : 'keys'}`;
  }
  const columns = index === undefined ? table.keyIndexes : index.columns;
  const nameAt = (place: number): string =>
    table.definition.columns[columns[place] as number]?.name ?? '';
  const next = nameAt(access.prefix.length);
  const conditions = [
    ...access.prefix.map((_, place) => `${nameAt(place)} = ?`),
    ...(access.lower === undefined ? [] : [`${next} ${access.lower.inclusive ? '>=' : '>'} ?`]),
    ...(access.upper === undefined ? [] : [`${next} ${access.upper.inclusive ? '<=' : '<'} ?`]),
  ];
  const range = conditions.length === 0 ? 'whole' : conditions.join(', ');
  return `${by}: ${range}${access.order === undefined ? '' : ORDERS[access.order]}`;
}
