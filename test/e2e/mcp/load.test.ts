/**
 * Many sessions at once, and callers that never finish asking: the server answers everybody who asks, cuts
 * who does not, and keeps nothing of either.
 */

import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { PEOPLE, type RealHouse, openRealHouse } from './real-house.ts';

const SESSIONS = 200;
const SLOW = 150;
const MEMORY_GROWTH_MAX = 300 * 1024 * 1024;
const LIMITS = { connectionsMax: 1024, headersTimeoutMs: 4000, requestTimeoutMs: 6000 };

let house: RealHouse;
let url = '';

beforeAll(async () => {
  house = await openRealHouse();
  ({ url } = await house.serve({ limits: LIMITS }));
});

afterAll(async () => house.close());

async function openSocket(text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** What came before the end, whether that was orderly or a reset. */
async function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('close', () => {
      resolve(text);
    });
    if (socket.closed) resolve(text);
  });
}

async function walk(token: string): Promise<number> {
  const client = new Client({ name: 'session', version: '0' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  await client.listTools();
  const { structuredContent } = await client.callTool({
    name: 'verity_query',
    arguments: { sql: 'SELECT id, city FROM people', max_rows: 100 },
  });
  await client.close();
  return (structuredContent as { readonly rows: readonly unknown[] }).rows.length;
}

test(`${SESSIONS} sessions at once, beside ${SLOW} callers that never finish`, async () => {
  const tokens: string[] = [];
  for (let count = 0; count < SESSIONS; count += 1) tokens.push(await house.token(['query']));
  const { rss } = process.memoryUsage();
  const { host } = new URL(url);
  const half = `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${tokens[0] ?? ''}\r\n`;
  const openings = Array.from({ length: SLOW }, (_, index) =>
    // Half of them send no end of their headers, the others none of their body.
    index % 2 === 0 ? half : `${half}Content-Length: 1000\r\n\r\n{"jsonrpc":`,
  );
  const slow = await Promise.all(openings.map(openSocket));
  const ended = slow.map(endOf);
  // A byte now and then, as such callers do: what counts is the whole, not the last byte.
  const dripping = setInterval(() => {
    for (const [index, socket] of slow.entries()) {
      if (!socket.destroyed) socket.write(index % 2 === 0 ? 'X' : ' ');
    }
  }, 200);
  const counts = await Promise.all(tokens.map(walk));
  expect(counts).toEqual(Array<number>(SESSIONS).fill(PEOPLE));

  const endings = await Promise.all(ended);
  clearInterval(dripping);
  for (const text of endings) expect(text).toMatch(/^(HTTP\/1\.1 408 |$)/);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(house.faults).toEqual([]);
  expect(process.memoryUsage().rss - rss).toBeLessThan(MEMORY_GROWTH_MAX);
});

test('beyond the most connections nobody is let in, and a place that is left is given again', async () => {
  const other = await openRealHouse();
  try {
    const server = await other.serve({ limits: { ...LIMITS, connectionsMax: 5 } });
    ({ url } = server);
    const held = await Promise.all(Array.from({ length: 5 }, async () => openSocket('GET ')));
    const sixth = await openSocket('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect(await endOf(sixth)).toBe('');
    for (const socket of held) socket.destroy();
    await Promise.all(held.map(endOf));
    await vi.waitFor(async () => {
      expect((await fetch(`${url}/health`)).status).toBe(200);
    });
  } finally {
    await other.close();
  }
});
