/**
 * The superblock: what must survive outside the log, in four copies.
 *
 * One file `superblock`, a sector of 4 KiB a copy, all four alike. Little-endian:
 *
 * | at | size | field |
 * |---|---|---|
 * | 0 | 8 | magic "VRTYSUPR" |
 * | 8 | 2 | version, 1 |
 * | 10 | 1 | mode: 0 closed, 1 open |
 * | 11 | 1 | zero |
 * | 12 | 4 | generation |
 * | 16 | 8 | sequence: 1, 2, 3 … one an update |
 * | 24 | 8 | tenant |
 * | 32 | 16 | identity of the log |
 * | 48 | 4 | segment files |
 * | 52 | 4 | zero |
 * | 56 | 8 | records that were durable when this was written |
 * | 64 | 32 | chain hash of the last of them, zero for none |
 * | 96 | 32 | digest of the superblock before, zero for the first |
 * | 128 | 32 | digest: SHA-256 of the bytes before |
 * | 160 | 3936 | zero |
 *
 * Nothing is written here for an append: only when the log is first written to after an open, when a
 * segment begins, when a recovery starts a generation, and on close.
 *
 * Invariants: an update writes one copy after the other, each synced before the next, so that never two
 * copies are in danger at once and a torn update leaves the old state or the new one. Opening takes the
 * highest sequence among the whole copies and mends the others before anything else is written: an older
 * copy can never come back to life after a newer one was acted upon.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Generation,
  HASH_SIZE,
  type Hash,
  type TenantId,
  assert,
  bytesEqual,
  toGeneration,
  toHash,
  toTenantId,
  utf8Encode,
} from '@veritydb/types';

import type { Disk, DiskFile } from './disk.ts';
import { LogError } from './error.ts';

export const SUPERBLOCK_NAME = 'superblock';
export const IDENTITY_SIZE = 16;

const SECTOR_SIZE = 4096;
const COPIES = 4;
const MAGIC = utf8Encode('VRTYSUPR');
const VERSION = 1;
const PREVIOUS_AT = 96;
const DIGEST_AT = 128;
const STATE_SIZE = DIGEST_AT + HASH_SIZE;

export interface SuperblockState {
  readonly sequence: number;
  /** `closed`: the log ends with its records. `open`: more may follow, the last batch may be torn. */
  readonly mode: 'closed' | 'open';
  readonly generation: Generation;
  readonly tenant: TenantId;
  /** 16 random bytes, made with the log. */
  readonly identity: Uint8Array;
  readonly segmentCount: number;
  readonly recordCount: number;
  readonly lastHash: Hash;
}

/** The superblock as it lies on a disk, each copy judged by itself. */
export interface SuperblockCopies {
  /** The newest whole state; undefined where no copy is whole or the whole ones contradict each other. */
  readonly state: SuperblockState | undefined;
  /** `older`: whole, and from before the newest update. */
  readonly copies: readonly ('newest' | 'older' | 'damaged')[];
  readonly isFork: boolean;
}

/** What an update may change. */
export type SuperblockChange = Partial<Omit<SuperblockState, 'sequence' | 'tenant' | 'identity'>>;

interface Copy extends SuperblockState {
  readonly previous: Uint8Array;
  readonly digest: Uint8Array;
}

export class Superblock {
  readonly #crypto: Crypto;
  readonly #file: DiskFile;
  #copy: Copy;

  private constructor(crypto: Crypto, file: DiskFile, copy: Copy) {
    this.#crypto = crypto;
    this.#file = file;
    this.#copy = copy;
  }

  /** Makes the superblock of a new log, over one that was torn in the making if there is such. */
  static create(
    crypto: Crypto,
    disk: Disk,
    state: { readonly tenant: TenantId; readonly identity: Uint8Array },
  ): Superblock {
    assert(state.identity.length === IDENTITY_SIZE, 'identity of a log is not 16 bytes');
    const bytes = encode(
      crypto,
      {
        ...state,
        sequence: 1,
        mode: 'closed',
        generation: toGeneration(1),
        segmentCount: 0,
        recordCount: 0,
        lastHash: toHash(new Uint8Array(HASH_SIZE)),
      },
      new Uint8Array(HASH_SIZE),
    );
    const file = disk.open(SUPERBLOCK_NAME, 'create');
    const superblock = new Superblock(crypto, file, decodeWritten(crypto, bytes));
    superblock.#write(bytes);
    return superblock;
  }

