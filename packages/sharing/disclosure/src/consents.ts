/**
 * The consent ledger as the operator keeps it: who allowed or refused what, to whom, for which purpose.
 * A data subject is named by its id; what is kept holds keyed pseudonyms of it alone.
 */

import { formatRowReceipt } from '@veritydb/bundle';
import { type ConsentState, type NamedRow, toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import { type Offset, bytesToHex, formatTimestamp, parseJson } from '@veritydb/types';

import type {
  ConsentChange,
  ConsentDesk,
  ConsentOrder,
  ConsentSummary,
  RecordedConsent,
} from './consent-desk.ts';
import { subjectsOf } from './consent-gate.ts';
import { DisclosureError } from './error.ts';
import type { House } from './house.ts';
import { refuseNamed } from './named-subject.ts';
import { openingOf } from './row-opening.ts';

const ID_SIZE = 16;

export function openConsentDesk(house: House): ConsentDesk {
  const { tenant } = house;
  return {
    record: async (order) => recordConsent(tenant, order),
    change: async (change) => changeConsent(tenant, change),
    list: async (subject) => listConsents(tenant, subject),
    receipt: async (consentId) => consentReceipt(tenant, consentId),
  };
}

/** @throws {DisclosureError} ERR_DISCLOSURE_SUBJECT_NAMED */
async function recordConsent(tenant: Tenant, order: ConsentOrder): Promise<RecordedConsent> {
  const { subject, recipient, jurisdiction, notice, method, expiresAt, ...rest } = order;
  refuseNamed(subject, [order.controller, recipient ?? '', method ?? '', notice?.uri ?? '']);
  const consentId = bytesToHex(tenant.random.bytes(ID_SIZE));
  const { offset } = await tenant.submit({
    kind: 'record-consent',
    consent: {
      ...rest,
      consentId,
      subjectMacs: tenant.subjectMacs(subject),
      recipient: recipient ?? null,
      jurisdiction: jurisdiction ?? null,
      notice: notice ?? null,
      method: method ?? null,
      expiresAt: expiresAt ?? null,
    },
  });
  return { consentId, offset };
}

/** In force from the record that it returns the offset of. */
async function changeConsent(
  tenant: Tenant,
  { consentId, state, expiresAt }: ConsentChange,
): Promise<RecordedConsent> {
  const command = {
    kind: 'change-consent',
    consentId,
    state,
    expiresAt: expiresAt ?? null,
  } as const;
  const { offset } = await tenant.submit(command);
  return { consentId, offset };
}

/** @param subject only consents of this data subject; all where it is absent */
export function listConsents(tenant: Tenant, subject?: string): readonly ConsentSummary[] {
  const wanted =
    subject === undefined ? null : new Set(tenant.subjectMacs(subject).map(bytesToHex));
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_consents');
  const consents: ConsentSummary[] = [];
  for (const { values, offset } of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, values);
    if (wanted !== null && !subjectsOf(row).some((mac) => wanted.has(mac))) continue;
    consents.push(toSummary(row, offset));
  }
  return consents.toSorted((a, b) => a.offset - b.offset);
}

function toSummary(row: NamedRow, offset: Offset): ConsentSummary {
  const expiresAt = row['expires_at'] as bigint | null;
  const tables = parseJson(row['tables'] as string);
  const notice = row['notice'] as string | null;
  return {
    consentId: row['consent_id'] as string,
    state: row['state'] as ConsentState,
    controller: row['controller'] as string,
    recipient: row['recipient'] as string | null,
    purpose: row['purpose'] as string,
    tables: tables === '*' ? '*' : (tables as readonly string[]),
    legalBasis: row['legal_basis'] as string,
    jurisdiction: row['jurisdiction'] as string | null,
    notice: notice === null ? null : (parseJson(notice) as unknown as ConsentSummary['notice']),
    expression: row['expression'] as ConsentSummary['expression'],
    method: row['method'] as string | null,
    expiresAt: expiresAt === null ? null : formatTimestamp(expiresAt),
    recordedAt: formatTimestamp(row['recorded_at'] as bigint),
    changedAt: formatTimestamp(row['changed_at'] as bigint),
    offset,
  };
}

/**
 * The newest record of a consent, proven in the log: a text that the data subject can keep.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_CONSENT_UNKNOWN
 */
function consentReceipt(tenant: Tenant, consentId: string): string {
  const snapshot = tenant.snapshot();
  const stored = snapshot.get(snapshot.reserved('verity_consents'), [consentId]);
  if (stored === undefined) {
    throw new DisclosureError(
      'expectation',
      'ERR_DISCLOSURE_CONSENT_UNKNOWN',
      'no consent has this id',
      { hint: 'list the consents to find its id' },
    );
  }
  const { size } = tenant.tree;
  const opening = openingOf(tenant, tenant.openRecord(stored.offset), stored.rowIndex, size);
  return formatRowReceipt(opening, tenant.signedCheckpoint(size));
}
