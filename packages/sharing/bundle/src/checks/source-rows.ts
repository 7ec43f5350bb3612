/**
 * The rows of a bundle as their records must hold them, in little room: some fifty bytes each, whatever
 * is shown of them.
 */

import { HASH_SIZE, type Hash, toHash } from '@veritydb/types';

/** What a row is of, for people. */
export interface RowPlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export class SourceRows {
  #offsets = new Float64Array(256);
  #rows = new Uint32Array(256);
  #commitments = new DataView(new ArrayBuffer(256 * HASH_SIZE));
  #count = 0;
  /** Whether they were added in order, so far. */
  #isSorted = true;
  /** Where the rows of each table begin, in the order in which they were added. */
  readonly #tables: { readonly file: string; readonly from: number; readonly skipped: number[] }[] =
    [];
  /** Rows by offset, then by index in their record; null where they were added so. */
  #order: Uint32Array | null = null;

  get count(): number {
    return this.#count;
  }

  /** What is added from here on is of this file of data. */
  beginTable(file: string): void {
    this.#tables.push({ file, from: this.#count, skipped: [] });
  }

  /** A line of the table whose row is not known. */
  skip(): void {
    const table = this.#tables.at(-1);
    table?.skipped.push(this.#count - table.from);
  }

  /** Adds a row whose commitment stands at `at`. */
  add(offset: number, row: number, commitment: DataView, at: number): void {
    const index = this.#count;
    if (index === this.#rows.length) this.#grow();
    this.#offsets[index] = offset;
    this.#rows[index] = row;
    const start = index * HASH_SIZE;
    for (let byte = 0; byte < HASH_SIZE; byte += 4) {
      this.#commitments.setInt32(start + byte, commitment.getInt32(at + byte));
    }
    this.#count += 1;
    if (index > 0 && this.#compare(index - 1, index) > 0) this.#isSorted = false;
  }

  #grow(): void {
    const room = this.#rows.length * 2;
    const grown = {
      offsets: new Float64Array(room),
      rows: new Uint32Array(room),
      commitments: new Uint8Array(room * HASH_SIZE),
    };
    grown.offsets.set(this.#offsets);
    grown.rows.set(this.#rows);
    grown.commitments.set(new Uint8Array(this.#commitments.buffer));
    this.#offsets = grown.offsets;
    this.#rows = grown.rows;
    this.#commitments = new DataView(grown.commitments.buffer);
  }

  /** Puts the rows in order: nothing is added any more. */
  sort(): void {
    if (this.#isSorted) return;
    const order = new Uint32Array(this.#count);
    for (let index = 0; index < order.length; index += 1) order[index] = index;
    this.#order = order.toSorted((a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    const difference = (this.#offsets[a] as number) - (this.#offsets[b] as number);
    return difference === 0 ? (this.#rows[a] as number) - (this.#rows[b] as number) : difference;
  }

  #indexOf(place: number): number {
    return this.#order === null ? place : (this.#order[place] as number);
  }

  /** Offset of the record of the row at this place in the order. Requires {@link sort}, as all below. */
  offset(place: number): number {
    return this.#offsets[this.#indexOf(place)] as number;
  }

  row(place: number): number {
    return this.#rows[this.#indexOf(place)] as number;
  }

  /** As its disclosure has it, as bytes that stay. */
  commitment(place: number): Hash {
    const at = this.#indexOf(place) * HASH_SIZE;
    return toHash(new Uint8Array(this.#commitments.buffer, at, HASH_SIZE));
  }

  /** Whether its commitment stands at `at`. */
  isCommitment(place: number, view: DataView, at: number): boolean {
    return isSameHash(this.#commitments, this.#indexOf(place) * HASH_SIZE, view, at);
  }

  place(place: number): RowPlace {
    const index = this.#indexOf(place);
    const table = this.#tables.findLast(({ from }) => from <= index) as {
      file: string;
      from: number;
      skipped: readonly number[];
    };
    const within = index - table.from;
    const skipped = table.skipped.filter((before) => before <= within).length;
    return { file: table.file, line: within + skipped + 1 };
  }
}

/** Whether the hashes that stand at two places are the same; four bytes at a time. */
export function isSameHash(a: DataView, atA: number, b: DataView, atB: number): boolean {
  for (let byte = 0; byte < HASH_SIZE; byte += 4) {
    if (a.getInt32(atA + byte) !== b.getInt32(atB + byte)) return false;
  }
  return true;
}
