/**
 * A place in the log that moves from record to record, over a stretch of a segment that is read at once.
 *
 * Always holds: the header at the place names the offset that the cursor stands at, or it throws. Sizes
 * in headers lead from one record to the next; where the index has an entry for the next, that leads.
 */

import { type Offset, RECORD_HEADER_SIZE, toOffset } from '@veritydb/types';

import { type LogError, damaged } from './error.ts';
import { CRC_SIZE, PAYLOAD_SIZE_MAX } from './limits.ts';
import { INDEX_STRIDE, type IndexEntry, type OffsetIndex, type Place } from './offset-index.ts';
import type { Segments } from './segments.ts';

/** Bytes read at once: a stride of the index with what is likely to reach beyond it. */
const STRETCH_SIZE = INDEX_STRIDE + 4096;

export interface CursorSources {
  readonly segments: Segments;
  readonly index: OffsetIndex;
}

export class Cursor {
  readonly #segments: Segments;
  readonly #index: OffsetIndex;
  #offset = 0;
  #segment = 0;
  #position = 0;
  /** Number of the index entry that comes next, and the offset that it is for. */
  #nextEntry = 0;
  #nextEntryOffset = Number.POSITIVE_INFINITY;
  #bytes = new Uint8Array(STRETCH_SIZE);
  #view = new DataView(this.#bytes.buffer);
  /** Where in the segment the stretch begins, and how many bytes of it were read. */
  #start = 0;
  #size = 0;

  constructor({ index, segments }: CursorSources) {
    this.#segments = segments;
    this.#index = index;
  }

  get offset(): Offset {
    return toOffset(this.#offset);
  }

  place(): Place {
    return { offset: this.offset, segment: this.#segment, position: this.#position };
  }

  /** Goes to a record of the log. What was read before is forgotten: the file may have changed. */
  seek(offset: Offset): void {
    const number = this.#index.numberAtOrBefore(offset);
    this.#enter(this.#index.entry(number), number);
    while (this.#offset < offset) this.advance();
  }

  #enter({ offset, position, segment }: IndexEntry, number: number): void {
    this.#offset = offset;
    this.#segment = segment;
    this.#position = position;
    this.#size = 0;
    this.#nextEntry = number + 1;
    const hasNext = this.#nextEntry < this.#index.count;
    this.#nextEntryOffset = hasNext
      ? this.#index.entry(this.#nextEntry).offset
      : Number.POSITIVE_INFINITY;
  }

  /** Goes to the next record. */
  advance(): void {
    const size = this.#recordSize();
    if (this.#offset + 1 === this.#nextEntryOffset) {
      this.#enter(this.#index.entry(this.#nextEntry), this.#nextEntry);
      return;
    }
    this.#offset += 1;
    this.#position += size;
  }

  /** The header at the place, as a view that the next call may overwrite. */
  header(): Uint8Array {
    this.#recordSize();
    const at = this.#position - this.#start;
    return this.#bytes.subarray(at, at + RECORD_HEADER_SIZE);
  }

  /** All bytes of the record, fewer where the file ends before it does; a view like the header. */
  record(): Uint8Array {
    const size = this.#recordSize();
    const at = this.#load(size);
    return this.#bytes.subarray(at, Math.min(at + size, this.#size));
  }

  /** Bytes that the record at the place takes, as its header says. */
  #recordSize(): number {
    // Attacker-controlled: whoever can write the file can write this.
    const at = this.#load(RECORD_HEADER_SIZE);
    if (at + RECORD_HEADER_SIZE > this.#size) throw this.#damaged();
    const view = this.#view;
    const offset = view.getUint32(at + 20, true) * 2 ** 32 + view.getUint32(at + 16, true);
    const payloadSize = view.getUint32(at + 4, true);
    if (offset !== this.#offset || payloadSize > PAYLOAD_SIZE_MAX) throw this.#damaged();
    return RECORD_HEADER_SIZE + payloadSize + CRC_SIZE;
  }

  /** Reads so many bytes from the place on, unless they are there, and says where they begin. */
  #load(size: number): number {
    const at = this.#position - this.#start;
    if (at >= 0 && at + size <= this.#size) return at;
    if (size > this.#bytes.length) {
      this.#bytes = new Uint8Array(size);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#start = this.#position;
    this.#size = 0;
    this.#size = this.#segments.at(this.#segment).readInto(this.#bytes, this.#position);
    return 0;
  }

  #damaged(): LogError {
    return damaged(this.#segments.nameOf(this.#segment), this.#position, this.#offset);
  }
}
