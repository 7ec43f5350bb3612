/**
 * The index of a segment on disk, `log/<first offset>.vlog.idx`: where its records lie, sparsely.
 * docs/formats/record.md. Little-endian:
 *
 * | at | size | field |
 * |---|---|---|
 * | 0 | 8 | magic "VRTYIDX1" |
 * | 8 | 2 | version, 1 |
 * | 10 | 6 | zero |
 * | 16 | 8 | tenant |
 * | 24 | 8 | first offset of the segment |
 * | 32 | 16 | identity of the log |
 * | 48 | 4 | entries, n |
 * | 52 | 4 | zero |
 * | 56 | 8·n | entries: u32 offset − first offset, u32 byte position |
 * | +8n | 4 | CRC-32 of the bytes before |
 *
 * Invariants: it is a view, and never believed. An open scans the segment, so it knows what the file must
 * say; a file that says anything else is written again. One that cannot be written fails nothing.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Offset, type TenantId, bytesEqual, utf8Encode } from '@veritydb/types';

import type { Disk } from './disk.ts';
import { CRC_SIZE } from './limits.ts';
import type { Place } from './offset-index.ts';

const MAGIC = utf8Encode('VRTYIDX1');
const VERSION = 1;
const HEADER_SIZE = 56;
const ENTRY_SIZE = 8;

/** What the index of a segment says. */
export interface SegmentIndex {
  readonly tenant: TenantId;
  readonly identity: Uint8Array;
  readonly firstOffset: Offset;
  readonly entries: readonly Place[];
}

export function indexNameOf(segmentName: string): string {
  return `${segmentName}.idx`;
}

export function encodeSegmentIndex(crypto: Crypto, index: SegmentIndex): Uint8Array {
  const { entries, firstOffset } = index;
  const end = HEADER_SIZE + entries.length * ENTRY_SIZE;
  const bytes = new Uint8Array(end + CRC_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, VERSION, true);
  view.setBigUint64(16, BigInt(index.tenant), true);
  view.setBigUint64(24, BigInt(firstOffset), true);
  bytes.set(index.identity, 32);
  view.setUint32(48, entries.length, true);
  for (const [number, { offset, position }] of entries.entries()) {
    const at = HEADER_SIZE + number * ENTRY_SIZE;
    view.setUint32(at, offset - firstOffset, true);
    view.setUint32(at + 4, position, true);
  }
  view.setUint32(end, crypto.crc32(bytes, 0, end), true);
  return bytes;
}

/** Whether a file is there and holds these bytes, no more and no fewer. */
export function isIndexFile(disk: Disk, name: string, expected: Uint8Array): boolean {
  try {
    if (!disk.exists(name)) return false;
    const file = disk.open(name, 'existing');
    try {
      if (file.size() !== expected.length) return false;
      const bytes = new Uint8Array(expected.length);
      return file.readAt(bytes, 0) === bytes.length && bytesEqual(bytes, expected);
    } finally {
      file.close();
    }
  } catch {
    // What cannot be read is as good as missing.
    return false;
  }
}

/** Writes the file, over whatever stands there; durable, unless the disk refuses. */
export function writeIndexFile(disk: Disk, name: string, bytes: Uint8Array): void {
  try {
    const file = disk.open(name, 'create');
    try {
      file.writeAt(bytes, 0);
      file.truncate(bytes.length);
      file.sync();
    } finally {
      file.close();
    }
  } catch {
    // The records are what counts: the next open finds it missing or wrong, and says so.
  }
}
