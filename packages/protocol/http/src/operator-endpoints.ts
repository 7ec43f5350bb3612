/**
 * What the operator of the data folder may do. Not part of the public document: whoever serves these
 * decides which callers can reach them at all.
 */

import { rowPredicate } from '@veritydb/access';
import type { Administration, TokenRequest } from '@veritydb/disclosure';
import { z } from 'zod';

import { auditAnswerJson, auditAnswerShape } from './answers.ts';
import { consentEndpoints } from './consent-endpoints.ts';
import { type Endpoint, defineEndpoint, jsonResponse } from './endpoint.ts';
import { erasureEndpoints } from './erasure-endpoints.ts';
import { logEndpoints } from './log-endpoints.ts';
import { policyEndpoints } from './policy-endpoints.ts';
import {
  auditQuery,
  foreignIdShape,
  idShape,
  parametersShape,
  statementShape,
} from './requests.ts';

const BODY_SIZE_MAX = 256 * 1024;
const ROWS_BODY_SIZE_MAX = 8 * 1024 * 1024;
const ROWS_MAX = 1000;
const name = z.string().min(1).max(128);
const sentence = z.string().min(1).max(500);
const anyObject = z.looseObject({});

export function operatorEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    statementEndpoint(administration),
    rowsEndpoint(administration),
    ...policyEndpoints(administration),
    issueTokenEndpoint(administration),
    listTokensEndpoint(administration),
    revokeTokenEndpoint(administration),
    auditEndpoint(administration),
    ...erasureEndpoints(administration),
    ...consentEndpoints(administration),
    checkLogEndpoint(administration),
    ...logEndpoints(administration),
    statusEndpoint(administration),
  ];
}

function statementEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/sql',
    id: 'executeStatement',
    access: 'operator',
    summary: 'Execute one statement',
    body: z.strictObject({
      sql: statementShape,
      parameters: parametersShape.optional(),
      purpose: sentence,
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Rows, or how many changed', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }) => {
      const { sql, parameters = [], purpose } = body;
      const answer = await administration.execute(sql, parameters, purpose);
      return jsonResponse({
        columns: answer.columns.map((column) => ({ name: column.name, type: column.type })),
        rows: answer.rows,
        erased: answer.erased,
        changed: answer.changed,
        position: answer.position,
      });
    },
  });
}

function rowsEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/rows',
    id: 'insertRows',
    access: 'operator',
    summary: 'Insert rows given as text: all of them or none',
    body: z.strictObject({
      table: name,
      columns: z.array(name).min(1).max(1000),
      rows: z.array(z.array(z.string().nullable())).max(ROWS_MAX),
      idempotency_id: idShape.optional(),
    }),
    bodySizeMax: ROWS_BODY_SIZE_MAX,
    success: { status: 201, description: 'Where the rows are', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }) => {
      const answer = await administration.insertRows({
        table: body.table,
        columns: body.columns,
        rows: body.rows,
        ...(body.idempotency_id === undefined ? {} : { idempotencyId: body.idempotency_id }),
      });
      return jsonResponse({ position: answer.position, rows: answer.rows }, 201);
    },
  });
}

const tokenBody = z.strictObject({
  recipient: name,
  purpose: sentence,
  policy: name,
  actions: z.array(z.enum(['schema', 'query', 'export', 'verify', 'audit'])).min(1),
  tables: z.record(name, z.union([z.literal('*'), z.array(name).min(1)])),
  lifetime_seconds: z.int().min(1),
  max_rows: z.int().min(1).optional(),
  max_exports: z.int().min(1).optional(),
  max_queries: z.int().min(1).optional(),
  rows: z.record(name, rowPredicate).optional(),
  period: z.strictObject({ from: name.optional(), before: name.optional() }).optional(),
  as_of: z.int().min(0).optional(),
  aggregate_only: z.boolean().optional(),
  key_thumbprint: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .optional(),
  reason: sentence.optional(),
  approvals: z.array(sentence).max(10).optional(),
});

