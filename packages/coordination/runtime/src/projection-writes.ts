/**
 * Projections in the store, moved in the same batch as the rows that they are made of.
 *
 * They are in no record of the log. What a record changes of its tables says what it changes of them, in the
 * write path and when the store is made again alike, so that they are always what their SELECT would answer;
 * and a row whose key was destroyed was never in any of them, in no past.
 *
 * A projection has a tree for its rows, one for each {@link Lookup} that needs one, and one for what MIN and
 * MAX are found among; their ids follow its own.
 */

import { type KernelState, type Projection } from '@veritydb/kernel';
import { type JoinRows, type Lookup, QueryError, rowKey } from '@veritydb/query';
import { type Store, type StoreWrite, copyEntry } from '@veritydb/store';
import {
  type ColumnType,
  type Row,
  type TableSchema,
  type Value,
  bytesEqual,
  isDecimal,
} from '@veritydb/types';

import { RuntimeError } from './error.ts';
import { entryKey } from './index-entries.ts';
import { ProjectionGroups } from './projection-groups.ts';
import { type ProjectionPlan, projectionPlan } from './projection-plan.ts';
import {
  type ChangedRow,
  type ChangedRows,
  RowsAfter,
  RowsBefore,
  changedRows,
  lookupIndex,
  valuesText,
} from './projection-rows.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { getStoredRow, scanRows } from './rows.ts';
import { rowStoreKey } from './store-key.ts';

/** Joined rows of one projection that one command may touch, before it and after: they are in memory. */
const TOUCHED_ROWS_MAX = 100_000;
/** Entries that making a projection may write: they are one batch, in memory. */
const FILLED_ENTRIES_MAX = 1_000_000;

export interface ProjectionChange {
  readonly before: KernelState;
  readonly after: KernelState;
  /** What the command does to the rows of tables. */
  readonly writes: readonly StoreWrite[];
  /**
   * A record that is read back is not refused any more: since rows were erased, what could be calculated may
   * be out of range, or divide by nothing, and stands as NULL.
   */
  readonly isReplayed: boolean;
}

/**
 * What a command does to projections.
 *
 * @throws {RuntimeError} ERR_RUNTIME_PROJECTION_VALUE, ERR_RUNTIME_PROJECTION_SIZE, unless it is replayed
 */
export function projectionWrites(store: Store, change: ProjectionChange): readonly StoreWrite[] {
  const { before, after, writes, isReplayed } = change;
  if (before.projections.size === 0 && after.projections.size === 0) return [];
  const made: StoreWrite[] = [];
  if (before.projections !== after.projections) {
    for (const each of before.projections.values()) {
      if (!isKept(each, after)) made.push(...dropWrites(store, each));
    }
    for (const each of after.projections.values()) {
      if (isKept(each, before)) continue;
      made.push(...guarded(each, () => new Maintenance(store, each, isReplayed).fill()));
    }
    return made;
  }
  const standing = [...after.projections.values()];
  const changed = changedRows(store, standing, writes);
  if (changed.size === 0) return made;
  for (const each of standing) {
    if (!each.bound.levels.some(({ table }) => changed.has(table.id))) continue;
    made.push(...guarded(each, () => new Maintenance(store, each, isReplayed).follow(changed)));
  }
  return made;
}

function isKept({ id, name }: Projection, { projections }: KernelState): boolean {
  return projections.get(name)?.id === id;
}

/** Ids of the trees of a projection. */
export function projectionTrees({ bound, id }: Projection): readonly number[] {
  const { lookups } = projectionPlan(bound).join;
  return Array.from({ length: lookups.length + 2 }, (_, index) => id + index);
}

function dropWrites(store: Store, projection: Projection): readonly StoreWrite[] {
  return projectionTrees(projection).flatMap((tree) =>
    Array.from(store.scan(tree, {}, copyEntry), ({ key }) => ({ tree, key, value: null })),
  );
}

function guarded({ name }: Projection, make: () => readonly StoreWrite[]): readonly StoreWrite[] {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof QueryError)) throw cause;
    throw new RuntimeError(
      'format',
      'ERR_RUNTIME_PROJECTION_VALUE',
      `projection ${name} could not be calculated: ${cause.message}`,
      { hint: `write other values, or DROP PROJECTION ${name}`, cause },
    );
  }
}

/** A joined row as it was and as it is. */
interface Touched {
  before: Row | null;
  after: Row | null;
}

