/** Projections read, and made of nested loops and the SELECT of one table: slow and obvious. */

import {
  type BoundProjection,
  type BoundSelect,
  bindSelect,
  compileExpression,
  executeSelect,
  parseStatement,
  planSelect,
} from '@veritydb/query';
import { type Row, assert, formatDecimal, isDecimal } from '@veritydb/types';

import { type Snapshot, readableOf } from '../src/index.ts';

/** What a SELECT over a table or a projection answers. */
export function read(snapshot: Snapshot, sql: string): readonly Row[] {
  const statement = parseStatement(sql);
  assert(statement.kind === 'select', 'not a SELECT');
  const { relation, toVisible } = readableOf(snapshot, statement);
  const plan = planSelect(bindSelect(statement, relation, []));
  const rows = snapshot.scan(relation.table, plan.access);
  const options = { rowsMax: 1_000_000, view: toVisible, isAsPlanned: true };
  return executeSelect(plan, rows, options).rows.map(({ values }) => values);
}

/** What a projection should hold: every row of every table beside every other. */
export function recomputed(snapshot: Snapshot, bound: BoundProjection): readonly Row[] {
  let joined: readonly Row[] = [[]];
  for (const { isOuter, on, table } of bound.levels) {
    const rows = Array.from(snapshot.scan(table, { kind: 'scan' })).flatMap(({ erased, values }) =>
      erased ? [] : [values],
    );
    const holds = on === null ? () => true : compileExpression(on);
    const nulls = table.definition.columns.map(() => null);
    joined = joined.flatMap((before) => {
      const matches = rows
        .map((row): Row => before.concat(row))
        .filter((row) => holds(row) === true);
      return matches.length === 0 && isOuter ? [[...before, ...nulls]] : matches;
    });
  }
  const width = bound.levels.reduce((sum, { table }) => sum + table.definition.columns.length, 0);
  const { items, members, table, where } = bound;
  const select = {
    relation: { name: 'p', statistics: 'all', columns: Array.from({ length: width }), table },
    source: { kind: 'rows' },
    asOf: null,
    where,
    grouping:
      members === null
        ? null
        : { members, isWhole: !members.some(({ kind }) => kind === 'key'), having: null },
    items: items.map((expression) => ({
      name: 'x',
      type: expression.type,
      expression,
      column: null,
      sources: [],
    })),
    distinct: false,
    orderBy: [],
    limit: null,
    offset: 0,
  } as unknown as BoundSelect;
  const plan = { select, access: { kind: 'scan' }, isSorted: true } as const;
  const found = joined.map((values) => ({ values }));
  return executeSelect(plan, found, { rowsMax: 1_000_000 }).rows.map(({ values }) => values);
}

/** Rows as lines, in no order: equal decimals are equal, and truth is 1 and 0. */
export function linesOf(rows: readonly (readonly unknown[])[]): readonly string[] {
  return linesInOrder(rows).toSorted();
}

export function linesInOrder(rows: readonly (readonly unknown[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row.map(plain)));
}

function plain(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = isDecimal(value) ? Number(formatDecimal(value)) : value;
  if (typeof number === 'bigint') return Number(number);
  return typeof number === 'number' ? Number(number.toPrecision(12)) : number;
}
