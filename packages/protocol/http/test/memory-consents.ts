/** A consent ledger and reports in memory, for the doors. */

import type { ConsentDesk, ConsentSummary, ReportDesk } from '@veritydb/disclosure';
import { VerityError, toOffset } from '@veritydb/types';

export function memoryConsents(): ConsentDesk {
  const consents: ConsentSummary[] = [];
  const find = (id: string): ConsentSummary => {
    const found = consents.find(({ consentId }) => consentId === id);
    if (found !== undefined) return found;
    throw new VerityError('expectation', 'ERR_HOUSE_CONSENT_UNKNOWN', 'no such consent');
  };
  return {
    record: async (order) => {
      const at = '2026-01-02T03:04:05Z';
      consents.push({
        consentId: `c${consents.length}`,
        state: order.state,
        controller: order.controller,
        recipient: order.recipient ?? null,
        purpose: order.purpose,
        tables: order.tables,
        legalBasis: order.legalBasis,
        jurisdiction: order.jurisdiction ?? null,
        notice: order.notice ?? null,
        expression: order.expression,
        method: order.method ?? null,
        expiresAt: order.expiresAt === undefined ? null : String(order.expiresAt),
        recordedAt: at,
        changedAt: at,
        offset: toOffset(7),
      });
      return { consentId: `c${consents.length - 1}`, offset: toOffset(7) };
    },
    change: async ({ consentId, state }) => {
      consents.push({ ...find(consentId), state });
      return { consentId, offset: toOffset(8) };
    },
    list: async (subject) => (subject === 'nobody' ? [] : consents),
    receipt: async (consentId) => `receipt of ${find(consentId).consentId}`,
  };
}

export function memoryReports(): ReportDesk {
  const at = '2026-01-02T03:04:05Z';
  const series = [{ recipient: 'lab', purpose: 'study', count: 1, first: at, last: at }];
  return {
    accounting: async () => ({ since: at, disclosures: [], series }),
    subjectAccess: async () => ({
      at,
      purposes: ['study'],
      categories: [],
      recipients: series,
      retention: { open: 'P90D' },
      consents: [],
      data: [{ table: 'people', columns: ['id'], rows: [['1']] }],
    }),
    processing: async () => [],
    holders: async () => [],
    dueRows: async () => ({ at: '2026-01-02T03:04:05Z', rows: [], truncated: [] }),
  };
}
