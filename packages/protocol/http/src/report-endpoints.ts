/** Reports, for the operator: what the law asks, from the log. */

import type { Administration, DisclosureSeries, Holder } from '@veritydb/disclosure';
import type { JsonObject } from '@veritydb/types';
import { z } from 'zod';

import { consentJson } from './consent-endpoints.ts';
import { type Endpoint, defineEndpoint, jsonResponse } from './endpoint.ts';

const BODY_SIZE_MAX = 16 * 1024;
const subject = z.string().min(1).max(1000);
const anyObject = z.looseObject({});

export function reportEndpoints({ reports }: Administration): readonly Endpoint[] {
  return [
    accountingEndpoint(reports),
    subjectAccessEndpoint(reports),
    processingEndpoint(reports),
    holdersEndpoint(reports),
    dueRowsEndpoint(reports),
  ];
}

function dueRowsEndpoint(reports: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/reports/retention',
    id: 'listDueRows',
    access: 'operator',
    summary: 'Rows that are kept for longer than the policies in force say',
    body: z.strictObject({ purpose: z.string().min(1).max(500) }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Rows, the oldest first', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const { at, rows, truncated } = await reports.dueRows(body.purpose);
      return jsonResponse({
        at,
        rows: rows.map((row) => ({
          table: row.table,
          key: row.key,
          class: row.dataClass,
          keep: row.keep,
          policy: row.policy,
          written_at: row.writtenAt,
          offset: row.offset,
        })),
        truncated,
      });
    },
  });
}

type Desk = Administration['reports'];

/** POSTs, so that the id of the data subject stands in no address. */
function accountingEndpoint(reports: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/reports/accounting',
    id: 'accountForDisclosures',
    access: 'operator',
    summary: 'Disclosures about a data subject (45 CFR 164.528)',
    body: z.strictObject({ subject }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Disclosures, and their series', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const { since, disclosures, series } = await reports.accounting(body.subject);
      return jsonResponse({
        since,
        disclosures: disclosures.map((each) => ({
          at: each.at,
          recipient: each.recipient,
          description: each.description,
          purpose: each.purpose,
          policy: each.policy,
          exempt: each.exempt,
          access_id: each.accessId,
          offset: each.offset,
        })),
        series: series.map(seriesJson),
      });
    },
  });
}

function seriesJson(series: DisclosureSeries): JsonObject {
  return { ...series };
}

function subjectAccessEndpoint(reports: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/reports/subject-access',
    id: 'readSubjectAccess',
    access: 'operator',
    summary: 'What is kept about a data subject, and whom it went to (GDPR, Articles 15 and 20)',
    body: z.strictObject({ subject, purpose: z.string().min(1).max(500) }),
    bodySizeMax: BODY_SIZE_MAX,
    success: {
      status: 200,
      description: 'Rows, purposes, recipients, consents',
      content: anyObject,
    },
    problems: [400],
    answer: async ({ body }) => {
      const report = await reports.subjectAccess(body.subject, body.purpose);
      return jsonResponse({
        at: report.at,
        purposes: report.purposes,
        categories: report.categories,
        recipients: report.recipients.map(seriesJson),
        retention: { ...report.retention },
        consents: report.consents.map(consentJson),
        data: report.data.map(({ table, columns, rows }) => ({ table, columns, rows })),
      });
    },
  });
}

function processingEndpoint(reports: Desk): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/reports/processing',
    id: 'readProcessingRecords',
    access: 'operator',
    summary: 'Records of processing (GDPR, Article 30)',
    success: { status: 200, description: 'One for each policy in force', content: anyObject },
    problems: [],
    answer: async () => {
      const activities = await reports.processing();
      return jsonResponse({
        activities: activities.map((each) => ({
          policy: each.policy,
          version: each.version,
          controller: each.controller,
          purposes: each.purposes,
          legal_basis: each.legalBasis,
          subjects: each.subjects,
          categories: each.categories,
          recipients: each.recipients,
          retention: each.retention,
          measures: each.measures,
        })),
      });
    },
  });
}

function holdersEndpoint(reports: Desk): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/reports/holders',
    id: 'listHolders',
    access: 'operator',
    summary: 'Who holds which right until when',
    success: { status: 200, description: 'Tokens', content: anyObject },
    problems: [],
    answer: async () => {
      const found = await reports.holders();
      return jsonResponse({ holders: found.map(holderJson) });
    },
  });
}

function holderJson(holder: Holder): JsonObject {
  return {
    token_id: holder.tokenId,
    recipient: holder.recipient,
    purpose: holder.purpose,
    policy: holder.policy,
    state: holder.state,
    expires_at: holder.expiresAt,
    scope: holder.scope,
    tables: { ...holder.tables },
    parent: holder.parent,
    reason: holder.reason,
    approvals: holder.approvals,
    last_used: holder.lastUsed,
  };
}
