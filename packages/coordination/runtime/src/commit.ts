/**
 * The write path: a batch of commands becomes records, one write, one sync, and only then answers.
 *
 * Everything here is one synchronous step, so a reader sees the state before the batch or after it. The
 * store is ahead of the disk only within that step; if the step fails the tenant stops, and opening it
 * again starts from what is durable.
 *
 * Commands are applied one by one, each to the state after the one before; what is refused is refused
 * then, before its rows are hidden and the store takes them with their commitments: from there on the record
 * goes to its place or nothing does, see {@link hideRecord}. The records are sealed and written as one.
 */

import { type Crypto, ZERO_HASH } from '@veritydb/crypto';
import {
  type Event,
  type IdempotencyReader,
  type KernelState,
  type RowChange,
  type TableReader,
  type Submission,
  apply,
  checkRetry,
} from '@veritydb/kernel';
import type { Log, RecordToAppend } from '@veritydb/log';
import { type MerkleTree, emptyRoot, encodeCheckpointPayload } from '@veritydb/merkle';
import { type Store, StoreError, type StoreWrite, checkKeySize } from '@veritydb/store';
import {
  CanonicalWriter,
  HASH_SIZE,
  type Hash,
  type IdempotencyId,
  type KeyId,
  type Offset,
  type Timestamp,
  VerityError,
  assert,
  monotonicTimestamp,
  toHash,
  toOffset,
} from '@veritydb/types';

import type { CheckpointPolicy } from './checkpoint-policy.ts';
import type { Clock } from './clock.ts';
import { RuntimeError, closed } from './error.ts';
import { hiddenPolicies, hiddenRoots } from './hidden-state.ts';
import { type HistoryPolicy, letGo } from './history-policy.ts';
import { changeWrites, indexWrites } from './index-entries.ts';
import type { KeyStore } from './key-store.ts';
import { projectionWrites } from './projection-writes.ts';
import { idempotencyWrite, rowReader } from './rows.ts';
import {
  type PlannedRecord,
  type RowKeys,
  hideRecord,
  keysOf,
  plaintextSizeMax,
  planRecord,
} from './seal.ts';
import type { StateTries } from './state-tries.ts';
import { type View, openEvent } from './view.ts';

/**
 * Rows between two flushes of the store: bounds what an open has to apply again, and the memory. A flush
 * waits for a checkpoint record, as long as it may: a store that stands at one has its tries to prove from.
 */
const FLUSH_EVERY_ROWS = 10_000;
const UNFLUSHED_ROWS_MAX = 50_000;
/** Most plaintext of one record: with what sealing adds it stays below the log's bound. */
const PLAINTEXT_SIZE_MAX = 48 * 1024 * 1024;
/** Bytes that a writer keeps to be written over: few records or batches are larger. */
const KEPT_SIZE_MAX = 4 * 1024 * 1024;
const NO_HASHES = new Uint8Array(0);

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
  readonly tries: StateTries;
  readonly keys: KeyStore;
  readonly rowKeys: RowKeys;
  readonly state: KernelState;
  readonly checkpoints: CheckpointPolicy;
  readonly history: HistoryPolicy;
  /** Records since the last checkpoint record. */
  readonly recordsSinceCheckpoint: number;
}

/** A command on its way: refused, known already, or a record of the batch. */
type Step =
  | { readonly kind: 'refused'; readonly error: VerityError }
  | { readonly kind: 'known'; readonly offset: Offset }
  | { readonly kind: 'record'; readonly index: number };

/** Records of the batch that is being made. */
interface Waiting {
  readonly records: RecordToAppend[];
  /** That each is sealed and its rows are hidden under, where a retry of it can be told. */
  readonly keyIds: (readonly KeyId[] | null)[];
}

