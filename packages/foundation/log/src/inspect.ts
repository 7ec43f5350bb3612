/**
 * Reading a log without opening it: every byte of superblock and segments is looked at, nothing is
 * written, and what is wrong is told by place instead of being thrown.
 *
 * Where a record is damaged but its frame still leads to the next one, reading goes on from the bytes as
 * they lie there: a changed header is then found a second time, by the chain of the record behind it.
 */

import { crc32, type Crypto, ZERO_HASH } from '@veritydb/crypto';
import {
  RECORD_HEADER_SIZE,
  type RecordHeader,
  type TenantId,
  TypesError,
  bytesEqual,
  decodeRecordHeader,
  toOffset,
} from '@veritydb/types';

import type { Disk } from './disk.ts';
import { CRC_SIZE, PAYLOAD_SIZE_MAX, RECORD_SIZE_MIN, SEGMENT_HEADER_SIZE } from './limits.ts';
import type { StoredRecord } from './reader.ts';
import { type Expected, fits, judgeTail, leafHashOf, wholeRecordAt } from './scan.ts';
import { SegmentFile, isSegmentOf, listSegments } from './segment.ts';
import { SUPERBLOCK_NAME, Superblock, type SuperblockState } from './superblock.ts';

/** What was looked at, each a question of its own. */
export type LogCheck =
  | 'superblock'
  | 'segments'
  | 'checksums'
  | 'payload-digests'
  | 'places'
  | 'chain'
  | 'timestamps'
  | 'generations'
  | 'end';

export interface LogFault {
  readonly check: LogCheck;
  readonly file: string;
  /** Byte position in the file. */
  readonly position: number;
  /** Offset of the record that is meant, if one is. */
  readonly offset: number | null;
  readonly what: string;
  /** Another copy, or the next open, makes up for it. */
  readonly isHarmless: boolean;
}

export interface InspectedRecord extends StoredRecord {
  readonly file: string;
  readonly position: number;
  /** It is the record that must stand here, by every check. */
  readonly isSound: boolean;
}

export interface InspectOptions {
  readonly crypto: Crypto;
  readonly disk: Disk;
  readonly tenant: TenantId;
  readonly onFault: (fault: LogFault) => void;
  /** Bytes of segments that have been read. */
  readonly onProgress?: (bytes: number) => void;
}

/** How the log ends. */
export interface LogEnd {
  readonly recordCount: number;
  /** Undefined where no copy of the superblock can be used. */
  readonly superblock: SuperblockState | undefined;
}

/** Yields every record that can be read, in order. */
export function* inspectLog(options: InspectOptions): Generator<InspectedRecord, LogEnd> {
  const superblock = inspectSuperblock(options);
  const inspection = new Inspection(options, superblock);
  yield* inspection.run();
  return { recordCount: inspection.recordCount, superblock };
}

function inspectSuperblock({
  crypto,
  disk,
  tenant,
  onFault,
}: InspectOptions): SuperblockState | undefined {
  const fault = (copy: number, what: string, isHarmless = false): void => {
    const place = { check: 'superblock', file: SUPERBLOCK_NAME, position: copy * 4096 } as const;
    onFault({ ...place, offset: null, what, isHarmless });
  };
  if (!disk.exists(SUPERBLOCK_NAME)) {
    fault(0, 'the file is missing');
    return undefined;
  }
  const { copies, isFork, state } = Superblock.inspect(crypto, disk);
  if (isFork) fault(0, 'its copies contradict each other');
  else if (state === undefined) fault(0, 'no copy of it is whole');
  if (state === undefined) return undefined;
  for (const [index, copy] of copies.entries()) {
    if (copy === 'newest') continue;
    const found = copy === 'damaged' ? 'is damaged' : 'is from before the newest update';
    fault(index, `copy ${index + 1} of ${copies.length} ${found}; the others are whole`, true);
  }
  if (state.tenant !== tenant) fault(0, `it belongs to tenant ${state.tenant}`);
  return state;
}

class Inspection {
  readonly #options: InspectOptions;
  readonly #superblock: SuperblockState | undefined;
  #expected: Expected;
  #bytesRead = 0;

  constructor(options: InspectOptions, superblock: SuperblockState | undefined) {
    this.#options = options;
    this.#superblock = superblock;
    const { tenant } = options;
    this.#expected = { tenant, offset: 0, previousHash: ZERO_HASH, timestamp: -1n, generation: 1 };
  }

