/**
 * The write path: a batch of commands becomes records, one write, one sync, and only then answers.
 *
 * Everything here is one synchronous step, so a reader sees the state before the batch or after it. The
 * store is ahead of the disk only within that step; if the step fails the tenant stops, and opening it
 * again starts from what is durable.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Event, type KernelState, type Submission, apply, checkRetry } from '@veritydb/kernel';
import { type Log, type RecordToAppend, encodeCheckpointPayload, parseSealed } from '@veritydb/log';
import { type MerkleTree, emptyRoot } from '@veritydb/merkle';
import { type Store, StoreError, type StoreWrite } from '@veritydb/store';
import {
  HASH_SIZE,
  type Hash,
  type KeyId,
  type Offset,
  type Timestamp,
  VerityError,
  assert,
  monotonicTimestamp,
  toOffset,
} from '@veritydb/types';

import type { CheckpointPolicy } from './checkpoint-policy.ts';
import type { Clock } from './clock.ts';
import { RuntimeError } from './error.ts';
import type { KeyStore } from './key-store.ts';
import { idempotencyWrite, rowReader, toStoreWrite } from './rows.ts';
import { type PlainRecord, type RowKeys, toPlainRecord } from './seal.ts';
import type { View } from './view.ts';

/** Rows between two flushes of the store: bounds what an open has to apply again, and the memory. */
const FLUSH_EVERY_ROWS = 50_000;
/** Most plaintext of one record: with what sealing adds it stays below the log's bound. */
const PLAINTEXT_SIZE_MAX = 48 * 1024 * 1024;

/** A command that cannot be lost any more. */
export interface CommitResult {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly chainHash: Hash;
  /** Rows that it changed. */
  readonly rows: number;
  /** It had been committed before, under the same idempotency id. */
  readonly duplicate: boolean;
}

export interface CommitPathOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  readonly tree: MerkleTree;
  readonly store: Store;
  readonly keys: KeyStore;
  readonly rowKeys: RowKeys;
  readonly state: KernelState;
  readonly checkpoints: CheckpointPolicy;
  /** Records since the last checkpoint record. */
  readonly recordsSinceCheckpoint: number;
}

/** A command on its way: refused, known already, or a record of the batch. */
type Step =
  | { readonly kind: 'refused'; readonly error: VerityError }
  | { readonly kind: 'known'; readonly offset: Offset }
  | { readonly kind: 'record'; readonly index: number };

export class CommitPath {
  readonly #options: CommitPathOptions;
  #state: KernelState;
  #store: Store;
  #recordsSinceCheckpoint: number;
  #rowsSinceFlush = 0;
  /** Why nothing is committed and nothing read: for good, or while the view is made anew. */
  #failure: RuntimeError | undefined;

  constructor(options: CommitPathOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#store = options.store;
    this.#recordsSinceCheckpoint = options.recordsSinceCheckpoint;
  }

  get state(): KernelState {
    return this.#state;
  }

  /** @throws {RuntimeError} ERR_RUNTIME_FAILED, ERR_RUNTIME_CLOSED, ERR_RUNTIME_ERASING */
  assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The rows as they are now. */
  get store(): Store {
    return this.#store;
  }

  /**
   * Lets nobody read or write while the view is made anew, and goes on with the new one. When that
   * fails, nothing goes on: opening the database again finishes it.
   */
  async replaceView(rebuild: () => View | Promise<View>): Promise<void> {
    this.suspend();
    try {
      this.resume(await rebuild());
    } catch (error) {
      this.#failure = failed(error);
      throw error;
    }
  }

  /** Lets nobody read or write until it is resumed with another view. */
  suspend(): void {
    this.assertOpen();
    this.#failure = erasing();
    this.#store.close();
  }

  resume({ state, store }: View): void {
    this.#state = state;
    this.#store = store;
    this.#failure = undefined;
  }

