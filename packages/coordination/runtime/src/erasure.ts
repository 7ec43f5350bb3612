/**
 * Erasure: the key of a data subject is destroyed, and with it whatever it sealed, wherever a copy of
 * the log may lie. What was derived from the rows is thrown away: the store is made again from a log that
 * cannot be opened there any more. Then every record that held a row under the key is read once more and
 * must fail to open; only after that is there a receipt. Proofs stay as they are: they are about
 * commitments, which hide what nobody can guess any more.
 *
 * Every step can be taken again. A request that is in the log is carried out, here or when the database
 * is opened next.
 */

import {
  type ErasureReceipt,
  type ErasureRequest,
  type KernelState,
  reservedTable,
} from '@veritydb/kernel';
import type { MerkleTree } from '@veritydb/merkle';
import type { Store } from '@veritydb/store';
import { type KeyId, type Offset, assert, bytesEqual, toKeyId, toOffset } from '@veritydb/types';

import type { KeyStore } from './key-store.ts';
import { getRow, scanRows } from './rows.ts';
import {
  type Steps,
  type View,
  type ViewSources,
  finish,
  openEvent,
  openView,
  rebuildView,
} from './view.ts';

export interface ErasureSources extends ViewSources {
  readonly tree: MerkleTree;
}

/** A finished erasure: its receipt, and where in the log that stands. */
export interface Erased extends ErasureReceipt {
  readonly receiptOffset: Offset;
}

/** Why a data subject is erased, and who approved it: kept for ever, so without personal data. */
export type ErasureReason = Pick<ErasureRequest, 'legalBasis' | 'approvals'>;

/** Erasures that are in the log and have no receipt there. */
export function pendingErasures({ store, state }: View): readonly KeyId[] {
  const table = reservedTable(state, 'verity_erasures');
  const at = store.appliedPosition;
  if (at < 0) return [];
  return Array.from(scanRows(store, table, { kind: 'scan' }, at)).flatMap(({ values }) =>
    values[4] === 'requested' ? [toKeyId(Number(values[0]))] : [],
  );
}

/**
 * Keys that are destroyed without a word in the log: it is a copy that was restored under tombstones, from
 * before the erasure. What they sealed is to be erased here too.
 */
export function erasedElsewhere(keys: KeyStore, { store, state }: View): readonly ErasureRequest[] {
  const table = reservedTable(state, 'verity_erasures');
  return keys.erasedSubjects().flatMap(({ keyId, subjectMac }) => {
    const known = getRow(store, table, [BigInt(keyId)], store.appliedPosition);
    if (known !== undefined) return [];
    return [{ keyId, subjectMac, legalBasis: ERASED_ELSEWHERE, approvals: [] }];
  });
}

/** All that is known of it here: that is as much for a key store that is newer than the log beside it. */
const ERASED_ELSEWHERE =
  'its key was destroyed elsewhere: see the log that this one is a copy of, if it is one';

export interface CarriedOut {
  readonly view: View;
  readonly receipts: readonly ErasureReceipt[];
}

/** Destroys keys, makes the view again, and shows that nothing can be read. Requires their requests. */
export function* carryOut(sources: ErasureSources, ids: readonly KeyId[]): Steps<CarriedOut> {
  const { keys, rowKeys, tree } = sources;
  for (const id of ids) {
    keys.destroy(id);
    rowKeys.forget(id);
  }
  const view = yield* rebuildView(sources);
  const touched = yield* proveUnreadable(sources, view.state, ids);
  const after = { size: tree.size, root: tree.root() };
  const receipts = ids.map((id): ErasureReceipt => {
    const requested = requestOffset(view, id);
    const before = { size: requested, root: tree.root(requested) };
    const { records = 0, rows = 0, first = null, last = null } = touched.get(id) ?? {};
    return { keyId: id, records, rows, firstOffset: first, lastOffset: last, before, after };
  });
  return { view, receipts };
}

function requestOffset({ store, state }: { store: Store; state: KernelState }, id: KeyId): Offset {
  const table = reservedTable(state, 'verity_erasures');
  const row = getRow(store, table, [BigInt(id)], store.appliedPosition);
  assert(row !== undefined, 'an erasure was not requested');
  return row.offset;
}

interface Touched {
  records: number;
  rows: number;
  readonly first: Offset;
  last: Offset;
}

/** Reads every record of the log again, and asserts that no row under these keys can be opened. */
function* proveUnreadable(
  sources: ErasureSources,
  state: KernelState,
  ids: readonly KeyId[],
): Steps<ReadonlyMap<KeyId, Touched>> {
  const { keys, log, tree } = sources;
  for (const id of ids) assert(keys.isDestroyedOnDisk(id), 'a key was not destroyed');
  const touched = new Map<KeyId, Touched>();
  for (const record of log.scan(toOffset(0))) {
    const { offset, sealing } = record.header;
    if (offset % RECORDS_PER_STEP === 0) yield;
    if (sealing === 'none') continue;
    const { changes, keyIds } = openEvent(sources, record, state);
    const found = ids.filter((id) => keyIds.includes(id));
    if (found.length === 0) continue;
    assert(bytesEqual(record.leafHash, tree.leafHash(offset)), 'record is not the tree’s leaf');
    for (const id of found) {
      const under = changes.filter((_, row) => keyIds[row] === id);
      assert(
        under.every(({ values }) => values === null),
        'a row opens though its key was destroyed',
      );
      const known = touched.get(id) ?? { records: 0, rows: 0, first: offset, last: offset };
      known.records += 1;
      known.rows += under.length;
      known.last = offset;
      touched.set(id, known);
    }
  }
  return touched;
}

/** Records that are read before others have their turn. */
const RECORDS_PER_STEP = 256;

/** Takes steps until they are done, and lets others have their turn between two. */
export async function inTurns<Result>(steps: Steps<Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The view, with every erasure carried out that was requested before. */
export function openFinished(
  sources: ErasureSources,
  keep: <Opened extends { close(): void }>(one: Opened) => Opened,
): { readonly view: View; readonly receipts: readonly ErasureReceipt[] } {
  const view = openView(sources);
  keep(view.store);
  const pending = pendingErasures(view);
  if (pending.length === 0) return { view, receipts: [] };
  view.store.close();
  const finished = finish(carryOut(sources, pending));
  keep(finished.view.store);
  return finished;
}
