/** Rows of records, opened with all that proves them in the log. */

import type { RecordOpening } from '@veritydb/bundle';
import { MerkleTree } from '@veritydb/merkle';
import type { OpenedRecord, Tenant } from '@veritydb/runtime';
import { type Hash, assert } from '@veritydb/types';

/** One row of a record, proven in the tree of a size. */
export function openingOf(
  tenant: Tenant,
  record: OpenedRecord,
  row: number,
  size: number,
): RecordOpening {
  assert(row >= 0, 'the record has no such row');
  return {
    opening: record.openRow(row),
    row,
    leaf: record.leaf,
    rowProof: rowProof(tenant, record, [row]),
    inclusionProof: tenant.tree.inclusionProof(record.offset, size),
  };
}

/** Proof of some rows in the tree of their record's row commitments. */
export function rowProof(
  tenant: Tenant,
  record: OpenedRecord,
  rows: readonly number[],
): readonly Hash[] {
  // A leaf that is alone is the root.
  if (record.commitments.length === 1) return [];
  const tree = new MerkleTree(tenant.crypto);
  for (const commitment of record.commitments) tree.append(commitment);
  return tree.batchProof(rows);
}
