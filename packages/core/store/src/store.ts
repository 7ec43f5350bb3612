/**
 * A page store: one encrypted file of 4 KiB pages, holding what the log says as of a position.
 *
 * Everything in it can be made again from the log, and so a store never repairs: it opens at its last
 * durable position, or says that it cannot. What is applied is in memory until {@link Store.flush};
 * after that a crash opens exactly there. A store that failed to write, or to apply, refuses whatever
 * comes after: opened anew it is at its last durable position.
 *
 * Each page is sealed with AES-256-GCM (SP 800-38D) under a key that serves one file for the whole of
 * its life: who removes a store's file, or puts an older copy in its place, hands in another key from
 * then on, or nonces come twice.
 */

import { AES_KEY_SIZE, type Crypto, clearBytes } from '@veritydb/crypto';
import type { Disk, DiskFile } from '@veritydb/log';
import { type AppliedIndex, type Hash, assert, toOffset, utf8Encode } from '@veritydb/types';

import { type StoreCheck, checkVersions } from './check.ts';
import { StoreError } from './error.ts';
import { type PageAddress, PageFile } from './page-file.ts';
import { Pager } from './pager.ts';
import { Pruning, Retention } from './retention.ts';
import {
  type ScanBounds,
  type ScanRange,
  boundsAfter,
  keepKey,
  scanBounds,
  scanCurrent,
  scanEnded,
  scanVersions,
} from './scan.ts';
import {
  EMPTY_SUPERBLOCK,
  type Superblock,
  readCopies,
  readSuperblock,
  writeSuperblock,
} from './superblock.ts';
import {
  type EntryReader,
  type EntryView,
  type StoreWrite,
  Versions,
  checkKeySize,
} from './versions.ts';

const PAGE_KEY_INFO = utf8Encode('veritydb store page v1');
const SUPERBLOCK_KEY_INFO = utf8Encode('veritydb store superblock v1');
const CACHE_PAGES = 8192;

export interface StoreOptions {
  readonly disk: Disk;
  /** Of the file, on the disk. */
  readonly name: string;
  readonly crypto: Crypto;
  /** 32 bytes, of this file and no other. */
  readonly key: Uint8Array;
  /** Clean pages that are kept in memory; 8,192 unless told. */
  readonly cachePages?: number;
}

interface StoreParts {
  readonly crypto: Crypto;
  readonly file: DiskFile;
  readonly pageKey: Uint8Array;
  readonly superblockKey: Uint8Array;
  readonly superblock: Superblock;
  readonly cachePages: number;
}

export class Store {
  readonly #crypto: Crypto;
  readonly #file: DiskFile;
  readonly #pageKey: Uint8Array;
  readonly #superblockKey: Uint8Array;
  readonly #pages: PageFile;
  readonly #pager: Pager;
  readonly #versions: Versions;
  readonly #retention: Retention;
  /** What is left of the history to be looked at, since the floor was raised or the store opened. */
  #pruning: Pruning | undefined;
  /** How often pages have changed: who goes through them looks for its place again. */
  #changeCount = 0;
  /** Whether there is something to flush. */
  #isChanged = false;
  /** The last durable state. */
  #durable: Superblock;
  #appliedPosition: number;
  #condition: 'open' | 'failed' | 'closed' = 'open';

  private constructor(parts: StoreParts) {
    this.#crypto = parts.crypto;
    this.#file = parts.file;
    this.#pageKey = parts.pageKey;
    this.#superblockKey = parts.superblockKey;
    this.#durable = parts.superblock;
    this.#appliedPosition = parts.superblock.applied?.offset ?? -1;
    this.#pages = new PageFile(parts.crypto, parts.pageKey, parts.file);
    this.#pager = new Pager(this.#pages, parts.superblock, parts.cachePages);
    this.#versions = new Versions(this.#pager, parts.superblock);
    this.#retention = new Retention(parts.superblock.retentionFloor);
    this.#pruning = this.#newPruning();
  }

