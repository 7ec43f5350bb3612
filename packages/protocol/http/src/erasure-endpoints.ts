/** Keys, for the operator: data subjects lose theirs or are held, and all are wrapped anew. */

import type { Administration, ErasureAnswer } from '@veritydb/disclosure';
import type { JsonObject } from '@veritydb/types';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse } from './endpoint.ts';
import { foreignIdShape } from './requests.ts';

const BODY_SIZE_MAX = 16 * 1024;
const APPROVALS_MAX = 10;
const subject = z.string().min(1).max(1000);
const sentence = z.string().min(1).max(500);
const anyObject = z.looseObject({});

export function erasureEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    eraseEndpoint(administration),
    listErasuresEndpoint(administration),
    placeHoldEndpoint(administration),
    listHoldsEndpoint(administration),
    releaseHoldEndpoint(administration),
    rotateKeysEndpoint(administration),
  ];
}

function erasuresJson({ erasures }: ErasureAnswer): JsonObject {
  return {
    erasures: erasures.map((erasure) => ({
      key_id: erasure.keyId,
      subject_mac: erasure.subjectMac,
      legal_basis: erasure.legalBasis,
      approvals: erasure.approvals,
      state: erasure.state,
      requested_at: erasure.requestedAt,
      completed_at: erasure.completedAt,
      records: erasure.records,
      rows: erasure.rows,
      offset: erasure.offset,
    })),
  };
}

function eraseEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/erasures',
    id: 'eraseSubject',
    access: 'operator',
    summary: 'Erase a data subject, in every past',
    body: z.strictObject({
      subject,
      legal_basis: sentence,
      approvals: z.array(sentence).min(1).max(APPROVALS_MAX),
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The receipts', content: anyObject },
    problems: [400, 403, 404, 409],
    answer: async ({ body }) => {
      const { legal_basis: legalBasis, approvals } = body;
      const order = { subject: body.subject, legalBasis, approvals };
      return jsonResponse(erasuresJson(await administration.erase(order)), 201);
    },
  });
}

function listErasuresEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/erasures',
    id: 'listErasures',
    access: 'operator',
    summary: 'All erasures with their receipts',
    success: { status: 200, description: 'Erasures', content: anyObject },
    problems: [],
    answer: async () => jsonResponse(erasuresJson(await administration.listErasures())),
  });
}

function placeHoldEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/holds',
    id: 'placeHold',
    access: 'operator',
    summary: 'Keep a data subject from being erased',
    body: z.strictObject({ subject, reason: sentence }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The hold', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const { holdId, offset } = await administration.placeHold(body);
      return jsonResponse({ hold_id: holdId, offset }, 201);
    },
  });
}

function listHoldsEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/holds',
    id: 'listHolds',
    access: 'operator',
    summary: 'All legal holds',
    success: { status: 200, description: 'Holds', content: anyObject },
    problems: [],
    answer: async () => {
      const { holds } = await administration.listHolds();
      return jsonResponse({
        holds: holds.map((hold) => ({
          hold_id: hold.holdId,
          reason: hold.reason,
          state: hold.state,
          changed_at: hold.changedAt,
          offset: hold.offset,
        })),
      });
    },
  });
}

function releaseHoldEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/holds/{id}/release',
    id: 'releaseHold',
    access: 'operator',
    summary: 'Release a legal hold',
    path: z.strictObject({ id: foreignIdShape }),
    success: { status: 200, description: 'Where the release is', content: anyObject },
    problems: [404],
    answer: async ({ path }) => {
      const { offset } = await administration.releaseHold(path.id);
      return jsonResponse({ offset });
    },
  });
}

function rotateKeysEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/keys/rotate',
    id: 'rotateKeys',
    access: 'operator',
    summary: 'Wrap every key anew under a new key-encryption key',
    success: { status: 200, description: 'Done', content: anyObject },
    problems: [],
    answer: async () => {
      await administration.rotateKeys();
      return jsonResponse({ rotated: true });
    },
  });
}
