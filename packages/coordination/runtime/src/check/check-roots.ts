/**
 * The roots of the state in checkpoint records against those of the rows that the log leads to there.
 *
 * Where rows of a table were current that nobody can read any more, because their key was destroyed later,
 * its root cannot be derived again: their keys are gone. It says how many those are.
 */

import { type StoredRecord, decodeCheckpointPayload } from '@veritydb/log';
import { bytesEqual } from '@veritydb/types';

import { hasErased } from '../rows.ts';
import type { View } from '../view.ts';
import { SEGMENT_REMEDY } from './check-records.ts';
import type { Report } from './report.ts';

export class RootCheck {
  readonly #report: Report;
  #records = 0;
  #compared = 0;
  #erased = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Compares a checkpoint record with the view as it was before it. */
  check({ header, payload }: StoredRecord, { state, store, tries }: View): void {
    // One that cannot be read, or says what is not so, has been told of.
    if (this.#report.hasFailed('checkpoint-records')) return;
    this.#records += 1;
    const { roots } = decodeCheckpointPayload(payload);
    const derived = tries.freeze(state, header.offset);
    if (roots.map(({ name }) => name).join() !== derived.map(({ name }) => name).join()) {
      this.#fault(
        header.offset,
        'it has roots of other tables and indexes than there were, or in another order',
      );
      return;
    }
    for (const [index, { name, root }] of derived.entries()) {
      // The name of an index begins with that of its table and a point.
      const table = state.tablesByName.get(name.replace(/\..*$/, ''));
      if (table !== undefined && hasErased(store, table)) this.#erased += 1;
      else if (bytesEqual(root, (roots[index] as (typeof roots)[number]).root)) this.#compared += 1;
      else this.#fault(header.offset, `its root of ${name} is not that of the rows there`);
    }
  }

  #fault(offset: number, what: string): void {
    const place = { file: 'log', position: null, offset };
    this.#report.fault('state-roots', { ...place, what, remedy: SEGMENT_REMEDY });
  }

  note(): void {
    const erased = `${this.#erased} had rows that were erased since`;
    const roots = `${this.#compared} roots in ${this.#records} checkpoint records`;
    this.#report.note('state-roots', this.#erased === 0 ? roots : `${roots}; ${erased}`);
  }
}
