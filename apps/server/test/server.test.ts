import { EventEmitter, once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

import type { Gateway } from '@veritydb/disclosure';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  type MemoryHouse,
  furnishedHouse,
} from '../../../packages/protocol/http/test/memory-house.ts';
import { ServerLog } from '../src/server-log.ts';
import { type RunningServer, startServer } from '../src/server.ts';

const SECRET = 'operator-secret';
const QUIET = new ServerLog({ write: () => {} }, false);
let house: MemoryHouse;
let server: RunningServer;

async function start(publicUrl: string | null = null): Promise<RunningServer> {
  return startServer({
    gateway: house.gateway,
    administration: house.administration,
    operatorSecret: SECRET,
    publication: house.publication,
    publish: async () => false,
    host: '127.0.0.1',
    port: 0,
    publicUrl,
    tls: null,
    version: '1.2.3',
    log: QUIET,
  });
}

beforeEach(async () => {
  house = furnishedHouse();
  server = await start();
});

afterEach(async () => server.close());

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends headers that `fetch` would not: another Host, for one. */
async function send(path: string, headers: Record<string, string>): Promise<Answer> {
  const { port } = new URL(server.localUrl ?? '');
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function codeOf({ status, body }: Answer): string {
  return `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

/** The first line and the body of the answer to raw bytes. */
async function sendRaw(text: string): Promise<string> {
  const { port } = new URL(server.localUrl ?? '');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('end', () => {
      resolve(received);
    });
    socket.on('error', reject);
  });
}

test('all doors stand on one socket', async () => {
  const token = await house.token(['schema', 'query']);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect((await fetch(`${server.url}/v1/schema`, { headers })).status).toBe(200);
  const listed = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: { ...headers, accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  expect(await listed.text()).toContain('verity_query');
  const metadata = await fetch(`${server.url}/.well-known/oauth-protected-resource/mcp`);
  expect(await metadata.json()).toMatchObject({ resource: `${server.url}/mcp` });
  expect((await fetch(`${server.url}/mcp`)).headers.get('allow')).toBe('POST');
});

test('Host and Origin count on every path', async () => {
  for (const path of ['/health', '/mcp', '/admin/v1/status', '/docs']) {
    expect(codeOf(await send(path, { host: 'evil.example' }))).toBe('403 ERR_HTTP_HOST');
    expect(codeOf(await send(path, { origin: 'http://evil.example' }))).toBe('403 ERR_HTTP_ORIGIN');
  }
});

test('two Authorization headers are one too many, on the wire as well', async () => {
  const token = await house.token(['schema']);
  const { host } = new URL(server.url);
  const line = `Authorization: Bearer ${token}\r\n`;
  const ask = (lines: string) =>
    sendRaw(`GET /v1/schema HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines}\r\n`);
  expect(await ask(line)).toContain('HTTP/1.1 200');
  expect(await ask(line + line)).toContain('ERR_HTTP_TOKEN_FORM');
});

describe('the operator’s routes', () => {
  const authorization = `Bearer ${SECRET}`;

  test('this machine reaches them, with the secret', async () => {
    const answer = await send('/admin/v1/status', { authorization });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { tenant: 1 }]);
    expect(codeOf(await send('/admin/v1/status', {}))).toBe('401 ERR_HTTP_TOKEN_MISSING');
  });

  test('what came through a proxy does not, by any spelling', async () => {
    for (const header of ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip']) {
      for (const path of ['/admin/v1/status', '/%61dmin/v1/status']) {
        const answer = await send(path, { authorization, [header]: '203.0.113.7' });
        expect(codeOf(answer)).toBe('404 ERR_HTTP_PATH_UNKNOWN');
      }
    }
  });

  test('nor what asks under the public name', async () => {
    await server.close();
    server = await start('https://verity.example.org');
    const host = 'verity.example.org';
    expect(codeOf(await send('/admin/v1/status', { authorization, host }))).toBe(
      '404 ERR_HTTP_PATH_UNKNOWN',
    );
    expect((await send('/health', { host })).status).toBe(200);
    expect((await send('/admin/v1/status', { authorization })).status).toBe(200);
  });
});

test('closing lets a request under way end, and takes no other', async () => {
  const token = await house.token(['schema']);
  const gate = new EventEmitter();
  const released = once(gate, 'release');
  const entered = once(gate, 'enter');
  const inner = { ...house.gateway };
  Object.assign(house.gateway, {
    schema: async (...given: Parameters<Gateway['schema']>) => {
      gate.emit('enter');
      await released;
      return inner.schema(...given);
    },
  });
  const headers = { authorization: `Bearer ${token}` };
  const underWay = fetch(`${server.url}/v1/schema`, { headers });
  await entered;
  const closed = server.close();
  await expect(fetch(`${server.url}/health`)).rejects.toThrow(TypeError);
  gate.emit('release');
  expect((await underWay).status).toBe(200);
  await closed;
  server = await start();
});

test('a port that is taken is told with what to do', async () => {
  const { port } = new URL(server.url);
  const second = startServer({
    gateway: house.gateway,
    administration: house.administration,
    operatorSecret: SECRET,
    publication: house.publication,
    publish: async () => false,
    host: '127.0.0.1',
    port: Number(port),
    publicUrl: null,
    tls: null,
    version: '1.2.3',
    log: QUIET,
  });
  await expect(second).rejects.toMatchObject({ code: 'ERR_SERVER_LISTEN' });
});

describe('metrics', () => {
  const valueOf = (text: string, line: string): number =>
    Number(
      text
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.slice(line.length + 1),
    );

  test('count what was answered, by door and status, and tell how long the log is', async () => {
    await send('/version', {});
    await send('/nothing', {});
    await fetch(`${server.url}/mcp`, { method: 'POST', body: '{}' });
    const { status, body } = await send('/metrics', {});
    expect(status).toBe(200);
    expect(valueOf(body, 'verity_requests_total{door="http",status="200"}')).toBe(1);
    expect(valueOf(body, 'verity_requests_total{door="http",status="404"}')).toBe(1);
    expect(valueOf(body, 'verity_requests_total{door="mcp",status="415"}')).toBe(1);
    expect(valueOf(body, 'verity_request_seconds_count{door="http"}')).toBe(2);
    const records = Number((await house.gateway.checkpoint()).split('\n')[1]);
    expect(valueOf(body, 'verity_log_records')).toBe(records);
    expect(body).toContain('process_cpu_seconds_total');
  });

  test('tell nothing of who asks, and what', async () => {
    const token = await house.token(['schema']);
    await fetch(`${server.url}/v1/schema?secret-of-mine`, {
      headers: { authorization: `Bearer ${token}`, 'x-secret': 'of-mine' },
    });
    const { body } = await send('/metrics', {});
    expect(body).not.toContain('of-mine');
    expect(body).not.toContain(token);
    for (const [, labels = ''] of body.matchAll(/^verity_\w+\{([^}]*)\}/gm)) {
      expect(labels).toMatch(/^(door="(http|mcp)",?|status="\d{3}",?|le="[\d.+Inf]+",?)+$/);
    }
  });

  test('are for callers from this machine, and not through a proxy', async () => {
    expect(codeOf(await send('/metrics', { 'x-forwarded-for': '192.0.2.1' }))).toBe(
      '404 ERR_HTTP_PATH_UNKNOWN',
    );
    expect(codeOf(await send('/metrics', { host: 'evil.example' }))).toBe('403 ERR_HTTP_HOST');
  });
});