export class CommitPath {
  readonly #options: CommitPathOptions;
  #state: KernelState;
  #store: Store;
  #reader: TableReader & IdempotencyReader;
  #tries: StateTries;
  #recordsSinceCheckpoint: number;
  #rowsSinceFlush = 0;
  /** Rows of the record that is being made, and plaintexts of all records of its batch. */
  #rows = new CanonicalWriter();
  #plaintexts = new CanonicalWriter();
  /** Segments of the log when the key of segments was taken. */
  #segmentCount: number;
  /** Why nothing is committed and nothing read any more. */
  #failure: RuntimeError | undefined;
  /** An erasure was requested: until the view is made anew nothing is committed and nothing read. */
  #isErasing = false;

  constructor(options: CommitPathOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#store = options.store;
    this.#reader = rowReader(options.store);
    this.#tries = options.tries;
    this.#segmentCount = Math.max(1, options.log.segmentCount);
    this.#recordsSinceCheckpoint = options.recordsSinceCheckpoint;
  }

  get state(): KernelState {
    return this.#state;
  }

  /** @throws {RuntimeError} ERR_RUNTIME_FAILED, ERR_RUNTIME_CLOSED, ERR_RUNTIME_ERASING */
  assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isErasing) throw erasing();
  }

  /** The rows as they are now. */
  get store(): Store {
    return this.#store;
  }

  /** What of them is proved. */
  get tries(): StateTries {
    return this.#tries;
  }

  /**
   * Goes on with another view after an erasure was requested. When it cannot be made nothing goes on:
   * opening the database again finishes it.
   */
  async replaceView(rebuild: () => View | Promise<View>): Promise<void> {
    assert(this.#isErasing, 'a view is made anew only for an erasure');
    this.#store.close();
    try {
      this.resume(await rebuild());
    } catch (error) {
      throw this.#stop(error);
    }
  }

  resume({ state, store, tries }: View): void {
    this.#state = state;
    this.#store = store;
    this.#reader = rowReader(store);
    this.#tries = tries;
    this.#isErasing = false;
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
    const waiting: Waiting = { records: [], keyIds: [] };
    const { records } = waiting;
    this.#plaintexts = emptied(this.#plaintexts);
    let last = log.lastTimestamp;
    const steps = batch.map((submission): Step => {
      // What comes behind a request stands on rows that are as good as gone, under a key that is: a write
      // would be lost in silence, a hold broken, an answer leave after the erasure.
      if (this.#isErasing) return { kind: 'refused', error: erasing() };
      const timestamp = monotonicTimestamp(now, last);
      const offset = toOffset(first + records.length);
      const step = this.#apply(submission, offset, timestamp, waiting);
      if (step.kind === 'record') {
        last = timestamp;
        this.#isErasing = submission.command.kind === 'request-erasure';
      }
      return step;
    });
    keys.sync();
    assert(first === tree.size, 'leaf does not stand at its offset');
    this.#recordsSinceCheckpoint += records.length;
    const { everyRecords } = this.#options.checkpoints;
    // A checkpoint goes with the batch that makes it due: one write, one sync. But an erasure ends rows that
    // the tries still have: a root with them in it could not be derived again.
    const isDue =
      everyRecords !== null && this.#recordsSinceCheckpoint >= everyRecords && !this.#isErasing;
    const leafHashes = isDue
      ? this.#appendCheckpoint(records, monotonicTimestamp(now, last))
      : this.#append(records);
    const results = steps.map((step) => this.#resultOf(step, first, records, leafHashes));
    if (this.#rowsSinceFlush >= (isDue ? FLUSH_EVERY_ROWS : UNFLUSHED_ROWS_MAX)) this.#flush();
    return results;
  }

  /** Makes records durable, and leaves of the tree; returns their leaf hashes. */
  #append(records: readonly RecordToAppend[]): Uint8Array {
    const { log, tree } = this.#options;
    if (records.length === 0) return NO_HASHES;
    const { leafHashes } = log.append(records);
    tree.append(leafHashes);
    return leafHashes;
  }

  /** The same with a checkpoint record behind them. */
  #appendCheckpoint(records: readonly RecordToAppend[], timestamp: Timestamp): Uint8Array {
    const { crypto, log, rowKeys } = this.#options;
    const offset = toOffset(log.nextOffset + records.length);
    const { schemaVersion } = this.#state;
    const roots = hiddenRoots(crypto, rowKeys, this.#tries.freeze(this.#state, offset));
    const policies = hiddenPolicies(crypto, rowKeys, this.#state);
    const plaintextAfter = (chainHash: Hash): Uint8Array =>
      encodeCheckpointPayload({ chainHash, recordCount: offset, roots, policies });
    const { length: size } = plaintextAfter(ZERO_HASH);
    const leafHashes = this.#append([
      ...records,
      {
        kind: 'checkpoint',
        timestamp,
        idempotencyId: null,
        schemaVersion,
        rowCount: 0,
        commitmentsRoot: emptyRoot(crypto),
        payload: { sealing: 'none', size, plaintextAfter },
      },
    ]);
    this.#store.apply(offset, []);
    this.#recordsSinceCheckpoint = 0;
    if (log.segmentCount !== this.#segmentCount) {
      this.#segmentCount = log.segmentCount;
      rowKeys.renewSegmentKey();
    }
    return leafHashes;
  }

  #apply(
    { command, idempotencyId }: Submission,
    offset: Offset,
    timestamp: Timestamp,
    waiting: Waiting,
  ): Step {
    const { crypto, log, rowKeys } = this.#options;
    const store = this.#store;
    const rows = this.#reader;
    let event: Event;
    let next: KernelState;
    try {
      const known = idempotencyId === null ? undefined : rows.committed(idempotencyId);
      if (known !== undefined) {
        const mac = rowKeys.commandMac(command, this.#keysOf(known.offset, offset, waiting));
        return { kind: 'known', offset: checkRetry(known, mac) };
      }
      ({ state: next, event } = apply(this.#state, command, { crypto, offset, timestamp, rows }));
    } catch (error) {
      if (error instanceof VerityError) return { kind: 'refused', error };
      throw error;
    }
    const { changes } = event;
    this.#rows = emptied(this.#rows);
    const toTell = idempotencyId === null ? null : command;
    const planned = planRecord(rowKeys, event, toTell, this.#rows);
    const sizeMax = plaintextSizeMax(planned);
    if (sizeMax > PLAINTEXT_SIZE_MAX) return { kind: 'refused', error: tooLarge(sizeMax) };
    const writes = this.#writesOf(planned, next, idempotencyId);
    try {
      const change = { before: this.#state, after: next, writes, isReplayed: false };
      writes.push(...projectionWrites(store, change));
      for (const { key } of writes) checkKeySize(key);
    } catch (error) {
      if (error instanceof StoreError || error instanceof RuntimeError) {
        return { kind: 'refused', error };
      }
      throw error;
    }
    // From here on the record goes to this place or nothing does: see hideRecord. The writes are views of
    // the rows, which have their commitments from here on.
    const { keyId, rowKeyIds } = planned;
    const at = { generation: log.generation, offset };
    const hidden = hideRecord({ crypto, keys: rowKeys }, at, planned, this.#plaintexts);
    const { commitmentsRoot, plaintext } = hidden;
    store.apply(offset, writes);
    this.#tries.apply(writes, changes, next.tablesById);
    const record: RecordToAppend = {
      kind: event.kind === 'complete-erasure' ? 'tombstone' : 'data',
      timestamp,
      idempotencyId,
      rowCount: changes.length,
      schemaVersion: next.schemaVersion,
      commitmentsRoot,
      payload: { sealing: 'sealed', keyId, cipher: rowKeys.cipher(keyId), plaintext },
    };
    waiting.records.push(record);
    waiting.keyIds.push(idempotencyId === null ? null : keysOf(keyId, rowKeyIds));
    this.#state = next;
    this.#rowsSinceFlush += writes.length;
    return { kind: 'record', index: waiting.records.length - 1 };
  }

  /** What a planned record does to the store. */
  #writesOf(
    { commandMac, event, rows }: PlannedRecord,
    next: KernelState,
    idempotencyId: IdempotencyId | null,
  ): StoreWrite[] {
    const store = this.#store;
    const writesOf = (change: RowChange, row: number): readonly StoreWrite[] =>
      changeWrites(store, change, rows[row]?.entry ?? null);
    const [only] = event.changes;
    // As a rule it is one, and flatMap makes room for many.
    const writes =
      only !== undefined && event.changes.length === 1
        ? [...writesOf(only, 0)]
        : event.changes.flatMap(writesOf);
    writes.push(...indexWrites(store, this.#state, next));
    if (idempotencyId !== null && commandMac !== null) {
      writes.push(idempotencyWrite(idempotencyId, commandMac));
    }
    return writes;
  }

  /** Keys of a record of the log, or of the batch that is being made before `next`. */
  #keysOf(offset: Offset, next: Offset, { keyIds }: Waiting): readonly KeyId[] {
    const ahead = keyIds[keyIds.length - (next - offset)];
    assert(ahead !== null, 'a record without an id is retried');
    if (ahead !== undefined) return ahead;
    const record = this.#options.log.read(offset);
    return keysOf(record.header.keyId, openEvent(this.#options, record, this.#state).keyIds);
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
    const { clock, log } = this.#options;
    this.#appendCheckpoint([], monotonicTimestamp(clock.now(), log.lastTimestamp));
    this.#flush();
  }

  #flush(): void {
    this.#letGo();
    this.#store.flush(this.#options.log.lastHash);
    this.#rowsSinceFlush = 0;
  }

  #letGo(): boolean {
    const { clock, history, log } = this.#options;
    return letGo(this.#store, log, history, clock.now());
  }

  /** Takes all of the past that the policy does not keep out of the store. Requires that nothing waits. */
  letGo(): void {
    while (!this.#letGo()) this.#store.flush(this.#options.log.lastHash);
  }

  /**
   * Goes on with a store that is made from the log again, where a read met a damaged page of this one.
   * Requires that nothing waits: it is called before a batch, never in one.
   */
  mend(rebuild: () => View): void {
    if (this.#store.damagedPages().length === 0) return;
    this.#store.close();
    try {
      this.resume(rebuild());
      this.letGo();
    } catch (error) {
      throw this.#stop(error);
    }
  }

  #resultOf(
    step: Step,
    first: number,
    records: readonly RecordToAppend[],
    leafHashes: Uint8Array,
  ): CommitResult | Error {
    if (step.kind === 'refused') return step.error;
    const { log, tree } = this.#options;
    if (step.kind === 'known') {
      const { offset } = step;
      const { timestamp, rowCount: rows } = log.read(offset).header;
      return { offset, timestamp, chainHash: tree.leafHash(offset), rows, duplicate: true };
    }
    const { index } = step;
    const record = records[index];
    assert(record !== undefined, 'record was not appended');
    const { timestamp, rowCount: rows } = record;
    const chainHash = toHash(leafHashes.subarray(index * HASH_SIZE, (index + 1) * HASH_SIZE));
    return { offset: toOffset(first + index), timestamp, chainHash, rows, duplicate: false };
  }

  /** Stops: a checkpoint record where the policy wants one, there is something new and nothing failed. */
  close(): void {
    if (this.#failure === undefined && !this.#isErasing) {
      const { onShutdown } = this.#options.checkpoints;
      if (onShutdown && this.#recordsSinceCheckpoint > 0) this.checkpoint();
      else this.#flush();
    }
    this.#failure ??= closed();
  }
}

/** A writer for what comes next: the one of the last, unless that grew large. */
function emptied(writer: CanonicalWriter): CanonicalWriter {
  return writer.size > KEPT_SIZE_MAX ? new CanonicalWriter() : writer.reset();
}

export function erasing(): RuntimeError {
  return new RuntimeError('unavailable', 'ERR_RUNTIME_ERASING', 'an erasure is under way', {
    hint: 'try again shortly',
    retryAfterMs: 1000,
  });
}

function tooLarge(size: number): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_RECORD_SIZE',
    `a command of ${size} bytes is larger than ${PLAINTEXT_SIZE_MAX}`,
    { hint: 'write in smaller batches' },
  );
}
