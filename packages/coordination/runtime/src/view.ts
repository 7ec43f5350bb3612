/**
 * The view of a tenant: rows in a store, folded from the log, and the kernel's state beside them.
 *
 * Nothing here is truth: whatever is missing or damaged is built again from the log.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type DecodedChange,
  type DecodedEvent,
  type KernelState,
  type RowPlace,
  decodeEvent,
  definitionOf,
  evolve,
  evolveConsent,
  evolveDefinition,
  type ReservedTable,
  evolveHold,
  evolveIndex,
  evolvePolicy,
  evolveProjection,
  evolveRules,
  evolveTable,
  initialState,
  reservedTable,
} from '@veritydb/kernel';
import { type Disk, type Log, type StoredRecord, openPayload } from '@veritydb/log';
import { decodeCheckpointPayload } from '@veritydb/merkle';
import { Store, StoreError, type StoreWrite } from '@veritydb/store';
import {
  HASH_SIZE,
  type KeyId,
  type Offset,
  type RecordHeader,
  type Row,
  type TableId,
  assert,
  bytesEqual,
  presentRow,
  toKeyId,
  toOffset,
} from '@veritydb/types';

import { changeWrites, indexWrites } from './index-entries.ts';
import type { KeyStore } from './key-store.ts';
import { projectionWrites } from './projection-writes.ts';
import {
  encodeKeptRow,
  endErased,
  endErasedUnder,
  erasedWrite,
  idempotencyWrite,
  putCommitment,
  scanRows,
} from './rows.ts';
import { type RowKeys, isReadable } from './seal.ts';
import { StateTries } from './state-tries.ts';

const STORE_NAME = 'store.vdb';
/** Rows between two flushes while the store is brought up: bounds the memory that it takes. */
const FLUSH_EVERY_ROWS = 50_000;
/** Records that are folded before others have their turn. */
const RECORDS_PER_STEP = 256;

export interface ViewSources {
  readonly crypto: Crypto;
  readonly disk: Disk;
  readonly keys: KeyStore;
  readonly log: Log;
  readonly rowKeys: RowKeys;
  /** Who wants to see the view before each checkpoint record on the way; else only the newest is frozen. */
  readonly onCheckpoint?: (record: StoredRecord, before: View) => void;
}

export interface View {
  readonly store: Store;
  readonly state: KernelState;
  readonly tries: StateTries;
}

/**
 * The store, brought up to the log. It is a view: one that is missing, ahead of the log, of another log,
 * or found to be damaged on the way is thrown away and built again.
 */
