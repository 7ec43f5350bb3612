/**
 * The superblock: where a store's last durable state begins.
 *
 * Four copies in the first four sectors of the file. A state of an even sequence is written to the
 * first two, of an odd one to the other two, so that a write that tears leaves the state before it
 * whole, and one damaged sector loses nothing. The valid copy of the highest sequence counts.
 *
 * Copy, big-endian: magic (8) ‖ version u32 ‖ generation u32 ‖ sequence u64 ‖ applied position + 1 u64 ‖
 * page count u32 ‖ zero u32 ‖ pointers to the roots of the current tree, the history tree and the free
 * list (20 each) ‖ chain hash of the log at the applied position (32, zero where nothing was applied) ‖
 * retention floor u64 ‖ zero ‖ HMAC-SHA-256 (RFC 2104) over all before it, in the last 32 bytes of the
 * sector.
 * The key of the HMAC comes from the store's, so that who changes a copy is seen.
 */

import { type Crypto, constantTimeEqual } from '@veritydb/crypto';
import type { DiskFile } from '@veritydb/log';
import {
  type AppliedIndex,
  HASH_SIZE,
  assert,
  bytesEqual,
  toHash,
  toOffset,
  utf8Encode,
} from '@veritydb/types';

import { StoreError } from './error.ts';
import { readUint32, readUint64, writeUint32, writeUint64 } from './integer.ts';
import { FIRST_PAGE_ID, PAGE_SIZE, POINTER_SIZE } from './page.ts';

const MAGIC = utf8Encode('VDBstore');
/**
 * Version 2 is read: it had zeros for the retention floor, which is what they mean. Version 1 had no
 * chain hash: such a store is built again from the log.
 */
const VERSION = 3;
const VERSION_LEAST = 2;
const COPY_COUNT = 4;
const VERSION_AT = 8;
const GENERATION_AT = 12;
const SEQUENCE_AT = 16;
const APPLIED_AT = 24;
const PAGE_COUNT_AT = 32;
const CURRENT_ROOT_AT = 40;
const HISTORY_ROOT_AT: number = CURRENT_ROOT_AT + POINTER_SIZE;
const FREE_LIST_AT: number = HISTORY_ROOT_AT + POINTER_SIZE;
const APPLIED_HASH_AT: number = FREE_LIST_AT + POINTER_SIZE;
const RETENTION_FLOOR_AT: number = APPLIED_HASH_AT + HASH_SIZE;
const AUTHENTICATED_SIZE: number = PAGE_SIZE - HASH_SIZE;

export interface Superblock {
  /** Of the process that wrote it: the first part of every nonce. */
  readonly generation: number;
  readonly sequence: number;
  /** How far into the log it goes, and which log; null when nothing was applied. */
  readonly applied: AppliedIndex | null;
  /** The least position that is answered. */
  readonly retentionFloor: number;
  /** Pages of the file, the superblock's with them. */
  readonly pageCount: number;
  readonly currentRoot: Uint8Array;
  readonly historyRoot: Uint8Array;
  readonly freeList: Uint8Array;
}

/** The state of a store that was just made. */
export const EMPTY_SUPERBLOCK: Superblock = {
  generation: 0,
  sequence: 0,
  applied: null,
  retentionFloor: 0,
  pageCount: FIRST_PAGE_ID,
  currentRoot: new Uint8Array(POINTER_SIZE),
  historyRoot: new Uint8Array(POINTER_SIZE),
  freeList: new Uint8Array(POINTER_SIZE),
};

