/** Rows of a projection on their way into the store: what has not changed is not written. */

import type { Projection } from '@veritydb/kernel';
import { QueryError } from '@veritydb/query';
import { type EntryView, type Store, type StoreWrite } from '@veritydb/store';
import { type Row, type TableSchema, type Value, assert, bytesEqual } from '@veritydb/types';

import { projectionPlan } from './projection-plan.ts';
import { encodeKeptRow } from './rows.ts';
import { rowStoreKey } from './store-key.ts';

export class ProjectionWriter {
  readonly table: TableSchema;
  readonly #store: Store;
  readonly #items: readonly ((row: Row) => Value)[];
  readonly #hidden: readonly number[];
  readonly #isLenient: boolean;

  constructor(store: Store, { bound }: Projection, isLenient: boolean) {
    this.table = bound.table;
    this.#store = store;
    this.#items = projectionPlan(bound)[isLenient ? 'lenient' : 'strict'].items;
    this.#hidden = bound.hidden;
    this.#isLenient = isLenient;
  }

  /**
   * A row of the projection.
   *
   * @param values joined row, or values of a group
   * @param own what stands behind what is hidden of them
   */
  row(values: Row, own: Row = []): Row {
    return [
      ...this.#items.map((evaluate) => evaluate(values)),
      ...this.#hidden.map((index) => values[index] ?? null),
      ...own,
    ];
  }

  put(values: Row, own: Row = []): readonly StoreWrite[] {
    const row = this.row(values, own);
    const { entry } = encodeKeptRow({ table: this.table, values: row }, 0);
    const key = rowStoreKey(this.table, row);
    const known = this.#store.get(this.table.id, key, copyValue);
    if (known !== undefined && bytesEqual(known, entry)) return [];
    return [{ tree: this.table.id, key, value: entry }];
  }

  /** Ends the row of a key, where there is one: a group may have come and gone in one command. */
  end(key: Uint8Array): readonly StoreWrite[] {
    const isThere = this.#store.get(this.table.id, key, () => true) === true;
    return isThere ? [{ tree: this.table.id, key, value: null }] : [];
  }

  /** A value; NULL where it cannot be calculated and that is no reason to refuse. */
  calculated(evaluate: () => Value): Value {
    try {
      return evaluate();
    } catch (error) {
      if (this.#isLenient && error instanceof QueryError) return null;
      throw error;
    }
  }
}

function copyValue({ valueBytes, valueEnd, valueStart }: EntryView): Uint8Array {
  assert(valueEnd > valueStart, 'a row of a projection is empty');
  return valueBytes.slice(valueStart, valueEnd);
}
