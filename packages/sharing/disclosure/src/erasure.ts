/**
 * Erasures and legal holds as the operator asks for them: a data subject is named by its id, and nothing
 * that is kept about either holds that id.
 */

import { type NamedRow, toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import {
  type JsonValue,
  type Offset,
  bytesToHex,
  formatTimestamp,
  parseJson,
} from '@veritydb/types';

import { DisclosureError } from './error.ts';
import type {
  ErasureAnswer,
  ErasureOrder,
  ErasureSummary,
  HoldOrder,
  HoldSummary,
} from './gateway.ts';
import type { House } from './house.ts';
import { refuseNamed } from './named-subject.ts';

const ID_SIZE = 16;

/**
 * Erases a data subject.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_SUBJECT_UNKNOWN, ERR_DISCLOSURE_SUBJECT_NAMED
 * @throws {KernelError} ERR_KERNEL_HELD
 */
export async function eraseSubject(
  { tenant, statements }: House,
  { subject, legalBasis, approvals }: ErasureOrder,
): Promise<ErasureAnswer> {
  refuseNamed(subject, [legalBasis, ...approvals]);
  const erased = await tenant.erase(subject, { legalBasis, approvals });
  statements.forget();
  if (erased.length === 0) {
    throw new DisclosureError(
      'expectation',
      'ERR_DISCLOSURE_SUBJECT_UNKNOWN',
      'nothing is kept about this data subject',
      { hint: 'check the id; only tables that declare a DATA SUBJECT are about one' },
    );
  }
  const keys = new Set(erased.map(({ keyId }) => BigInt(keyId)));
  const { erasures } = listErasures(tenant);
  return { erasures: erasures.filter(({ keyId }) => keys.has(BigInt(keyId))) };
}

export async function placeHold(
  { tenant }: House,
  { subject, reason }: HoldOrder,
): Promise<{ readonly holdId: string; readonly offset: Offset }> {
  refuseNamed(subject, [reason]);
  const holdId = bytesToHex(tenant.random.bytes(ID_SIZE));
  const hold = { holdId, subjectMacs: tenant.subjectMacs(subject), reason };
  const { offset } = await tenant.submit({ kind: 'place-hold', hold });
  return { holdId, offset };
}

export function listErasures(tenant: Tenant): { readonly erasures: readonly ErasureSummary[] } {
  const erasures = rowsOf(tenant, 'verity_erasures').map(({ row, offset }): ErasureSummary => {
    const completed = row['completed_at'];
    return {
      keyId: Number(row['key_id']),
      subjectMac: bytesToHex(row['subject_mac'] as Uint8Array),
      legalBasis: row['legal_basis'] as string,
      approvals: (parseJson(row['approvals'] as string) as readonly JsonValue[]).map(String),
      state: row['state'] as ErasureSummary['state'],
      requestedAt: formatTimestamp(row['requested_at'] as bigint),
      completedAt: completed === null ? null : formatTimestamp(completed as bigint),
      records: row['records'] as number | null,
      rows: row['rows'] as number | null,
      offset,
    };
  });
  return { erasures };
}

export function listHolds(tenant: Tenant): { readonly holds: readonly HoldSummary[] } {
  const holds = rowsOf(tenant, 'verity_holds').map(({ row, offset }): HoldSummary => {
    return {
      holdId: row['hold_id'] as string,
      reason: row['reason'] as string,
      state: row['state'] as HoldSummary['state'],
      changedAt: formatTimestamp(row['changed_at'] as bigint),
      offset,
    };
  });
  return { holds };
}

function rowsOf(
  tenant: Tenant,
  name: 'verity_erasures' | 'verity_holds',
): readonly { readonly row: NamedRow; readonly offset: Offset }[] {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved(name);
  return Array.from(snapshot.scan(table, { kind: 'scan' }), ({ values, offset }) => {
    return { row: toNamedRow(table, values), offset };
  });
}
