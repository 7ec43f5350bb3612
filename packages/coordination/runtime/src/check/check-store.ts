/**
 * The store against the log: everything is folded again into a store of its own, on the scratch disk,
 * and the two are compared row by row at the position that the store says it stands at.
 */

import type { Crypto } from '@veritydb/crypto';
import type { KernelState } from '@veritydb/kernel';
import type { Disk, Log } from '@veritydb/log';
import { Store, type StoreEntry, StoreError, copyEntry } from '@veritydb/store';
import { bytesEqual, bytesToHex, compareBytes, concatBytes, utf8Encode } from '@veritydb/types';

import { erasedElsewhere, pendingErasures } from '../erasure.ts';
import { SLOT_SIZE } from '../key-slot.ts';
import type { KeyStore } from '../key-store.ts';
import { projectionTrees } from '../projection-writes.ts';
import type { RowKeys } from '../seal.ts';
import { type View, openView } from '../view.ts';
import { KEYS_NAME } from './check-keys.ts';
import { RootCheck } from './check-roots.ts';
import type { Report } from './report.ts';

const STORE_NAME = 'store.vdb';
const REMEDY = 'remove store.vdb: the next open builds it again from the log';
/** Tree of idempotency ids, beside those of the tables. */
const IDEMPOTENCY_TREE = 0;

export interface StoreCheckSources {
  readonly crypto: Crypto;
  /** The folder as it is. */
  readonly disk: Disk;
  readonly overlay: Disk;
  readonly keys: KeyStore;
  readonly rowKeys: RowKeys;
  readonly log: Log;
  /** The log says that it was restored from a backup: under tombstones, perhaps. */
  readonly isRestored: boolean;
}

export function checkStore(sources: StoreCheckSources, report: Report): void {
  const { crypto, disk, keys, overlay } = sources;
  // Building the store again destroys the key of the one before, on the overlay and in memory.
  const key = keys.key(keys.keyFor('store')).slice();
  if (overlay.exists(STORE_NAME)) overlay.remove(STORE_NAME);
  const roots = new RootCheck(report, crypto, sources.rowKeys);
  const onCheckpoint = roots.check.bind(roots);
  const rebuilt = openView({ ...sources, disk: overlay, onCheckpoint });
  try {
    roots.note();
    const trees = treesOf(rebuilt.state);
    noteState(sources, rebuilt.store, trees, report);
    if (!sources.isRestored) checkErasures(keys, rebuilt, report);
    if (pendingErasures(rebuilt).length > 0) {
      report.skip(
        'store',
        'an erasure was requested: the next open finishes it, and builds the store',
      );
      return;
    }
    if (!disk.exists(STORE_NAME)) {
      report.skip('store', 'there is none: the next open builds it from the log');
      return;
    }
    try {
      const store = Store.open({ disk, name: STORE_NAME, crypto, key });
      try {
        compareStores(store, rebuilt.store, trees, report);
      } finally {
        store.close();
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      fault(report, null, `${error.code}: ${error.message}`);
    }
  } finally {
    rebuilt.store.close();
  }
}

/** Only a restore destroys the key of a data subject without a word in the log. */
function checkErasures(keys: KeyStore, view: View, report: Report): void {
  for (const { keyId } of erasedElsewhere(keys, view)) {
    report.fault('state', {
      file: KEYS_NAME,
      position: keyId * SLOT_SIZE,
      offset: null,
      what: `key ${keyId} of a data subject is destroyed, and no erasure in the log says so`,
      remedy: 'do not open it: the next open erases what the key sealed; restore from a backup',
    });
  }
}

function treesOf(state: KernelState): readonly number[] {
  const indexes = [...state.tablesById.values()].flatMap((table) => table.indexes);
  const projections = [...state.projections.values()].flatMap(projectionTrees);
  const ids = [
    ...state.tablesById.keys(),
    ...indexes.map(({ id }) => id),
    ...projections,
  ] as number[];
  return [IDEMPOTENCY_TREE, ...ids.toSorted((a, b) => a - b)];
}

/** A digest of all rows under a key of the tenant: it says nothing to who has not the key. */
function noteState(
  { crypto, rowKeys }: StoreCheckSources,
  store: Store,
  trees: readonly number[],
  report: Report,
): void {
  let digest: Uint8Array = crypto.sha256(utf8Encode('veritydb state v1'));
  let rows = 0;
  for (const tree of trees) {
    for (const { key, position, value } of store.scan(tree, {}, copyEntry)) {
      const place = utf8Encode(`${tree} ${position} ${key.length} ${value.length}\n`);
      digest = crypto.sha256(concatBytes(digest, place, key, value));
      rows += 1;
    }
  }
  const keyed = bytesToHex(rowKeys.mac('bytes', digest));
  report.note('state', `position ${store.appliedPosition}, ${rows} rows, digest ${keyed}`);
}

function compareStores(
  store: Store,
  rebuilt: Store,
  trees: readonly number[],
  report: Report,
): void {
  for (const [index, isWhole] of store.superblockCopies().entries()) {
    if (isWhole) continue;
    const what = `copy ${index + 1} of its superblock is damaged; the others are whole`;
    fault(report, index * 4096, what, true);
  }
  const { entries, endedVersions, pages } = store.check();
  const position = store.appliedPosition;
  if (position > rebuilt.appliedPosition) {
    fault(report, null, `it stands at position ${position}, behind the end of the log`);
    return;
  }
  let compared = 0;
  for (const tree of trees) {
    for (const difference of differences(
      store.scanAt(tree, {}, position, copyEntry),
      rebuilt.scanAt(tree, {}, position, copyEntry),
    )) {
      if (difference === undefined) {
        compared += 1;
      } else {
        fault(report, null, `tree ${tree}: a row of record ${difference} is not as the log has it`);
      }
    }
  }
  if (!report.hasFailed('store') && compared !== entries) {
    fault(report, null, `it holds ${entries} rows where the log has ${compared}`);
  }
  report.note(
    'store',
    `position ${position}, ${pages} pages, ${compared} rows compared, ${endedVersions} ended versions`,
  );
}

/** For each key of either side: undefined where both agree, else the record that wrote the row. */
function* differences(
  left: Iterable<StoreEntry>,
  right: Iterable<StoreEntry>,
): Iterable<number | undefined> {
  const [ours, theirs] = [left[Symbol.iterator](), right[Symbol.iterator]()];
  let [a, b] = [ours.next(), theirs.next()];
  while (a.done !== true || b.done !== true) {
    const order =
      a.done === true ? 1 : b.done === true ? -1 : compareBytes(a.value.key, b.value.key);
    if (order === 0) {
      const [mine, other] = [a.value as StoreEntry, b.value as StoreEntry];
      const isEqual = mine.position === other.position && bytesEqual(mine.value, other.value);
      yield isEqual ? undefined : other.position;
    } else {
      yield ((order < 0 ? a.value : b.value) as StoreEntry).position;
    }
    if (order <= 0) a = ours.next();
    if (order >= 0) b = theirs.next();
  }
}

function fault(report: Report, position: number | null, what: string, isHarmless = false): void {
  const place = { file: STORE_NAME, position, offset: null };
  report.fault('store', { ...place, what, remedy: REMEDY }, isHarmless);
}
