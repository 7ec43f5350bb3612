/**
 * Reading records back. A look-up begins at the index entry before the record and walks over the headers
 * from there; a sequence of records is read a stretch of the file at a time.
 *
 * Always holds: nothing is returned because of where it was looked for. What lies at a place is checked
 * against its CRC, its payload's digest and the offset in its header, each time it is read.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  HASH_SIZE,
  type Hash,
  type Offset,
  PREVIOUS_HASH_AT,
  type RecordHeader,
  bytesEqual,
  toOffset,
} from '@veritydb/types';

import type { CheckpointIndex, CheckpointPlace } from './checkpoint-index.ts';
import { Cursor } from './cursor.ts';
import { LogError, damaged } from './error.ts';
import type { OffsetIndex, Place } from './offset-index.ts';
import { hashLeaf, leafHashOf, wholeRecordAt } from './scan.ts';
import type { Segments } from './segments.ts';

export interface StoredRecord {
  readonly header: RecordHeader;
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly leafHash: Hash;
}

/** A record that is not what was written, or cannot be read, and where it lies. */
export interface DamagedRecord {
  readonly file: string;
  readonly position: number;
  readonly offset: Offset;
}

/** What a part of the log was found to be. */
export interface Scrubbed {
  /** Where to go on; the end of the log when all of it was read. */
  readonly next: Offset;
  readonly damaged: readonly DamagedRecord[];
}

export interface ReaderSources {
  readonly crypto: Crypto;
  readonly segments: Segments;
  readonly index: OffsetIndex;
  readonly checkpoints: CheckpointIndex;
}

export class Reader {
  readonly #sources: ReaderSources;
  /** For single records; a walk over many has its own. */
  readonly #cursor: Cursor;
  readonly #hash = new Uint8Array(HASH_SIZE);

  constructor(sources: ReaderSources) {
    this.#sources = sources;
    this.#cursor = new Cursor(sources);
  }

  /** @throws {LogError} ERR_LOG_RECORD when the record, or one on the way to it, is damaged */
  read(offset: Offset): StoredRecord {
    this.#cursor.seek(offset);
    return this.#recordAt(this.#cursor);
  }

  /**
   * A record that a chain of headers ties to a hash which was computed when the log was written or
   * opened: that of the nearest checkpoint or index entry at or after it, or of the newest record.
   *
   * @throws {LogError} ERR_LOG_RECORD when it is not the one that was written
   */
  readVerified(offset: Offset, newest: CheckpointPlace): StoredRecord {
    const { checkpoints, crypto, index } = this.#sources;
    const record = this.read(offset);
    const cursor = this.#cursor;
    const place = cursor.place();
    const anchor = [checkpoints.findAtOrAfter(offset), index.findAtOrAfter(offset)].reduce(
      (best: CheckpointPlace, each) =>
        each !== undefined && each.offset < best.offset ? each : best,
      newest,
    );
    const hash = this.#hash;
    hash.set(record.leafHash);
    while (cursor.offset < anchor.offset) {
      cursor.advance();
      const header = cursor.header();
      for (let at = 0; at < HASH_SIZE; at += 1) {
        if (header[PREVIOUS_HASH_AT + at] !== hash[at]) throw this.#damaged(cursor.place());
      }
      hashLeaf(crypto, header, hash);
    }
    if (!bytesEqual(hash, anchor.chainHash)) throw this.#damaged(place);
    return record;
  }

  /**
   * Reads records `[from, to)` again and compares each with the leaf hash that it had. A damaged header
   * hides the records behind it, up to the next entry of the index: then it alone is named.
   */
  findDamaged(from: number, to: number, leafHashAt: (offset: Offset) => Hash): DamagedRecord[] {
    const found = new Map<number, DamagedRecord>();
    for (let at = from; at < to; at += 1) {
      const offset = toOffset(at);
      try {
        if (bytesEqual(this.read(offset).leafHash, leafHashAt(offset))) continue;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
      }
      const { position, segment, offset: place } = this.#cursor.place();
      found.set(place, { file: this.#sources.segments.nameOf(segment), position, offset: place });
    }
    return [...found.values()];
  }

  /** Records `[from, to)` in order. */
  *records(from: Offset, to: number): Iterable<StoredRecord> {
    if (from >= to) return;
    const cursor = new Cursor(this.#sources);
    cursor.seek(from);
    for (;;) {
      yield this.#recordAt(cursor);
      if (cursor.offset + 1 >= to) return;
      cursor.advance();
    }
  }

  #recordAt(cursor: Cursor): StoredRecord {
    const { crypto } = this.#sources;
    // A copy: the caller keeps it, and the cursor reads over its own.
    const bytes = cursor.record().slice();
    const record = wholeRecordAt(crypto, bytes, 0);
    if (record?.header.offset !== cursor.offset) throw this.#damaged(cursor.place());
    const { header, headerBytes, payload } = record;
    return { header, headerBytes, payload, leafHash: leafHashOf(crypto, headerBytes) };
  }

  #damaged({ offset, position, segment }: Place): LogError {
    return damaged(this.#sources.segments.nameOf(segment), position, offset);
  }
}
