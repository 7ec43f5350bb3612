/**
 * Joined rows of a projection: all of them, or those that a change touches.
 *
 * Rows of one table are found by values of its columns, so that what is read is about as much as what is
 * joined: see {@link Lookup}. Conditions that fail to be calculated hold for nobody where that is asked for,
 * and else are the caller's error.
 */

import type { Row, TableSchema, Value } from '@veritydb/types';

import type { BoundProjection, JoinKey, ProjectionLevel } from './bind-projection.ts';
import type { BoundExpression } from './bound.ts';
import { QueryError } from './error.ts';
import { compileExpression } from './expression.ts';

/** Columns by whose values rows of a table are found. */
export interface Lookup {
  readonly table: TableSchema;
  readonly columns: readonly number[];
  /** Which of the trees that the projection keeps; null where the table's own key begins with the columns. */
  readonly tree: number | null;
}

/** The rows of the tables in one state. */
export interface JoinRows {
  /** Rows that have these values, none of which is NULL. */
  find(lookup: Lookup, values: Row): Iterable<Row>;
}

/** What calculates a value: where it cannot, NULL stands for it, or {@link QueryError} is thrown. */
export function compileCell(expression: BoundExpression, isLenient: boolean): (row: Row) => Value {
  const evaluate = compileExpression(expression);
  if (!isLenient) return evaluate;
  return (row) => {
    try {
      return evaluate(row);
    } catch (error) {
      if (error instanceof QueryError) return null;
      throw error;
    }
  };
}

/** Rows of a table that go with what is joined before it, or with a row of another table. */
interface Way {
  readonly lookup: Lookup;
  /** Indexes of the values to look for, in what is given. */
  readonly from: readonly number[];
}

interface Level {
  readonly isOuter: boolean;
  readonly nulls: Row;
  /** To the rows of this table: from the joined row before. */
  readonly forward: Way;
  /** To the rows of a table before this one: from a row of this table. */
  readonly backward: Way & { readonly level: number };
  readonly holds: Record<'lenient' | 'strict', (row: Row) => boolean>;
}

export class ProjectionJoin {
  /** What the projection keeps trees for, in the order of their numbers. */
  readonly lookups: readonly Lookup[];
  /** Of the tables behind the first. */
  readonly #levels: readonly Level[];
  readonly #tables: readonly TableSchema[];

  constructor({ levels }: BoundProjection) {
    const lookups: Lookup[] = [];
    this.#tables = levels.map(({ table }) => table);
    this.#levels = levels.slice(1).map((level) => compileLevel(levels, level, lookups));
    this.lookups = lookups;
  }

  /** The joined rows that have a row of the first table. */
  *all(rows: JoinRows, first: Row, isLenient: boolean): Generator<Row> {
    yield* this.#expand(rows, first, [1, this.#tables.length], isLenient);
  }

  /**
   * The joined rows of a state that another state may not have: some more than once, and some that it has.
   *
   * @param own for each table the rows of this state that the other does not have as they are
   * @param other the same the other way round
   */
  *touched(
    rows: JoinRows,
    own: readonly (readonly Row[])[],
    other: readonly (readonly Row[])[],
    isLenient: boolean,
  ): Generator<Row> {
    const end = this.#tables.length;
    for (const row of own[0] ?? []) yield* this.#expand(rows, row, [1, end], isLenient);
    for (let at = 1; at < end; at += 1) {
      for (const row of own[at] ?? []) {
        for (const before of this.#before(rows, at, row, isLenient)) {
          yield* this.#expand(rows, [...before, ...row], [at + 1, end], isLenient);
        }
      }
      const { isOuter, nulls } = this.#level(at);
      if (!isOuter) continue;
      // Who has a match in the other state only has none in this one.
      for (const row of other[at] ?? []) {
        for (const before of this.#before(rows, at, row, isLenient)) {
          if (this.#hasMatch(rows, before, at, isLenient)) continue;
          yield* this.#expand(rows, [...before, ...nulls], [at + 1, end], isLenient);
        }
      }
    }
  }

  #level(at: number): Level {
    return this.#levels[at - 1] as Level;
  }

