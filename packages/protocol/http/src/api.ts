/**
 * The HTTP door: hono routes over the gateway and, for the operator, the administration.
 *
 * Invariants: every data route authenticates anew; every failure is a problem (RFC 9457); nothing that
 * holds data may be stored by a cache, hashes of the tree may; without `operator` there are no /admin routes at all.
 */

import type { Administration, Gateway, Session } from '@veritydb/disclosure';
import { type Context, Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { routePath } from 'hono/route';
import { z } from 'zod';

import { assertNoTokenInQuery, authenticate, isOperator } from './bearer.ts';
import { readJson } from './body.ts';
import { DOCS_CONTENT_SECURITY_POLICY, buildDocsPage } from './docs-page.ts';
import { type Endpoint, jsonResponse, parseInput, queryMembers } from './endpoint.ts';
import { HttpError } from './error.ts';
import { publishEndpoint } from './log-endpoints.ts';
import type { AuthorizationServer } from './oauth/authorization-server.ts';
import { offerEndpoint } from './oauth/offer-endpoint.ts';
import { buildOpenApiDocument } from './openapi.ts';
import { operatorEndpoints } from './operator-endpoints.ts';
import { type Challenge, problemResponse, statusOf } from './problem.ts';
import { publicEndpoints } from './public-endpoints.ts';
import { type RateLimiter, type RateState, rateLimited, setRateHeaders } from './rate-limit.ts';
import { recipientEndpoints } from './recipient-endpoints.ts';
import { noteRoute } from './request-facts.ts';
import { type PublishedLog, addTileRoutes } from './tile-routes.ts';

export interface HttpApiOptions {
  readonly gateway: Gateway;
  readonly publication: PublishedLog;
  /** Only for callers that may administer at all, such as those from loopback; null leaves /admin out. */
  readonly operator: {
    readonly administration: Administration;
    readonly secret: string;
    /** Publishes a checkpoint now, and tells whether it did; null where nothing publishes. */
    readonly publish: (() => Promise<boolean>) | null;
  } | null;
  /** Lets people let programs in: our own, or the address of another that gives out tokens of ours. */
  readonly authorization?: AuthorizationServer | string | null;
  /** How often a token may call; absent: as often as it likes. */
  readonly rateLimiter?: RateLimiter;
  readonly version: string;
  /** Scheme and authority under which callers reach this server, without a slash at the end. */
  readonly publicUrl: string;
  /** Gets what the caller is not told: the cause of a 500. */
  readonly onInternalError: (error: unknown) => void;
}

const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cache-control', 'no-store'],
];

const NOTHING = z.strictObject({});

/** Where the metadata of the MCP endpoint stand (RFC 9728 §3.1). */
export function resourceMetadataUrl(publicUrl: string): string {
  return `${publicUrl}/.well-known/oauth-protected-resource/mcp`;
}

export function buildHttpApi(options: HttpApiOptions): Hono {
  const { gateway, operator, version, publicUrl, authorization = null } = options;
  const own = typeof authorization === 'string' ? null : authorization;
  const documented = [
    ...publicEndpoints({
      gateway,
      version,
      resourceUrl: `${publicUrl}/mcp`,
      docsUrl: `${publicUrl}/docs`,
      authorizationServer: typeof authorization === 'string' ? authorization : own && publicUrl,
    }),
    ...recipientEndpoints(gateway),
  ];
  const endpoints =
    operator === null
      ? documented
      : [
          ...documented,
          ...operatorEndpoints(operator.administration),
          publishEndpoint(operator.publish, options.publication),
          ...(own === null ? [] : [offerEndpoint(own)]),
        ];

  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    const route = routePath(context, -1);
    if (route !== '*' && route !== '/*') noteRoute(context.req.raw, route);
    for (const [name, value] of SECURITY_HEADERS) {
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    }
  });
  app.use(methodNotAllowed({ app, onMethodNotAllowed }));
  app.use(async (context, next) => {
    assertNoTokenInQuery(new URL(context.req.url));
    await next();
  });
  for (const endpoint of endpoints) {
    const path = endpoint.route.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(endpoint.method.toUpperCase(), path, async (context) =>
      serveEndpoint(endpoint, context, options),
    );
  }
  addDocuments(app, documented, options);
  addTileRoutes(app, options);
  own?.addRoutes(app);
  app.notFound(() => problemResponse(pathUnknown()));
  app.onError((error) => failureResponse(error, options));
  return app;
}

