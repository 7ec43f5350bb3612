/**
 * One tools/call as a client knows it: the SDK's client, a request over the loopback, the server, the
 * answer read back. Ours takes the token, scope, policy, ten rows and two durable records; the peer is a
 * bare server of the same SDK, transport and HTTP server, with a tool that does nothing. All in this
 * process, 32 calls under way.
 */

import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createAdaptorServer } from '@hono/node-server';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { allowedPlaces } from '@veritydb/http';
import { buildMcpHandler } from '@veritydb/mcp';
import { systemRandom } from '@veritydb/runtime';
import { bytesToHex } from '@veritydb/types';

import type { Benchmark } from '../benchmark.ts';
import { openClinic } from '../clinic.ts';
import { runWriters } from '../writers.ts';

const CALL_COUNT = 384;
const CALLS_AT_ONCE = 32;
const SQL = 'SELECT id, birthdate, gender, state, zip FROM patients LIMIT 10';

type Handler = (request: Request) => Promise<Response>;

export const mcpCall: Benchmark = {
  name: 'mcp-call',
  ours: 'tools/call verity_query, 10 rows',
  peer: 'bare SDK server, tool without work',
  unit: 'call',
  clock: 'wall',
  goal: { of: 'ratio', floor: 0.5, stretch: 0.8 },
  async open(folder) {
    const { database, issueToken } = await openClinic(folder, 50);
    const ours = await serve((url) =>
      buildMcpHandler({
        gateway: database.gateway,
        publicUrl: url.origin,
        allowed: allowedPlaces(url, Number(url.port)),
        version: '0.0.0',
        randomId: () => bytesToHex(systemRandom.bytes(16)),
        nowMs: () => performance.now(),
        onInternalError: (error) => {
          throw error;
        },
        rateLimit: { perMinute: 1e9, burst: 1e9 },
      }),
    );
    const bare = await serve(() => bareHandler);
    const token = await issueToken();
    return {
      ours: { run: async () => callAll(ours.url, token) },
      peer: { run: async () => callAll(bare.url, null) },
      close: () => {
        for (const { server } of [ours, bare]) {
          server.closeAllConnections();
          server.close();
        }
        database.close();
      },
    };
  },
};

const VALIDATOR = new AjvJsonSchemaValidator();

async function bareHandler(request: Request): Promise<Response> {
  const server = new Server(
    { name: 'bare', version: '0.0.0' },
    { capabilities: { tools: {} }, jsonSchemaValidator: VALIDATOR },
  );
  server.setRequestHandler(CallToolRequestSchema, () => ({
    content: [{ type: 'text', text: 'done' }],
  }));
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(request);
  } finally {
    await server.close();
  }
}

interface Served {
  readonly server: HttpServer;
  /** Of the endpoint. */
  readonly url: URL;
}

/** Serves a handler, which may have to know where it is served. */
async function serve(build: (url: URL) => Handler): Promise<Served> {
  let handler: Handler | null = null;
  const server = createAdaptorServer({
    fetch: async (request) => (handler as Handler)(request),
    createServer,
  }) as HttpServer;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  handler = build(url);
  return { server, url };
}

/** A client for each round, whose handshake is among what is timed: one call in a hundred. */
async function callAll(url: URL, token: string | null): Promise<number> {
  const client = new Client({ name: 'bench', version: '0.0.0' });
  const headers: Record<string, string> =
    token === null ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const calls = Array.from({ length: CALL_COUNT }, () => ({
    name: 'verity_query',
    arguments: { sql: SQL },
  }));
  const count = await runWriters(calls, CALLS_AT_ONCE, async (call) => {
    const answer = await client.callTool(call);
    if (answer.isError === true) throw new Error(JSON.stringify(answer.content));
  });
  await client.close();
  return count;
}
