/**
 * The records that an export's rows are of. Each is open from the first of its rows to the last, and of
 * what is done only the leaf and the proof of its rows are left: an export has as many as it has rows.
 */

import type { SourceRecord } from '@veritydb/bundle';
import type { RowOpening } from '@veritydb/crypto';
import type { OpenedRecord, Tenant } from '@veritydb/runtime';
import { type Hash, type Offset, RECORD_HEADER_SIZE, assert } from '@veritydb/types';

import { rowProof } from './row-opening.ts';

interface OpenSource {
  readonly record: OpenedRecord;
  /** Indexes of the rows that were opened. */
  readonly rows: number[];
}

export class ExportSources {
  readonly #tenant: Tenant;
  /** Of each record the rows that are still to be opened. */
  readonly #left = new Map<Offset, number>();
  readonly #open = new Map<Offset, OpenSource>();
  /** Place of each record that is done among the leaves. */
  readonly #places = new Map<Offset, number>();
  readonly #leaves: Uint8Array;
  /** By place; none of a record whose only row needs none. */
  readonly #rowProofs = new Map<number, readonly Hash[]>();

  /** @param offsets of the record of each row, one for each row */
  constructor(tenant: Tenant, offsets: Iterable<Offset>) {
    this.#tenant = tenant;
    for (const offset of offsets) this.#left.set(offset, (this.#left.get(offset) ?? 0) + 1);
    this.#leaves = new Uint8Array(this.#left.size * RECORD_HEADER_SIZE);
  }

  openRow(offset: Offset, row: number): RowOpening {
    const left = this.#left.get(offset);
    assert(left !== undefined && left > 0, 'a row was not announced');
    const { record, rows } = this.#open.get(offset) ?? this.#openSource(offset);
    rows.push(row);
    this.#left.set(offset, left - 1);
    const opening = record.openRow(row);
    if (left === 1) this.#finish(record, rows);
    return opening;
  }

  #openSource(offset: Offset): OpenSource {
    const source = { record: this.#tenant.openRecord(offset), rows: [] };
    this.#open.set(offset, source);
    return source;
  }

  #finish(record: OpenedRecord, rows: readonly number[]): void {
    const place = this.#places.size;
    this.#leaves.set(record.leaf, place * RECORD_HEADER_SIZE);
    this.#places.set(record.offset, place);
    const proof = rowProof(
      this.#tenant,
      record,
      rows.toSorted((a, b) => a - b),
    );
    if (proof.length > 0) this.#rowProofs.set(place, proof);
    this.#open.delete(record.offset);
  }

  /** What proves the rows of a record. Requires that all of them were opened. */
  sourceRecord(offset: Offset): SourceRecord {
    const place = this.#places.get(offset);
    assert(place !== undefined, 'a source record was not opened to its last row');
    const at = place * RECORD_HEADER_SIZE;
    return {
      leaf: this.#leaves.subarray(at, at + RECORD_HEADER_SIZE),
      rowProof: this.#rowProofs.get(place) ?? [],
    };
  }
}