function periodOf({
  from,
  before,
}: {
  readonly from?: string | undefined;
  readonly before?: string | undefined;
}): NonNullable<TokenRequest['period']> {
  return { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
}

function tokenRequest(body: z.output<typeof tokenBody>): TokenRequest {
  return {
    recipient: body.recipient,
    purpose: body.purpose,
    policy: body.policy,
    actions: body.actions,
    tables: body.tables,
    lifetimeSeconds: body.lifetime_seconds,
    ...(body.max_rows === undefined ? {} : { maxRows: body.max_rows }),
    ...(body.max_exports === undefined ? {} : { maxExports: body.max_exports }),
    ...(body.max_queries === undefined ? {} : { maxQueries: body.max_queries }),
    ...(body.rows === undefined ? {} : { rows: body.rows }),
    ...(body.period === undefined ? {} : { period: periodOf(body.period) }),
    ...(body.as_of === undefined ? {} : { asOf: body.as_of }),
    ...(body.aggregate_only === undefined ? {} : { aggregateOnly: body.aggregate_only }),
    ...(body.key_thumbprint === undefined ? {} : { keyThumbprint: body.key_thumbprint }),
    ...(body.reason === undefined ? {} : { reason: body.reason }),
    ...(body.approvals === undefined ? {} : { approvals: body.approvals }),
  };
}

function issueTokenEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/tokens',
    id: 'issueToken',
    access: 'operator',
    summary: 'Issue a token',
    body: tokenBody,
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The token, shown this once', content: anyObject },
    problems: [400, 404, 409],
    answer: async ({ body }) => {
      const issued = await administration.issueToken(tokenRequest(body));
      return jsonResponse(
        {
          token_id: issued.tokenId,
          token: issued.token,
          expires_at: issued.expiresAt,
          offset: issued.offset,
        },
        201,
      );
    },
  });
}

function listTokensEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/tokens',
    id: 'listTokens',
    access: 'operator',
    summary: 'All tokens, without their text',
    success: { status: 200, description: 'Tokens', content: anyObject },
    problems: [],
    answer: async () => {
      const tokens = await administration.listTokens();
      return jsonResponse({
        tokens: tokens.map((token) => ({
          token_id: token.tokenId,
          recipient: token.recipient,
          purpose: token.purpose,
          policy: token.policy,
          state: token.state,
          expires_at: token.expiresAt,
          exports: token.exports,
        })),
      });
    },
  });
}

function revokeTokenEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/tokens/{id}/revoke',
    id: 'revokeToken',
    access: 'operator',
    summary: 'Revoke a token, from its next use on',
    path: z.strictObject({ id: foreignIdShape }),
    body: z.strictObject({ reason: sentence }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Where the revocation is', content: anyObject },
    problems: [400, 404],
    answer: async ({ path, body }) => {
      const { offset } = await administration.revokeToken(path.id, body.reason);
      return jsonResponse({ offset });
    },
  });
}

function auditEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/audit',
    id: 'auditAll',
    access: 'operator',
    summary: 'All access records, newest first',
    query: auditQuery,
    success: { status: 200, description: 'Access records', content: auditAnswerShape },
    problems: [400],
    answer: async ({ query }) =>
      jsonResponse(
        auditAnswerJson(
          await administration.auditAll({
            limit: query.limit,
            ...(query.before === undefined ? {} : { before: query.before }),
          }),
        ),
      ),
  });
}

function checkLogEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/log/check',
    id: 'checkLog',
    access: 'operator',
    summary: 'Read the whole log again and sign a checkpoint of it',
    success: { status: 200, description: 'What was found', content: anyObject },
    problems: [],
    answer: async () => {
      const check = await administration.checkLog();
      return jsonResponse({
        records: check.records,
        root: check.root,
        checkpoint: check.checkpoint,
        recoveries: check.recoveries.map((recovery) => ({
          offset: recovery.offset,
          reason: recovery.reason,
          discarded_bytes: recovery.discardedBytes,
        })),
        damaged: check.damaged.map(({ file, offset, position }) => ({ file, offset, position })),
      });
    },
  });
}

function statusEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/status',
    id: 'getStatus',
    access: 'operator',
    summary: 'Tenant, position and tables',
    success: { status: 200, description: 'Status', content: anyObject },
    problems: [],
    answer: async () => {
      const { tenant, position, tables } = await administration.status();
      return jsonResponse({ tenant, position, tables });
    },
  });
}
