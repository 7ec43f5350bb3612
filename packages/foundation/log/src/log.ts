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
  type Hash,
  type Offset,
  RECORD_HEADER_SIZE,
  type RecordHeader,
  type TenantId,
  type Timestamp,
  assert,
  bytesEqual,
  monotonicTimestamp,
  toGeneration,
  toOffset,
  toTimestamp,
} from '@veritydb/types';

import { BatchWriter, type EncodedRecord, type RecordToAppend } from './batch-writer.ts';
import { CheckpointIndex, type CheckpointPlace } from './checkpoint-index.ts';
import { whileReading, whileWriting } from './disk-failure.ts';
import type { Disk } from './disk.ts';
import { LogError, corrupt, damaged } from './error.ts';
import {
  CRC_SIZE,
  PAYLOAD_SIZE_MAX,
  SEGMENT_HEADER_SIZE,
  SEGMENT_SIZE_DEFAULT,
  SEGMENT_SIZE_MIN,
} from './limits.ts';
import { OffsetIndex } from './offset-index.ts';
import type { RecoveryRecord } from './payload.ts';
import { buildRecoveryRecord } from './recovery.ts';
import { type Expected, type Tail, fits, judgeTail, leafHashOf, wholeRecordAt } from './scan.ts';
import { SegmentFile, isSegmentOf, listSegments, removeUnusedSegment } from './segment.ts';
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

export interface AppendedRecord {
  readonly header: RecordHeader;
  /** The chain hash and the leaf hash of the tree: one and the same. */
  readonly leafHash: Hash;
}

export interface StoredRecord {
  readonly header: RecordHeader;
  readonly headerBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly leafHash: Hash;
}

/** Bytes read at once when a record's size is not known: most records are smaller. */
const READ_SIZE = 4096;
/** Place of the previous record's hash in a header. */
const PREVIOUS_HASH_AT = 72;

export class Log {
  readonly #options: LogOptions;
  readonly #superblock: Superblock;
  readonly #writer: BatchWriter;
  readonly #index = new OffsetIndex();
  readonly #checkpoints = new CheckpointIndex();
  /** Names of the segment files that the superblock counts. */
  readonly #names: string[] = [];
  /** The last segment, in which writing goes on. */
  #active: SegmentFile | undefined;
  /** Another segment, open for reading. */
  #older: SegmentFile | undefined;
  /** Where the next record goes, in the last segment. */
  #end = SEGMENT_HEADER_SIZE;
  #lastHash: Hash = ZERO_HASH;
  #lastTimestamp: Timestamp = toTimestamp(0n);
  #lastGeneration: Generation = toGeneration(1);
  /** Offset of the first record of the newest batch: all before it were durable when it was written. */
  #batchStart = 0;
  #condition: 'open' | 'failed' | 'closed' = 'open';
  #recovery: RecoveryRecord | undefined;

