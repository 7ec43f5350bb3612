import { trace } from '@opentelemetry/api';
import type { Span, SpanAttributes, SpanOptions, Tracer } from '@opentelemetry/api';
import { AssertionError } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  HouseError,
  type MemoryHouse,
  furnishedHouse,
} from '../../../packages/protocol/http/test/memory-house.ts';
import { ServerLog } from '../src/server-log.ts';
import { type RunningServer, startServer } from '../src/server.ts';

const OPERATOR_SECRET = 'operator-secret-0451';
let house: MemoryHouse;
let server: RunningServer;
let lines: string[];

beforeEach(async () => {
  house = furnishedHouse();
  lines = [];
  server = await startServer({
    gateway: house.gateway,
    administration: house.administration,
    operatorSecret: OPERATOR_SECRET,
    publication: house.publication,
    publish: async () => false,
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    tls: null,
    version: '1.2.3',
    log: new ServerLog({ write: (line) => lines.push(line) }, false),
  });
});

afterEach(async () => server.close());

const entries = (): readonly Record<string, unknown>[] =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>);

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function post(path: string, body: unknown, headers: Record<string, string>) {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('a line tells id, door, method, route template, status, code, grant and duration', async () => {
  const token = await house.token(['schema']);
  const answer = await fetch(`${server.url}/v1/schema?table=patients`, { headers: bearer(token) });
  await fetch(`${server.url}/v1/exports/of-mine/bundle`, { headers: bearer(token) });
  await fetch(`${server.url}/nowhere/of-mine`);
  await post('/mcp', { jsonrpc: '2.0', id: 1, method: 'ping' }, bearer(token));
  const grant = [...house.tokens.values()][0]?.id;
  expect(entries()).toMatchObject([
    {
      level: 'info',
      msg: 'request',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      request_id: answer.headers.get('x-request-id'),
      door: 'http',
      method: 'GET',
      route: '/v1/schema',
      status: 200,
      code: null,
      grant,
      duration_ms: expect.any(Number),
    },
    { route: '/v1/exports/:id/bundle', code: expect.stringMatching(/^ERR_/), grant },
    { route: null, status: 404, code: 'ERR_HTTP_PATH_UNKNOWN', grant: null },
    { door: 'mcp', route: '/mcp', grant },
  ]);
});

/** Strings that must not get into the log, in every place where a caller can put one. */
const ROW_VALUE = 'Ada-Moss-1931';
const LITERAL = 'literal-of-a-statement';
const SECRETS = [
  ROW_VALUE,
  LITERAL,
  OPERATOR_SECRET,
  'in-path',
  'in-query',
  'in-header',
  'in-body',
];

test('S325: nothing that is asked, answered or secret gets into the log, whatever fails', async () => {
  const token = await house.token(['schema', 'query', 'export', 'verify', 'audit']);
  const sql = `SELECT id FROM patients WHERE first = '${LITERAL}'`;
  const headers = {
    ...bearer(token),
    'user-agent': 'in-header',
    cookie: 'session=in-header',
    'x-request-id': 'in-header',
    traceparent: 'in-header',
  };
  const bodies = [{ sql, parameters: [ROW_VALUE] }, `{"in-body": ${LITERAL}`, { sql: 'in-body' }];
  const call = { name: 'verity_query', arguments: { sql, parameters: [ROW_VALUE] } };
  for (const body of [...bodies, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }]) {
    for (const path of ['/v1/query', '/v1/exports', '/mcp', '/admin/v1/sql', '/in-path/in-path']) {
      await post(`${path}?value=in-query`, body, headers);
      await post(path, body, { ...headers, ...bearer(OPERATOR_SECRET) });
    }
  }
  await fetch(`${server.url}/v1/exports/in-path/bundle?token=in-query`, { headers });
  await fetch(`${server.url}/v1/schema`, { headers: { authorization: 'Basic in-header' } });
  await fetch(`${server.url}/v1/schema`, { headers: { origin: 'http://in-header.example' } });
  const faults = [
    new Error(`duplicate of '${ROW_VALUE}'`, { cause: new Error(LITERAL) }),
    Object.assign(new SyntaxError(`Unexpected token in "${ROW_VALUE}"`), { code: ROW_VALUE }),
    new TypeError(`no\n    at ${ROW_VALUE} (row.ts:1:1)`),
    `thrown ${ROW_VALUE}`,
    { row: ROW_VALUE },
  ];
  for (const fault of faults) {
    house.failNext = fault;
    await post('/v1/query', { sql: 'SELECT id FROM patients' }, headers);
  }
  const text = lines.join('');
  expect(entries().filter(({ msg }) => msg === 'fault').length).toBeGreaterThanOrEqual(
    faults.length,
  );
  for (const secret of [...SECRETS, token, ...token.split('.')]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/patients/);
});

