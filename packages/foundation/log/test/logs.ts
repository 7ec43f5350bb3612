/** Logs on a simulated disk, and what they are expected to hold. */

import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import {
  type KeyId,
  bytesEqual,
  bytesToHex,
  toHash,
  toKeyId,
  toOffset,
  toTenantId,
  toTimestamp,
} from '@veritydb/types';
import { expect } from 'vitest';

import {
  Log,
  type LogOptions,
  type RecordToAppend,
  type StoredRecord,
  openPayload,
} from '../src/index.ts';

export const TENANT = toTenantId(7);
export const NOW = toTimestamp(1_700_000_000_000_000_000n);
export const SEGMENT = 'log/00000000000000000000.vlog';
export const KEY_ID: KeyId = toKeyId(3);
export const KEY: Uint8Array = new Uint8Array(32).fill(0x5a);

export function openLog(disk: SimDisk, options: Partial<LogOptions> = {}): Log {
  return Log.open({
    disk,
    crypto: nativeCrypto,
    tenant: TENANT,
    now: NOW,
    identity: () => new Uint8Array(16).fill(0xa5),
    segmentSize: 4096,
    ...options,
  });
}

/** A record of one row; its timestamp is given by the offset that it will have. */
export function record(
  content: Uint8Array,
  at: number,
  others: Partial<RecordToAppend> = {},
  crypto: Crypto = nativeCrypto,
): RecordToAppend {
  return {
    kind: 'data',
    timestamp: toTimestamp(NOW + BigInt(at) + 1_000n),
    schemaVersion: 1,
    rowCount: 1,
    idempotencyId: null,
    commitmentsRoot: toHash(new Uint8Array(32).fill(0xcc)),
    payload: {
      sealing: 'sealed',
      keyId: KEY_ID,
      cipher: crypto.recordCipher(KEY),
      plaintext: content,
    },
    ...others,
  };
}

/** Plaintexts of 4 bytes or more, each distinct. */
export function plaintext(number: number, size = 8): Uint8Array {
  const bytes = new Uint8Array(size).fill(number & 0xff);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function openRecord(stored: StoredRecord, crypto: Crypto = nativeCrypto): Uint8Array {
  return openPayload(stored, crypto.recordCipher(KEY));
}

/** Plaintexts of the log's data records in order, in hex; all are read back with every check. */
export function contentsOf(log: Log): readonly string[] {
  const contents: string[] = [];
  let previousHash: Uint8Array = new Uint8Array(32);
  for (const stored of log.scan(toOffset(0))) {
    if (!bytesEqual(stored.header.previousHash, previousHash)) throw new Error('chain is broken');
    previousHash = stored.leafHash;
    if (stored.header.kind === 'data') contents.push(bytesToHex(openRecord(stored)));
  }
  expect(bytesEqual(previousHash, log.lastHash)).toBe(true);
  return contents;
}

/** A disk with a log of single-record batches. Not closed: as after a kill. */
export function killedLog(sizes: readonly number[], segmentSize = 4096): SimDisk {
  const disk = new SimDisk();
  const log = openLog(disk, { segmentSize });
  for (const [at, size] of sizes.entries()) log.append([record(plaintext(at, size), at)]);
  return disk;
}

/** Names of the segment files, without their indexes. */
export function segmentsOf(disk: SimDisk): readonly string[] {
  return disk.list('log').filter((name) => name.endsWith('.vlog'));
}

/** Byte positions at which the records of the first segment end, from the positions' own sizes. */
export function recordEnds(sizes: readonly number[]): readonly number[] {
  let end = 64;
  // Header, ciphertext, tag, CRC.
  return sizes.map((size) => (end += 168 + size + 16 + 4));
}
