/**
 * The MCP door over Streamable HTTP, for every revision of the protocol at one address: stateless, one
 * server for each request, JSON answers.
 *
 * Order, outermost first (an address without a token that holds has a limit before all of it): Host and Origin; method, type and size; token; message; rate; scope; generation;
 * tool. What comes before the message is refused over HTTP (RFC 9457); what a model can mend, in band.
 */

import { isLegacyRequest } from '@modelcontextprotocol/server';
import {
  type AllowedPlaces,
  HttpError,
  type RateLimit,
  type RateState,
  assertAllowedPlace,
  assertJsonDeclared,
  assertNoTokenInQuery,
  authenticate,
  createRateLimiter,
  problemResponse,
  readJson,
  resourceMetadataUrl,
  setRateHeaders,
  statusOf,
} from '@veritydb/http';
import { type JsonObject, type JsonValue, assert, isJsonObject } from '@veritydb/types';

import { serve2025 } from './adapter-2025.ts';
import { type Serve2026, build2026 } from './adapter-2026.ts';
import { createCursors } from './cursor.ts';
import { type Admission, Door, type DoorOptions } from './door.ts';
import { McpDoorError } from './error.ts';
import { type ServerFacts, serverFacts } from './server-facts.ts';
import type { Tool, ToolContext } from './tool.ts';
import { TOOLS } from './tools.ts';

export interface McpHandlerOptions extends Omit<DoorOptions, 'cursors'> {
  /** Scheme and authority under which callers reach this server; the endpoint is `/mcp` there. */
  readonly publicUrl: string;
  readonly allowed: AllowedPlaces;
  readonly version: string;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  /** Calls of each token that read something; 60 a minute with bursts of 20 when absent. */
  readonly rateLimit?: RateLimit;
}

export type McpHandler = (request: Request) => Promise<Response>;

const BODY_SIZE_MAX = 256 * 1024;
const RATE_LIMIT: RateLimit = { perMinute: 60, burst: 20 };
const MINIMAL_SCOPE = 'verity:schema verity:query';

/** Methods that read something for whoever asks, beside `tools/call`. */
const READING: ReadonlySet<unknown> = new Set(['resources/read', 'completion/complete']);
/** JSON-RPC 2.0 §5.1. */
const INVALID_PARAMS = -32_602;

export function buildMcpHandler(options: McpHandlerOptions): McpHandler {
  return buildGate(options, (door, admission) => new Door(door, admission));
}

/** The gate before any door: the conformance suites ask for tools of their own behind it. */
export function buildGate(
  options: McpHandlerOptions,
  openDoor: (options: DoorOptions, admission: Admission) => Door,
): McpHandler {
  const limiter = createRateLimiter(options.rateLimit ?? RATE_LIMIT, options.nowMs);
  const doorOptions = { ...options, cursors: createCursors(options.randomId) };
  const facts = serverFacts(options.version);
  const generations: Generations = { facts, serve2026: build2026(facts) };
  return async (request) => {
    let scope = MINIMAL_SCOPE;
    let rate: RateState | null = null;
    const finished = (response: Response): Response => {
      if (rate !== null) setRateHeaders(response.headers, limiter.limit, rate);
      return withSecurityHeaders(response);
    };
    try {
      if (request.method !== 'POST') return methodRefused(request, options);
      assertPlace(request, options);
      assertJsonDeclared(request, BODY_SIZE_MAX);
      const session = await authenticate(options.gateway, request, 'mcp-http');
      const message = requireMessage(await readJson(request, BODY_SIZE_MAX));
      const call = toolCallOf(message);
      if (call === 'malformed') return malformedCall(message);
      const isReading = call !== null || READING.has(message['method']);
      rate = isReading ? limiter.admit(session.tokenId) : null;
      const waitMs = rate?.waitMs ?? 0;
      if (call?.tool !== undefined && waitMs === 0 && !session.actions.has(call.tool.action)) {
        scope = `verity:${call.tool.action}`;
        await refuseScope({ ...doorOptions, session }, call.tool, call.given);
      }
      const door = openDoor(doorOptions, { session, waitMs });
      return finished(await serve(request, message, door, generations));
    } catch (error) {
      if (statusOf(error) === 500) options.onInternalError(error);
      const challenge = { resourceMetadataUrl: resourceMetadataUrl(options.publicUrl), scope };
      return finished(problemResponse(error, challenge));
    }
  };
}

interface Generations {
  readonly facts: ServerFacts;
  readonly serve2026: Serve2026;
}

async function serve(
  request: Request,
  message: JsonObject,
  door: Door,
  { facts, serve2026 }: Generations,
): Promise<Response> {
  return (await isLegacyRequest(request, message))
    ? serve2025(request, message, door, facts)
    : serve2026(request, message, door);
}

function assertPlace(request: Request, options: McpHandlerOptions): void {
  assertAllowedPlace(request, options.allowed);
  assertNoTokenInQuery(new URL(request.url));
}

/** No session and no stream from the server: so neither GET nor DELETE has a meaning here. */
function methodRefused(request: Request, options: McpHandlerOptions): Response {
  assertPlace(request, options);
  const response = problemResponse(
    new HttpError('ERR_HTTP_METHOD', 'the MCP endpoint takes POST alone', {
      hint: 'This server is stateless: it offers no event stream and keeps no session.',
    }),
  );
  response.headers.set('allow', 'POST');
  return withSecurityHeaders(response);
}

function requireMessage(body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body;
  throw new HttpError('ERR_HTTP_REQUEST', 'the body is not one JSON-RPC message', {
    hint: 'Send one message in each request; batches left the protocol in revision 2025-06-18.',
  });
}

interface ToolCall {
  /** Absent when there is no tool of that name. */
  readonly tool: Tool | undefined;
  readonly given: JsonValue;
}

function toolCallOf(message: JsonObject): ToolCall | 'malformed' | null {
  if (message['method'] !== 'tools/call' || message['id'] === undefined) return null;
  const params = message['params'];
  if (!isJsonObject(params) || typeof params['name'] !== 'string') return 'malformed';
  const given = params['arguments'] ?? {};
  if (!isJsonObject(given)) return 'malformed';
  return { tool: TOOLS.find((tool) => tool.name === params['name']), given };
}

function malformedCall(message: JsonObject): Response {
  const id = message['id'];
  const error = {
    code: INVALID_PARAMS,
    message: 'tools/call takes params {"name": text, "arguments": object}',
  };
  const echoed = typeof id === 'string' || typeof id === 'number' ? id : null;
  const response = new Response(JSON.stringify({ jsonrpc: '2.0', id: echoed, error }), {
    headers: { 'content-type': 'application/json' },
  });
  return withSecurityHeaders(response);
}

/**
 * A call without its scope: the gateway refuses it and records the denial; this door then spells the
 * refusal as the protocol wants it. Nothing that the gateway might answer would leave.
 */
async function refuseScope(context: ToolContext, tool: Tool, given: JsonValue): Promise<never> {
  let refused = false;
  try {
    await tool.call(context, given);
  } catch (error) {
    if (statusOf(error) >= 500) throw error;
    refused = true;
  }
  assert(refused, 'the gateway answered a call without its scope');
  throw new McpDoorError('ERR_MCP_SCOPE', `the token does not allow ${tool.name}`, {
    hint: 'Use the tools that tools/list shows, or ask the operator for a token with this scope.',
  });
}

function withSecurityHeaders(response: Response): Response {
  response.headers.set('cache-control', 'no-store');
  response.headers.set('x-content-type-options', 'nosniff');
  return response;
}
