/**
 * Segment files: `log/<first offset, 20 digits>.vlog`.
 *
 * 64 bytes of header, then records one behind the other, then zeros. Header, little-endian:
 *
 * | at | size | field |
 * |---|---|---|
 * | 0 | 8 | magic "VRTYSEG1" |
 * | 8 | 2 | version, 1 |
 * | 10 | 6 | zero |
 * | 16 | 8 | tenant |
 * | 24 | 8 | first offset |
 * | 32 | 4 | generation in which it was made |
 * | 36 | 16 | identity of the log |
 * | 52 | 8 | zero |
 * | 60 | 4 | CRC-32 of the bytes before |
 *
 * Invariants: a segment is made only when everything in the one before is durable, and counted in the
 * superblock before its first record is written. Small writes grow the file by zeros of 1 MiB at a time,
 * so that most appends do not change its size, which would cost a journal commit at each sync.
 */

import { crc32 } from '@veritydb/crypto';
import {
  type Generation,
  type Offset,
  type TenantId,
  assert,
  bytesEqual,
  utf8Encode,
} from '@veritydb/types';

import { whileReading, whileWriting } from './disk-failure.ts';
import type { Disk, DiskFile } from './disk.ts';
import { corrupt } from './error.ts';
import { SEGMENT_CHUNK_SIZE, SEGMENT_HEADER_SIZE } from './limits.ts';

const FOLDER = 'log';
const MAGIC = utf8Encode('VRTYSEG1');
const VERSION = 1;
const CRC_AT = 60;
const LARGE_WRITE_SIZE: number = 64 * 1024;
const ZEROS = new Uint8Array(SEGMENT_CHUNK_SIZE);

/** What a segment's header says. */
export interface SegmentHeader {
  readonly tenant: TenantId;
  readonly identity: Uint8Array;
  readonly firstOffset: Offset;
  readonly generation: Generation;
}

export function segmentName(firstOffset: Offset): string {
  return `${FOLDER}/${String(firstOffset).padStart(20, '0')}.vlog`;
}

/** Names of the segment files, in order of their first offsets. */
export function listSegments(disk: Disk): readonly string[] {
  return disk
    .list(FOLDER)
    .filter((name) => /^[0-9]{20}\.vlog$/.test(name))
    .map((name) => `${FOLDER}/${name}`);
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, VERSION, true);
  view.setBigUint64(16, BigInt(header.tenant), true);
  view.setBigUint64(24, BigInt(header.firstOffset), true);
  view.setUint32(32, header.generation, true);
  bytes.set(header.identity, 36);
  view.setUint32(CRC_AT, crc32(bytes, 0, CRC_AT), true);
  return bytes;
}

/** Whether the bytes begin with the header of this segment, whatever its generation. */
export function isSegmentOf(
  bytes: Uint8Array,
  expected: Omit<SegmentHeader, 'generation'>,
): boolean {
  // Attacker-controlled: whoever can write the file can write this.
  if (bytes.length < SEGMENT_HEADER_SIZE) return false;
  const generation = new DataView(bytes.buffer, bytes.byteOffset).getUint32(32, true) as Generation;
  const whole = encodeSegmentHeader({ ...expected, generation });
  return bytesEqual(bytes.subarray(0, SEGMENT_HEADER_SIZE), whole);
}

/** An open segment file. */
export class SegmentFile {
  readonly name: string;
  /** Bytes at which it is full. */
  readonly capacity: number;
  readonly #file: DiskFile;
  /** Bytes of the file: what lies behind the records is zero up to here. */
  #size: number;

  private constructor(name: string, file: DiskFile, capacity: number) {
    this.name = name;
    this.capacity = capacity;
    this.#file = file;
    this.#size = file.size();
  }

  /** Makes a segment without records. Durable on return. */
  static create(disk: Disk, header: SegmentHeader, capacity: number): SegmentFile {
    const name = segmentName(header.firstOffset);
    const segment = new SegmentFile(name, disk.open(name, 'create'), capacity);
    segment.write(encodeSegmentHeader(header), 0);
    return segment;
  }

  static open(disk: Disk, name: string, capacity: number): SegmentFile {
    return new SegmentFile(name, disk.open(name, 'existing'), capacity);
  }

  /** All bytes of the file. */
  readAll(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    return bytes.subarray(0, this.readInto(bytes, 0));
  }

  /** Reads bytes from a position on into `target`; returns how many: fewer at the end of the file. */
  readInto(target: Uint8Array, position: number): number {
    return whileReading(() => this.#file.readAt(target, position));
  }

  /** Writes bytes, growing the file where it must be. Durable on return. */
  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    // A large write pays for its own growth: zeros ahead of it would double what the disk has to take.
    if (end > this.#size && bytes.length < LARGE_WRITE_SIZE) {
      this.#grow(Math.max(end, Math.min(this.#size + ZEROS.length, this.capacity)));
    }
    this.#file.writeAt(bytes, position);
    this.#size = Math.max(this.#size, end);
    this.#file.sync();
  }

  /**
   * Writes bytes again that can be read. A sync that failed may have left them in the memory of a system
   * that takes them for written from then on, so that no later sync would write them.
   */
  rewrite(start: number, end: number): void {
    const bytes = new Uint8Array(end - start);
    if (bytes.length === 0) return;
    assert(this.readInto(bytes, start) === bytes.length, 'what was read is there to be read again');
    this.write(bytes, start);
  }

  #grow(size: number): void {
    while (this.#size < size) {
      const zeros = ZEROS.subarray(0, Math.min(ZEROS.length, size - this.#size));
      this.#file.writeAt(zeros, this.#size);
      this.#size += zeros.length;
    }
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Removes a segment that was made and not counted in the superblock, so that nothing can have been
 * written to it.
 *
 * @throws {LogError} ERR_LOG_CORRUPT when there is something in it
 */
export function removeUnusedSegment(disk: Disk, name: string): void {
  const segment = whileReading(() => SegmentFile.open(disk, name, 0));
  const records = segment.readAll().subarray(SEGMENT_HEADER_SIZE);
  segment.close();
  if (records.some((byte) => byte !== 0)) throw corrupt(`${name} is not a segment of this log`);
  whileWriting(() => {
    disk.remove(name);
  });
}