function addDocuments(app: Hono, documented: readonly Endpoint[], options: HttpApiOptions): void {
  const { version, publicUrl } = options;
  const document = buildOpenApiDocument(documented, { version, publicUrl });
  const page = buildDocsPage(document);
  app.get('/openapi.json', () => jsonResponse(document));
  app.get(
    '/docs',
    () =>
      new Response(page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': DOCS_CONTENT_SECURITY_POLICY,
        },
      }),
  );
}

async function serveEndpoint(
  endpoint: Endpoint,
  context: Context,
  options: HttpApiOptions,
): Promise<Response> {
  const { rateLimiter = null } = options;
  let rate: RateState | null = null;
  const response = await answerEndpoint(endpoint, context, options, (tokenId) => {
    rate = rateLimiter?.admit(tokenId) ?? null;
    if (rate !== null && rate.waitMs > 0) throw rateLimited('this token asks too often', rate);
  });
  if (rateLimiter !== null && rate !== null) {
    setRateHeaders(response.headers, rateLimiter.limit, rate);
  }
  return response;
}

async function answerEndpoint(
  endpoint: Endpoint,
  context: Context,
  options: HttpApiOptions,
  assertRate: (tokenId: string) => void,
): Promise<Response> {
  try {
    const request = context.req.raw;
    const session = await admit(endpoint, request, options);
    if (session !== null) assertRate(session.tokenId);
    const url = new URL(request.url);
    const path = parseInput(endpoint.path ?? NOTHING, context.req.param(), 'path');
    const query = parseInput(endpoint.query ?? NOTHING, queryMembers(url), 'query');
    const body =
      endpoint.body === undefined
        ? undefined
        : parseInput(endpoint.body, await readJson(request, endpoint.bodySizeMax ?? 0), 'body');
    return await endpoint.answer({ path, query, body, headers: request.headers }, session);
  } catch (error) {
    const { access } = endpoint;
    if (access === 'public' || access === 'operator') return failureResponse(error, options);
    return failureResponse(error, options, {
      resourceMetadataUrl: resourceMetadataUrl(options.publicUrl),
      scope: access === 'token' ? null : `verity:${access}`,
    });
  }
}

function failureResponse(error: unknown, options: HttpApiOptions, challenge?: Challenge): Response {
  if (statusOf(error) === 500) options.onInternalError(error);
  return problemResponse(error, challenge);
}

async function admit(
  endpoint: Endpoint,
  request: Request,
  options: HttpApiOptions,
): Promise<Session | null> {
  if (endpoint.access === 'public') return null;
  if (endpoint.access !== 'operator') return authenticate(options.gateway, request, 'http');
  if (options.operator === null) throw pathUnknown();
  assertOperator(request, options.operator.secret);
  return null;
}

function assertOperator(request: Request, secret: string): void {
  if (isOperator(request, secret)) return;
  throw new HttpError('ERR_HTTP_OPERATOR', 'the operator secret is wrong', {
    hint: 'It stands in the file operator.secret of the data folder.',
  });
}

function pathUnknown(): HttpError {
  return new HttpError('ERR_HTTP_PATH_UNKNOWN', 'there is nothing at this path', {
    hint: 'See /docs for what there is.',
  });
}

function onMethodNotAllowed(_context: Context, methods: string[]): Response {
  const allowed = methods.join(', ');
  const error = new HttpError('ERR_HTTP_METHOD', 'this path does not take that method', {
    hint: `Use one of: ${allowed}.`,
  });
  const response = problemResponse(error);
  response.headers.set('allow', allowed);
  return response;
}
