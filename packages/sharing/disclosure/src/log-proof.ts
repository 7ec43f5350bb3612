/** Proofs of the log for whoever checks it offline: C2SP texts over hashes, with nothing of any row. */

import { formatAddCheckpoint, formatTlogProof } from '@veritydb/merkle';
import { RuntimeError, type Tenant } from '@veritydb/runtime';
import { bytesToHex, toOffset } from '@veritydb/types';

import type { LogProof } from './gateway.ts';

/** That a record stands in the tree of a size, the newest unless told. */
export function logProof(
  tenant: Tenant,
  offset: number,
  size: number = tenant.tree.size,
): LogProof {
  assertSize(tenant, size, 1);
  if (offset >= size) {
    throw outside(`offset ${offset} is not below the size ${size}`, `0 to ${size - 1}`);
  }
  const proof = tenant.tree.inclusionProof(offset, size);
  const checkpoint = tenant.signedCheckpoint(size);
  return {
    proof: formatTlogProof({ index: offset, proof, checkpoint }),
    leaf: bytesToHex(tenant.leaves(toOffset(offset), 1)[0] as Uint8Array),
  };
}

/** That the tree of one size begins with that of another. */
export function logConsistency(
  tenant: Tenant,
  oldSize: number,
  newSize: number = tenant.tree.size,
): string {
  assertSize(tenant, newSize, 1);
  if (oldSize < 1 || oldSize > newSize) {
    throw outside(`size ${oldSize} is not from 1 to ${newSize}`, `1 to ${newSize}`);
  }
  const proof = tenant.tree.consistencyProof(oldSize, newSize);
  const checkpoint = tenant.signedCheckpoint(newSize);
  return formatAddCheckpoint({ oldSize, proof, checkpoint });
}

function assertSize(tenant: Tenant, size: number, from: number): void {
  if (size >= from && size <= tenant.tree.size) return;
  throw outside(`the log never had ${size} records`, `${from} to ${tenant.tree.size}`);
}

function outside(what: string, range: string): RuntimeError {
  return new RuntimeError('expectation', 'ERR_RUNTIME_POSITION', what, {
    hint: `give a number from ${range}`,
  });
}
