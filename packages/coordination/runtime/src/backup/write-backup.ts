/**
 * A backup of a tenant, as it stands at this moment: an archive of the key store, the tombstones, the
 * log's segments up to the newest durable record, and a signed manifest.
 *
 * What it is a backup of is decided before this returns. The bytes are made while they are taken, so the
 * database goes on meanwhile: records are only ever added behind those that are read. The superblock and
 * the store are not in it: the first is made new by a restore, the second is a view.
 */

import { createHash } from 'node:crypto';

import type { Crypto } from '@veritydb/crypto';
import type { Disk } from '@veritydb/log';
import { listSegments } from '@veritydb/log';
import {
  type Hash,
  RECORD_HEADER_SIZE,
  type TenantId,
  type Timestamp,
  assert,
  bytesToHex,
  formatTimestamp,
  utf8Encode,
} from '@veritydb/types';

import { KEYS_NAME, readKeysFile } from '../check/check-keys.ts';
import { type BackupFile, MANIFEST_NAME, formatManifest } from './manifest.ts';
import { BLOCK_SIZE, encodeTarHeader, paddingOf } from './tar.ts';
import { TOMBSTONES_NAME, erasedKeys, formatTombstones } from './tombstones.ts';

const CHUNK_SIZE = 1024 * 1024;
const SEGMENT_HEADER_SIZE = 64;
const CRC_SIZE = 4;

/** A tenant that is open, between two commits. */
export interface BackupSource {
  readonly crypto: Crypto;
  readonly disk: Disk;
  readonly tenant: TenantId;
  readonly origin: string;
  readonly identity: Uint8Array;
  readonly generation: number;
  /** Records, all durable. */
  readonly size: number;
  readonly root: Hash;
  readonly checkpoint: string;
  readonly now: Timestamp;
  /** Signs a text as the log. */
  readonly sign: (text: string) => string;
}

interface Part {
  readonly name: string;
  readonly size: number;
  /** Its bytes in parts: in memory, or read when they are taken. */
  readonly chunks: () => Iterable<Uint8Array>;
}

/** The signed tombstones of a tenant as of now. */
export function signTombstones(
  source: BackupSource,
  keys: Uint8Array = readKeysFile(source.disk),
): string {
  const { crypto, identity, origin, sign, size, tenant } = source;
  const erased = erasedKeys(keys);
  const tombstones = { origin, tenant, log: bytesToHex(identity), size, erased };
  return formatTombstones(crypto, tombstones, sign);
}

export function writeBackup(source: BackupSource): Iterable<Uint8Array> {
  const keys = readKeysFile(source.disk);
  const tombstones = utf8Encode(signTombstones(source, keys));
  const parts = [
    inMemory(KEYS_NAME, keys),
    inMemory(TOMBSTONES_NAME, tombstones),
    ...segmentParts(source),
  ];
  return writeArchive(source, parts);
}

function* writeArchive(source: BackupSource, parts: readonly Part[]): Iterable<Uint8Array> {
  const files: BackupFile[] = [];
  for (const part of parts) {
    const hash = createHash('sha256');
    yield encodeTarHeader(part.name, part.size);
    for (const chunk of part.chunks()) {
      hash.update(chunk);
      yield chunk;
    }
    if (paddingOf(part.size) > 0) yield new Uint8Array(paddingOf(part.size));
    files.push({ name: part.name, size: part.size, sha256: hash.digest('hex') });
  }
  const { checkpoint, generation, identity, now, origin, root, size, tenant } = source;
  const manifest = formatManifest({
    origin,
    tenant,
    log: bytesToHex(identity),
    generation,
    size,
    root: bytesToHex(root),
    checkpoint,
    takenAt: formatTimestamp(now / 1000n),
    files,
  });
  const bytes = utf8Encode(source.sign(manifest));
  yield encodeTarHeader(MANIFEST_NAME, bytes.length);
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length) + 2 * BLOCK_SIZE);
}

function inMemory(name: string, bytes: Uint8Array): Part {
  return { name, size: bytes.length, chunks: () => [bytes] };
}

function segmentParts({ disk, size }: BackupSource): readonly Part[] {
  const names = listSegments(disk);
  return names.map((name, index) => {
    const next = names[index + 1];
    const end = next === undefined ? size : firstOffsetOf(next);
    return segmentPart(disk, name, end - firstOffsetOf(name));
  });
}

function firstOffsetOf(name: string): number {
  return Number(name.slice('log/'.length, -'.vlog'.length));
}

/** A segment up to the end of its last record: what lies behind may change while it is read. */
function segmentPart(disk: Disk, name: string, records: number): Part {
  const file = disk.open(name, 'existing');
  let end = SEGMENT_HEADER_SIZE;
  try {
    const header = new Uint8Array(8);
    for (let count = 0; count < records; count += 1) {
      assert(file.readAt(header, end) === header.length, 'a durable record is not on the disk');
      const payloadSize = new DataView(header.buffer).getUint32(4, true);
      end += RECORD_HEADER_SIZE + payloadSize + CRC_SIZE;
    }
  } finally {
    file.close();
  }
  return { name, size: end, chunks: () => chunksOf(disk, name, end) };
}

function* chunksOf(disk: Disk, name: string, size: number): Iterable<Uint8Array> {
  const file = disk.open(name, 'existing');
  try {
    for (let position = 0; position < size; position += CHUNK_SIZE) {
      const chunk = new Uint8Array(Math.min(CHUNK_SIZE, size - position));
      assert(file.readAt(chunk, position) === chunk.length, 'a segment became shorter');
      yield chunk;
    }
  } finally {
    file.close();
  }
}
