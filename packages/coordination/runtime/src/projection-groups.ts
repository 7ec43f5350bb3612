/**
 * Rows of a projection with GROUP BY: what a command does to its groups.
 *
 * A row of the projection keeps what its group comes to in a column that no statement can name
 * (`GroupTotals`). MIN and MAX are found in a tree of their own: its keys are those of the group, the member,
 * a value and its digits after the point, in order, and it keeps how many rows have that value.
 */

import type { Projection } from '@veritydb/kernel';
import {
  type BoundExpression,
  type GroupMember,
  GroupTotals,
  isExtreme,
  plainValue,
  rowKey,
} from '@veritydb/query';
import {
  type EntryView,
  KEY_SIZE_MAX,
  type Store,
  type StoreWrite,
  encodeKey,
} from '@veritydb/store';
import {
  CanonicalReader,
  CanonicalWriter,
  type ColumnType,
  type Row,
  type Value,
  assert,
  bytesToHex,
  compareBytes,
  isDecimal,
  readValue,
  writeValue,
} from '@veritydb/types';

import { type ProjectionPlan, projectionPlan } from './projection-plan.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { getStoredRow } from './rows.ts';
import { rangeOf } from './store-key.ts';

/** How many rows of a group have a value. */
interface Occurrence {
  readonly value: Value;
  count: number;
}

/** One that a command changes, with the key of its entry. */
interface Noted extends Occurrence {
  readonly key: Uint8Array;
  readonly member: number;
}

interface Group {
  readonly keys: Row;
  readonly totals: GroupTotals;
  /** What the command changes, by the keys of their entries in hexadecimal. */
  readonly values: Map<string, Noted>;
}

export class ProjectionGroups {
  readonly #store: Store;
  readonly #tree: number;
  readonly #members: readonly GroupMember[];
  readonly #keyTypes: readonly ColumnType[];
  readonly #writer: ProjectionWriter;
  readonly #isLenient: boolean;
  readonly #plan: ProjectionPlan;
  readonly #groups = new Map<string, Group>();

