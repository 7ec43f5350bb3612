/** Rows into groups. Groups come in the order of their first rows. */

import type { ColumnType, Row, Value } from '@veritydb/types';

import { type Accumulator, compileAggregate } from './aggregate.ts';
import type { GroupMember, Grouping } from './bound.ts';
import { compileExpression, compilePredicate } from './expression.ts';
import { rowKey } from './value-key.ts';

interface Member {
  /** Of a row: the value that the group has in common, or what goes into the aggregate. */
  readonly evaluate: (row: Row) => Value;
  /** Null for a key. */
  readonly open: (() => Accumulator) | null;
}

/** A value of a group: what it has in common, or what takes its rows. */
type Cell = { readonly kind: 'value'; readonly value: Value } | Accumulator;

/**
 * The rows of the groups that pass HAVING.
 *
 * @throws {QueryError} ERR_QUERY_DIVISION, ERR_QUERY_OVERFLOW
 */
export function* groupRows(
  { members, isWhole, having }: Grouping,
  rows: Iterable<Row>,
): Generator<{ readonly origin: null; readonly view: Row }> {
  const compiled = members.map(compileMember);
  const groups = collect(members, compiled, rows);
  if (isWhole && groups.length === 0) groups.push(openGroup(compiled, []));
  const passes = compilePredicate(having);
  for (const cells of groups) {
    const view = cells.map((cell) => ('kind' in cell ? cell.value : cell.result()));
    if (passes(view)) yield { origin: null, view };
  }
}

function compileMember(member: GroupMember): Member {
  if (member.kind === 'key') return { evaluate: compileExpression(member.expression), open: null };
  const { argument, open } = compileAggregate(member);
  return { evaluate: argument, open };
}

function openGroup(members: readonly Member[], values: Row): readonly Cell[] {
  return members.map(({ open }, index) =>
    open === null ? { kind: 'value', value: values[index] ?? null } : open(),
  );
}

function collect(
  members: readonly GroupMember[],
  compiled: readonly Member[],
  rows: Iterable<Row>,
): (readonly Cell[])[] {
  const keyIndexes = members.flatMap(({ kind }, index) => (kind === 'key' ? [index] : []));
  const keyTypes = members.flatMap((member): ColumnType[] =>
    member.kind === 'key' ? [member.expression.type] : [],
  );
  const groups = new Map<string, readonly Cell[]>();
  for (const row of rows) {
    const values = compiled.map(({ evaluate }) => evaluate(row));
    const key = rowKey(
      keyTypes,
      keyIndexes.map((index) => values[index] as Value),
    );
    let group = groups.get(key);
    if (group === undefined) {
      group = openGroup(compiled, values);
      groups.set(key, group);
    }
    for (const [index, cell] of group.entries()) {
      if (!('kind' in cell)) cell.add(values[index] as Value);
    }
  }
  return [...groups.values()];
}
