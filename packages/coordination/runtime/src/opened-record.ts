/**
 * A record read back with all that opens its commitments: for exports and proofs.
 *
 * What it gives away was checked: the leaf is the tree's, the commitments give the root in the header, and
 * each row opens its own.
 */

import { type RowOpening, openRow } from '@veritydb/crypto';
import type { DecodedEvent, KernelState } from '@veritydb/kernel';
import type { StoredRecord } from '@veritydb/log';
import { type MerkleTree, treeRoot } from '@veritydb/merkle';
import {
  HASH_SIZE,
  type Hash,
  type Offset,
  type Timestamp,
  assert,
  bytesEqual,
  toHash,
} from '@veritydb/types';

import { RuntimeError } from './error.ts';
import { isReadable, toCommit } from './seal.ts';
import { type ViewSources, openEvent } from './view.ts';

/** A record of row changes with everything that opens its commitments. */
export interface OpenedRecord {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  /** The leaf: the header's bytes. */
  readonly leaf: Uint8Array;
  readonly chainHash: Hash;
  readonly event: DecodedEvent;
  /** Commitment of each row, in order; none where the record's only row was erased. */
  readonly commitments: readonly Hash[];
  /** @throws {RuntimeError} ERR_RUNTIME_ERASED */
  openRow(row: number): RowOpening;
}

export function openRecord(
  sources: ViewSources & { readonly tree: MerkleTree },
  record: StoredRecord,
  state: KernelState,
): OpenedRecord {
  const { offset, timestamp } = record.header;
  const chainHash = sources.tree.leafHash(offset);
  assert(bytesEqual(record.leafHash, chainHash), 'record is not the tree’s leaf');
  const event = openEvent(sources, record, state);
  let only: RowOpening | null = null;
  const open = (row: number): RowOpening => {
    if (only !== null && row === 0) return only;
    const change = event.changes[row];
    assert(change !== undefined, 'the record has no such row');
    if (!isReadable(change)) throw erased();
    const { crypto, rowKeys } = sources;
    return openRow(
      crypto,
      toCommit(rowKeys, record.header, row, change, event.keyIds[row] ?? record.header.keyId),
    );
  };
  // Of its only row a record keeps no commitment: the row is opened to have it, and stays so.
  if (event.changes.length === 1 && event.changes.every(isReadable)) only = open(0);
  const commitments = commitmentsOf(event, only);
  if (commitments.length === event.changes.length) {
    const root = treeRoot(sources.crypto, commitments);
    assert(bytesEqual(root, record.header.commitmentsRoot), 'record does not open its commitments');
  }
  return {
    offset,
    timestamp,
    leaf: record.headerBytes,
    chainHash,
    event,
    commitments,
    openRow: (row) => {
      const opening = open(row);
      const known = commitments[row];
      assert(
        known !== undefined && bytesEqual(opening.commitment, known),
        'row does not open its commitment',
      );
      return opening;
    },
  };
}

/** Those that the record keeps; of its only row the one that is computed, unless the row was erased. */
function commitmentsOf(
  { changes, commitments }: DecodedEvent,
  only: RowOpening | null,
): readonly Hash[] {
  if (changes.length > 1) {
    return Array.from({ length: commitments.length / HASH_SIZE }, (_, index) =>
      toHash(commitments.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE)),
    );
  }
  return only === null ? [] : [only.commitment];
}

function erased(): RuntimeError {
  return new RuntimeError('expectation', 'ERR_RUNTIME_ERASED', 'the row was erased', {
    hint: 'what is left of it is its place in the log: its erasure is in verity_erasures',
  });
}
