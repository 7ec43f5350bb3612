/**
 * One address, every revision of the protocol: the clients of both SDKs do the same walk through the real
 * gate, and get the same answers.
 */

import { randomBytes } from 'node:crypto';

import {
  Client as Client2026,
  StreamableHTTPClientTransport as Transport2026,
} from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport2025 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { allowedPlaces } from '@veritydb/http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type Loopback, serveLoopback } from '../../http/test/loopback.ts';
import { type MemoryHouse, furnishedHouse } from '../../http/test/memory-house.ts';
import { type McpHandler, buildMcpHandler } from '../src/index.ts';

const ALL = ['schema', 'query', 'export', 'verify', 'audit'] as const;
const ID = '00112233445566778899aabbccddeeff';
const REVISION = '2026-07-28';

let house: MemoryHouse;
let loopback: Loopback;
let handler: McpHandler;
let nowMs = 0;

beforeEach(async () => {
  house = furnishedHouse();
  nowMs = 0;
  loopback = await serveLoopback(async (request) => handler(request));
  handler = buildMcpHandler({
    gateway: house.gateway,
    publicUrl: loopback.url,
    allowed: allowedPlaces(new URL(loopback.url), loopback.port),
    version: '1.2.3',
    randomId: () => randomBytes(16).toString('hex'),
    nowMs: () => nowMs,
    onInternalError: (error) => {
      throw error;
    },
  });
});

afterEach(async () => loopback.close());

