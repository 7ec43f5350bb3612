/**
 * Revision 2026-07-28, which has no sessions and no handshake: @modelcontextprotocol/server. A server for
 * each request, whose answer is JSON: nothing is sent before it, so no stream is opened.
 */

import {
  type McpHttpHandler,
  ProtocolError,
  Server,
  createMcpHandler,
} from '@modelcontextprotocol/server';
import { type JsonObject, assert } from '@veritydb/types';

import { Door } from './door.ts';
import { CAPABILITIES, type ServerFacts } from './server-facts.ts';
import { spelled, spelledAnswer } from './spelled.ts';

/** Lists are of a token, and are the same as long as it is: a client need not ask again at once. */
const LIST_TTL_MS = 60_000;
const LISTS = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const;
const CACHE_HINTS = {
  'tools/list': LISTS,
  'prompts/list': LISTS,
  'resources/list': LISTS,
  'resources/templates/list': LISTS,
  'resources/read': { ttlMs: 0, cacheScope: 'private' },
  'server/discover': LISTS,
} as const;

export type Serve2026 = (request: Request, message: JsonObject, door: Door) => Promise<Response>;

export function build2026(facts: ServerFacts): Serve2026 {
  const handler: McpHttpHandler = createMcpHandler(
    ({ authInfo }) => {
      const door = authInfo?.extra?.['door'];
      assert(door instanceof Door, 'a request was not admitted');
      return buildServer(door, facts);
    },
    // Nothing that this server lists changes while a client looks: there is nothing to subscribe to.
    { legacy: 'reject', maxSubscriptions: 0 },
  );
  return async (request, message, door) =>
    // The token itself goes no further than the gate.
    handler.fetch(request, {
      parsedBody: message,
      authInfo: { token: '', clientId: '', scopes: [], extra: { door } },
    });
}

function buildServer(door: Door, { instructions, name, title, version }: ServerFacts): Server {
  const server = new Server(
    { name, title, version },
    { capabilities: CAPABILITIES, instructions, cacheHints: CACHE_HINTS },
  );
  server.setRequestHandler('tools/list', () => spelled(door.listTools()));
  server.setRequestHandler('tools/call', async ({ params }) =>
    answered(async () => door.callTool(params.name, params.arguments ?? {})),
  );
  server.setRequestHandler('resources/list', () => spelled(door.listResources()));
  server.setRequestHandler('resources/templates/list', () => spelled(door.listResourceTemplates()));
  server.setRequestHandler('resources/read', async ({ params }) =>
    answered(async () => door.readResource(params.uri)),
  );
  server.setRequestHandler('prompts/list', () => spelled(door.listPrompts()));
  server.setRequestHandler('prompts/get', async ({ params }) =>
    answered(async () => door.getPrompt(params.name, params.arguments)),
  );
  server.setRequestHandler('completion/complete', async ({ params }) =>
    answered(async () => door.complete(params.ref, params.argument.name, params.argument.value)),
  );
  return server;
}

async function answered(answer: () => Promise<object>): Promise<never> {
  return spelledAnswer(answer, ({ code, message, data }) => new ProtocolError(code, message, data));
}
