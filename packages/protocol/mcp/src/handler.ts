/**
 * The MCP door over Streamable HTTP, for `@modelcontextprotocol/sdk` 1.32 (revisions up to 2025-11-25):
 * stateless, one server for each request, JSON answers.
 *
 * Order, outermost first: Host and Origin; method, type and size; token; message; rate; scope; tool.
 * What comes before the message is refused over HTTP (RFC 9457); what a model can mend, in band.
 */

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  type ListToolsResult,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import type { Gateway, Session } from '@veritydb/disclosure';
import {
  type AllowedPlaces,
  HttpError,
  assertAllowedPlace,
  assertJsonDeclared,
  assertNoTokenInQuery,
  authenticate,
  problemResponse,
  readJson,
  resourceMetadataUrl,
  statusOf,
} from '@veritydb/http';
import { type JsonObject, type JsonValue, assert, isJsonObject } from '@veritydb/types';

import { McpDoorError } from './error.ts';
import { type RateLimit, createRateLimiter } from './rate-limit.ts';
import { buildAnswer, buildFailure } from './result.ts';
import type { Tool } from './tool.ts';
import { INSTRUCTIONS, TOOLS, toolsFor } from './tools.ts';

export interface McpHandlerOptions {
  readonly gateway: Gateway;
  /** Scheme and authority under which callers reach this server; the endpoint is `/mcp` there. */
  readonly publicUrl: string;
  readonly allowed: AllowedPlaces;
  readonly version: string;
  /** Unguessable, at least 128 bits, of printable characters without spaces. */
  readonly randomId: () => string;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  /** Gets what the caller is not told: the cause of an internal error. */
  readonly onInternalError: (error: unknown) => void;
  /** Tool calls of each token; 60 a minute with bursts of 20 when absent. */
  readonly rateLimit?: RateLimit;
}

export type McpHandler = (request: Request) => Promise<Response>;

const BODY_SIZE_MAX = 256 * 1024;
const RATE_LIMIT: RateLimit = { perMinute: 60, burst: 20 };
const MINIMAL_SCOPE = 'verity:schema verity:query';

/** Compiles schemas, which is slow, once for all servers. */
const VALIDATOR: AjvJsonSchemaValidator = new AjvJsonSchemaValidator();

/** What a request may do: who asks, and how long its tool call must wait (0: not at all). */
interface Admission {
  readonly session: Session;
  readonly waitMs: number;
}

export function buildMcpHandler(options: McpHandlerOptions): McpHandler {
  const limiter = createRateLimiter(options.rateLimit ?? RATE_LIMIT, options.nowMs);
  return async (request) => {
    let scope = MINIMAL_SCOPE;
    try {
      if (request.method !== 'POST') return methodRefused(request, options);
      assertPlace(request, options);
      assertJsonDeclared(request, BODY_SIZE_MAX);
      const session = await authenticate(options.gateway, request, 'mcp-http');
      const message = requireMessage(await readJson(request, BODY_SIZE_MAX));
      const call = toolCallOf(message);
      if (call === 'malformed') return malformedCall(message);
      const waitMs = call === null ? 0 : limiter.admit(session.tokenId);
      if (call?.tool !== undefined && waitMs === 0 && !session.actions.has(call.tool.action)) {
        scope = `verity:${call.tool.action}`;
        await refuseScope(options.gateway, session, call.tool, call.given);
      }
      return await answerMessage(request, message, { session, waitMs }, options);
    } catch (error) {
      if (statusOf(error) === 500) options.onInternalError(error);
      const challenge = { resourceMetadataUrl: resourceMetadataUrl(options.publicUrl), scope };
      return withSecurityHeaders(problemResponse(error, challenge));
    }
  };
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
    code: ErrorCode.InvalidParams,
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
async function refuseScope(
  gateway: Gateway,
  session: Session,
  tool: Tool,
  given: JsonValue,
): Promise<never> {
  let refused = false;
  try {
    await tool.call(gateway, session, given);
  } catch (error) {
    if (statusOf(error) >= 500) throw error;
    refused = true;
  }
  assert(refused, 'the gateway answered a call without its scope');
  throw new McpDoorError('ERR_MCP_SCOPE', `the token does not allow ${tool.name}`, {
    hint: 'Use the tools that tools/list shows, or ask the operator for a token with this scope.',
  });
}

async function answerMessage(
  request: Request,
  message: JsonObject,
  admission: Admission,
  options: McpHandlerOptions,
): Promise<Response> {
  const server = buildServer(admission, options);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return withSecurityHeaders(await transport.handleRequest(request, { parsedBody: message }));
  } finally {
    await server.close();
  }
}

function withSecurityHeaders(response: Response): Response {
  response.headers.set('cache-control', 'no-store');
  response.headers.set('x-content-type-options', 'nosniff');
  return response;
}

/** A server that shows the tools of one token, for one request. */
function buildServer(admission: Admission, options: McpHandlerOptions): Server {
  const server = new Server(
    { name: 'veritydb', title: 'VerityDB', version: options.version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS, jsonSchemaValidator: VALIDATOR },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => listTools(admission.session));
  server.setRequestHandler(CallToolRequestSchema, async (call) => {
    const tool = TOOLS.find((candidate) => candidate.name === call.params.name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, 'there is no such tool');
    return (await callTool(
      tool,
      call.params.arguments ?? {},
      admission,
      options,
    )) as unknown as CallToolResult;
  });
  return server;
}

function listTools(session: Session): ListToolsResult {
  const tools = toolsFor(session.actions).map((tool) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema,
    annotations: tool.annotations,
  }));
  return { tools } as unknown as ListToolsResult;
}

async function callTool(
  tool: Tool,
  given: unknown,
  { session, waitMs }: Admission,
  options: McpHandlerOptions,
): Promise<ReturnType<typeof buildFailure>> {
  try {
    if (waitMs > 0) {
      throw new McpDoorError('ERR_MCP_RATE_LIMITED', 'this token calls tools too often', {
        hint: 'Wait, then call again; ask for more in one query instead of many.',
        retryAfterMs: waitMs,
      });
    }
    const answer = await tool.call(options.gateway, session, given);
    return buildAnswer(tool, answer, options.randomId());
  } catch (error) {
    if (statusOf(error) === 500) options.onInternalError(error);
    return buildFailure(error);
  }
}
