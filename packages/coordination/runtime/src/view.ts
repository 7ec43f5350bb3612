/**
 * The view of a tenant: rows in a store, folded from the log, and the kernel's state beside them.
 *
 * Nothing here is truth: whatever is missing or damaged is built again from the log.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Event,
  type KernelState,
  decodeEvent,
  evolve,
  evolvePolicy,
  evolveTable,
  initialState,
} from '@veritydb/kernel';
import {
  type Disk,
  type Log,
  type SealedSection,
  type StoredRecord,
  openSection,
  parseSections,
} from '@veritydb/log';
import { Store, StoreError } from '@veritydb/store';
import { type KeyId, assert, bytesEqual, toOffset } from '@veritydb/types';

import type { KeyStore } from './key-store.ts';
import { idempotencyWrite, scanRows, toStoreWrite } from './rows.ts';
import type { RowKeys } from './seal.ts';

const STORE_NAME = 'store.vdb';
/** Rows between two flushes while the store is brought up: bounds the memory that it takes. */
const FLUSH_EVERY_ROWS = 50_000;

export interface ViewSources {
  readonly crypto: Crypto;
  readonly disk: Disk;
  readonly keys: KeyStore;
  readonly log: Log;
  readonly rowKeys: RowKeys;
}

export interface View {
  readonly store: Store;
  readonly state: KernelState;
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
      if (isOfLog(store, log)) return catchUp(store, sources);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    store?.close();
    disk.remove(STORE_NAME);
  }
  // The key lives as long as its file: page nonces start again with a new one.
  const key = keys.key(keys.replaceKey('store'));
  return catchUp(Store.open({ disk, name: STORE_NAME, crypto, key }), sources);
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
  const tables = state.reserved.get('verity_tables');
  const policies = state.reserved.get('verity_policies');
  assert(tables !== undefined && policies !== undefined, 'reserved table is missing');
  for (const row of scanRows(store, tables, { kind: 'scan' }, at)) {
    state = evolveTable(state, row.values, crypto);
  }
  for (const row of scanRows(store, policies, { kind: 'scan' }, at)) {
    state = evolvePolicy(state, row.values);
  }
  return state;
}

/** Brings the store up to the log: every record after the store's position, folded in order. */
function catchUp(store: Store, { crypto, log, rowKeys }: ViewSources): View {
  let current = loadState(crypto, store);
  let rowsSinceFlush = 0;
  for (const record of log.scan(toOffset(store.appliedPosition + 1))) {
    const { offset, kind, idempotencyId } = record.header;
    if (kind !== 'data') {
      store.apply(offset, []);
      continue;
    }
    const { event } = openEvent(crypto, record, rowKeys, current);
    const writes = event.changes.map((change, row) => toStoreWrite(change, row));
    if (idempotencyId !== null && event.commandDigest !== null) {
      writes.push(idempotencyWrite(idempotencyId, event.commandDigest));
    }
    store.apply(offset, writes);
    current = evolve(current, event, crypto);
    rowsSinceFlush += writes.length;
    if (rowsSinceFlush < FLUSH_EVERY_ROWS) continue;
    store.flush(record.leafHash);
    rowsSinceFlush = 0;
  }
  return { store, state: current };
}

export interface OpenedEvent {
  readonly event: Event;
  /** For each row the key that it was sealed with when it was written. */
  readonly keyIds: readonly KeyId[];
}

/** Opens the sections of a record and reads the event back. */
export function openEvent(
  crypto: Crypto,
  record: StoredRecord,
  rowKeys: RowKeys,
  state: KernelState,
): OpenedEvent {
  const { headerBytes } = record;
  const { generation, offset } = record.header;
  const sealed = parseSections(record.payload);
  const plaintexts = sealed.map((section, index) =>
    openSection(
      crypto,
      { headerBytes, generation, offset },
      { ...section, index, key: rowKeys.key(section.keyId) },
    ),
  );
  const { event, sections } = decodeEvent(plaintexts, state.tablesById);
  return { event, keyIds: sections.map((index) => (sealed[index] as SealedSection).keyId) };
}
