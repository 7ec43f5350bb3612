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
  #commitments = new Uint8Array(256 * HASH_SIZE);
  #count = 0;
  /** Where the rows of each table begin, in the order in which they were added. */
  readonly #tables: { readonly file: string; readonly from: number; readonly skipped: number[] }[] =
    [];
  /** Rows by offset, then by index in their record. */
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

  add(offset: number, row: number, commitment: Uint8Array, at: number): void {
    const index = this.#count;
    if (index === this.#rows.length) this.#grow();
    this.#offsets[index] = offset;
    this.#rows[index] = row;
    for (let byte = 0; byte < HASH_SIZE; byte += 1) {
      this.#commitments[index * HASH_SIZE + byte] = commitment[at + byte] as number;
    }
    this.#count += 1;
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
    grown.commitments.set(this.#commitments);
    this.#offsets = grown.offsets;
    this.#rows = grown.rows;
    this.#commitments = grown.commitments;
  }

  /** Puts the rows in order: nothing is added any more. */
  sort(): void {
    const order = new Uint32Array(this.#count);
    let isSorted = true;
    for (let index = 0; index < order.length; index += 1) {
      order[index] = index;
      if (index > 0 && this.#compare(index - 1, index) > 0) isSorted = false;
    }
    if (!isSorted) order.sort((a, b) => this.#compare(a, b));
    this.#order = order;
  }

  #compare(a: number, b: number): number {
    const difference = (this.#offsets[a] as number) - (this.#offsets[b] as number);
    return difference === 0 ? (this.#rows[a] as number) - (this.#rows[b] as number) : difference;
  }

  #indexOf(place: number): number {
    return this.#order?.[place] as number;
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
    return toHash(this.#commitments.subarray(at, at + HASH_SIZE));
  }

  /** Whether its commitment is `bytes[at, at + 32)`. */
  isCommitment(place: number, bytes: Uint8Array, at: number): boolean {
    const start = this.#indexOf(place) * HASH_SIZE;
    for (let index = 0; index < HASH_SIZE; index += 1) {
      if (this.#commitments[start + index] !== bytes[at + index]) return false;
    }
    return true;
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
