/**
 * One tools/call: token, scope, policy, two durable records and ten rows, against a bare server of the
 * same SDK and transport with a tool that does nothing. Both in this process, 32 calls under way.
 */

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

const PUBLIC_URL = 'http://127.0.0.1:7420';
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
    const token = await issueToken();
    const handler = buildMcpHandler({
      gateway: database.gateway,
      publicUrl: PUBLIC_URL,
      allowed: allowedPlaces(new URL(PUBLIC_URL), 7420),
      version: '0.0.0',
      randomId: () => bytesToHex(systemRandom.bytes(16)),
      nowMs: () => performance.now(),
      onInternalError: (error) => {
        throw error;
      },
      rateLimit: { perMinute: 1e9, burst: 1e9 },
    });
    const call = toolCall(token);
    return {
      ours: { run: async () => callAll(handler, call) },
      peer: { run: async () => callAll(bareHandler, call) },
      close: () => {
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

function toolCall(token: string): () => Request {
  const params = { name: 'verity_query', arguments: { sql: SQL } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  return () =>
    new Request(`${PUBLIC_URL}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body,
    });
}

async function callAll(handler: Handler, call: () => Request): Promise<number> {
  const calls = Array.from({ length: CALL_COUNT }, () => call);
  return runWriters(calls, CALLS_AT_ONCE, async (toRequest) => {
    const response = await handler(toRequest());
    const text = await response.text();
    const answer = JSON.parse(text) as { readonly result?: { readonly isError?: boolean } };
    if (answer.result === undefined || answer.result.isError === true) throw new Error(text);
  });
}
