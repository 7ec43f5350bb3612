/**
 * Legal holds and erasures: a hold keeps a data subject's key from being destroyed; a request that is in
 * the log is carried out, whatever happens; its receipt follows once nothing can be read any more.
 */

import {
  HASH_SIZE,
  type Timestamp,
  assert,
  bytesToHex,
  canonicalJson,
  concatBytes,
} from '@veritydb/types';

import type { Command, ErasureReceipt, ErasureRequest, LegalHold } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

export function placeHold(
  state: KernelState,
  hold: LegalHold,
  context: Context,
): readonly RowChange[] {
  if (readNamed(state, 'verity_holds', [hold.holdId], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_HOLD_EXISTS', 'a hold has this id', {
      hint: 'place the new hold under an id of its own',
    });
  }
  return [
    insertInto(state, 'verity_holds', {
      hold_id: hold.holdId,
      subject_macs: concatBytes(...hold.subjectMacs),
      reason: hold.reason,
      state: 'placed',
      changed_at: context.timestamp / 1000n,
    }),
  ];
}

export function releaseHold(
  state: KernelState,
  { holdId }: Extract<Command, { kind: 'release-hold' }>,
  context: Context,
): readonly RowChange[] {
  const hold = readNamed(state, 'verity_holds', [holdId], context);
  if (hold?.['state'] !== 'placed') {
    throw new KernelError('conflict', 'ERR_KERNEL_HOLD_UNKNOWN', 'no hold in force has this id', {
      hint: 'list the holds: it may have been released before',
    });
  }
  const changed_at = context.timestamp / 1000n;
  return [updateIn(state, 'verity_holds', hold, { state: 'released', changed_at })];
}

/** Moves the state on by a row of `verity_holds`: at a change, and when the store is opened. */
export function evolveHold(state: KernelState, values: RowChange['values']): KernelState {
  const [id, subjectMacs, , holdState] = values;
  const holds = new Map(state.holds);
  if (holdState === 'placed') holds.set(id as string, macsOf(subjectMacs as Uint8Array));
  else holds.delete(id as string);
  return { ...state, holds };
}

function macsOf(bytes: Uint8Array): readonly string[] {
  assert(bytes.length % HASH_SIZE === 0, 'MACs of a data subject are not 32 bytes each');
  return Array.from({ length: bytes.length / HASH_SIZE }, (_, index) =>
    bytesToHex(bytes.subarray(index * HASH_SIZE, (index + 1) * HASH_SIZE)),
  );
}

/** Whether a legal hold in force keeps a data subject. */
export function isHeld(state: KernelState, subjectMac: Uint8Array): boolean {
  const subject = bytesToHex(subjectMac);
  return [...state.holds.values()].some((macs) => macs.includes(subject));
}

/** All or none: a data subject may have a key for each type that tables give its id. */
export function requestErasure(
  state: KernelState,
  erasures: readonly ErasureRequest[],
  context: Context,
): readonly RowChange[] {
  return erasures.map((erasure) => requestOne(state, erasure, context));
}

function requestOne(state: KernelState, erasure: ErasureRequest, context: Context): RowChange {
  if (isHeld(state, erasure.subjectMac)) {
    throw new KernelError('denied', 'ERR_KERNEL_HELD', 'a legal hold keeps these rows', {
      hint: 'erase them once every hold on this data subject is released',
    });
  }
  if (readNamed(state, 'verity_erasures', [BigInt(erasure.keyId)], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_ERASURE_EXISTS', 'the erasure is known', {
      hint: 'it has been made, or is finished when the database is opened again',
    });
  }
  return insertInto(state, 'verity_erasures', {
    key_id: BigInt(erasure.keyId),
    subject_mac: erasure.subjectMac,
    legal_basis: erasure.legalBasis,
    approvals: canonicalJson(erasure.approvals),
    state: 'requested',
    requested_at: context.timestamp / 1000n,
    completed_at: null,
    records: null,
    rows: null,
    first_offset: null,
    last_offset: null,
    size_before: null,
    root_before: null,
    size_after: null,
    root_after: null,
  });
}

export function completeErasure(
  state: KernelState,
  receipt: ErasureReceipt,
  context: Context,
): readonly RowChange[] {
  const erasure = readNamed(state, 'verity_erasures', [BigInt(receipt.keyId)], context);
  assert(erasure?.['state'] === 'requested', 'receipt of an erasure that was not requested');
  return [
    updateIn(state, 'verity_erasures', erasure, {
      state: 'completed',
      completed_at: context.timestamp / 1000n,
      records: receipt.records,
      rows: receipt.rows,
      first_offset: receipt.firstOffset === null ? null : BigInt(receipt.firstOffset),
      last_offset: receipt.lastOffset === null ? null : BigInt(receipt.lastOffset),
      size_before: BigInt(receipt.before.size),
      root_before: receipt.before.root,
      size_after: BigInt(receipt.after.size),
      root_after: receipt.after.root,
    }),
  ];
}
