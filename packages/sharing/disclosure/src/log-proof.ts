/** Proofs of the log for whoever checks it offline: C2SP texts over hashes, with nothing of any row. */

import { formatAddCheckpoint, formatTlogProof, signReceipt } from '@veritydb/merkle';
import { RuntimeError, type Tenant } from '@veritydb/runtime';
import { type Offset, bytesToHex, toOffset } from '@veritydb/types';

import type { LogProof, LogReceipt } from './gateway.ts';

/** That a record stands in the tree of a size, the newest unless told. */
export function logProof(
  tenant: Tenant,
  offset: number,
  size: number = tenant.tree.size,
): LogProof {
  assertSize(tenant, size, 1);
  assertBelow(offset, size);
  const proof = tenant.tree.inclusionProof(offset, size);
  const checkpoint = tenant.signedCheckpoint(size);
  return {
    proof: formatTlogProof({ index: offset, proof, checkpoint }),
    leaf: leafOf(tenant, offset),
  };
}

/** The same as a COSE receipt, which is of no tree of one record (RFC 9942 §5.2: the path is not empty). */
export function logReceipt(
  tenant: Tenant,
  offset: number,
  size: number = tenant.tree.size,
): LogReceipt {
  assertSize(tenant, size, 2);
  assertBelow(offset, size);
  return { receipt: signedReceipt(tenant, toOffset(offset), size), leaf: leafOf(tenant, offset) };
}

/** Requires offset < size, and 2 <= size <= that of the tree. The same bytes each time. */
export function signedReceipt(tenant: Tenant, offset: Offset, size: number): Uint8Array {
  const { crypto, tree } = tenant;
  const proof = tree.inclusionProof(offset, size);
  const inclusion = { index: offset, size, leafHash: tree.leafHash(offset), proof };
  return tenant.signed((signer) => signReceipt(crypto, inclusion, signer));
}

function leafOf(tenant: Tenant, offset: number): string {
  return bytesToHex(tenant.leaves(toOffset(offset), 1)[0] as Uint8Array);
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

function assertBelow(offset: number, size: number): void {
  if (offset < size) return;
  throw outside(`offset ${offset} is not below the size ${size}`, `0 to ${size - 1}`);
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