  /**
   * Opens a store at its last durable position; makes an empty one where there is no file.
   *
   * @throws {StoreError} ERR_STORE_CORRUPT
   */
  static open(options: StoreOptions): Store {
    const { crypto, disk, key, name } = options;
    assert(key.length === AES_KEY_SIZE, 'store key is not 32 bytes');
    const noSalt = new Uint8Array(0);
    const pageKey = crypto.hkdfSha256(key, noSalt, PAGE_KEY_INFO, AES_KEY_SIZE);
    const superblockKey = crypto.hkdfSha256(key, noSalt, SUPERBLOCK_KEY_INFO, AES_KEY_SIZE);
    if (!disk.exists(name)) createFile(disk, name, crypto, superblockKey);
    const file = disk.open(name, 'existing');
    try {
      const superblock = readSuperblock(crypto, superblockKey, file);
      const cachePages = options.cachePages ?? CACHE_PAGES;
      return new Store({ crypto, file, pageKey, superblockKey, superblock, cachePages });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Where in which log the last durable state stands; null when nothing was flushed. */
  get durable(): AppliedIndex | null {
    return this.#durable.applied;
  }

  /** Position of the last batch that was applied; −1 when there was none. */
  get appliedPosition(): number {
    return this.#appliedPosition;
  }

  /**
   * Applies the writes of one position, to however many trees, all or none, in memory. What was applied
   * before is not applied again: the log says the same of a position each time.
   *
   * @throws {StoreError} ERR_STORE_KEY_SIZE, before anything is changed; ERR_STORE_CORRUPT
   */
  apply(position: number, writes: readonly StoreWrite[]): void {
    this.#assertOpen();
    assert(Number.isSafeInteger(position) && position >= 0, 'position is not a safe integer');
    if (position <= this.#appliedPosition) return;
    assert(position === this.#appliedPosition + 1, 'position does not follow the applied one');
    for (const write of writes) checkKeySize(write.key);
    this.#failOnThrow(() => {
      for (const write of writes) this.#versions.write(position, write);
    });
    this.#appliedPosition = position;
    this.#noteChange();
  }

  /** From which position on, at the latest, a tree has held what it holds now; −1: always. */
  changedAt(tree: number): number {
    return this.#versions.changedAt(tree);
  }

  #noteChange(): void {
    this.#changeCount += 1;
    this.#isChanged = true;
  }

  /** The least position that is answered; 0 when nothing was ever let go. */
  get retentionFloor(): number {
    return this.#retention.floor;
  }

  /**
   * Keeps the retention floor at or below a position, for who reads there now and then, until the
   * function that is returned is called.
   *
   * @throws {StoreError} ERR_STORE_POSITION, ERR_STORE_RETENTION
   */
  hold(position: number): () => void {
    this.#assertOpen();
    this.#checkPosition(position);
    return this.#retention.hold(position);
  }

  /**
   * Refuses reads below a position from now on, or below the least that is held; returns the floor. What
   * nobody can see any more is taken out by {@link prune}, and both are durable with the next flush.
   *
   * @throws {StoreError} ERR_STORE_POSITION when that is after the applied one
   */
  raiseRetentionFloor(position: number): number {
    this.#assertOpen();
    if (position > this.#appliedPosition) throw this.#unapplied(position);
    const before = this.#retention.floor;
    const floor = this.#retention.raise(position);
    if (floor === before) return floor;
    this.#pruning = this.#newPruning();
    this.#noteChange();
    return floor;
  }

  /**
   * Takes out what ended below the retention floor, a step at a time, between which others may have
   * their turn. Pages that are empty then are free for whatever is written after the next flush; those
   * that changed are in memory until then, so that a long history is flushed now and then on the way.
   *
   * @param versionCount how many ended versions a step looks at
   * @returns whether there is nothing left to take out
   * @throws {StoreError} ERR_STORE_CORRUPT
   */
  prune(versionCount: number): boolean {
    this.#assertOpen();
    assert(Number.isSafeInteger(versionCount) && versionCount > 0, 'a step of pruning is empty');
    const pruning = this.#pruning;
    if (pruning === undefined) return true;
    this.#failOnThrow(() => {
      if (pruning.step(versionCount)) this.#pruning = undefined;
    });
    this.#noteChange();
    return this.#pruning === undefined;
  }

  #newPruning(): Pruning | undefined {
    const { floor } = this.#retention;
    return floor === 0 ? undefined : new Pruning(this.#versions, floor);
  }

  /** What a key leads to now, as `read` makes it of the entry. */
  get<Made>(tree: number, key: Uint8Array, read: EntryReader<Made>): Made | undefined {
    this.#assertOpen();
    return this.#versions.get(tree, key, read);
  }

