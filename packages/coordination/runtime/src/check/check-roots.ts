/**
 * The roots of the state in checkpoint records against those of the rows that the log leads to there.
 *
 * Where rows of a table were current that nobody can read any more, because their key was destroyed later,
 * its root cannot be derived again: their keys are gone. It says how many those are.
 */

import type { Crypto } from '@veritydb/crypto';
import type { StoredRecord } from '@veritydb/log';
import { decodeCheckpointPayload } from '@veritydb/merkle';
import { type Hash, bytesEqual, bytesToHex } from '@veritydb/types';

import { hiddenName } from '../hidden-state.ts';
import { hasErased } from '../rows.ts';
import type { RowKeys } from '../seal.ts';
import type { View } from '../view.ts';
import { SEGMENT_REMEDY } from './check-records.ts';
import type { Report } from './report.ts';

export class RootCheck {
  readonly #report: Report;
  #records = 0;
  #compared = 0;
  #erased = 0;

  readonly #crypto: Crypto;
  readonly #keys: RowKeys;

  constructor(report: Report, crypto: Crypto, keys: RowKeys) {
    this.#report = report;
    this.#crypto = crypto;
    this.#keys = keys;
  }

  /** Compares a checkpoint record with the view as it was before it. */
  check({ header, payload }: StoredRecord, { state, store, tries }: View): void {
    // One that cannot be read, or says what is not so, has been told of.
    if (this.#report.hasFailed('checkpoint-records')) return;
    this.#records += 1;
    const { roots } = decodeCheckpointPayload(payload);
    const derived = tries.freeze(state, header.offset);
    const names = roots.map(({ name }) => bytesToHex(name));
    const said = new Map(roots.map(({ name, root }) => [bytesToHex(name), root]));
    const saidOf = (name: string): Hash | undefined =>
      said.get(bytesToHex(hiddenName(this.#crypto, this.#keys, name)));
    const isSorted = names.join() === names.toSorted().join() && said.size === names.length;
    if (!isSorted || said.size !== derived.length || derived.some(({ name }) => !saidOf(name))) {
      this.#fault(
        header.offset,
        'it has roots of other tables and indexes than there were, or in another order',
      );
      return;
    }
    for (const { name, root } of derived) {
      // The name of an index begins with that of its table and a point.
      const table = state.tablesByName.get(name.replace(/\..*$/, ''));
      if (table !== undefined && hasErased(store, table)) this.#erased += 1;
      else if (bytesEqual(root, saidOf(name) as Hash)) this.#compared += 1;
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