/** What both clients can do: the walk. */
interface Walker {
  listTools(): Promise<{ tools: readonly { name: string }[] }>;
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<{
    isError?: boolean;
    structuredContent?: unknown;
    content?: unknown;
  }>;
  listResources(): Promise<{ resources: readonly { uri: string }[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: readonly { uriTemplate: string }[] }>;
  readResource(place: { uri: string }): Promise<{ contents: readonly { text?: string }[] }>;
  listPrompts(): Promise<{ prompts: readonly { name: string }[] }>;
  getPrompt(prompt: { name: string; arguments?: Record<string, string> }): Promise<{
    messages: readonly { content: { text?: string } }[];
  }>;
  complete(what: {
    ref: { type: 'ref/prompt'; name: string };
    argument: { name: string; value: string };
  }): Promise<{ completion: { values: readonly string[] } }>;
  close(): Promise<void>;
}

async function connect2025(token: string): Promise<Walker> {
  const client = new Client2025({ name: 'test', version: '0' });
  await client.connect(
    new Transport2025(new URL(`${loopback.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return client as unknown as Walker;
}

async function connect2026(token: string): Promise<Walker> {
  const client = new Client2026(
    { name: 'test', version: '0' },
    { versionNegotiation: { mode: { pin: REVISION } } },
  );
  await client.connect(
    new Transport2026(new URL(`${loopback.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  expect(client.getNegotiatedProtocolVersion()).toBe(REVISION);
  return client as unknown as Walker;
}

const CLIENTS = [
  ['2025-11-25', connect2025],
  [REVISION, connect2026],
] as const;

describe.each(CLIENTS)('a client of revision %s', (_revision, connect) => {
  test('sees what its token opens, in one order', async () => {
    const all = await connect(await house.token(ALL));
    expect((await all.listTools()).tools.map(({ name }) => name)).toEqual([
      'verity_schema',
      'verity_query',
      'verity_export',
      'verity_verify',
      'verity_audit',
    ]);
    expect((await all.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'verity://grant',
      'verity://schema',
      'verity://audit',
      'verity://checkpoint',
      'verity://keys',
    ]);
    const { resourceTemplates } = await all.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'verity://receipt/{id}',
      'verity://export/{id}',
    ]);
    expect((await all.listPrompts()).prompts.map(({ name }) => name)).toEqual([
      'explore_dataset',
      'prepare_export',
      'verify_export',
      'audit_report',
    ]);
    await all.close();

    const narrow = await connect(await house.token(['schema']));
    expect((await narrow.listTools()).tools).toHaveLength(1);
    expect((await narrow.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'verity://grant',
      'verity://schema',
      'verity://checkpoint',
      'verity://keys',
    ]);
    expect((await narrow.listResourceTemplates()).resourceTemplates).toEqual([]);
    expect((await narrow.listPrompts()).prompts).toEqual([]);
    await narrow.close();
  });

  test('asks, exports, and is refused in band', async () => {
    const client = await connect(await house.token(ALL));
    for (const [name, given] of [
      ['verity_schema', {}],
      ['verity_query', { sql: 'SELECT * FROM people' }],
      ['verity_export', { sql: 'SELECT * FROM people', idempotency_id: ID }],
      ['verity_audit', {}],
    ] as const) {
      const result = await client.callTool({ name, arguments: given });
      expect(result.isError ?? false).toBe(false);
      expect(result.structuredContent).toBeTypeOf('object');
    }
    const failed = await client.callTool({ name: 'verity_query', arguments: { sql: 'x' } });
    expect(failed.isError).toBe(true);
    expect(failed).not.toHaveProperty('structuredContent');
    await expect(client.callTool({ name: 'no_such_tool' })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });

  test('reads resources as its tools would, and nothing that its token does not open', async () => {
    const client = await connect(await house.token(['query', 'schema']));
    const read = async (uri: string): Promise<string> =>
      (await client.readResource({ uri })).contents[0]?.text ?? '';
    expect(JSON.parse(await read('verity://grant'))).toMatchObject({
      actions: expect.arrayContaining(['query', 'schema']) as unknown,
    });
    expect(JSON.parse(await read('verity://schema'))).toHaveProperty('tables');
    expect(JSON.parse(await read('verity://keys'))).toHaveProperty('log_key');
    expect(await read('verity://checkpoint')).toBe(await house.gateway.checkpoint());
    const refusals = [];
    for (const uri of [
      'verity://audit',
      `verity://receipt/${ID}`,
      'verity://receipt/../grant',
      'verity://nothing',
      'file:///etc/passwd',
    ]) {
      refusals.push(await read(uri).catch((error: { code: number; message: string }) => error));
    }
    // Unknown and not opened look alike.
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: -32602 });
    const told = new Set(refusals.map((refusal) => (refusal as { message: string }).message));
    expect(told.size).toBe(1);
    await client.close();
  });

  test('gets prompts that quote what it fills in, and completes names of its own tables', async () => {
    const client = await connect(await house.token(ALL));
    const { messages } = await client.getPrompt({
      name: 'prepare_export',
      arguments: { question: 'all "of" them' },
    });
    expect(messages[0]?.content.text).toContain('"all \\"of\\" them"');
    await expect(client.getPrompt({ name: 'prepare_export' })).rejects.toMatchObject({
      code: -32602,
    });
    await expect(client.getPrompt({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    const complete = async (argument: string, value: string): Promise<readonly string[]> =>
      (
        await client.complete({
          ref: { type: 'ref/prompt', name: 'explore_dataset' },
          argument: { name: argument, value },
        })
      ).completion.values;
    expect(await complete('table', 'pe')).toEqual(['people']);
    expect(await complete('table', 'zz')).toEqual([]);
    expect(await complete('other', '')).toEqual([]);
    await client.close();
  });

  test('is held to its rate by whatever reads for it', async () => {
    const client = await connect(await house.token(ALL));
    for (let count = 0; count < 20; count += 1)
      await client.readResource({ uri: 'verity://grant' });
    await expect(client.readResource({ uri: 'verity://grant' })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('ERR_MCP_RATE_LIMITED') as unknown,
    });
    expect((await client.callTool({ name: 'verity_schema', arguments: {} })).isError).toBe(true);
    nowMs += 1000;
    await client.readResource({ uri: 'verity://grant' });
    await client.close();
  });
});

describe('revision 2026-07-28 on the wire', () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };

  async function send(
    method: string,
    params: Record<string, unknown>,
    headers: Record<string, string>,
  ): Promise<Response> {
    const token = await house.token(ALL);
    return fetch(`${loopback.url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    });
  }

  const versioned = { 'mcp-protocol-version': REVISION };

  test('answers discovery and lists with their time to live, private to the token', async () => {
    const discovered = await send(
      'server/discover',
      {},
      { ...versioned, 'mcp-method': 'server/discover' },
    );
    expect(await discovered.json()).toMatchObject({
      result: { resultType: 'complete', supportedVersions: [REVISION] },
    });
    const listed = await send('tools/list', {}, { ...versioned, 'mcp-method': 'tools/list' });
    expect(await listed.json()).toMatchObject({
      result: { resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' },
    });
    expect(listed.headers.get('cache-control')).toBe('no-store');
  });

  test('refuses headers that say something else than the message', async () => {
    const response = await send('tools/list', {}, { ...versioned, 'mcp-method': 'tools/call' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32020 } });
  });

  test('keeps no stream open: there is nothing to subscribe to', async () => {
    const response = await send(
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { ...versioned, 'mcp-method': 'subscriptions/listen' },
    );
    expect(await response.json()).toHaveProperty('error');
  });
});