test('a fault tells where it happened, and to whose request it belongs', async () => {
  const token = await house.token(['query']);
  house.failNext = new AssertionError('the tree is smaller than the log');
  const { headers } = await post('/v1/query', { sql: 'SELECT id FROM patients' }, bearer(token));
  const [fault] = entries();
  expect(fault).toMatchObject({
    level: 'error',
    request_id: headers.get('x-request-id'),
    detail: expect.stringContaining('the tree is smaller than the log'),
  });
  expect(fault?.['at']).toHaveProperty('0', expect.stringContaining('server-log.test.ts'));
  expect(entries()[1]).toMatchObject({ level: 'error', status: 500 });
});

test('a person at a terminal gets the same in one line of words', () => {
  const told: string[] = [];
  const log = new ServerLog({ write: (line) => told.push(line) }, true);
  log.started({ version: '1.2.3', url: 'http://127.0.0.1:7420' });
  log.trouble('no witness answers');
  expect(told[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info  started version=1\.2\.3 url=http:\/\/127\.0\.0\.1:7420\n$/,
  );
  expect(told[1]).toContain('warn  trouble detail=no witness answers');
});

describe('before it stops', () => {
  test('/ready says so, and everything else goes on', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    server.drain();
    const ready = await fetch(`${server.url}/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { code: 'ERR_SERVER_STOPPING' },
    ]);
    expect(ready.headers.get('retry-after')).toBe('1');
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

/** As much of an OpenTelemetry SDK as remembers spans. */
class RememberedSpans {
  readonly spans: { name: string; attributes: SpanAttributes; ended: boolean }[] = [];

  getTracer(): Tracer {
    const startSpan = (name: string, options?: SpanOptions): Span => {
      const kept = { name, attributes: { ...options?.attributes }, ended: false };
      this.spans.push(kept);
      const span = {
        updateName: (changed: string) => (kept.name = changed),
        setAttribute: (key: string, value: string | number) => (kept.attributes[key] = value),
        setStatus: () => span,
        end: () => (kept.ended = true),
      };
      return span as unknown as Span;
    };
    const startActiveSpan = (...given: readonly unknown[]): unknown => {
      const work = given.at(-1) as (span: Span) => unknown;
      return work(startSpan(given[0] as string, given[1] as SpanOptions));
    };
    return { startSpan, startActiveSpan } as Tracer;
  }
}

test('S153: with an OpenTelemetry SDK each request is a span, named by its route', async () => {
  const remembered = new RememberedSpans();
  trace.setGlobalTracerProvider(remembered);
  try {
    await fetch(`${server.url}/v1/exports/of-mine/bundle?of=mine`);
    await fetch(`${server.url}/of-mine`);
  } finally {
    trace.disable();
  }
  const [bundle, unknown] = remembered.spans;
  expect(bundle).toEqual({
    name: 'GET /v1/exports/:id/bundle',
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/v1/exports/:id/bundle',
      'http.response.status_code': 401,
    },
    ended: true,
  });
  expect(unknown).toMatchObject({ name: 'GET', ended: true });
  expect(JSON.stringify(remembered.spans)).not.toContain('mine');
});

test('a house that refuses with a code is no fault', async () => {
  const token = await house.token(['query']);
  house.failNext = new HouseError('denied', 'ERR_HOUSE_NO', 'no');
  expect((await post('/v1/query', { sql: 'SELECT id FROM patients' }, bearer(token))).status).toBe(
    403,
  );
  expect(entries()).toMatchObject([{ msg: 'request', level: 'info', code: 'ERR_HOUSE_NO' }]);
});