/** One command and one projection. */
class Maintenance {
  readonly #store: Store;
  readonly #projection: Projection;
  readonly #isLenient: boolean;
  readonly #plan: ProjectionPlan;
  readonly #tables: readonly TableSchema[];

  constructor(store: Store, projection: Projection, isLenient: boolean) {
    this.#store = store;
    this.#projection = projection;
    this.#isLenient = isLenient;
    this.#plan = projectionPlan(projection.bound);
    this.#tables = projection.bound.levels.map(({ table }) => table);
  }

  /** Follows changes of the tables. */
  follow(changed: ChangedRows): readonly StoreWrite[] {
    const before = new RowsBefore(this.#store, this.#projection);
    const after = new RowsAfter(before, changed);
    const touched = new Map<string, Touched>();
    const [gone, come] = [this.#rowsOf(changed, 'before'), this.#rowsOf(changed, 'after')];
    // What held before could be calculated, or stood as NULL.
    this.#touch(touched, 'before', this.#plan.join.touched(before, gone, come, true));
    this.#touch(touched, 'after', this.#plan.join.touched(after, come, gone, this.#isLenient));
    const writes = this.#lookupWrites(changed);
    const { members } = this.#projection.bound;
    return [...writes, ...(members === null ? this.#rows(touched) : this.#groups(touched))];
  }

  /** For each table the rows that another state does not have as they are, in what is used of them. */
  #rowsOf(changed: ChangedRows, side: keyof ChangedRow): readonly (readonly Row[])[] {
    const { levels, used } = this.#projection.bound;
    return levels.map(({ start, table }) =>
      [...(changed.get(table.id)?.values() ?? [])].flatMap((row) => {
        const values = row[side];
        return values === null || isSame(row, (index) => used.has(start + index)) ? [] : [values];
      }),
    );
  }

  #touch(touched: Map<string, Touched>, side: keyof Touched, joined: Iterable<Row>): void {
    const isLenient = side === 'before' || this.#isLenient;
    const { passes } = this.#plan[isLenient ? 'lenient' : 'strict'];
    for (const row of joined) {
      if (!passes(row)) continue;
      const key = this.#joinedKey(row);
      const known = touched.get(key);
      if (known !== undefined) known[side] = row;
      else {
        if (touched.size === TOUCHED_ROWS_MAX && !this.#isLenient) throw tooWide(this.#projection);
        touched.set(key, { before: null, after: null, [side]: row });
      }
    }
  }

  /** A text for the keys of the rows that a row is joined of. */
  #joinedKey(joined: Row): string {
    const types: ColumnType[] = [];
    const values: Value[] = [];
    for (const { start, table } of this.#projection.bound.levels) {
      for (const index of table.keyIndexes) {
        types.push(table.definition.columns[index]?.type as ColumnType);
        values.push(joined[start + index] ?? null);
      }
    }
    return rowKey(types, values);
  }

  #rows(touched: ReadonlyMap<string, Touched>): readonly StoreWrite[] {
    const writer = new ProjectionWriter(this.#store, this.#projection, this.#isLenient);
    const earlier = new ProjectionWriter(this.#store, this.#projection, true);
    return [...touched.values()].flatMap(({ after, before }) => {
      if (after !== null) return writer.put(after);
      if (before === null) return [];
      return writer.end(rowStoreKey(writer.table, earlier.row(before)));
    });
  }

  #groups(touched: ReadonlyMap<string, Touched>): readonly StoreWrite[] {
    const groups = this.#newGroups();
    for (const { after, before } of touched.values()) {
      if (before !== null) groups.change(before, -1n);
      if (after !== null) groups.change(after, 1n);
    }
    return [...groups.writes()];
  }

  #newGroups(): ProjectionGroups {
    const tree = this.#projection.id + 1 + this.#plan.join.lookups.length;
    return new ProjectionGroups(this.#store, this.#projection, tree, this.#isLenient);
  }

  /** What changes in the trees that rows are found by. */
  #lookupWrites(changed: ChangedRows): StoreWrite[] {
    const writes: StoreWrite[] = [];
    for (const lookup of this.#plan.join.lookups) {
      for (const row of changed.get(lookup.table.id)?.values() ?? []) {
        const old = row.before === null ? null : this.#lookupEntry(lookup, row.before);
        const now = row.after === null ? null : this.#lookupEntry(lookup, row.after);
        if (old !== null && now !== null && bytesEqual(old.key, now.key)) continue;
        if (old !== null) writes.push({ ...old, value: null });
        if (now !== null) writes.push(now);
      }
    }
    return writes;
  }

  #lookupEntry(lookup: Lookup, values: Row): StoreWrite {
    const index = lookupIndex(this.#projection, lookup);
    const key = entryKey(lookup.table, index, values);
    return { tree: index.id, key, value: rowStoreKey(lookup.table, values) };
  }

  /** Makes all rows of a projection that is new. */
  fill(): readonly StoreWrite[] {
    const writes: StoreWrite[] = [];
    const rows = new FillRows(this.#store, this.#projection);
    for (const lookup of this.#plan.join.lookups) {
      for (const values of this.#scan(lookup.table)) {
        writes.push(this.#lookupEntry(lookup, values));
        rows.add(lookup, values);
        this.#checkFilled(writes.length);
      }
    }
    const { passes } = this.#plan[this.#isLenient ? 'lenient' : 'strict'];
    const groups = this.#projection.bound.members === null ? null : this.#newGroups();
    const writer = new ProjectionWriter(this.#store, this.#projection, this.#isLenient);
    groups?.open();
    for (const first of this.#scan(this.#tables[0] as TableSchema)) {
      for (const joined of this.#plan.join.all(rows, first, this.#isLenient)) {
        if (!passes(joined)) continue;
        if (groups === null) writes.push(...writer.put(joined));
        else groups.change(joined, 1n);
        this.#checkFilled(writes.length + (groups?.count ?? 0));
      }
    }
    for (const write of groups?.writes() ?? []) {
      writes.push(write);
      this.#checkFilled(writes.length);
    }
    return writes;
  }

  *#scan(table: TableSchema): Generator<Row> {
    const { appliedPosition } = this.#store;
    for (const row of scanRows(this.#store, table, { kind: 'scan' }, appliedPosition)) {
      if (!row.erased) yield row.values;
    }
  }

  #checkFilled(count: number): void {
    if (count > FILLED_ENTRIES_MAX && !this.#isLenient) throw tooLarge(this.#projection);
  }
}

/** Whether a row stays as it is in the columns that are used. */
function isSame({ after, before }: ChangedRow, isUsed: (index: number) => boolean): boolean {
  if (after === null || before === null) return false;
  return before.every((value, index) => !isUsed(index) || isSameValue(value, after[index] ?? null));
}

/** The same digit by digit: 1.5 is not 1.50, whose sums differ. */
function isSameValue(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return bytesEqual(a, b);
  if (!isDecimal(a) || !isDecimal(b)) return a === b;
  return a.unscaled === b.unscaled && a.scale === b.scale;
}

/** The rows of the tables while a projection is made, whose trees are not there yet. */
class FillRows implements JoinRows {
  readonly #store: Store;
  readonly #byKey: RowsBefore;
  /** Keys in the store of the rows that have some values. */
  readonly #keys = new Map<Lookup, Map<string, Uint8Array[]>>();

  constructor(store: Store, projection: Projection) {
    this.#store = store;
    this.#byKey = new RowsBefore(store, projection);
  }

  add(lookup: Lookup, row: Row): void {
    const values = lookup.columns.map((column) => row[column] ?? null);
    if (values.includes(null)) return;
    let keys = this.#keys.get(lookup);
    if (keys === undefined) {
      keys = new Map();
      this.#keys.set(lookup, keys);
    }
    const text = valuesText(lookup, values);
    const same = keys.get(text);
    const key = rowStoreKey(lookup.table, row);
    if (same === undefined) keys.set(text, [key]);
    else same.push(key);
  }

  *find(lookup: Lookup, values: Row): Iterable<Row> {
    if (lookup.tree === null) {
      yield* this.#byKey.find(lookup, values);
      return;
    }
    for (const key of this.#keys.get(lookup)?.get(valuesText(lookup, values)) ?? []) {
      const row = getStoredRow(this.#store, lookup.table, key);
      if (row !== undefined) yield row.values;
    }
  }
}

function tooWide({ name }: Projection): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_PROJECTION_SIZE',
    `the write touches more than ${TOUCHED_ROWS_MAX} joined rows of projection ${name}`,
    { hint: `write fewer rows at once, or DROP PROJECTION ${name} and make it again` },
  );
}

function tooLarge({ name }: Projection): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_PROJECTION_SIZE',
    `projection ${name} has more than ${FILLED_ENTRIES_MAX} rows and entries to begin with`,
    { hint: 'select fewer rows with WHERE, or make it before its tables have grown' },
  );
}
