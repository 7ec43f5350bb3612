/** The audit trail: access records, newest first, and whether each intent had an outcome. */

import { type NamedRow, toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import { type Offset, formatTimestamp } from '@veritydb/types';

import type { AuditAnswer, AuditEntry, AuditRequest } from './gateway.ts';

const LIMIT_MAX = 500;
/** How long an intent may stand alone before it counts as unanswered. */
const UNANSWERED_AFTER_MICROSECONDS = 60_000_000n;

interface Found {
  readonly offset: Offset;
  readonly row: NamedRow;
}

/**
 * Access records in force at the newest position.
 *
 * @param recipient only what this recipient did; everything where it is null
 */
export function readAudit(
  tenant: Tenant,
  request: AuditRequest,
  recipient: string | null,
): AuditAnswer {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_access');
  const found: Found[] = [];
  const answered = new Set<string>();
  for (const stored of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, stored.values);
    if (recipient !== null && row['recipient'] !== recipient) continue;
    if (row['phase'] === 'outcome') answered.add(row['access_id'] as string);
    found.push({ offset: stored.offset, row });
  }
  const before = request.before ?? Number.MAX_SAFE_INTEGER;
  const limit = Math.min(Math.max(request.limit, 1), LIMIT_MAX);
  const overdue = tenant.clock.now() / 1000n - UNANSWERED_AFTER_MICROSECONDS;
  return {
    entries: found
      .filter(({ offset }) => offset < before)
      .toSorted((a, b) => b.offset - a.offset)
      .slice(0, limit)
      .map(toEntry),
    unanswered: found.filter(
      ({ row }) =>
        row['phase'] === 'intent' &&
        !answered.has(row['access_id'] as string) &&
        (row['at'] as bigint) < overdue,
    ).length,
  };
}

function toEntry({ offset, row }: Found): AuditEntry {
  return {
    id: row['access_id'] as string,
    at: formatTimestamp(row['at'] as bigint),
    offset,
    phase: row['phase'] as AuditEntry['phase'],
    recipient: row['recipient'] as string,
    tokenId: row['token_id'] as string,
    purpose: row['purpose'] as string,
    action: row['action'] as string,
    decision: row['decision'] as AuditEntry['decision'],
    code: row['code'] as string | null,
    table: row['table_name'] as string | null,
    columns: JSON.parse(row['columns'] as string) as readonly string[],
    rows: row['rows'] as number | null,
    statementFingerprint: row['fingerprint'] as string | null,
  };
}
