/**
 * What records say, re-derived: payloads opened, events decoded and folded, commitments computed again
 * from the values, checkpoint records compared with the log before them.
 *
 * A row whose key was destroyed is erased, on purpose: its record's header, payload digest, place, chain
 * and leaf are checked like any other's, and what the row held is not asked for. Rows beside it are
 * checked against the commitments that the record keeps.
 */

import { type Crypto, CryptoError, commitRow } from '@veritydb/crypto';
import { type DecodedEvent, type KernelState, evolve, initialState } from '@veritydb/kernel';
import {
  type InspectedRecord,
  type RecoveryRecord,
  LogError,
  decodeRecoveryRecord,
} from '@veritydb/log';
import { MerkleError, decodeCheckpointPayload, treeRoot } from '@veritydb/merkle';
import {
  HASH_SIZE,
  type Hash,
  type KeyId,
  VerityError,
  bytesEqual,
  encodeRow,
  toHash,
} from '@veritydb/types';

import { RuntimeError } from '../error.ts';
import { hiddenPolicies } from '../hidden-state.ts';
import { type RowKeys, isReadable, toCommit } from '../seal.ts';
import { openEvent } from '../view.ts';
import type { KeyStates } from './check-keys.ts';
import type { CheckName, Report } from './report.ts';

export const SEGMENT_REMEDY =
  'stop here, and restore from a backup: nothing in the log is ever repaired';

export interface RecoveryFound extends RecoveryRecord {
  readonly offset: number;
}

export class RecordCheck {
  readonly #crypto: Crypto;
  readonly #report: Report;
  readonly #keys: KeyStates;
  /** Undefined where no key can be had. */
  readonly #rowKeys: RowKeys | undefined;
  #state: KernelState;
  readonly counts = { records: 0, checkpoints: 0, opened: 0, erased: 0, rows: 0 };
  readonly recoveries: RecoveryFound[] = [];

  constructor(
    ports: { readonly crypto: Crypto; readonly report: Report },
    keys: KeyStates,
    rowKeys: RowKeys | undefined,
  ) {
    this.#crypto = ports.crypto;
    this.#report = ports.report;
    this.#keys = keys;
    this.#rowKeys = rowKeys;
    this.#state = initialState(ports.crypto);
  }

  check(record: InspectedRecord): void {
    this.counts.records += 1;
    const { kind } = record.header;
    if (kind === 'checkpoint') this.#checkCheckpoint(record);
    else if (kind === 'recovery') this.#checkRecovery(record);
    else if (this.#rowKeys !== undefined) this.#checkData(record, this.#rowKeys);
  }

  #checkCheckpoint(record: InspectedRecord): void {
    this.counts.checkpoints += 1;
    try {
      const { chainHash, policies, recordCount } = decodeCheckpointPayload(record.payload);
      const { offset, previousHash } = record.header;
      // Where the chain holds, the header's word for the record before was re-derived.
      if (!bytesEqual(chainHash, previousHash)) {
        this.#fault('checkpoint-records', record, 'it names another record before it');
      }
      if (recordCount !== offset) {
        this.#fault('checkpoint-records', record, `it counts ${recordCount} records before it`);
      }
      const own = this.#rowKeys && hiddenPolicies(this.#crypto, this.#rowKeys, this.#state);
      if (own !== undefined && !bytesEqual(own, policies)) {
        this.#fault('checkpoint-records', record, 'it names other policies than were in force');
      }
    } catch (error) {
      if (!(error instanceof MerkleError)) throw error;
      this.#fault('checkpoint-records', record, error.message);
    }
  }

  #checkRecovery(record: InspectedRecord): void {
    const { header, payload } = record;
    try {
      const recovery = decodeRecoveryRecord(payload);
      this.recoveries.push({ ...recovery, offset: header.offset });
      if (recovery.recoveryPoint !== header.offset || recovery.generation !== header.generation) {
        this.#fault('recoveries', record, 'it speaks of another place or generation');
      }
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#fault('recoveries', record, error.message);
    }
  }

  #checkData(record: InspectedRecord, rowKeys: RowKeys): void {
    if (!record.isSound) return;
    const { header } = record;
    let check: CheckName = 'seals';
    try {
      if (this.#keys.get(header.keyId) !== 'live') {
        this.#fault('seals', record, 'it is sealed under a key that the key store does not have');
        return;
      }
      const keys = { isDestroyed: (id: KeyId) => this.#keys.get(id) === 'destroyed' };
      const event = openEvent({ keys, rowKeys }, record, this.#state);
      check = 'events';
      if (event.changes.length !== header.rowCount) {
        this.#fault('events', record, 'its header counts another number of rows');
      }
      if (!this.#opensCommitments(record, event, rowKeys)) {
        this.#fault('commitments', record, 'its values are not those that its header commits to');
      }
      this.#state = evolve(this.#state, event, this.#crypto);
      this.counts.opened += 1;
    } catch (error) {
      const isSealing =
        error instanceof CryptoError || error instanceof LogError || error instanceof RuntimeError;
      this.#fault(isSealing ? 'seals' : 'events', record, messageOf(error, check));
    }
  }

  #opensCommitments({ header }: InspectedRecord, event: DecodedEvent, rowKeys: RowKeys): boolean {
    const { changes, commitments, keyIds } = event;
    const stored = Array.from({ length: commitments.length / HASH_SIZE }, (_, row) =>
      toHash(commitments.subarray(row * HASH_SIZE, (row + 1) * HASH_SIZE)),
    );
    const leaves = changes.map((change, row) => {
      if (!isReadable(change)) {
        this.counts.erased += 1;
        return stored[row];
      }
      this.counts.rows += 1;
      const toCommitted = toCommit(rowKeys, header, row, change, keyIds[row] ?? header.keyId);
      const encoded = encodeRow(change.table.definition, change.values);
      return commitRow(this.#crypto, toCommitted, encoded);
    });
    const known = leaves.filter((leaf) => leaf !== undefined);
    // A record of one row that was erased keeps no commitment: nothing is left to compare.
    if (known.length < leaves.length) return changes.length === 1;
    return (
      bytesEqual(treeRoot(this.#crypto, known), header.commitmentsRoot) &&
      stored.every((commitment, row) => bytesEqual(commitment, known[row] as Hash))
    );
  }

  #fault(check: CheckName, record: InspectedRecord, what: string): void {
    const { file, position } = record;
    const place = { file, position, offset: record.header.offset };
    this.#report.fault(check, { ...place, what, remedy: SEGMENT_REMEDY });
  }
}

/** What one of ours says; any other error is our own mistake. */
function messageOf(error: unknown, check: CheckName): string {
  if (!(error instanceof VerityError)) throw error;
  return error instanceof CryptoError && check === 'seals'
    ? 'it does not open: the payload, or the header, was changed'
    : error.message;
}