export function openView(sources: ViewSources): View {
  const { crypto, disk, keys, log } = sources;
  if (disk.exists(STORE_NAME)) {
    let store: Store | undefined;
    try {
      store = Store.open({ disk, name: STORE_NAME, crypto, key: keys.key(keys.keyFor('store')) });
      if (isOfLog(store, log)) return finish(catchUp(store, sources));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    store?.close();
  }
  return finish(rebuildView(sources));
}

/** Steps of work, between which others may have their turn. */
export type Steps<Result> = Generator<void, Result, void>;

/** Takes all steps at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Removes the store's file: what opens next builds it from the log. */
export function removeStore(disk: Disk): void {
  if (disk.exists(STORE_NAME)) disk.remove(STORE_NAME);
}

/** Removes the store's file, destroys the key that it was sealed with, and makes it from the log again. */
export function* rebuildView(sources: ViewSources): Steps<View> {
  const { crypto, disk, keys } = sources;
  removeStore(disk);
  // The key lives as long as its file: page nonces start again with a new one.
  const key = keys.key(keys.replaceKey('store'));
  const store = Store.open({ disk, name: STORE_NAME, crypto, key });
  try {
    return yield* catchUp(store, sources);
  } catch (error) {
    store.close();
    throw error;
  }
}

/**
 * Whether a store was made from this log: the chain hash where it stands fixes every record before, so
 * that no chain needs to be walked. A log that was put back from a copy may have gone on otherwise.
 */
function isOfLog({ durable }: Store, log: Log): boolean {
  if (durable === null) return true;
  return (
    durable.offset < log.nextOffset && bytesEqual(log.read(durable.offset).leafHash, durable.hash)
  );
}

/** The kernel's state from the reserved tables as of a position. */
export function loadState(crypto: Crypto, store: Store, position?: number): KernelState {
  let state = initialState(crypto);
  const at = position ?? store.appliedPosition;
  if (at < 0) return state;
  // Rules, indexes and projections are of tables as they are now, so they come behind them.
  const folds: readonly [ReservedTable, (state: KernelState, values: Row) => KernelState][] = [
    ['verity_tables', (before, values) => evolveTable(before, values, crypto)],
    ['verity_definitions', (before, values) => evolveDefinition(before, values, crypto)],
    ['verity_rules', evolveRules],
    ['verity_indexes', evolveIndex],
    ['verity_projections', evolveProjection],
    ['verity_policies', evolvePolicy],
    ['verity_holds', evolveHold],
    ['verity_consents', (before, [, count]) => evolveConsent(before, count as number)],
  ];
  for (const [name, fold] of folds) {
    for (const row of scanRows(store, reservedTable(state, name), { kind: 'scan' }, at)) {
      state = fold(state, row.values);
    }
  }
  return state;
}

/** Brings the store up to the log: every record after the store's position, folded in order. */
function* catchUp(store: Store, sources: ViewSources): Steps<View> {
  const { crypto, log } = sources;
  let current = loadState(crypto, store);
  const tries = StateTries.build(crypto, store, current);
  const { lastCheckpoint } = log;
  const applied = store.appliedPosition;
  const meet = (offset: Offset, payload: Uint8Array): void => {
    tries.meet(current, offset, decodeCheckpointPayload(payload).roots, sources.rowKeys);
  };
  if (applied === lastCheckpoint) meet(lastCheckpoint, log.read(lastCheckpoint).payload);
  let rowsSinceFlush = 0;
  for (const record of log.scan(toOffset(applied + 1))) {
    const { offset, kind, sealing, idempotencyId } = record.header;
    if (offset % RECORDS_PER_STEP === 0) yield;
    if (sealing === 'none') {
      if (kind === 'checkpoint') {
        sources.onCheckpoint?.(record, { store, state: current, tries });
        if (offset === lastCheckpoint) meet(offset, record.payload);
      }
      store.apply(offset, []);
      continue;
    }
    const event = openEvent(sources, record, current);
    const writes = foldEvent(store, sources, current, { header: record.header, event });
    if (idempotencyId !== null && event.commandMac !== null) {
      writes.push(idempotencyWrite(idempotencyId, event.commandMac));
    }
    const next = evolve(current, event, crypto);
    writes.push(...indexWrites(store, current, next));
    const change = { before: current, after: next, writes, isReplayed: true };
    writes.push(...projectionWrites(store, change));
    store.apply(offset, writes);
    tries.apply(writes, event.changes.filter(isReadable), next.tablesById);
    current = next;
    rowsSinceFlush += writes.length;
    if (rowsSinceFlush < FLUSH_EVERY_ROWS) continue;
    store.flush(record.leafHash);
    rowsSinceFlush = 0;
  }
  return { store, state: current, tries };
}

/** What an event that was read back does to the store. */
function foldEvent(
  store: Store,
  sources: ViewSources,
  state: KernelState,
  { header, event }: { readonly header: RecordHeader; readonly event: DecodedEvent },
): StoreWrite[] {
  const { offset } = header;
  const writes: StoreWrite[] = [];
  for (const [row, change] of event.changes.entries()) {
    const { table, previous } = change;
    if (isReadable(change)) {
      // Who takes the place of a version whose data subject was another, and is erased, ends that one.
      if (previous !== null && sources.keys.hasErased) {
        writes.push(...endErased(store, table, previous));
      }
      const kept = encodeKeptRow(change, row);
      putCommitment(kept, commitmentOf(header, event, row));
      writes.push(...changeWrites(store, change, kept.entry));
      continue;
    }
    if (previous !== null) writes.push(...endPrevious(store, sources, state, change, previous));
    if (change.event === 'delete') continue;
    const keyId = event.keyIds[row];
    assert(keyId !== null && keyId !== undefined, 'a row about nobody was erased');
    writes.push(erasedWrite(table, { offset, row }, keyId));
  }
  if (event.kind === 'request-erasure') {
    for (const { table, values } of event.changes) {
      assert(table.definition.name === 'verity_erasures' && values !== null, 'no erasure');
      const id = toKeyId(Number(values[0]));
      for (const each of state.tablesById.values()) {
        if (each.subjectIndex !== null) writes.push(...endErasedUnder(store, each, id));
      }
    }
  }
  return writes;
}

/** Ends the version that an erased change took the place of: itself erased, or of another data subject. */
function endPrevious(
  store: Store,
  sources: ViewSources,
  state: KernelState,
  { table }: DecodedChange,
  previous: RowPlace,
): readonly StoreWrite[] {
  const erased = endErased(store, table, previous);
  if (erased.length > 0) return erased;
  const { changes } = openEvent(sources, sources.log.read(previous.offset), state);
  const change = changes[previous.row];
  assert(change?.table.id === table.id, 'a version is not of its table');
  // Neither erased and current nor readable: an erasure that came before ended it.
  if (!isReadable(change)) return [];
  const values = presentRow(table, change.table.definitionId, change.values);
  return changeWrites(store, { ...change, table, values, event: 'delete' }, null);
}

/** The commitment of a row: a record of one has it in its header alone. */
function commitmentOf(
  header: RecordHeader,
  { commitments }: DecodedEvent,
  row: number,
): Uint8Array {
  return header.rowCount === 1
    ? header.commitmentsRoot
    : commitments.subarray(row * HASH_SIZE, (row + 1) * HASH_SIZE);
}

/** What opens records. */
export interface OpeningSources {
  readonly keys: { isDestroyed(id: KeyId): boolean };
  readonly rowKeys: Pick<RowKeys, 'cipher'>;
}

/** Opens a record, but for the rows whose key was destroyed, and reads the event back. */
export function openEvent(
  { keys, rowKeys }: OpeningSources,
  record: StoredRecord,
  state: KernelState,
): DecodedEvent {
  const { header } = record;
  const plaintext = openPayload(record, rowKeys.cipher(header.keyId));
  const definitions = { get: (id: TableId) => definitionOf(state, id) };
  return decodeEvent(plaintext, definitions, (id, row, hidden) =>
    keys.isDestroyed(id) ? null : rowKeys.cipher(id).showRow(header, row, hidden),
  );
}
