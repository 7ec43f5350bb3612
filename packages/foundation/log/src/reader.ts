/**
 * Reading records back. A look-up begins at the index entry before the record and walks over the headers
 * from there; a sequence of records is read a stretch of the file at a time.
 *
 * Always holds: nothing is returned because of where it was looked for. What lies at a place is checked
 * against its CRC, its payload's digest and the offset in its header, each time it is read.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Hash,
  type Offset,
  PREVIOUS_HASH_AT,
  RECORD_HEADER_SIZE,
  type RecordHeader,
  bytesEqual,
  toOffset,
} from '@veritydb/types';

import type { CheckpointIndex, CheckpointPlace } from './checkpoint-index.ts';
import { damaged } from './error.ts';
import { CRC_SIZE, PAYLOAD_SIZE_MAX } from './limits.ts';
import { INDEX_STRIDE, type OffsetIndex, type Place } from './offset-index.ts';
import { leafHashOf, wholeRecordAt } from './scan.ts';
import type { SegmentFile } from './segment.ts';
import type { Segments } from './segments.ts';

export interface StoredRecord {
  readonly header: RecordHeader;
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly leafHash: Hash;
}

/** A record that is not what was written, and where it lies. */
export interface DamagedRecord {
  readonly file: string;
  readonly position: number;
  readonly offset: Offset;
}

export interface ReaderSources {
  readonly crypto: Crypto;
  readonly segments: Segments;
  readonly index: OffsetIndex;
  readonly checkpoints: CheckpointIndex;
}

/** A place with the size of the record there, as its header says. */
interface SizedPlace extends Place {
  readonly size: number;
}

/** Bytes read at once: a stride of the index with what is likely to reach beyond it. */
const STRETCH_SIZE = INDEX_STRIDE + 4096;

/** A stretch of a segment, read into the same memory again and again. */
class Stretch {
  #bytes = new Uint8Array(STRETCH_SIZE);
  #name = '';
  #start = 0;
  #size = 0;

  /** Bytes at a position, as a view that the next call overwrites: fewer at the end of the file. */
  at(segment: SegmentFile, position: number, size: number): Uint8Array {
    const from = position - this.#start;
    if (segment.name !== this.#name || from < 0 || from + size > this.#size) {
      if (size > this.#bytes.length) this.#bytes = new Uint8Array(size);
      this.#name = segment.name;
      this.#start = position;
      this.#size = 0;
      this.#size = segment.readInto(this.#bytes, position);
      return this.#bytes.subarray(0, Math.min(size, this.#size));
    }
    return this.#bytes.subarray(from, from + size);
  }

  /** Forgets what was read: the file may have grown since. */
  clear(): void {
    this.#name = '';
  }
}

export class Reader {
  readonly #sources: ReaderSources;
  /** For single records; a walk over many has its own. */
  readonly #stretch = new Stretch();

  constructor(sources: ReaderSources) {
    this.#sources = sources;
  }

  /** @throws {LogError} ERR_LOG_RECORD when the record, or one on the way to it, is damaged */
  read(offset: Offset): StoredRecord {
    this.#stretch.clear();
    return this.#recordAt(this.#stretch, this.#seek(this.#stretch, offset));
  }

  /**
   * A record that a chain of headers ties to a hash which was computed when the log was written or
   * opened: that of the nearest checkpoint or index entry at or after it, or of the newest record.
   *
   * @throws {LogError} ERR_LOG_RECORD when it is not the one that was written
   */
  readVerified(offset: Offset, newest: CheckpointPlace): StoredRecord {
    const { checkpoints, crypto, index, segments } = this.#sources;
    const stretch = this.#stretch;
    stretch.clear();
    let place: Place = this.#seek(stretch, offset);
    const first = place;
    const record = this.#recordAt(stretch, place);
    const anchor = [checkpoints.findAtOrAfter(offset), index.findAtOrAfter(offset)].reduce<
      Pick<CheckpointPlace, 'offset' | 'chainHash'>
    >((best, each) => (each !== undefined && each.offset < best.offset ? each : best), newest);
    let hash = record.leafHash;
    while (place.offset < anchor.offset) {
      place = this.#after(this.#sized(stretch, place));
      const segment = segments.at(place.segment);
      const headerBytes = stretch.at(segment, place.position, RECORD_HEADER_SIZE);
      const previousHash = headerBytes.subarray(PREVIOUS_HASH_AT, PREVIOUS_HASH_AT + hash.length);
      if (!bytesEqual(previousHash, hash)) throw this.#damaged(place);
      hash = leafHashOf(crypto, headerBytes);
    }
    if (!bytesEqual(hash, anchor.chainHash)) throw this.#damaged(first);
    return record;
  }

  /** Records `[from, to)` in order. */
  *records(from: Offset, to: number): Iterable<StoredRecord> {
    if (from >= to) return;
    const stretch = new Stretch();
    let place: Place = this.#seek(stretch, from);
    for (;;) {
      yield this.#recordAt(stretch, place);
      if (place.offset + 1 >= to) return;
      place = this.#after(this.#sized(stretch, place));
    }
  }

  /** Walks from the entry at or before an offset to the record. */
  #seek(stretch: Stretch, offset: Offset): Place {
    let place: Place = this.#sources.index.findAtOrBefore(offset);
    while (place.offset < offset) {
      const { position, segment, size } = this.#sized(stretch, place);
      place = { offset: toOffset(place.offset + 1), segment, position: position + size };
    }
    return place;
  }

  /** The place behind a record: where the index has an entry for it, that one. */
  #after({ offset, position, segment, size }: SizedPlace): Place {
    const next = toOffset(offset + 1);
    const entry = this.#sources.index.findAtOrBefore(next);
    return entry.offset === next ? entry : { offset: next, segment, position: position + size };
  }

  /** Reads how large the record at a place is, and that it is the one which the place is said to hold. */
  #sized(stretch: Stretch, place: Place): SizedPlace {
    const segment = this.#sources.segments.at(place.segment);
    const bytes = stretch.at(segment, place.position, RECORD_HEADER_SIZE);
    // Attacker-controlled: whoever can write the file can write this.
    if (bytes.length < RECORD_HEADER_SIZE) throw this.#damaged(place);
    const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_SIZE);
    const offset = view.getUint32(20, true) * 2 ** 32 + view.getUint32(16, true);
    const payloadSize = view.getUint32(4, true);
    if (offset !== place.offset || payloadSize > PAYLOAD_SIZE_MAX) throw this.#damaged(place);
    return { ...place, size: RECORD_HEADER_SIZE + payloadSize + CRC_SIZE };
  }

  #recordAt(stretch: Stretch, place: Place): StoredRecord {
    const { crypto, segments } = this.#sources;
    const { size } = this.#sized(stretch, place);
    // A copy: the caller keeps it, and the stretch is read over.
    const bytes = stretch.at(segments.at(place.segment), place.position, size).slice();
    const record = wholeRecordAt(crypto, bytes, 0);
    if (record?.header.offset !== place.offset) throw this.#damaged(place);
    const { header, headerBytes, payload } = record;
    return { header, headerBytes, payload, leafHash: leafHashOf(crypto, headerBytes) };
  }

  #damaged({ offset, position, segment }: Place): Error {
    return damaged(this.#sources.segments.at(segment).name, position, offset);
  }
}
