/** Proofs of what a range of a table's keys holds, for whoever checks them offline. */

import { type KeysAsked, type Tenant, keyRangeOf } from '@veritydb/runtime';
import { formatStateProof } from '@veritydb/transparency';
import { decodeRecordHeader, toOffset } from '@veritydb/types';

/**
 * What a range holds now: where the newest record is no checkpoint record, one is written first, since a
 * proof is of what a checkpoint record has the root of.
 *
 * @throws {RuntimeError} ERR_RUNTIME_NO_ROOT
 * @throws {MerkleError} ERR_MERKLE_RANGE
 */
export function proveState(tenant: Tenant, name: string, keys: KeysAsked): string {
  const range = keyRangeOf(tenant.snapshot(), name, keys);
  const [newest] = tenant.leaves(toOffset(tenant.head), 1);
  if (newest === undefined || decodeRecordHeader(newest).kind !== 'checkpoint') tenant.checkpoint();
  const { checkpoint: offset, leaf, payload, proof, salt } = tenant.proveRange(name, range);
  const { size } = tenant.tree;
  return formatStateProof({
    name,
    range,
    proof,
    leaf,
    payload,
    salt,
    offset,
    inclusionProof: tenant.tree.inclusionProof(offset, size),
    checkpoint: tenant.signedCheckpoint(size),
  });
}
