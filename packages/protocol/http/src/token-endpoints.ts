/** Tokens: issued, listed, explained and revoked by the operator; cut by whoever holds one. */

import { rowPredicate } from '@veritydb/access';
import type { Administration, Gateway, IssuedToken, TokenRequest } from '@veritydb/disclosure';
import { type JsonObject, isJsonObject } from '@veritydb/types';
import { z } from 'zod';

import { columnJson } from './answers.ts';
import {
  type Endpoint,
  defineEndpoint,
  jsonResponse,
  parseInput,
  requireSession,
} from './endpoint.ts';
import { foreignIdShape } from './requests.ts';

const BODY_SIZE_MAX = 256 * 1024;
const name = z.string().min(1).max(128);
const sentence = z.string().min(1).max(500);
const anyObject = z.looseObject({});
const tokenText = z.string().min(1).max(8192);
const action = z.enum(['schema', 'query', 'export', 'verify', 'audit']);
/** Table → condition. Its depth is of no use to a document: the shape is checked when it is read. */
const conditions = z.record(name, z.looseObject({}));
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export function tokenEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    issueTokenEndpoint(administration),
    listTokensEndpoint(administration),
    revokeTokenEndpoint(administration),
    introspectEndpoint(administration),
    explainEndpoint(administration),
    renewKeyEndpoint(administration),
  ];
}

const tokenBody = z.strictObject({
  recipient: name,
  purpose: sentence,
  policy: name,
  actions: z.array(action).min(1),
  tables: z.record(name, z.union([z.literal('*'), z.array(name).min(1)])),
  lifetime_seconds: z.int().min(1),
  max_rows: z.int().min(1).optional(),
  max_exports: z.int().min(1).optional(),
  max_queries: z.int().min(1).optional(),
  rows: conditions.optional(),
  period: z.strictObject({ from: name.optional(), before: name.optional() }).optional(),
  as_of: z.int().min(0).optional(),
  aggregate_only: z.boolean().optional(),
  key_thumbprint: thumbprint.optional(),
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
    ...(body.rows === undefined ? {} : { rows: readConditions(body.rows) }),
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

/** RFC 7662. A token that may not be used is told from no other text. */
function introspectEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/tokens/introspect',
    id: 'introspectToken',
    access: 'operator',
    summary: 'What a token says, and whether it may be used now (RFC 7662)',
    body: z.strictObject({ token: tokenText }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'What it says', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const grant = await administration.introspectToken(body.token);
      if (grant === null) return jsonResponse({ active: false });
      const { keyThumbprint } = grant;
      return jsonResponse({
        active: true,
        token_type: keyThumbprint === null ? 'Bearer' : 'DPoP',
        scope: [...grant.actions].map((each) => `verity:${each}`).join(' '),
        client_id: grant.clientId,
        sub: grant.recipient,
        iss: grant.issuer,
        aud: grant.audience,
        iat: grant.issuedAtSeconds,
        nbf: grant.notBeforeSeconds,
        exp: grant.expiresAtSeconds,
        jti: grant.tokenId,
        purpose: grant.purpose,
        policy: grant.policyName,
        ...(keyThumbprint === null ? {} : { cnf: { jkt: keyThumbprint } }),
      });
    },
  });
}

function explainEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/tokens/explain',
    id: 'explainToken',
    access: 'operator',
    summary: 'What a token would see now',
    body: z.strictObject({ token: tokenText }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Tables, columns, counts of rows', content: anyObject },
    problems: [400, 403, 404],
    answer: async ({ body }) => {
      const answer = await administration.explainToken(body.token);
      return jsonResponse({
        token_id: answer.tokenId,
        recipient: answer.recipient,
        purpose: answer.purpose,
        policy: { ...answer.policy },
        answers: answer.answers,
        expires_at: answer.expiresAt,
        tables: answer.tables.map((table) => ({
          name: table.name,
          rows: table.rows,
          columns: table.columns.map(columnJson),
        })),
      });
    },
  });
}

function renewKeyEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/tokens/renew-key',
    id: 'renewTokenKey',
    access: 'operator',
    summary: 'Sign tokens with a new key; retiring the ones before ends every token under them',
    body: z.strictObject({ retire: z.boolean() }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'The public keys (RFC 7517)', content: anyObject },
    problems: [400],
    answer: async ({ body }) => {
      const keys = await administration.renewTokenKey(body.retire);
      return jsonResponse(isJsonObject(keys) ? keys : { keys: [] });
    },
  });
}

/** @throws {HttpError} ERR_HTTP_REQUEST */
function readConditions(
  rows: z.output<typeof conditions>,
): Readonly<Record<string, z.output<typeof rowPredicate>>> {
  return parseInput(z.record(name, rowPredicate), rows, 'body');
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * RFC 8693, in JSON as this API is, and with the subject token where every token stands here: in the
 * Authorization header.
 */
export function exchangeEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/v1/token-exchange',
    id: 'exchangeToken',
    access: 'token',
    summary: 'Cut a token that may do less (RFC 8693)',
    description:
      'The token that is cut is the one in the Authorization header. The new one is for the same recipient, purpose and policy; what it spends, both spend, and it ends with the other.',
    body: z.strictObject({
      grant_type: z.literal(GRANT_TYPE),
      actions: z.array(action).min(1).optional(),
      tables: z.record(name, z.union([z.literal('*'), z.array(name).min(1)])).optional(),
      rows: conditions.optional(),
      period: z.strictObject({ from: name.optional(), before: name.optional() }).optional(),
      as_of: z.int().min(0).optional(),
      aggregate_only: z.boolean().optional(),
      max_rows: z.int().min(1).optional(),
      max_exports: z.int().min(1).optional(),
      max_queries: z.int().min(1).optional(),
      expires_at: z.iso.datetime().optional(),
      key_thumbprint: thumbprint.optional(),
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'The token (RFC 8693 §2.2)', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }, session) => {
      const { expires_at: expires } = body;
      const issued = await gateway.exchange(requireSession(session), {
        actions: body.actions,
        tables: body.tables,
        rows: body.rows === undefined ? undefined : readConditions(body.rows),
        period: body.period,
        asOf: body.as_of,
        aggregateOnly: body.aggregate_only,
        maxRows: body.max_rows,
        maxExports: body.max_exports,
        maxQueries: body.max_queries,
        keyThumbprint: body.key_thumbprint,
        expiresAtSeconds:
          expires === undefined ? undefined : Math.floor(Date.parse(expires) / 1000),
      });
      return jsonResponse(exchangedJson(issued));
    },
  });
}

function exchangedJson({ token, tokenId, type, expiresAt }: IssuedToken): JsonObject {
  return {
    access_token: token,
    issued_token_type: TOKEN_TYPE,
    token_type: type,
    token_id: tokenId,
    expires_at: expiresAt,
  };
}