  /** Commits a batch: for each command its result, or the error that refused it. */
  commit(batch: readonly Submission[]): readonly (CommitResult | Error)[] {
    if (this.#failure !== undefined) return batch.map(() => this.#failure as RuntimeError);
    try {
      return this.#commit(batch);
    } catch (error) {
      const failure = this.#stop(error);
      return batch.map(() => failure);
    }
  }

  /** Nothing is written any more: what was acknowledged is durable, and nobody can tell of the rest. */
  #stop(cause: unknown): RuntimeError {
    this.#failure = new RuntimeError(
      'unavailable',
      'ERR_RUNTIME_FAILED',
      'a write could not be made durable; the database has stopped',
      {
        hint: 'free space or repair the disk, then open it again: nothing acknowledged is lost; repeat the write under the same idempotency id',
        cause,
      },
    );
    return this.#failure;
  }

  #commit(batch: readonly Submission[]): readonly (CommitResult | Error)[] {
    const { clock, keys, log, tree } = this.#options;
    const now = clock.now();
    const first = log.nextOffset;
    const records: RecordToAppend[] = [];
    let last = log.lastTimestamp;
    let isErasing = false;
    const steps = batch.map((submission): Step => {
      // What comes behind a request stands on rows that are as good as gone, under a key that is: a write
      // would be lost in silence, a hold broken, an answer leave after the erasure.
      if (isErasing) return { kind: 'refused', error: erasing() };
      const timestamp = monotonicTimestamp(now, last);
      const offset = toOffset(first + records.length);
      const step = this.#apply(submission, offset, timestamp, records);
      if (step.kind === 'record') {
        last = timestamp;
        isErasing = submission.command.kind === 'request-erasure';
      }
      return step;
    });
    keys.sync();
    assert(first === tree.size, 'leaf does not stand at its offset');
    if (records.length > 0) this.#append(records);
    const results = steps.map((step) => this.#resultOf(step, first, records));
    this.#afterBatch(records.length);
    return results;
  }

  /** Makes records durable, and leaves of the tree. */
  #append(records: readonly RecordToAppend[]): void {
    const { log, tree } = this.#options;
    const { leafHashes } = log.append(records);
    for (let at = 0; at < leafHashes.length; at += HASH_SIZE) {
      tree.append(leafHashes.subarray(at, at + HASH_SIZE));
    }
  }

  #apply(
    { command, idempotencyId }: Submission,
    offset: Offset,
    timestamp: Timestamp,
    records: RecordToAppend[],
  ): Step {
    const { crypto, log, rowKeys } = this.#options;
    const store = this.#store;
    const rows = rowReader(store);
    let event: Event;
    let next: KernelState;
    let writes: StoreWrite[];
    try {
      const known = idempotencyId === null ? undefined : rows.committed(idempotencyId);
      if (known !== undefined) {
        const mac = rowKeys.commandMac(command, this.#keysOf(known.offset, offset, records));
        return { kind: 'known', offset: checkRetry(known, mac) };
      }
      ({ state: next, event } = apply(this.#state, command, { crypto, offset, timestamp, rows }));
      writes = event.changes.map((change, row) => toStoreWrite(change, row));
    } catch (error) {
      if (error instanceof VerityError) return { kind: 'refused', error };
      throw error;
    }
    const sealed = { event, command: idempotencyId === null ? null : command };
    const plain = toPlainRecord(crypto, rowKeys, { generation: log.generation, offset }, sealed);
    if (idempotencyId !== null && plain.commandMac !== null) {
      writes.push(idempotencyWrite(idempotencyId, plain.commandMac));
    }
    const size = plain.sections.reduce((sum, { plaintext }) => sum + plaintext.length, 0);
    if (size > PLAINTEXT_SIZE_MAX) return { kind: 'refused', error: tooLarge(size) };
    const record = this.#toRecord(plain, {
      timestamp,
      idempotencyId,
      rowCount: event.changes.length,
    });
    try {
      store.apply(offset, writes);
    } catch (error) {
      // Refused before anything was changed: the store still stands at the record before.
      const isKeySize = error instanceof StoreError && error.code === 'ERR_STORE_KEY_SIZE';
      if (isKeySize) return { kind: 'refused', error };
      throw error;
    }
    records.push(record);
    this.#state = next;
    this.#rowsSinceFlush += writes.length;
    return { kind: 'record', index: records.length - 1 };
  }

  /** Keys that sealed a record of the log, or of the batch that is being made before `next`. */
  #keysOf(offset: Offset, next: Offset, records: readonly RecordToAppend[]): readonly KeyId[] {
    const waiting = records[records.length - (next - offset)];
    if (waiting !== undefined) {
      assert(waiting.payload.sealing === 'sections', 'a command is sealed');
      return waiting.payload.sections.map(({ keyId }) => keyId);
    }
    const { header, payload } = this.#options.log.read(offset);
    return parseSealed(payload, header.rowCount).sections.map(({ keyId }) => keyId);
  }

  #toRecord(
    plain: PlainRecord,
    header: Pick<RecordToAppend, 'timestamp' | 'idempotencyId' | 'rowCount'>,
  ): RecordToAppend {
    const { rowKeys } = this.#options;
    return {
      ...header,
      kind: 'data',
      schemaVersion: this.#state.schemaVersion,
      commitmentsRoot: plain.commitmentsRoot,
      payload: {
        sealing: 'sections',
        sections: plain.sections.map(({ keyId, plaintext }) => ({
          keyId,
          key: rowKeys.key(keyId),
          plaintext,
        })),
        commitments: plain.commitments,
      },
    };
  }

  #afterBatch(records: number): void {
    this.#recordsSinceCheckpoint += records;
    const { everyRecords } = this.#options.checkpoints;
    if (everyRecords !== null && this.#recordsSinceCheckpoint >= everyRecords) this.checkpoint();
    else if (this.#rowsSinceFlush >= FLUSH_EVERY_ROWS) this.#flush();
  }

  /**
   * Appends a checkpoint record because somebody asks for one.
   *
   * @throws {RuntimeError} ERR_RUNTIME_FAILED, ERR_RUNTIME_CLOSED
   */
  checkpointNow(): void {
    this.assertOpen();
    try {
      this.checkpoint();
    } catch (error) {
      throw this.#stop(error);
    }
  }

  /** Appends a checkpoint record and makes the store durable up to it. */
  checkpoint(): void {
    const { clock, crypto, log } = this.#options;
    const offset = toOffset(log.nextOffset);
    const policies = [...this.#state.policies.values()].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    this.#append([
      {
        kind: 'checkpoint',
        timestamp: monotonicTimestamp(clock.now(), log.lastTimestamp),
        idempotencyId: null,
        schemaVersion: this.#state.schemaVersion,
        rowCount: 0,
        commitmentsRoot: emptyRoot(crypto),
        payload: {
          sealing: 'none',
          plaintext: encodeCheckpointPayload({
            chainHash: log.lastHash,
            recordCount: log.nextOffset,
            roots: [],
            policies,
          }),
        },
      },
    ]);
    this.#store.apply(offset, []);
    this.#recordsSinceCheckpoint = 0;
    this.#flush();
  }

  #flush(): void {
    this.#store.flush(this.#options.log.lastHash);
    this.#rowsSinceFlush = 0;
  }

  #resultOf(step: Step, first: number, records: readonly RecordToAppend[]): CommitResult | Error {
    if (step.kind === 'refused') return step.error;
    const { log, tree } = this.#options;
    const offset = step.kind === 'known' ? step.offset : toOffset(first + step.index);
    const record = step.kind === 'known' ? log.read(offset).header : records[step.index];
    assert(record !== undefined, 'record was not appended');
    return {
      offset,
      timestamp: record.timestamp,
      chainHash: tree.leafHash(offset),
      rows: record.rowCount,
      duplicate: step.kind === 'known',
    };
  }

  /** Stops: a checkpoint record where the policy wants one, there is something new and nothing failed. */
  close(): void {
    if (this.#failure === undefined) {
      const { onShutdown } = this.#options.checkpoints;
      if (onShutdown && this.#recordsSinceCheckpoint > 0) this.checkpoint();
      else this.#flush();
    }
    this.#failure ??= new RuntimeError(
      'unavailable',
      'ERR_RUNTIME_CLOSED',
      'the database is closed',
      {
        hint: 'open it again',
      },
    );
  }
}

export function erasing(): RuntimeError {
  return new RuntimeError('unavailable', 'ERR_RUNTIME_ERASING', 'an erasure is under way', {
    hint: 'try again shortly',
    retryAfterMs: 1000,
  });
}

function failed(cause: unknown): RuntimeError {
  return new RuntimeError(
    'unavailable',
    'ERR_RUNTIME_FAILED',
    'a write could not be made durable; the database has stopped',
    {
      hint: 'free space or repair the disk, then open it again: nothing acknowledged is lost; repeat the write under the same idempotency id',
      cause,
    },
  );
}

function tooLarge(size: number): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_RECORD_SIZE',
    `a command of ${size} bytes is larger than ${PLAINTEXT_SIZE_MAX}`,
    { hint: 'write in smaller batches' },
  );
}