  /** What is joined before a table, joined with the tables of a range. */
  *#expand(
    rows: JoinRows,
    before: Row,
    [at, end]: readonly [number, number],
    isLenient: boolean,
  ): Generator<Row> {
    if (at === end) {
      yield before;
      return;
    }
    let isMatched = false;
    for (const row of this.#matches(rows, before, at, isLenient)) {
      isMatched = true;
      yield* this.#expand(rows, [...before, ...row], [at + 1, end], isLenient);
    }
    const { isOuter, nulls } = this.#level(at);
    if (!isMatched && isOuter) {
      yield* this.#expand(rows, [...before, ...nulls], [at + 1, end], isLenient);
    }
  }

  *#matches(rows: JoinRows, before: Row, at: number, isLenient: boolean): Generator<Row> {
    const { forward, holds } = this.#level(at);
    const isMatch = holds[isLenient ? 'lenient' : 'strict'];
    for (const row of find(rows, forward, before)) if (isMatch([...before, ...row])) yield row;
  }

  #hasMatch(rows: JoinRows, before: Row, at: number, isLenient: boolean): boolean {
    return this.#matches(rows, before, at, isLenient).next().done !== true;
  }

  /** What is joined before a table and matches a row of it, be that row in the state or not. */
  *#before(rows: JoinRows, at: number, row: Row, isLenient: boolean): Generator<Row> {
    const { backward, holds } = this.#level(at);
    const isMatch = holds[isLenient ? 'lenient' : 'strict'];
    const { level } = backward;
    for (const other of find(rows, backward, row)) {
      for (const start of this.#ending(rows, level, other, isLenient)) {
        for (const before of this.#expand(rows, start, [level + 1, at], isLenient)) {
          if (isMatch([...before, ...row])) yield before;
        }
      }
    }
  }

  /** The joined rows up to a table that end with a row of it. */
  *#ending(rows: JoinRows, at: number, row: Row, isLenient: boolean): Generator<Row> {
    if (at === 0) yield row;
    else {
      for (const before of this.#before(rows, at, row, isLenient)) yield [...before, ...row];
    }
  }
}

function find(rows: JoinRows, { lookup, from }: Way, given: Row): Iterable<Row> {
  const values = from.map((index) => given[index] ?? null);
  return values.includes(null) ? [] : rows.find(lookup, values);
}

function compileLevel(
  levels: readonly ProjectionLevel[],
  { isOuter, keys, on, table }: ProjectionLevel,
  lookups: Lookup[],
): Level {
  const [{ level }] = keys as readonly [JoinKey, ...JoinKey[]];
  const other = (levels[level] as ProjectionLevel).table;
  const inJoined = (key: JoinKey): number =>
    (levels[key.level] as ProjectionLevel).start + key.other;
  const pairsBack = keys
    .filter((key) => key.level === level)
    .map((key): Pair => ({ column: key.other, from: key.own }));
  const condition = on as BoundExpression;
  const holds = (isLenient: boolean): ((row: Row) => boolean) => {
    const evaluate = compileCell(condition, isLenient);
    return (row) => evaluate(row) === true;
  };
  const pairs = keys.map((key): Pair => ({ column: key.own, from: inJoined(key) }));
  return {
    isOuter,
    nulls: table.definition.columns.map(() => null),
    forward: wayTo(table, pairs, lookups),
    backward: { ...wayTo(other, pairsBack, lookups), level },
    holds: { lenient: holds(true), strict: holds(false) },
  };
}

interface Pair {
  readonly column: number;
  readonly from: number;
}

function wayTo(table: TableSchema, pairs: readonly Pair[], lookups: Lookup[]): Way {
  // A column that is compared twice is looked for once: the condition tests the rest.
  const columns = [...new Set(pairs.map(({ column }) => column))].toSorted((a, b) => a - b);
  const leading = table.keyIndexes.slice(0, columns.length);
  const isKey = columns.every((column) => leading.includes(column));
  const lookup = isKey
    ? { table, columns: leading, tree: null }
    : lookupOf(lookups, table, columns);
  const from = lookup.columns.map(
    (column) => (pairs.find((pair) => pair.column === column) as Pair).from,
  );
  return { lookup, from };
}

function lookupOf(lookups: Lookup[], table: TableSchema, columns: readonly number[]): Lookup {
  const known = lookups.find(
    (each) => each.table.id === table.id && each.columns.join() === columns.join(),
  );
  if (known !== undefined) return known;
  const lookup: Lookup = { table, columns, tree: lookups.length };
  lookups.push(lookup);
  return lookup;
}