  get recordCount(): number {
    return this.#expected.offset;
  }

  *run(): Generator<InspectedRecord, void> {
    const { disk, onProgress } = this.#options;
    const names = listSegments(disk);
    const counted = this.#superblock?.segmentCount ?? names.length;
    for (const [index, name] of names.entries()) {
      const segment = SegmentFile.open(disk, name, 0);
      const bytes = segment.readAll();
      segment.close();
      if (index >= counted) this.#checkUncounted(name, bytes);
      else yield* this.#walk(name, bytes, index === counted - 1);
      this.#bytesRead += bytes.length;
      onProgress?.(this.#bytesRead);
    }
    if (names.length < counted) {
      this.#fault('segments', { name: names.at(-1) ?? 'log', position: 0 }, [
        `${counted} segment files were made and ${names.length} are there`,
      ]);
    }
    this.#checkEnd(names.at(-1) ?? 'log');
  }

  /** A segment that was made and never counted holds nothing: opening the log removes it. */
  #checkUncounted(name: string, bytes: Uint8Array): void {
    const at = bytes.subarray(SEGMENT_HEADER_SIZE).findIndex((byte) => byte !== 0);
    if (at < 0) return;
    this.#fault('segments', { name, position: SEGMENT_HEADER_SIZE + at }, [
      'this segment is not one that the superblock counts, and it is not empty',
    ]);
  }

  *#walk(name: string, bytes: Uint8Array, isLast: boolean): Generator<InspectedRecord, void> {
    const { crypto, tenant } = this.#options;
    const identity = this.#superblock?.identity ?? bytes.slice(36, 52);
    const firstOffset = toOffset(this.#expected.offset);
    if (!isSegmentOf(bytes, { tenant, identity, firstOffset })) {
      this.#fault('segments', { name, position: 0 }, [
        `the segment’s header is damaged, or not of the segment that begins with record ${firstOffset}`,
      ]);
    }
    let position = SEGMENT_HEADER_SIZE;
    for (;;) {
      const whole = wholeRecordAt(crypto, bytes, position);
      if (whole !== undefined && fits(whole.header, this.#expected)) {
        yield this.#pass({ ...whole, name, position, isSound: true });
        position += whole.size;
        continue;
      }
      const tail = judgeTail(crypto, bytes, position, this.#expected);
      if (tail.kind === 'clean') return;
      if (tail.kind === 'torn' && isLast && this.#mayBeTorn) {
        this.#fault('end', { name, position }, [
          `the last write is torn: the next open discards ${tail.end - position} bytes, which nobody was told are safe`,
          true,
        ]);
        return;
      }
      const read = this.#readDamaged(name, bytes, position);
      if (read === undefined) return;
      yield read.record;
      position += read.size;
    }
  }

  /** As where the log is opened: only what nobody was told is safe. */
  get #mayBeTorn(): boolean {
    const superblock = this.#superblock;
    return superblock?.mode === 'open' && this.recordCount >= superblock.recordCount;
  }

  /** Says everything that is wrong with what lies here; undefined where it does not lead on. */
  #readDamaged(
    name: string,
    bytes: Uint8Array,
    position: number,
  ): { readonly record: InspectedRecord; readonly size: number } | undefined {
    // Attacker-controlled: whoever can write the file can write this.
    const place = { name, position };
    const offset = this.#expected.offset;
    const payloadSize =
      position + RECORD_SIZE_MIN > bytes.length
        ? PAYLOAD_SIZE_MAX + 1
        : new DataView(bytes.buffer, bytes.byteOffset + position).getUint32(4, true);
    const payloadAt = position + RECORD_HEADER_SIZE;
    const end = payloadAt + payloadSize;
    if (payloadSize > PAYLOAD_SIZE_MAX || end + CRC_SIZE > bytes.length) {
      this.#fault('checksums', place, [
        `no record can be read here, where record ${offset} must stand; the rest of the file was not read`,
      ]);
      return undefined;
    }
    const stored = new DataView(bytes.buffer, bytes.byteOffset + end, CRC_SIZE).getUint32(0, true);
    const isChecksumGood = crc32(bytes, position, end) === stored;
    if (!isChecksumGood) this.#fault('checksums', place, ['the CRC does not match']);
    const headerBytes = bytes.subarray(position, payloadAt);
    const header = decodeHeader(headerBytes);
    if (header === undefined) {
      this.#fault('places', place, ['the header is malformed; the rest of the file was not read']);
      return undefined;
    }
    const payload = bytes.subarray(payloadAt, end);
    if (!bytesEqual(this.#options.crypto.sha256(payload), header.payloadDigest)) {
      this.#fault('payload-digests', place, [
        'the payload is not the one that the header commits to',
      ]);
    }
    this.#checkPlace(header, place);
    const whole = { header, headerBytes, payload, ...place, isSound: false };
    const record = this.#pass(whole, isChecksumGood);
    return { record, size: end + CRC_SIZE - position };
  }

  #checkPlace(header: RecordHeader, place: Place): void {
    const { generation, offset, previousHash, tenant, timestamp } = this.#expected;
    if (header.tenant !== tenant || header.offset !== offset) {
      this.#fault('places', place, [
        `it says that it is record ${header.offset} of tenant ${header.tenant}`,
      ]);
    }
    if (!bytesEqual(header.previousHash, previousHash)) {
      this.#fault('chain', place, [
        'its header does not name the record before: that one, or this, was changed',
      ]);
    }
    if (header.timestamp <= timestamp) this.#fault('timestamps', place, ['time does not rise']);
    const isSound =
      header.kind === 'recovery'
        ? header.generation > generation
        : header.generation === generation;
    if (!isSound) {
      this.#fault('generations', place, [
        `generation ${header.generation} follows ${generation} in a ${header.kind} record`,
      ]);
    }
  }

  /** Takes note of a record and goes on to the next one. */
  #pass(
    whole: Omit<InspectedRecord, 'leafHash' | 'file'> & Place,
    isTrusted = true,
  ): InspectedRecord {
    const { header, headerBytes, name: file, position, payload } = whole;
    const leafHash = leafHashOf(this.#options.crypto, headerBytes);
    const { generation, offset, timestamp } = this.#expected;
    this.#expected = {
      tenant: this.#expected.tenant,
      offset: offset + 1,
      previousHash: leafHash,
      // A time or a generation out of damaged bytes is no measure for what follows.
      timestamp: isTrusted && header.timestamp > timestamp ? header.timestamp : timestamp,
      generation: isTrusted && header.generation > generation ? header.generation : generation,
    };
    this.#checkSuperblock(whole, leafHash, offset);
    return { header, headerBytes, payload, leafHash, file, position, isSound: whole.isSound };
  }

  #checkSuperblock(
    { header, name, position }: Place & { readonly header: RecordHeader },
    leafHash: Uint8Array,
    offset: number,
  ): void {
    const superblock = this.#superblock;
    if (superblock === undefined) return;
    const place = { name, position, offset };
    if (header.generation > superblock.generation) {
      this.#fault('generations', place, [
        `the superblock is older than the log: generation ${superblock.generation} and ${header.generation}`,
      ]);
    }
    if (offset + 1 === superblock.recordCount && !bytesEqual(leafHash, superblock.lastHash)) {
      this.#fault('end', place, [
        'it is not the record that the superblock names as the last durable',
      ]);
    }
  }

  #checkEnd(name: string): void {
    const superblock = this.#superblock;
    if (superblock === undefined) return;
    const { mode, recordCount } = superblock;
    const place = { name, position: 0 };
    if (this.recordCount < recordCount) {
      this.#fault('end', place, [
        `${this.recordCount} records can be read where ${recordCount} were durable`,
      ]);
    } else if (mode === 'closed' && this.recordCount > recordCount) {
      this.#fault('end', place, [
        `${this.recordCount} records can be read, and it was closed with ${recordCount}`,
      ]);
    } else if (mode === 'open') {
      const what = 'the log was not closed: the next open leaves a Recovery record';
      this.#fault('end', { name: SUPERBLOCK_NAME, position: 10 }, [what, true]);
    }
  }

  #fault(
    check: LogCheck,
    { name: file, position, offset = null }: Place,
    [what, isHarmless = false]: readonly [string, boolean?],
  ): void {
    const isOfRecord = !['superblock', 'segments', 'end'].includes(check);
    const meant = offset ?? (isOfRecord ? this.#expected.offset : null);
    this.#options.onFault({ check, file, position, offset: meant, what, isHarmless });
  }
}

interface Place {
  readonly name: string;
  readonly position: number;
  readonly offset?: number | null;
}

function decodeHeader(bytes: Uint8Array): RecordHeader | undefined {
  try {
    return decodeRecordHeader(bytes);
  } catch (error) {
    if (error instanceof TypesError) return undefined;
    throw error;
  }
}
