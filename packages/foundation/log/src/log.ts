/**
 * The log of one tenant: append, read, and open after whatever happened.
 *
 * Invariants: offsets are 0, 1, 2 …; every header holds the leaf hash of the record before; timestamps
 * rise; `append` returns when its records survive a loss of power. A log that was not closed starts a
 * new generation when it is opened, durable before anything is sealed in it, and leaves a Recovery
 * record that says what was thrown away: at most the last batch, which nobody was told is safe. A log
 * that was closed must end exactly as it was closed. Anything else is damage, and is never cut.
 */

import { type Crypto, ZERO_HASH } from '@veritydb/crypto';
import {
  type Generation,
  HASH_SIZE,
  type Hash,
  type Offset,
  type RecordHeader,
  type RecordKind,
  type TenantId,
  type Timestamp,
  assert,
  bytesEqual,
  monotonicTimestamp,
  toGeneration,
  toHash,
  toOffset,
  toTimestamp,
} from '@veritydb/types';

import {
  type AppendedRecords,
  BatchWriter,
  type RecordToAppend,
  payloadSizeOf,
} from './batch-writer.ts';
import { CheckpointIndex } from './checkpoint-index.ts';
import { whileReading, whileWriting } from './disk-failure.ts';
import type { Disk } from './disk.ts';
import { LogError, corrupt, olderSuperblock } from './error.ts';
import { encodeSegmentIndex, indexNameOf, isIndexFile, writeIndexFile } from './index-file.ts';
import {
  PAYLOAD_SIZE_MAX,
  SEGMENT_HEADER_SIZE,
  SEGMENT_SIZE_DEFAULT,
  SEGMENT_SIZE_MIN,
} from './limits.ts';
import { OffsetIndex } from './offset-index.ts';
import { Reader, type Scrubbed, type StoredRecord } from './reader.ts';
import type { RecoveryRecord } from './recovery-record.ts';
import { buildRecoveryRecord } from './recovery.ts';
import { type Expected, type Tail, fits, judgeTail, leafHashOf, wholeRecordAt } from './scan.ts';
import { SegmentFile, isSegmentOf, listSegments, removeUnusedSegment } from './segment.ts';
import { Segments } from './segments.ts';
import { Superblock } from './superblock.ts';

export interface LogOptions {
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly tenant: TenantId;
  /** Time of opening: a Recovery record carries it, or one later than the last record's. */
  readonly now: Timestamp;
  /** 16 random bytes for a log that is made now. */
  readonly identity: () => Uint8Array;
  /** Bytes at which a segment file is full. */
  readonly segmentSize?: number;
  /** Called for every record in order while the log is opened, and for the Recovery record. */
  readonly onRecord?: (header: RecordHeader, leafHash: Hash) => void;
}

export class Log {
  readonly #options: LogOptions;
  readonly #superblock: Superblock;
  readonly #writer: BatchWriter;
  readonly #index = new OffsetIndex();
  readonly #checkpoints = new CheckpointIndex();
  readonly #segments: Segments;
  readonly #reader: Reader;
  #nextOffset = 0;
  /** Where the next record goes, in the last segment. */
  #end = SEGMENT_HEADER_SIZE;
  #lastHash: Hash = ZERO_HASH;
  #lastTimestamp: Timestamp = toTimestamp(0n);
  #lastGeneration: Generation = toGeneration(1);
  /** Offset of the first record of the newest batch: all before it were durable when it was written. */
  #batchStart = 0;
  /** Where that record lies, in the newest segment of a log that is being opened. */
  #batchPosition = SEGMENT_HEADER_SIZE;
  #condition: 'open' | 'failed' | 'closed' = 'open';
  #recovery: RecoveryRecord | undefined;
  readonly #rebuiltIndexes: string[] = [];

