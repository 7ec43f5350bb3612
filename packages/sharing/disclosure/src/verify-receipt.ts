/** Checks what an answer left behind against the log: the record opens, stands in its tree, is signed. */

import { toNamedRow } from '@veritydb/kernel';
import {
  MerkleError,
  formatVerifierKey,
  leafHash,
  verifyCheckpoint,
  verifyInclusion,
} from '@veritydb/merkle';
import type { Tenant } from '@veritydb/runtime';
import { type Offset, bytesEqual } from '@veritydb/types';

import { DisclosureError } from './error.ts';
import type { VerifyAnswer, VerifyRequest } from './gateway.ts';

type Check = VerifyAnswer['checks'][number];

/**
 * Verifies the record of an access or an export.
 *
 * @param recipient whose records may be asked for; null for the operator
 * @throws {DisclosureError} ERR_DISCLOSURE_RECEIPT_UNKNOWN
 */
export function verifyReceipt(
  tenant: Tenant,
  request: VerifyRequest,
  recipient: string | null,
): VerifyAnswer {
  const { offset, row, named } = find(tenant, request, recipient);
  const checks: Check[] = [];
  const checkpoint = tenant.signedCheckpoint();
  const key = formatVerifierKey(tenant.crypto, tenant.origin, tenant.publicKey);
  const check = (name: string, detail: string, run: () => boolean): void => {
    checks.push(runCheck(name, detail, run));
  };
  const opened = tenant.openRecord(offset);
  check('record', `record ${offset} holds ${named}`, () =>
    bytesEqual(opened.openRow(row).commitment, opened.commitments[row] as Uint8Array),
  );
  check('chain', 'the header hashes to the chain hash of the receipt', () =>
    bytesEqual(leafHash(tenant.crypto, opened.leaf), opened.chainHash),
  );
  check('signature', 'the checkpoint is signed by the log', () => {
    verifyCheckpoint(tenant.crypto, checkpoint, key);
    return true;
  });
  check('inclusion', `leaf ${offset} is in the tree of ${tenant.tree.size} records`, () => {
    verifyInclusion(tenant.crypto, {
      index: offset,
      size: tenant.tree.size,
      leafHash: opened.chainHash,
      proof: tenant.tree.inclusionProof(offset, tenant.tree.size),
      root: tenant.tree.root(),
    });
    return true;
  });
  return { valid: checks.every(({ ok }) => ok), checks, checkpoint };
}

function runCheck(name: string, detail: string, run: () => boolean): Check {
  try {
    return { name, ok: run(), detail };
  } catch (error) {
    const code = error instanceof MerkleError ? error.code : 'ERR_INTERNAL';
    return { name, ok: false, detail: `${detail}: ${code}` };
  }
}

interface Place {
  readonly offset: Offset;
  readonly row: number;
  readonly named: string;
}

function find(tenant: Tenant, request: VerifyRequest, recipient: string | null): Place {
  if ((request.receiptId === undefined) === (request.exportId === undefined)) {
    throw new DisclosureError(
      'format',
      'ERR_DISCLOSURE_REQUEST',
      'name one receipt or one export',
      {
        hint: 'give exactly one of receipt id and export id',
      },
    );
  }
  const snapshot = tenant.snapshot();
  const isExport = request.exportId !== undefined;
  const table = snapshot.reserved(isExport ? 'verity_exports' : 'verity_access');
  const stored = snapshot.get(
    table,
    isExport ? [request.exportId ?? ''] : [request.receiptId ?? '', 'outcome'],
  );
  const row = stored === undefined ? undefined : toNamedRow(table, stored.values);
  // Someone else's record and none at all are one answer.
  if (
    stored === undefined ||
    row === undefined ||
    (recipient !== null && row['recipient'] !== recipient)
  ) {
    throw new DisclosureError('expectation', 'ERR_DISCLOSURE_RECEIPT_UNKNOWN', 'no such record', {
      hint: 'give the id of a receipt or of an export that you were handed',
    });
  }
  const what = isExport ? 'the export' : 'the outcome of the access';
  return { offset: stored.offset, row: stored.rowIndex, named: what };
}
