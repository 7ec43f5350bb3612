/**
 * A tenant: one log, one kernel, one thread.
 *
 * Open: the log is scanned (and a torn tail cut), the tree is built in the same pass, the store is
 * brought up to the log. From then on the store is never behind a reader: commands are applied and
 * made durable in one synchronous step, so nobody sees a row that a crash could take back.
 *
 * An erasure that was requested and not finished when the database was closed or killed is finished
 * before anybody reads.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Command,
  type ErasureReceipt,
  type ErasureRequest,
  type KernelState,
  isHeld,
} from '@veritydb/kernel';
import { type Disk, Log, type Scrubbed, type StoredRecord } from '@veritydb/log';
import { type KeyRange, MerkleTree, type Signer, signCheckpoint, signNote } from '@veritydb/merkle';
import {
  COLUMN_TYPES,
  type IdempotencyId,
  type Offset,
  type TenantId,
  type Timestamp,
  TypesError,
  assert,
  bytesEqual,
  parseValue,
  toOffset,
} from '@veritydb/types';

import { type BackupSource, signTombstones, writeBackup } from './backup/write-backup.ts';
import { CHECKPOINTS_DEFAULT } from './checkpoint-policy.ts';
import type { Clock } from './clock.ts';
import { type CommitResult, CommitPath, erasing } from './commit.ts';
import {
  type Erased,
  type ErasureReason,
  type ErasureSources,
  carryOut,
  erasedElsewhere,
  inTurns,
  openFinished,
} from './erasure.ts';
import { RuntimeError, closed, keysMissing, noRoot, pastLetGo } from './error.ts';
import { HISTORY_DEFAULT } from './history-policy.ts';
import type { KeyPurpose } from './key-slot.ts';
import { KeyStore } from './key-store.ts';
import { type OpenedRecord, openRecord } from './opened-record.ts';
import type { Random } from './random.ts';
import { type Replicator, SingleReplicator } from './replicator.ts';
import { rowReader } from './rows.ts';
import { RowKeys } from './seal.ts';
import { type Snapshot, StoreSnapshot } from './snapshot.ts';
import type { StateProof } from './state-tries.ts';
import { SYNC_POLICY_DEFAULT } from './sync-policy.ts';
import type { TenantOptions } from './tenant-options.ts';
import { systemTimer } from './timer.ts';
import { type View, finish, loadState, rebuildView, removeStore } from './view.ts';
import { Wake } from './wake.ts';

const KEYS_NAME = 'keys.vks';

export class Tenant {
  readonly id: TenantId;
  readonly origin: string;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  /** Woken when the log has grown, and when the tenant is closed. */
  readonly advanced: Wake = new Wake();
  /** Verifier key of the log, as C2SP signed notes write it, is made from this. */
  readonly publicKey: Uint8Array;
  readonly #log: Log;
  readonly #tree: MerkleTree;
  readonly #sources: ErasureSources;
  readonly #keys: KeyStore;
  readonly #rowKeys: RowKeys;
  readonly #commits: CommitPath;
  readonly #replicator: Replicator;
  readonly #signingSeed: Uint8Array;
  readonly #disk: Disk;
  #isClosed = false;
  /** The erasure that is under way, or the last one: the next waits for it. */
  #erasure: Promise<unknown> = Promise.resolve();

  private constructor(options: TenantOptions, parts: OpenParts) {
    this.id = options.tenant;
    this.origin = options.origin;
    this.crypto = options.crypto;
    this.clock = options.clock;
    this.random = options.random;
    this.#disk = options.disk;
    this.#log = parts.log;
    this.#tree = parts.tree;
    this.#sources = { ...options, ...parts };
    this.#keys = parts.keys;
    this.#rowKeys = parts.rowKeys;
    const { checkpoints = CHECKPOINTS_DEFAULT, history = HISTORY_DEFAULT } = options;
    assert(checkpoints.everyRecords !== 0, 'a checkpoint after no records has no end');
    this.#commits = new CommitPath({ ...options, ...parts, checkpoints, history });
    this.#replicator = new SingleReplicator({
      commits: this.#commits,
      sync: options.sync ?? SYNC_POLICY_DEFAULT,
      timer: options.timer ?? systemTimer,
    });
    this.#signingSeed = parts.keys.key(parts.keys.keyFor('log-signature'));
    this.publicKey = this.crypto.ed25519PublicKey(this.#signingSeed);
    // A log begins with a checkpoint, so that there is always a position to read at.
    if (parts.log.nextOffset === 0) this.#commits.checkpoint();
    this.#commits.letGo();
  }

  /**
   * Opens a tenant's folder, making it when it is empty.
   *
   * @throws {LogError} ERR_LOG_CORRUPT when acknowledged data is damaged: nothing is cut in silence
   */
  static open(options: TenantOptions): Tenant {
    const { crypto, disk, tenant } = options;
    const opened: { close(): void }[] = [];
    const keep = <Opened extends { close(): void }>(one: Opened): Opened => {
      opened.push(one);
      return one;
    };
    try {
      if (disk.exists('superblock') && !disk.exists(KEYS_NAME)) throw keysMissing(KEYS_NAME);
      const keys = keep(KeyStore.open({ ...options, name: KEYS_NAME }));
      const tree = new MerkleTree(crypto);
      let recordsSinceCheckpoint = 0;
      const log = keep(
        Log.open({
          disk,
          crypto,
          tenant,
          now: options.clock.now(),
          identity: () => options.random.bytes(16),
          onRecord: ({ kind }, leafHash) => {
            tree.append(leafHash);
            recordsSinceCheckpoint = kind === 'checkpoint' ? 0 : recordsSinceCheckpoint + 1;
          },
        }),
      );
      const rowKeys = new RowKeys(crypto, keys);
      const sources = { crypto, disk, keys, log, rowKeys, tree };
      const ready = openFinished(sources, keep);
      const parts = { ...sources, ...ready.view, recordsSinceCheckpoint };
      const finished = new Tenant(options, parts);
      finished.#complete(ready.receipts);
      finished.#eraseElsewhere(erasedElsewhere(keys, ready.view));
      return finished;
    } catch (error) {
      for (const one of opened.toReversed()) one.close();
      throw error;
    }
  }

  /** Offset of the newest record. */
  get head(): number {
    return this.#log.nextOffset - 1;
  }

  get state(): KernelState {
    return this.#commits.state;
  }

  /**
   * Puts a command in order, applies it and makes it durable. Returns when it cannot be lost.
   *
   * @throws {KernelError} when it is refused: nothing was changed
   * @throws {RuntimeError} ERR_RUNTIME_FAILED, ERR_RUNTIME_CLOSED, ERR_RUNTIME_ERASING
   */
  async submit(
    command: Command,
    idempotencyId: IdempotencyId | null = null,
  ): Promise<CommitResult> {
    this.#assertWhole();
    const result = await this.#replicator.submit({ command, idempotencyId });
    this.advanced.wake();
    return result;
  }

  /** That it is open, with a store that no read found to be damaged: it is made from the log again, else. */
  #assertWhole(): void {
    this.#commits.assertOpen();
    this.#commits.mend(() => finish(rebuildView(this.#sources)));
  }

  /** Where the command stands that was committed under an id; undefined where none was. */
  committed(id: IdempotencyId): Offset | undefined {
    this.#assertWhole();
    return rowReader(this.#commits.store).committed(id)?.offset;
  }

  /**
   * Writes a checkpoint record now, whatever the policy, and makes the store durable up to it.
   *
   * @throws {RuntimeError} ERR_RUNTIME_FAILED, ERR_RUNTIME_CLOSED
   */
  checkpoint(): void {
    this.#commits.checkpointNow();
  }

  /**
   * The rows as of a position, or the newest.
   *
   * @throws {RuntimeError} ERR_RUNTIME_POSITION when the log is shorter than that, ERR_RUNTIME_RETENTION when
   *   what was then is let go
   */
  snapshot(at?: number): Snapshot {
    this.#assertWhole();
    const position = at ?? this.head;
    if (!Number.isSafeInteger(position) || position < 0 || position > this.head) {
      throw new RuntimeError(
        'expectation',
        'ERR_RUNTIME_POSITION',
        `position ${position} is not in the log`,
        { hint: `give a position from 0 to ${this.head}` },
      );
    }
    const { store } = this.#commits;
    if (position < store.retentionFloor) throw pastLetGo(position, store.retentionFloor);
    const state = position === this.head ? this.state : loadState(this.crypto, store, position);
    return new StoreSnapshot(toOffset(position), state, store);
  }

  /**
   * Erases a data subject: every row that a table declares to be about it, in every past. Returns when
   * it cannot be read any more and the receipts are in the log; none where nothing is kept about it.
   *
   * @param subject its id as text, in whatever type the tables have it
   * @throws {KernelError} ERR_KERNEL_HELD when a legal hold keeps the rows: nothing was changed
   * @throws {RuntimeError} ERR_RUNTIME_FAILED when a step failed: opening the database again finishes it
   */
  async erase(subject: string, reason: ErasureReason): Promise<readonly Erased[]> {
    const erasure = this.#erasure.then(async () => this.#erase(subject, reason));
    this.#erasure = erasure.catch(() => undefined);
    return erasure;
  }

  /**
   * Until no key is left: while the request waited for its turn, a row before it may have given the data
   * subject a key for another type. Nothing is written between the end of one round and the next look.
   */
  async #erase(subject: string, reason: ErasureReason): Promise<readonly Erased[]> {
    const erased: Erased[] = [];
    for (;;) {
      const round = await this.#eraseKnown(subject, reason);
      if (round.length === 0) return erased;
      erased.push(...round);
    }
  }

  /** Erases under the keys that the data subject has now. */
  async #eraseKnown(subject: string, reason: ErasureReason): Promise<readonly Erased[]> {
    const erasures = this.subjectMacs(subject).flatMap((subjectMac) => {
      const keyId = this.#keys.findSubjectKey(subjectMac);
      return keyId === undefined ? [] : [{ keyId, subjectMac, ...reason }];
    });
    if (erasures.length === 0) return [];
    await this.submit({ kind: 'request-erasure', erasures });
    const ids = erasures.map(({ keyId }) => keyId);
    let receipts: readonly ErasureReceipt[] = [];
    await this.#commits.replaceView(async () => {
      // What waits was made of rows that were read before: it is refused, not kept until after.
      this.#replicator.refuse(erasing());
      const done = await inTurns(carryOut(this.#sources, ids));
      ({ receipts } = done);
      return done.view;
    });
    return this.#complete(receipts);
  }

  /** Erases what was erased in the log that this is a copy of. A hold here cannot bring it back. */
  #eraseElsewhere(erasures: readonly ErasureRequest[]): void {
    const allowed = erasures.filter(({ subjectMac }) => !isHeld(this.state, subjectMac));
    if (allowed.length === 0) return;
    const command = { kind: 'request-erasure', erasures: allowed } as const;
    const [result] = this.#commits.commit([{ command, idempotencyId: null }]);
    if (result instanceof Error) throw result;
    const ids = allowed.map(({ keyId }) => keyId);
    this.#commits.store.close();
    const { view, receipts } = finish(carryOut(this.#sources, ids));
    this.#commits.resume(view);
    this.#complete(receipts);
  }

  /** Keyed pseudonyms of a data subject: one for each type that its id can be read as. */
  subjectMacs(subject: string): readonly Uint8Array[] {
    return COLUMN_TYPES.flatMap((type) => {
      try {
        return [this.#rowKeys.mac(type, parseValue(type, subject))];
      } catch (error) {
        if (error instanceof TypesError) return [];
        throw error;
      }
    });
  }

  #complete(receipts: readonly ErasureReceipt[]): readonly Erased[] {
    const submissions = receipts.map((receipt) => ({
      command: { kind: 'complete-erasure', receipt } as const,
      idempotencyId: null,
    }));
    const results = submissions.length === 0 ? [] : this.#commits.commit(submissions);
    return receipts.map((receipt, index) => {
      const result = results[index];
      if (result instanceof Error) throw result;
      assert(result !== undefined, 'a receipt was not committed');
      return { ...receipt, receiptOffset: result.offset };
    });
  }

  /** A record of row changes, opened, its commitments checked against its header. */
  openRecord(offset: Offset): OpenedRecord {
    return openRecord(this.#sources, this.#log.read(offset), this.state);
  }

  /** The tree over the log's leaves: proofs at any size up to the newest. */
  get tree(): MerkleTree {
    return this.#tree;
  }

  /**
   * Proves what a range of a table's keys held at the newest checkpoint record: none of its rows is left
   * out. Keys are as `encodeKey` makes them of the primary key's columns; of an index, whose name is
   * `table.index`, of its columns and then those of the primary key.
   *
   * @throws {RuntimeError} ERR_RUNTIME_NO_ROOT where that record has no such name, or what it was then is
   * not known any more: the database was opened behind it, or rows were erased since
   * @throws {MerkleError} ERR_MERKLE_RANGE
   */
  proveRange(name: string, range: KeyRange): StateProof {
    this.#commits.assertOpen();
    const proved = this.#commits.tries.prove(name, range);
    if (proved === undefined) throw noRoot(name);
    const { headerBytes, payload } = this.#log.read(proved.checkpoint);
    return { ...proved, leaf: headerBytes, payload, salt: this.#rowKeys.salt(name) };
  }

  /** Every record, read again from the disk and checked against the tree, in order. */
  *verifiedRecords(): Iterable<StoredRecord> {
    for (const record of this.#log.scan(toOffset(0))) {
      const leafHash = this.#tree.leafHash(record.header.offset);
      assert(bytesEqual(record.leafHash, leafHash), 'record is not the tree’s leaf');
      yield record;
    }
  }

  /**
   * The leaves of consecutive records, each read again from the disk and checked against the tree.
   *
   * @throws {LogError} ERR_LOG_OFFSET when there are not as many
   */
  leaves(first: Offset, count: number): readonly Uint8Array[] {
    return Array.from({ length: count }, (_, index) => {
      const record = this.#log.read(toOffset(first + index));
      const leafHash = this.#tree.leafHash(record.header.offset);
      assert(bytesEqual(record.leafHash, leafHash), 'record is not the tree’s leaf');
      return record.headerBytes;
    });
  }

  /** Reads some records again and names those that the disk does not give as they were written. */
  scrub(from: Offset, count: number): Scrubbed {
    return this.#log.scrub(from, count, (offset) => this.#tree.leafHash(offset));
  }

  /** Index files of the log that were missing or wrong when it was opened, and are written again. */
  get rebuiltIndexes(): readonly string[] {
    return this.#log.rebuiltIndexes;
  }

  /** Commit time of a record. */
  timestampOf(offset: Offset): Timestamp {
    return this.#log.read(offset).header.timestamp;
  }

  /**
   * Signs the tree of a size as a C2SP checkpoint: the same bytes each time.
   *
   * @throws {RuntimeError} ERR_RUNTIME_CLOSED: closing clears the key, and a cleared key would sign
   */
  signedCheckpoint(size: number = this.#tree.size): string {
    if (this.#isClosed) throw closed();
    const checkpoint = { origin: this.origin, size, root: this.#tree.root(size) };
    return signCheckpoint(this.crypto, checkpoint, { name: this.origin, seed: this.#signingSeed });
  }

  /**
   * Hands the log's key to what signs with it: a DSSE envelope, a COSE receipt.
   *
   * @throws {RuntimeError} ERR_RUNTIME_CLOSED
   */
  signed<Signed>(sign: (signer: Signer) => Signed): Signed {
    if (this.#isClosed) throw closed();
    return sign({ name: this.origin, seed: this.#signingSeed });
  }

  /** An archive of everything up to the newest record: decided now, made while it is taken. */
  backup(): Iterable<Uint8Array> {
    return writeBackup(this.#backupSource());
  }

  /** The data subjects whose keys were destroyed, signed: what a restore must leave out. */
  tombstones(): string {
    return signTombstones(this.#backupSource());
  }

  #backupSource(): BackupSource {
    this.#commits.assertOpen();
    const { generation, identity } = this.#log;
    const { size } = this.#tree;
    const signer = { name: this.origin, seed: this.#signingSeed };
    return {
      crypto: this.crypto,
      disk: this.#disk,
      tenant: this.id,
      origin: this.origin,
      identity,
      generation,
      size,
      root: this.#tree.root(),
      checkpoint: this.signedCheckpoint(),
      now: this.clock.now(),
      sign: (text) => signNote(this.crypto, text, signer),
    };
  }

  /** A key of the tenant for a purpose outside the log: tokens, pseudonyms, audit. */
  keyFor(
    purpose: Exclude<KeyPurpose, 'subject' | 'key-encryption' | 'segment' | 'store'>,
  ): Uint8Array {
    return this.#keys.key(this.#keys.keyFor(purpose));
  }

  /** Secret seeds of the keys that tokens are signed with, newest first. */
  tokenSeeds(): readonly Uint8Array[] {
    this.#keys.keyFor('token-signature');
    return this.#keys.keysOf('token-signature').map((id) => this.#keys.key(id));
  }

  /** Tokens are signed with a new key from now on; those before hold, unless their keys are retired. */
  renewTokenKey({ retire }: { readonly retire: boolean }): void {
    this.#keys.newKey('token-signature');
    if (retire) this.#keys.retireKeys('token-signature');
  }

  /** Wraps every key anew, under a new key-encryption key. Nothing is encrypted again. */
  rotateKeys(): void {
    this.#commits.assertOpen();
    this.#keys.rotate();
  }

  /** Keyed pseudonym of a value, the same for the same type and value, within this tenant. */
  pseudonym(...value: Parameters<RowKeys['mac']>): Uint8Array {
    return this.#rowKeys.mac(...value);
  }

  /** Writes a checkpoint record where the policy wants one, flushes the store and closes every file. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#replicator.refuse(closed());
    this.#commits.close();
    const { store } = this.#commits;
    store.close();
    // What met a damaged page is built again by the next open.
    if (store.damagedPages().length > 0) removeStore(this.#disk);
    this.#log.close();
    this.#keys.close();
    this.advanced.wake();
  }
}

interface OpenParts extends ErasureSources, View {
  /** Records since the last checkpoint record. */
  readonly recordsSinceCheckpoint: number;
}