  private constructor(options: LogOptions, superblock: Superblock) {
    this.#options = options;
    this.#superblock = superblock;
    this.#writer = new BatchWriter(options.crypto);
    this.#segments = new Segments(options.disk);
    this.#reader = new Reader({
      crypto: options.crypto,
      segments: this.#segments,
      index: this.#index,
      checkpoints: this.#checkpoints,
    });
  }

  /**
   * Opens a log, making it in an empty folder.
   *
   * @throws {LogError} ERR_LOG_CORRUPT when acknowledged data is damaged, ERR_LOG_SUPERBLOCK when the
   * superblock is, ERR_LOG_READ or ERR_LOG_WRITE when the disk refuses
   */
  static open(options: LogOptions): Log {
    const { crypto, disk, segmentSize = SEGMENT_SIZE_DEFAULT, tenant } = options;
    assert(segmentSize >= SEGMENT_SIZE_MIN, `a segment is below ${SEGMENT_SIZE_MIN} bytes`);
    const names = whileReading(() => listSegments(disk));
    const found = whileWriting(() => Superblock.open(crypto, disk, tenant));
    if (found === undefined && names.length > 0) {
      throw new LogError('verification', 'ERR_LOG_SUPERBLOCK', 'superblock is missing', {
        hint: 'restore the file named superblock from a copy of this folder',
      });
    }
    const superblock =
      found ??
      whileWriting(() => Superblock.create(crypto, disk, { tenant, identity: options.identity() }));
    const log = new Log(options, superblock);
    try {
      log.#openSegments(names);
      return log;
    } catch (error) {
      log.#condition = 'failed';
      log.close();
      throw error;
    }
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  get lastTimestamp(): Timestamp {
    return this.#lastTimestamp;
  }

  /** Chain hash of the newest record; zero for an empty log. */
  get lastHash(): Hash {
    return this.#lastHash;
  }

  get generation(): Generation {
    return this.#superblock.state.generation;
  }

  get segmentCount(): number {
    return this.#segments.count;
  }

  /** Offset of the newest checkpoint record, if there is one. */
  get lastCheckpoint(): Offset | undefined {
    return this.#checkpoints.findAtOrBefore(toOffset(this.#nextOffset))?.offset;
  }

  /** 16 bytes that tell this log from every other. */
  get identity(): Uint8Array {
    return this.#superblock.state.identity;
  }

  /** What opening had to recover from, or undefined where the log had been closed. */
  get recovery(): RecoveryRecord | undefined {
    return this.#recovery;
  }

  /** Index files that were missing or wrong when the log was opened, and are written again. */
  get rebuiltIndexes(): readonly string[] {
    return this.#rebuiltIndexes;
  }

  #openSegments(names: readonly string[]): void {
    const { segmentCount } = this.#superblock.state;
    if (names.length < segmentCount) {
      throw corrupt(`${segmentCount} segment files were made and ${names.length} are there`);
    }
    for (const [index, name] of names.entries()) {
      if (index >= segmentCount) removeUnusedSegment(this.#options.disk, name);
      else this.#openSegment(name, index === names.length - 1);
    }
    const { mode, recordCount } = this.#superblock.state;
    const fullCount = mode === 'closed' ? segmentCount : segmentCount - 1;
    if (this.nextOffset < recordCount) {
      throw corrupt(`it holds ${this.nextOffset} records where ${recordCount} were durable`);
    }
    if (mode === 'open' && this.#recovery === undefined) this.#recover();
    else if (mode === 'closed' && this.nextOffset > recordCount) {
      throw corrupt(`it holds ${this.nextOffset} records and was closed with ${recordCount}`);
    }
    for (let segment = 0; segment < fullCount; segment += 1) this.#checkIndex(segment);
  }

  /** Writes the index of a segment again where the file does not say what the scan found. */
  #checkIndex(segment: number): void {
    const name = indexNameOf(this.#segments.nameOf(segment));
    const bytes = this.#encodeIndex(segment);
    if (isIndexFile(this.#options.disk, name, bytes)) return;
    this.#rebuiltIndexes.push(name);
    writeIndexFile(this.#options.disk, name, bytes);
  }

  #encodeIndex(segment: number): Uint8Array {
    const { crypto, tenant } = this.#options;
    const { identity } = this;
    const entries = this.#index.ofSegment(segment);
    const firstOffset = entries[0]?.offset ?? toOffset(this.#nextOffset);
    return encodeSegmentIndex(crypto, { tenant, identity, firstOffset, entries });
  }

  /** Writes the index of the newest segment: it is full, or the log is closing. */
  #writeIndex(): void {
    const { count, newest } = this.#segments;
    if (newest === undefined) return;
    writeIndexFile(this.#options.disk, indexNameOf(newest.name), this.#encodeIndex(count - 1));
  }

  #openSegment(name: string, isLast: boolean): void {
    const { crypto, disk, segmentSize = SEGMENT_SIZE_DEFAULT, tenant } = this.#options;
    const segment = whileReading(() => SegmentFile.open(disk, name, segmentSize));
    this.#segments.add(segment);
    const bytes = segment.readAll();
    const { identity } = this;
    const firstOffset = toOffset(this.nextOffset);
    if (!isSegmentOf(bytes, { tenant, identity, firstOffset })) {
      throw corrupt(`${name} is damaged at byte 0, before record ${firstOffset}`);
    }
    this.#scanSegment(bytes);
    const tail = judgeTail(crypto, bytes, this.#end, this.#expected());
    const { mode, recordCount } = this.#superblock.state;
    const wasDurable = !isLast || mode === 'closed' || this.nextOffset < recordCount;
    if (tail.kind === 'damaged' || (tail.kind === 'torn' && wasDurable)) {
      throw corrupt(`${name} is damaged at byte ${this.#end}, at record ${this.nextOffset}`);
    }
    if (tail.kind === 'torn') this.#recover(tail);
  }

  #scanSegment(bytes: Uint8Array): void {
    const { crypto, onRecord } = this.#options;
    const { generation, lastHash, recordCount } = this.#superblock.state;
    this.#end = SEGMENT_HEADER_SIZE;
    this.#batchPosition = SEGMENT_HEADER_SIZE;
    for (;;) {
      const record = wholeRecordAt(crypto, bytes, this.#end);
      if (record === undefined || !fits(record.header, this.#expected())) return;
      if (record.header.generation > generation) {
        throw olderSuperblock(generation, record.header.generation);
      }
      const leafHash = leafHashOf(crypto, record.headerBytes);
      this.#note(record.header.kind, leafHash, 0, this.#end);
      this.#lastHash = leafHash;
      this.#lastTimestamp = record.header.timestamp;
      this.#lastGeneration = record.header.generation;
      this.#batchStart = record.header.offset - record.header.batchIndex;
      if (record.header.batchIndex === 0) this.#batchPosition = this.#end;
      this.#end += record.size;
      if (this.nextOffset === recordCount && !bytesEqual(leafHash, lastHash)) {
        throw corrupt(`record ${recordCount - 1} is not the one that was written`);
      }
      onRecord?.(record.header, leafHash);
    }
  }

  #expected(): Expected {
    return {
      tenant: this.#options.tenant,
      offset: this.nextOffset,
      previousHash: this.#lastHash,
      timestamp: this.nextOffset === 0 ? -1n : this.#lastTimestamp,
      generation: this.#lastGeneration,
    };
  }

  /** Takes note of the next record, which lies in the newest segment; its hash lies in others at a place. */
  #note(kind: RecordKind, leafHashes: Uint8Array, hashAt: number, position: number): void {
    const offset = this.#nextOffset;
    this.#index.note(offset, this.#segments.count - 1, position, leafHashes, hashAt);
    if (kind === 'checkpoint') {
      const chainHash = toHash(leafHashes.slice(hashAt, hashAt + HASH_SIZE));
      this.#checkpoints.append({ offset: toOffset(offset), chainHash });
    }
    this.#nextOffset = offset + 1;
  }

  /**
   * Starts a generation where a log was not closed. The generation is durable first; then the newest
   * batch is written once more, and the Recovery record takes the place of the torn tail; then what is left of the tail becomes zero. A crash at any
   * step leaves a log that is open, and so recovers once more.
   */
  #recover(tail: Tail = { kind: 'clean' }): void {
    const { state } = this.#superblock;
    const generation = toGeneration(state.generation + 1);
    whileWriting(() => {
      this.#superblock.update({ generation });
    });
    const discardedFrom = this.#end;
    const discardedBytes = tail.kind === 'torn' ? tail.end - discardedFrom : 0;
    const timestamp = monotonicTimestamp(this.#options.now, this.#lastTimestamp);
    const recovery: RecoveryRecord = {
      generation,
      previousGeneration: state.generation,
      knownCommitted: Math.max(this.#batchStart, state.recordCount) - 1,
      recoveryPoint: this.nextOffset,
      discardedFrom,
      discardedBytes,
      reason: 'node-restart',
      timestamp,
    };
    const record = buildRecoveryRecord(this.#options.crypto, recovery);
    const header = whileWriting(() => {
      this.#segments.newest?.rewrite(this.#batchPosition, this.#end);
      const size = BatchWriter.sizeOf(record);
      // A torn tail is covered where it lies, even where that makes the segment longer.
      if (discardedBytes === 0 && !this.#hasRoom(size)) this.#roll(size);
      this.#write([record], new Uint8Array(HASH_SIZE));
      const left = discardedFrom + discardedBytes - this.#end;
      if (left > 0) this.#segments.newest?.write(new Uint8Array(left), this.#end);
      return this.#writer.firstHeader();
    });
    this.#recovery = recovery;
    this.#options.onRecord?.(header, this.#lastHash);
  }

  /**
   * Appends records in order. Returns when all of them are durable.
   *
   * @throws {LogError} ERR_LOG_WRITE when that cannot be had: the log then refuses everything until it
   * is opened again
   */
  append(records: readonly RecordToAppend[]): AppendedRecords {
    this.#assertOpen();
    let last = this.#nextOffset === 0 ? -1n : this.#lastTimestamp;
    for (const { payload, timestamp } of records) {
      assert(timestamp > last, 'timestamp of a record does not rise');
      assert(payloadSizeOf(payload) <= PAYLOAD_SIZE_MAX, 'payload is above 64 MiB');
      last = timestamp;
    }
    try {
      return whileWriting(() => this.#append(records));
    } catch (error) {
      this.#condition = 'failed';
      throw error;
    }
  }

  #append(records: readonly RecordToAppend[]): AppendedRecords {
    // Before anything is sealed: after a crash from here on, no nonce of this generation is used again.
    if (this.#superblock.state.mode === 'closed') this.#superblock.update({ mode: 'open' });
    const firstOffset = toOffset(this.#nextOffset);
    const leafHashes = new Uint8Array(records.length * HASH_SIZE);
    for (let start = 0; start < records.length;) {
      const end = this.#endOfWrite(records, start);
      const hashes = leafHashes.subarray(start * HASH_SIZE, end * HASH_SIZE);
      this.#write(records.slice(start, end), hashes);
      start = end;
    }
    return { firstOffset, leafHashes };
  }

  /** Index behind the records from `start` on that go into one write; in a new segment where they must. */
  #endOfWrite(records: readonly RecordToAppend[], start: number): number {
    let size = 0;
    let end = start;
    for (; end < records.length; end += 1) {
      size += BatchWriter.sizeOf(records[end] as RecordToAppend);
      if (this.#hasRoom(size)) continue;
      if (end > start) break;
      this.#roll(size);
    }
    return end;
  }

  #hasRoom(size: number): boolean {
    const { newest } = this.#segments;
    return newest !== undefined && this.#end + size <= newest.capacity;
  }

  /** Writes records as one batch, and the leaf hash of each to `leafHashes`. Durable on return. */
  #write(records: readonly RecordToAppend[], leafHashes: Uint8Array): void {
    const { newest } = this.#segments;
    assert(newest !== undefined, 'a batch has no segment to go to');
    const { generation } = this;
    const { tenant } = this.#options;
    const offset = this.#nextOffset;
    const start = { tenant, generation, offset, previousHash: this.#lastHash };
    newest.write(this.#writer.encode(start, records, leafHashes), this.#end);
    for (let index = 0; index < records.length; index += 1) {
      const record = records[index] as RecordToAppend;
      this.#note(record.kind, leafHashes, index * HASH_SIZE, this.#end);
      this.#end += BatchWriter.sizeOf(record);
      this.#lastTimestamp = record.timestamp;
    }
    this.#lastHash = toHash(leafHashes.slice(-HASH_SIZE));
    this.#lastGeneration = generation;
    this.#batchStart = offset;
  }

  /** Begins a segment in which a record of a size has room. */
  #roll(size: number): void {
    const { disk, segmentSize = SEGMENT_SIZE_DEFAULT, tenant } = this.#options;
    const { generation, identity } = this.#superblock.state;
    const firstOffset = toOffset(this.nextOffset);
    const capacity = Math.max(segmentSize, SEGMENT_HEADER_SIZE + size);
    const header = { tenant, identity, firstOffset, generation };
    this.#writeIndex();
    this.#segments.add(SegmentFile.create(disk, header, capacity));
    this.#end = SEGMENT_HEADER_SIZE;
    this.#superblock.update({
      mode: 'open',
      segmentCount: this.#segments.count,
      recordCount: this.nextOffset,
      lastHash: this.#lastHash,
    });
  }

  /**
   * Reads a record: CRC, payload digest and place are checked again.
   *
   * @throws {LogError} ERR_LOG_OFFSET when there is none, ERR_LOG_RECORD when it is damaged
   */
  read(offset: Offset): StoredRecord {
    this.#assertOpen();
    this.#assertOffset(offset);
    return this.#reader.read(offset);
  }

  /**
   * Reads a record and proves it by the chain: headers lead from it to the nearest checkpoint or index
   * entry at or after it, or to the newest record, whose hash was computed when it was written or the log
   * opened. A changed record is found also where its checksums were made to fit.
   *
   * @throws {LogError} ERR_LOG_OFFSET when there is none, ERR_LOG_RECORD when it is not the one written
   */
  readVerified(offset: Offset): StoredRecord {
    this.#assertOpen();
    this.#assertOffset(offset);
    const newest = { offset: toOffset(this.#nextOffset - 1), chainHash: this.#lastHash };
    return this.#reader.readVerified(offset, newest);
  }

  /** Records from an offset on, in order; also those that are appended meanwhile. */
  *scan(from: Offset): Iterable<StoredRecord> {
    let at: number = from;
    while (at < this.#nextOffset) {
      for (const record of this.#reader.records(toOffset(at), this.#nextOffset)) {
        this.#assertOpen();
        yield record;
        at += 1;
      }
    }
  }

  /**
   * Reads some records again, against rot of the disk: CRC, payload digest, place, and the leaf hash that
   * the tree has. Nothing stops: what is damaged is told.
   */
  scrub(from: Offset, count: number, leafHashAt: (offset: Offset) => Hash): Scrubbed {
    this.#assertOpen();
    const next = Math.min(from + count, this.#nextOffset);
    return { next: toOffset(next), damaged: this.#reader.findDamaged(from, next, leafHashAt) };
  }

  #assertOffset(offset: Offset): void {
    if (offset < this.nextOffset) return;
    throw new LogError('expectation', 'ERR_LOG_OFFSET', `offset ${offset} is not in the log`, {
      hint: `the log ends before offset ${this.nextOffset}`,
    });
  }

  #assertOpen(): void {
    if (this.#condition === 'open') return;
    throw new LogError('unavailable', 'ERR_LOG_CLOSED', `the log is ${this.#condition}`, {
      hint: 'open it again',
    });
  }

  /** Says in the superblock how the log ends, and closes every file. */
  close(): void {
    if (this.#condition === 'closed') return;
    if (this.#condition === 'open' && this.#superblock.state.mode === 'open') this.#seal();
    this.#condition = 'closed';
    this.#segments.close();
    this.#superblock.close();
  }

  #seal(): void {
    try {
      const { lastHash, nextOffset: recordCount } = this;
      this.#writeIndex();
      this.#superblock.update({ mode: 'closed', recordCount, lastHash });
    } catch {
      // The records are durable. A log that could not be marked as closed recovers when it is opened.
    }
  }
}