  private constructor(options: LogOptions, superblock: Superblock) {
    this.#options = options;
    this.#superblock = superblock;
    this.#writer = new BatchWriter(options.crypto, this.#batch());
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
    return this.#index.count;
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

  /** 16 bytes that tell this log from every other. */
  get identity(): Uint8Array {
    return this.#superblock.state.identity;
  }

  /** What opening had to recover from, or undefined where the log had been closed. */
  get recovery(): RecoveryRecord | undefined {
    return this.#recovery;
  }

  /** The nearest checkpoint record at or before an offset. */
  checkpointAtOrBefore(offset: Offset): CheckpointPlace | undefined {
    return this.#checkpoints.findAtOrBefore(offset);
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
    if (this.nextOffset < recordCount) {
      throw corrupt(`it holds ${this.nextOffset} records where ${recordCount} were durable`);
    }
    if (mode === 'open' && this.#recovery === undefined) this.#recover();
    else if (mode === 'closed' && this.nextOffset > recordCount) {
      throw corrupt(`it holds ${this.nextOffset} records and was closed with ${recordCount}`);
    }
  }

  #openSegment(name: string, isLast: boolean): void {
    const { crypto, disk, segmentSize = SEGMENT_SIZE_DEFAULT, tenant } = this.#options;
    this.#active?.close();
    const segment = whileReading(() => SegmentFile.open(disk, name, segmentSize));
    this.#active = segment;
    this.#names.push(name);
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
    for (;;) {
      const record = wholeRecordAt(crypto, bytes, this.#end);
      if (record === undefined || !fits(record.header, this.#expected())) return;
      if (record.header.generation > generation) {
        throw new LogError(
          'verification',
          'ERR_LOG_SUPERBLOCK',
          `superblock is older than the log: generation ${generation} and ${record.header.generation}`,
          { hint: 'restore the file named superblock from the copy that belongs to this log' },
        );
      }
      const leafHash = leafHashOf(crypto, record.headerBytes);
      this.#remember(record.header, leafHash, this.#end);
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

  /** Takes note of the next record, which lies in the last segment. */
  #remember(header: RecordHeader, leafHash: Hash, position: number): void {
    const { offset } = header;
    assert(offset === this.nextOffset, 'record does not stand at the next offset');
    this.#index.append({ segment: this.#names.length - 1, position });
    if (header.kind === 'checkpoint') this.#checkpoints.append({ offset, chainHash: leafHash });
    this.#lastHash = leafHash;
    this.#lastTimestamp = header.timestamp;
    this.#lastGeneration = header.generation;
    this.#batchStart = offset - header.batchIndex;
  }

  /**
   * Starts a generation where a log was not closed. The generation is durable first; then the Recovery
   * record takes the place of the torn tail; then what is left of the tail becomes zero. A crash at any
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
    const { header, leafHash } = whileWriting(() => {
      const size = BatchWriter.sizeOf(record);
      // A torn tail is covered where it lies, even where that makes the segment longer.
      if (discardedBytes === 0 && !this.#hasRoom(size)) this.#roll(size);
      this.#writer.begin(this.#batch());
      const encoded = this.#encode(record);
      this.#flush();
      const left = discardedFrom + discardedBytes - this.#end;
      if (left > 0) this.#active?.write(new Uint8Array(left), this.#end);
      return encoded;
    });
    this.#recovery = recovery;
    this.#options.onRecord?.(header, leafHash);
  }

  #batch(): ConstructorParameters<typeof BatchWriter>[1] {
    return {
      tenant: this.#options.tenant,
      generation: this.generation,
      offset: this.nextOffset,
      previousHash: this.#lastHash,
    };
  }

  /**
   * Appends records in order. Returns when all of them are durable.
   *
   * @throws {LogError} ERR_LOG_WRITE when that cannot be had: the log then refuses everything until it
   * is opened again
   */
  append(records: readonly RecordToAppend[]): readonly AppendedRecord[] {
    this.#assertOpen();
    let last = this.#lastTimestamp;
    for (const [index, record] of records.entries()) {
      assert(
        record.timestamp > last || this.nextOffset + index === 0,
        'timestamp of a record does not rise',
      );
      assert(BatchWriter.sizeOf(record) <= PAYLOAD_SIZE_MAX, 'record is above 64 MiB');
      last = record.timestamp;
    }
    try {
      return whileWriting(() => this.#append(records));
    } catch (error) {
      this.#condition = 'failed';
      throw error;
    }
  }

  #append(records: readonly RecordToAppend[]): readonly AppendedRecord[] {
    // Before anything is sealed: after a crash from here on, no nonce of this generation is used again.
    if (this.#superblock.state.mode === 'closed') this.#superblock.update({ mode: 'open' });
    this.#writer.begin(this.#batch());
    const appended: AppendedRecord[] = [];
    for (const record of records) {
      const size = BatchWriter.sizeOf(record);
      if (!this.#hasRoom(this.#writer.size + size)) {
        this.#flush();
        this.#roll(size);
        this.#writer.begin(this.#batch());
      }
      const { header, leafHash } = this.#encode(record);
      appended.push({ header, leafHash });
    }
    this.#flush();
    return appended;
  }

  #hasRoom(size: number): boolean {
    return this.#active !== undefined && this.#end + size <= this.#active.capacity;
  }

  /** Encodes a record behind those of the batch, in the last segment. */
  #encode(record: RecordToAppend): EncodedRecord {
    const encoded = this.#writer.add(record);
    this.#remember(encoded.header, encoded.leafHash, this.#end + encoded.start);
    return encoded;
  }

  /** Writes the batch. Durable on return. */
  #flush(): void {
    const { size } = this.#writer;
    if (size === 0) return;
    assert(this.#active !== undefined, 'a batch has no segment to go to');
    this.#active.write(this.#writer.bytes(), this.#end);
    this.#end += size;
  }

  /** Begins a segment in which a record of a size has room. */
  #roll(size: number): void {
    const { disk, segmentSize = SEGMENT_SIZE_DEFAULT, tenant } = this.#options;
    const { generation, identity } = this.#superblock.state;
    const firstOffset = toOffset(this.nextOffset);
    const capacity = Math.max(segmentSize, SEGMENT_HEADER_SIZE + size);
    const header = { tenant, identity, firstOffset, generation };
    this.#active?.close();
    this.#active = SegmentFile.create(disk, header, capacity);
    this.#names.push(this.#active.name);
    this.#end = SEGMENT_HEADER_SIZE;
    this.#superblock.update({
      mode: 'open',
      segmentCount: this.#names.length,
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
    const { name, position, segment } = this.#locate(offset);
    let bytes = segment.read(position, READ_SIZE);
    if (bytes.length < RECORD_HEADER_SIZE) throw damaged(name, position, offset);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = RECORD_HEADER_SIZE + view.getUint32(4, true) + CRC_SIZE;
    if (size > RECORD_HEADER_SIZE + PAYLOAD_SIZE_MAX) throw damaged(name, position, offset);
    if (size > bytes.length) bytes = segment.read(position, size);
    const { crypto } = this.#options;
    const record = wholeRecordAt(crypto, bytes, 0);
    if (record?.header.offset !== offset) throw damaged(name, position, offset);
    const { header, headerBytes, payload } = record;
    return { header, headerBytes, payload, leafHash: leafHashOf(crypto, headerBytes) };
  }

  /**
   * Reads a record and proves it by the chain: headers lead from it to the nearest checkpoint at or
   * after it, or to the newest record, whose hash was computed when it was written or the log opened.
   * A changed record is found also where its checksums were made to fit.
   *
   * @throws {LogError} ERR_LOG_OFFSET when there is none, ERR_LOG_RECORD when it is not the one written
   */
  readVerified(offset: Offset): StoredRecord {
    const record = this.read(offset);
    const anchor = this.#checkpoints.findAtOrAfter(offset) ?? {
      offset: toOffset(this.nextOffset - 1),
      chainHash: this.#lastHash,
    };
    let hash = record.leafHash;
    for (let next = offset + 1; next <= anchor.offset; next += 1) {
      const { name, position, segment } = this.#locate(toOffset(next));
      const headerBytes = segment.read(position, RECORD_HEADER_SIZE);
      const previousHash = headerBytes.subarray(PREVIOUS_HASH_AT, PREVIOUS_HASH_AT + hash.length);
      if (!bytesEqual(previousHash, hash)) throw damaged(name, position, next);
      hash = leafHashOf(this.#options.crypto, headerBytes);
    }
    if (!bytesEqual(hash, anchor.chainHash)) {
      const { name, position } = this.#locate(offset);
      throw damaged(name, position, offset);
    }
    return record;
  }

  /** Records from an offset on, in order. */
  *scan(from: Offset): Iterable<StoredRecord> {
    for (let offset: number = from; offset < this.nextOffset; offset += 1) {
      yield this.read(toOffset(offset));
    }
  }

  #assertOffset(offset: Offset): void {
    if (offset < this.nextOffset) return;
    throw new LogError('expectation', 'ERR_LOG_OFFSET', `offset ${offset} is not in the log`, {
      hint: `the log ends before offset ${this.nextOffset}`,
    });
  }

  /** Where a record lies, with its segment open for reading. */
  #locate(offset: Offset): {
    readonly name: string;
    readonly position: number;
    readonly segment: SegmentFile;
  } {
    const place = this.#index.lookup(offset);
    const name = this.#names[place.segment] as string;
    if (this.#active?.name === name) {
      return { name, position: place.position, segment: this.#active };
    }
    if (this.#older?.name !== name) {
      this.#older?.close();
      this.#older = undefined;
      this.#older = whileReading(() => SegmentFile.open(this.#options.disk, name, 0));
    }
    return { name, position: place.position, segment: this.#older };
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
    this.#active?.close();
    this.#older?.close();
    this.#superblock.close();
  }

  #seal(): void {
    try {
      const { lastHash, nextOffset: recordCount } = this;
      this.#superblock.update({ mode: 'closed', recordCount, lastHash });
    } catch {
      // The records are durable. A log that could not be marked as closed recovers when it is opened.
    }
  }
}