  /**
   * What a key led to as of a position, as `read` makes it of the entry.
   *
   * @throws {StoreError} ERR_STORE_POSITION when that is after the applied one, ERR_STORE_RETENTION when
   *   it is below the floor
   */
  getAt<Made>(
    tree: number,
    key: Uint8Array,
    position: number,
    read: EntryReader<Made>,
  ): Made | undefined {
    this.#assertOpen();
    this.#checkPosition(position);
    if (position < 0) return undefined;
    return this.#versions.getAt(tree, key, position, read);
  }

  /** What a range holds now: as of this call, whatever is applied while it is read. */
  scan<Made>(tree: number, range: ScanRange, read: EntryReader<Made>): Iterable<Made> {
    return this.scanAt(tree, range, this.#appliedPosition, read);
  }

  /**
   * What a range held as of a position, as `read` makes it of each entry; read as it is asked for.
   *
   * @throws {StoreError} ERR_STORE_POSITION when that is after the applied one, ERR_STORE_RETENTION when
   *   it is below the floor, or comes to be while the range is read
   */
  scanAt<Made>(
    tree: number,
    range: ScanRange,
    position: number,
    read: EntryReader<Made>,
  ): Iterable<Made> {
    this.#assertOpen();
    this.#checkPosition(position);
    if (position < 0) return [];
    return { [Symbol.iterator]: () => this.#scan(scanBounds(tree, range), position, read) };
  }

  /**
   * All versions of a tree's keys: what `read` makes of each and of the position that ended it, which is
   * null for the current ones. Those that ended come first.
   *
   * @throws {StoreError} ERR_STORE_RETENTION unless every version is kept
   */
  history<Made>(
    tree: number,
    read: (entry: EntryView, endedAt: number | null) => Made,
  ): readonly Made[] {
    this.#assertOpen();
    this.#retention.check(0);
    const bounds = scanBounds(tree, {});
    const made: Made[] = [];
    for (const { entry, endedAt } of scanEnded(this.#versions, bounds))
      made.push(read(entry, endedAt));
    const current = scanCurrent(this.#versions, bounds, this.#appliedPosition);
    for (const entry of current) made.push(read(entry, null));
    return made;
  }

  *#scan<Made>(
    range: ScanBounds,
    position: number,
    read: EntryReader<Made>,
  ): Generator<Made, void> {
    let lastKey: Uint8Array = new Uint8Array(0);
    let bounds: ScanBounds | undefined = range;
    while (bounds !== undefined) {
      this.#assertOpen();
      this.#retention.check(position);
      const changeCount: number = this.#changeCount;
      const entries: Generator<EntryView, void> =
        position === this.#appliedPosition
          ? scanCurrent(this.#versions, bounds, position)
          : scanVersions(this.#versions, bounds, position);
      let rest: ScanBounds | undefined;
      for (const entry of entries) {
        lastKey = keepKey(lastKey, entry);
        yield read(entry);
        this.#assertOpen();
        if (this.#changeCount === changeCount) continue;
        // Pages have changed under the cursor: go on after this key, as of the same position.
        rest = boundsAfter(bounds, lastKey);
        break;
      }
      bounds = rest;
    }
  }

  /**
   * Makes all that was applied durable.
   *
   * @param hash chain hash of the log at the applied position
   * @throws {StoreError} ERR_STORE_WRITE; the store refuses what comes after
   */
  flush(hash: Hash): void {
    this.#assertOpen();
    if (!this.#isChanged) return;
    try {
      this.#failOnThrow(() => this.#write({ offset: toOffset(this.#appliedPosition), hash }));
    } catch (cause) {
      throw writeFailed('could not be flushed', cause);
    }
  }

  #write(applied: AppliedIndex): void {
    this.#beginGeneration();
    const { current, history } = this.#versions;
    this.#pager.write(current.root, 0);
    this.#pager.write(history.root, 0);
    const freeList = this.#pager.writeFreeList();
    // Nothing that the new superblock points to may be lost once the superblock is not.
    this.#file.sync();
    this.#publish({
      generation: this.#pages.generation,
      sequence: this.#durable.sequence + 1,
      applied,
      retentionFloor: this.#retention.floor,
      pageCount: this.#pager.pageCount,
      currentRoot: current.root.slice(),
      historyRoot: history.root.slice(),
      freeList,
    });
    this.#pager.settle(freeList);
    this.#isChanged = false;
  }

  /** Once an open: the last durable state, in all four copies, under the next generation. */
  #beginGeneration(): void {
    if (this.#pages.generation > 0) return;
    const generation = this.#durable.generation + 1;
    for (let pair = 0; pair < 2; pair += 1) {
      this.#publish({ ...this.#durable, generation, sequence: this.#durable.sequence + 1 });
    }
    this.#pages.beginGeneration(generation);
  }

  #publish(superblock: Superblock): void {
    writeSuperblock(this.#crypto, this.#superblockKey, this.#file, superblock);
    this.#durable = superblock;
  }

  /**
   * Walks everything and checks that it is as it should be.
   *
   * @throws {StoreError} ERR_STORE_CORRUPT
   */
  check(): StoreCheck {
    this.#assertOpen();
    return checkVersions(this.#versions, this.#appliedPosition);
  }

  /**
   * Pages that reads, or {@link check}, found not to be what their parents point to. A read or a flush
   * that meets one fails; one by one they can be mended from a copy of this file. Known also when it is closed.
   */
  damagedPages(): readonly PageAddress[] {
    return this.#pages.damaged;
  }

  /**
   * A page as it lies on the disk, sealed, for who has lost it; undefined where it is not here.
   *
   * @param address as {@link damagedPages} of a store with the same key names it
   */
  sealedPage(address: PageAddress): Uint8Array | undefined {
    this.#assertNotClosed();
    return this.#pages.sealed(address);
  }

  /**
   * Puts bytes from elsewhere in the place of a page that was found to be damaged, durably. Only those
   * are taken that its parent's pointer was made for, which are the very bytes that were lost.
   *
   * @returns whether they were taken
   * @throws {StoreError} ERR_STORE_WRITE
   */
  repairPage(id: number, page: Uint8Array): boolean {
    this.#assertNotClosed();
    try {
      return this.#pages.mend(id, page);
    } catch (cause) {
      throw writeFailed('could not be mended', cause);
    }
  }

  /** For each copy of the superblock whether it is whole: one that is not is made up for by the others. */
  superblockCopies(): readonly boolean[] {
    this.#assertOpen();
    return readCopies(this.#crypto, this.#superblockKey, this.#file).map(
      (copy) => copy !== undefined,
    );
  }

  /** Lets go of the file and the keys. What was not flushed is not kept. */
  close(): void {
    if (this.#condition === 'closed') return;
    this.#condition = 'closed';
    this.#pager.clear();
    clearBytes(this.#pageKey);
    clearBytes(this.#superblockKey);
    this.#file.close();
  }

  #assertOpen(): void {
    if (this.#condition === 'open') return;
    if (this.#condition === 'failed') throw writeFailed('failed before');
    this.#assertNotClosed();
  }

  #assertNotClosed(): void {
    if (this.#condition !== 'closed') return;
    throw new StoreError('ERR_STORE_CLOSED', 'the store is closed', { hint: 'open it again' });
  }

  /** @throws {StoreError} ERR_STORE_POSITION, ERR_STORE_RETENTION */
  #checkPosition(position: number): void {
    assert(Number.isSafeInteger(position), 'position is not a safe integer');
    if (position > this.#appliedPosition) throw this.#unapplied(position);
    this.#retention.check(position);
  }

  #unapplied(position: number): StoreError {
    return new StoreError(
      'ERR_STORE_POSITION',
      `expected a position up to ${this.#appliedPosition}, got ${position}`,
      { hint: 'wait until the position is applied, or ask for an earlier one' },
    );
  }

  /** What stops half way leaves memory that is neither the old state nor the new. */
  #failOnThrow(change: () => void): void {
    let isDone = false;
    try {
      change();
      isDone = true;
    } finally {
      if (!isDone) this.#condition = 'failed';
    }
  }
}

function writeFailed(what: string, cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_WRITE', `the store ${what}`, {
    hint: 'close it and open it again: it is then at its last durable position',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A file has its name only once it holds a whole superblock: one without is damaged, never new. */
function createFile(disk: Disk, name: string, crypto: Crypto, superblockKey: Uint8Array): void {
  const unfinished = `${name}.new`;
  const file = disk.open(unfinished, 'create');
  try {
    file.truncate(0);
    for (let sequence = 0; sequence < 2; sequence += 1) {
      writeSuperblock(crypto, superblockKey, file, { ...EMPTY_SUPERBLOCK, sequence });
    }
  } finally {
    file.close();
  }
  disk.rename(unfinished, name);
}
