/** The consent ledger, for the operator. */

import type { Administration, ConsentSummary } from '@veritydb/disclosure';
import { type JsonObject, parseTimestamp } from '@veritydb/types';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse, textResponse } from './endpoint.ts';
import { foreignIdShape } from './requests.ts';

const BODY_SIZE_MAX = 16 * 1024;
const TABLES_MAX = 64;
const subject = z.string().min(1).max(1000);
const word = z.string().min(1).max(128);
const sentence = z.string().min(1).max(500);
const anyObject = z.looseObject({});
const moment = z.iso.datetime();

const consentBody = z.strictObject({
  subject,
  state: z.enum(['given', 'refused', 'requested', 'deferred']),
  purpose: word,
  recipient: z.string().min(1).max(255).optional(),
  tables: z.union([z.literal('*'), z.array(word).min(1).max(TABLES_MAX)]),
  controller: z.string().min(1).max(255),
  legal_basis: word,
  jurisdiction: word.optional(),
  notice: z
    .strictObject({
      uri: sentence,
      language: word,
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .optional(),
  expression: z.enum(['explicit', 'expressed', 'implied']),
  method: sentence.optional(),
  expires_at: moment.optional(),
});

export function consentEndpoints({ consents }: Administration): readonly Endpoint[] {
  return [
    recordEndpoint(consents),
    changeEndpoint(consents),
    searchEndpoint(consents),
    receiptEndpoint(consents),
  ];
}

type Desk = Administration['consents'];

function recordEndpoint(consents: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/consents',
    id: 'recordConsent',
    access: 'operator',
    summary: 'Record what a data subject allowed or refused',
    body: consentBody,
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'Where it is', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const { recipient, jurisdiction, notice, method, expires_at: expires } = body;
      const { consentId, offset } = await consents.record({
        subject: body.subject,
        state: body.state,
        purpose: body.purpose,
        tables: body.tables,
        controller: body.controller,
        legalBasis: body.legal_basis,
        expression: body.expression,
        ...(recipient === undefined ? {} : { recipient }),
        ...(jurisdiction === undefined ? {} : { jurisdiction }),
        ...(notice === undefined ? {} : { notice }),
        ...(method === undefined ? {} : { method }),
        ...(expires === undefined ? {} : { expiresAt: parseTimestamp(expires) }),
      });
      return jsonResponse({ consent_id: consentId, offset }, 201);
    },
  });
}

function changeEndpoint(consents: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/consents/{id}/state',
    id: 'changeConsent',
    access: 'operator',
    summary: 'Change the state of a consent: withdrawn, renewed …',
    path: z.strictObject({ id: foreignIdShape }),
    body: z.strictObject({
      state: z.enum([
        'given',
        'refused',
        'deferred',
        'renewed',
        'withdrawn',
        'revoked',
        'invalidated',
      ]),
      expires_at: moment.optional(),
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'From where on it is so', content: anyObject },
    problems: [400, 404, 409],
    answer: async ({ path, body }) => {
      const { state, expires_at: expires } = body;
      const { offset } = await consents.change({
        consentId: path.id,
        state,
        ...(expires === undefined ? {} : { expiresAt: parseTimestamp(expires) }),
      });
      return jsonResponse({ consent_id: path.id, state, offset });
    },
  });
}

/** A POST, so that the id of the data subject stands in no address. */
function searchEndpoint(consents: Desk): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/consents/search',
    id: 'listConsents',
    access: 'operator',
    summary: 'Consents, all or of one data subject',
    body: z.strictObject({ subject: subject.optional() }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Consents', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const found = await consents.list(body.subject);
      return jsonResponse({ consents: found.map(consentJson) });
    },
  });
}

function receiptEndpoint(consents: Desk): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/consents/{id}/receipt',
    id: 'readConsentReceipt',
    access: 'operator',
    summary: 'The newest record of a consent, proven in the log',
    path: z.strictObject({ id: foreignIdShape }),
    success: { status: 200, description: 'A receipt', content: 'text/plain' },
    problems: [404],
    answer: async ({ path }) => textResponse(`${await consents.receipt(path.id)}\n`),
  });
}

export function consentJson(consent: ConsentSummary): JsonObject {
  const { notice } = consent;
  return {
    consent_id: consent.consentId,
    state: consent.state,
    controller: consent.controller,
    recipient: consent.recipient,
    purpose: consent.purpose,
    tables: consent.tables,
    legal_basis: consent.legalBasis,
    jurisdiction: consent.jurisdiction,
    notice: notice === null || notice === undefined ? null : { ...notice },
    expression: consent.expression,
    method: consent.method,
    expires_at: consent.expiresAt,
    recorded_at: consent.recordedAt,
    changed_at: consent.changedAt,
    offset: consent.offset,
  };
}