  constructor(store: Store, projection: Projection, tree: number, isLenient: boolean) {
    const { members } = projection.bound;
    assert(members !== null, 'a projection has no groups');
    this.#store = store;
    this.#tree = tree;
    this.#members = members;
    this.#keyTypes = members.flatMap((member) =>
      member.kind === 'key' ? [member.expression.type] : [],
    );
    this.#writer = new ProjectionWriter(store, projection, isLenient);
    this.#isLenient = isLenient;
    this.#plan = projectionPlan(projection.bound);
  }

  get count(): number {
    return this.#groups.size;
  }

  /** Begins the one group of a projection without GROUP BY: it is there without rows as well. */
  open(): void {
    if (this.#keyTypes.length === 0) this.#groupOf([]);
  }

  /** Takes a joined row in, or out again: what was taken in could be calculated, or stood as NULL. */
  change(joined: Row, direction: 1n | -1n): void {
    const isLenient = this.#isLenient || direction === -1n;
    const { members } = this.#plan[isLenient ? 'lenient' : 'strict'];
    const values = members.map((evaluate) => evaluate(joined));
    const group = this.#groupOf(this.#keysOf(values, isLenient));
    group.totals.change(values, direction);
    for (const [index, member] of this.#members.entries()) {
      const value = values[index] ?? null;
      if (!isExtreme(member) || value === null) continue;
      const key = this.#occurrenceKey(group, index, value);
      // As with what cannot be calculated: it is no value, where that is no reason to refuse.
      if (key.length > KEY_SIZE_MAX && isLenient) continue;
      this.#occurrenceOf(group, key, { member: index, value }).count += Number(direction);
    }
  }

  /** The values that a row is grouped by. Where they make no key, nothing can be told apart by them. */
  #keysOf(values: Row, isLenient: boolean): Row {
    const keys = values.flatMap((value, index) =>
      this.#members[index]?.kind === 'key' ? [plainValue(value)] : [],
    );
    const isTooLong = encodeKey(this.#keyTypes, keys).length > KEY_SIZE_MAX;
    return isTooLong && isLenient ? keys.map(() => null) : keys;
  }

  #groupOf(keys: Row): Group {
    const text = rowKey(this.#keyTypes, keys);
    const known = this.#groups.get(text);
    if (known !== undefined) return known;
    const stored = getStoredRow(this.#store, this.#writer.table, this.#rowKey(keys));
    const state = (stored?.values.at(-1) ?? null) as string | null;
    const totals = new GroupTotals(this.#members, state);
    const group = { keys, totals, values: new Map<string, Noted>() };
    this.#groups.set(text, group);
    return group;
  }

  /** Key of the row of a group: that of the one group there is, where nothing is grouped by, is 0. */
  #rowKey(keys: Row): Uint8Array {
    return keys.length === 0 ? encodeKey(['integer'], [0]) : encodeKey(this.#keyTypes, keys);
  }

  #occurrenceKey({ keys }: Group, member: number, value: Value): Uint8Array {
    return encodeKey(
      [...this.#keyTypes, 'integer', typeOf(this.#members[member]), 'integer'],
      [...keys, member, value, isDecimal(value) ? value.scale : 0],
    );
  }

  #occurrenceOf(group: Group, key: Uint8Array, of: Pick<Noted, 'member' | 'value'>): Noted {
    const text = bytesToHex(key);
    let noted = group.values.get(text);
    if (noted === undefined) {
      const read = (each: EntryView): Occurrence => this.#readOccurrence(of.member, each);
      const stored = this.#store.get(this.#tree, key, read);
      noted = { ...of, key, count: stored?.count ?? 0 };
      group.values.set(text, noted);
    }
    return noted;
  }

  #readOccurrence(member: number, { valueBytes, valueEnd, valueStart }: EntryView): Occurrence {
    const reader = new CanonicalReader(valueBytes.slice(valueStart, valueEnd));
    reader.arrayOf(2);
    return { count: reader.count(), value: readValue(reader, typeOf(this.#members[member])) };
  }

  /** What all changes so far do to the store. */
  *writes(): Generator<StoreWrite> {
    for (const group of this.#groups.values()) {
      for (const { count, key, member, value } of group.values.values()) {
        assert(count >= 0, 'a value is taken out of a group that lacks it');
        yield {
          tree: this.#tree,
          key,
          value: count === 0 ? null : this.#occurrence(member, value, count),
        };
      }
      yield* this.#rowWrites(group);
    }
  }

  #occurrence(member: number, value: Value, count: number): Uint8Array {
    const writer = new CanonicalWriter(64).array(2).integer(count);
    writeValue(writer, typeOf(this.#members[member]), value);
    return writer.finish();
  }

  #rowWrites(group: Group): readonly StoreWrite[] {
    const { keys, totals } = group;
    assert(totals.rows >= 0n, 'a row is taken out of a group that lacks it');
    if (totals.rows === 0n && keys.length > 0) return this.#writer.end(this.#rowKey(keys));
    let at = 0;
    const values = this.#members.map((member, index): Value => {
      if (member.kind === 'key') return keys[at++] ?? null;
      if (isExtreme(member)) return this.#extreme(group, index, member.name === 'max');
      return this.#writer.calculated(() => totals.result(index));
    });
    const own = keys.length === 0 ? [0, totals.format()] : [totals.format()];
    return this.#writer.put(values, own);
  }

  /** The least or the greatest value of a group, as it is after the changes. */
  #extreme({ keys, values }: Group, member: number, isMax: boolean): Value {
    const prefix = encodeKey([...this.#keyTypes, 'integer'], [...keys, member]);
    const range = { ...rangeOf(prefix), reverse: isMax };
    const stored = this.#store.scan(this.#tree, range, (entry) => ({
      key: entry.keyBytes.slice(entry.keyStart, entry.keyEnd),
      value: this.#readOccurrence(member, entry).value,
    }));
    let best: { readonly key: Uint8Array; readonly value: Value } | undefined;
    for (const entry of stored) {
      if (values.has(bytesToHex(entry.key))) continue;
      best = entry;
      break;
    }
    for (const entry of values.values()) {
      if (entry.member !== member || entry.count === 0) continue;
      const order = best === undefined ? -1 : compareBytes(entry.key, best.key);
      if (best === undefined || order < 0 !== isMax) best = entry;
    }
    return best?.value ?? null;
  }
}

/** Of the values that go into a member. */
function typeOf(member: GroupMember | undefined): ColumnType {
  const expression: BoundExpression | null | undefined =
    member?.kind === 'aggregate' ? member.argument : member?.expression;
  assert(expression !== null && expression !== undefined, 'a member is made of nothing');
  return expression.type;
}