export function encodeSuperblock(
  crypto: Crypto,
  key: Uint8Array,
  superblock: Superblock,
): Uint8Array {
  assert(superblock.generation <= 0xffff_ffff, 'store generation exceeds 32 bits');
  assert(Number.isSafeInteger(superblock.sequence), 'superblock sequence is not a safe integer');
  const sector = new Uint8Array(PAGE_SIZE);
  sector.set(MAGIC);
  writeUint32(sector, VERSION_AT, VERSION);
  writeUint32(sector, GENERATION_AT, superblock.generation);
  writeUint64(sector, SEQUENCE_AT, superblock.sequence);
  writeUint64(sector, APPLIED_AT, (superblock.applied?.offset ?? -1) + 1);
  writeUint32(sector, PAGE_COUNT_AT, superblock.pageCount);
  sector.set(superblock.currentRoot, CURRENT_ROOT_AT);
  sector.set(superblock.historyRoot, HISTORY_ROOT_AT);
  sector.set(superblock.freeList, FREE_LIST_AT);
  if (superblock.applied !== null) sector.set(superblock.applied.hash, APPLIED_HASH_AT);
  writeUint64(sector, RETENTION_FLOOR_AT, superblock.retentionFloor);
  sector.set(crypto.hmacSha256(key, sector.subarray(0, AUTHENTICATED_SIZE)), AUTHENTICATED_SIZE);
  return sector;
}

/** What a sector says, or undefined when it is not a copy that this key's holder wrote. */
export function decodeSuperblock(
  crypto: Crypto,
  key: Uint8Array,
  sector: Uint8Array,
): Superblock | undefined {
  // Attacker-controlled: the sector, until its HMAC is found good.
  if (sector.length !== PAGE_SIZE || !bytesEqual(sector.subarray(0, MAGIC.length), MAGIC)) {
    return undefined;
  }
  const version = readUint32(sector, VERSION_AT);
  if (version < VERSION_LEAST || version > VERSION) return undefined;
  const expected = crypto.hmacSha256(key, sector.subarray(0, AUTHENTICATED_SIZE));
  const found = sector.subarray(AUTHENTICATED_SIZE);
  if (!constantTimeEqual(found, expected)) return undefined;
  const appliedCount = readUint64(sector, APPLIED_AT);
  const hash = toHash(sector.slice(APPLIED_HASH_AT, APPLIED_HASH_AT + HASH_SIZE));
  return {
    generation: readUint32(sector, GENERATION_AT),
    sequence: readUint64(sector, SEQUENCE_AT),
    applied: appliedCount === 0 ? null : { offset: toOffset(appliedCount - 1), hash },
    retentionFloor: readUint64(sector, RETENTION_FLOOR_AT),
    pageCount: readUint32(sector, PAGE_COUNT_AT),
    currentRoot: sector.slice(CURRENT_ROOT_AT, CURRENT_ROOT_AT + POINTER_SIZE),
    historyRoot: sector.slice(HISTORY_ROOT_AT, HISTORY_ROOT_AT + POINTER_SIZE),
    freeList: sector.slice(FREE_LIST_AT, FREE_LIST_AT + POINTER_SIZE),
  };
}

/**
 * The last durable state of a file.
 *
 * @throws {StoreError} ERR_STORE_CORRUPT when no copy is valid under the key
 */
export function readSuperblock(crypto: Crypto, key: Uint8Array, file: DiskFile): Superblock {
  let newest: Superblock | undefined;
  for (const copy of readCopies(crypto, key, file)) {
    if (copy !== undefined && copy.sequence > (newest?.sequence ?? -1)) newest = copy;
  }
  if (newest !== undefined) return newest;
  throw new StoreError('ERR_STORE_CORRUPT', `no valid superblock in ${file.name}`, {
    hint: 'check that the key is the store’s; else remove the file and rebuild from the log',
  });
}

/** Each copy of a file, undefined where it is not whole. */
export function readCopies(
  crypto: Crypto,
  key: Uint8Array,
  file: DiskFile,
): readonly (Superblock | undefined)[] {
  return Array.from({ length: COPY_COUNT }, (_, index) => {
    const sector = new Uint8Array(PAGE_SIZE);
    if (file.readAt(sector, index * PAGE_SIZE) !== PAGE_SIZE) return undefined;
    return decodeSuperblock(crypto, key, sector);
  });
}

/** Writes the two copies of a state, durably. All that it points to must be durable already. */
export function writeSuperblock(
  crypto: Crypto,
  key: Uint8Array,
  file: DiskFile,
  superblock: Superblock,
): void {
  const sector = encodeSuperblock(crypto, key, superblock);
  const pair = new Uint8Array(2 * PAGE_SIZE);
  pair.set(sector);
  pair.set(sector, PAGE_SIZE);
  file.writeAt(pair, (superblock.sequence % 2) * pair.length);
  file.sync();
}