  /**
   * Opens the superblock; undefined when there is none, or one that was torn before its first copy was
   * durable, so that no log can have been written.
   *
   * @throws {LogError} ERR_LOG_SUPERBLOCK when no copy is whole, when the whole ones contradict each
   * other, or when it is another tenant's
   */
  static open(crypto: Crypto, disk: Disk, tenant: TenantId): Superblock | undefined {
    if (!disk.exists(SUPERBLOCK_NAME)) return undefined;
    const file = disk.open(SUPERBLOCK_NAME, 'existing');
    try {
      const sectors = readSectors(file);
      const copies = sectors.map((sector) => decode(crypto, sector));
      const newest = newestOf(copies.filter((copy) => copy !== undefined));
      if (newest === undefined) {
        const rest = sectors.slice(1);
        if (rest.some((sector) => sector.some((byte) => byte !== 0))) {
          throw unusable('no copy of it is whole');
        }
        file.close();
        return undefined;
      }
      if (newest.tenant !== tenant) throw unusable('it belongs to another tenant');
      const superblock = new Superblock(crypto, file, newest);
      superblock.#mend(copies);
      return superblock;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Reads every copy and mends none. Requires the file to be there. */
  static inspect(crypto: Crypto, disk: Disk): SuperblockCopies {
    const file = disk.open(SUPERBLOCK_NAME, 'existing');
    try {
      const copies = readSectors(file).map((sector) => decode(crypto, sector));
      let newest: Copy | undefined;
      let isFork = false;
      try {
        newest = newestOf(copies.filter((copy) => copy !== undefined));
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        isFork = true;
      }
      const judge = (copy: Copy | undefined): SuperblockCopies['copies'][number] => {
        if (copy === undefined) return 'damaged';
        return copy.sequence === newest?.sequence ? 'newest' : 'older';
      };
      return { state: newest, copies: copies.map(judge), isFork };
    } finally {
      file.close();
    }
  }

  get state(): SuperblockState {
    return this.#copy;
  }

  /** Changes the state. Durable on return. */
  update(change: SuperblockChange): void {
    const before = this.#copy;
    const next = { ...before, ...change, sequence: before.sequence + 1 };
    assert(next.generation >= before.generation, 'generation falls');
    assert(next.segmentCount >= before.segmentCount, 'number of segments falls');
    assert(next.recordCount >= before.recordCount, 'number of records falls');
    const bytes = encode(this.#crypto, next, before.digest);
    this.#write(bytes);
    this.#copy = decodeWritten(this.#crypto, bytes);
  }

  #write(bytes: Uint8Array): void {
    for (let index = 0; index < COPIES; index += 1) {
      this.#file.writeAt(bytes, index * SECTOR_SIZE);
      this.#file.sync();
    }
  }

  #mend(copies: readonly (Copy | undefined)[]): void {
    const { digest, previous } = this.#copy;
    const bytes = encode(this.#crypto, this.#copy, previous);
    for (const [index, copy] of copies.entries()) {
      if (copy !== undefined && bytesEqual(copy.digest, digest)) continue;
      this.#file.writeAt(bytes, index * SECTOR_SIZE);
      this.#file.sync();
    }
  }

  close(): void {
    this.#file.close();
  }
}

function readSectors(file: DiskFile): readonly Uint8Array[] {
  return Array.from({ length: COPIES }, (_, index) => {
    const sector = new Uint8Array(SECTOR_SIZE);
    file.readAt(sector, index * SECTOR_SIZE);
    return sector;
  });
}

/** The newest of the whole copies, which must be one history. */
function newestOf(copies: readonly Copy[]): Copy | undefined {
  const newest = copies.reduce<Copy | undefined>(
    (best, copy) => (best === undefined || copy.sequence > best.sequence ? copy : best),
    undefined,
  );
  if (newest === undefined) return undefined;
  for (const copy of copies) {
    const isFork =
      copy.sequence === newest.sequence
        ? !bytesEqual(copy.digest, newest.digest)
        : copy.sequence === newest.sequence - 1 && !bytesEqual(copy.digest, newest.previous);
    if (isFork) throw unusable('its copies contradict each other');
  }
  return newest;
}

function encode(crypto: Crypto, state: SuperblockState, previous: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SECTOR_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, VERSION, true);
  view.setUint8(10, state.mode === 'open' ? 1 : 0);
  view.setUint32(12, state.generation, true);
  view.setBigUint64(16, BigInt(state.sequence), true);
  view.setBigUint64(24, BigInt(state.tenant), true);
  bytes.set(state.identity, 32);
  view.setUint32(48, state.segmentCount, true);
  view.setBigUint64(56, BigInt(state.recordCount), true);
  bytes.set(state.lastHash, 64);
  bytes.set(previous, PREVIOUS_AT);
  crypto.sha256Into(bytes, 0, DIGEST_AT, bytes, DIGEST_AT);
  return bytes;
}

/** The state in a sector; undefined where the sector is not whole. */
function decode(crypto: Crypto, bytes: Uint8Array): Copy | undefined {
  // Attacker-controlled: whoever can write the file can write this, digest included.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const digest = bytes.slice(DIGEST_AT, STATE_SIZE);
  if (!bytesEqual(crypto.sha256(bytes.subarray(0, DIGEST_AT)), digest)) return undefined;
  if (!bytesEqual(bytes.subarray(0, 8), MAGIC) || view.getUint16(8, true) !== VERSION) {
    return undefined;
  }
  const mode = view.getUint8(10);
  const generation = view.getUint32(12, true);
  const numbers = [16, 24, 56].map((at) => view.getBigUint64(at, true));
  const [sequence, tenant, recordCount] = numbers.map(Number) as [number, number, number];
  const isSound =
    mode <= 1 &&
    generation >= 1 &&
    sequence >= 1 &&
    tenant >= 1 &&
    numbers.every((number) => number <= BigInt(Number.MAX_SAFE_INTEGER)) &&
    view.getUint8(11) === 0 &&
    view.getUint32(52, true) === 0 &&
    bytes.subarray(STATE_SIZE).every((byte) => byte === 0);
  if (!isSound) return undefined;
  return {
    sequence,
    mode: mode === 1 ? 'open' : 'closed',
    generation: toGeneration(generation),
    tenant: toTenantId(tenant),
    identity: bytes.slice(32, 48),
    segmentCount: view.getUint32(48, true),
    recordCount,
    lastHash: toHash(bytes.slice(64, PREVIOUS_AT)),
    previous: bytes.slice(PREVIOUS_AT, DIGEST_AT),
    digest,
  };
}

function decodeWritten(crypto: Crypto, bytes: Uint8Array): Copy {
  const copy = decode(crypto, bytes);
  assert(copy !== undefined, 'superblock does not read back as it was written');
  return copy;
}

function unusable(what: string): LogError {
  return new LogError('verification', 'ERR_LOG_SUPERBLOCK', `superblock is unusable: ${what}`, {
    hint: 'restore the file named superblock from a copy of this folder',
  });
}
