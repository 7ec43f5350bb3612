import { AssertionError } from '@veritydb/types';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import {
  type HttpApiOptions,
  auditAnswerShape,
  buildHttpApi,
  exportAnswerShape,
  queryAnswerShape,
  schemaAnswerShape,
  verifyAnswerShape,
} from '../src/index.ts';
import { HouseError, type MemoryHouse, furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const PUBLIC_URL = 'http://127.0.0.1:7420';
const ALL = ['schema', 'query', 'export', 'verify', 'audit'] as const;
const ID = '00112233445566778899aabbccddeeff';

let house: MemoryHouse;
let faults: unknown[];
let app: ReturnType<typeof buildHttpApi>;

function build(operator: boolean): ReturnType<typeof buildHttpApi> {
  const { administration } = house;
  const options: HttpApiOptions = {
    gateway: house.gateway,
    publication: house.publication,
    operator: operator ? { administration, secret: SECRET, publish: null } : null,
    version: '1.2.3',
    publicUrl: PUBLIC_URL,
    onInternalError: (error) => faults.push(error),
  };
  return buildHttpApi(options);
}

beforeEach(() => {
  house = furnishedHouse();
  faults = [];
  app = build(true);
});

interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

async function call(path: string, { method, token, json, headers, body }: Call = {}) {
  return app.request(`${PUBLIC_URL}${path}`, {
    method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body }),
  });
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem['status']).toBe(response.status);
  expect(problem['type']).toBe(`urn:veritydb:error:${String(problem['code'])}`);
  return problem;
}

async function refusal(response: Response) {
  const problem = await problemOf(response);
  return `${response.status} ${String(problem['code'])}`;
}

describe('public endpoints', () => {
  test('life, version and trust', async () => {
    expect(await (await call('/health')).json()).toEqual({ status: 'ok' });
    expect(await (await call('/ready')).json()).toEqual({ status: 'ready' });
    expect(await (await call('/version')).json()).toEqual({ name: 'veritydb', version: '1.2.3' });
    expect(await (await call('/v1/checkpoint')).text()).toBe(await house.gateway.checkpoint());
    expect(await (await call('/v1/log-key')).text()).toBe(`${house.gateway.logVerifierKey}\n`);
    expect(await (await call('/.well-known/jwks.json')).json()).toEqual(house.gateway.tokenKeys());
  });

  test('RFC 9728 metadata name the resource, and bearer tokens in the header alone', async () => {
    const metadata = await (await call('/.well-known/oauth-protected-resource/mcp')).json();
    expect(metadata).toMatchObject({
      resource: `${PUBLIC_URL}/mcp`,
      bearer_methods_supported: ['header'],
    });
  });

  test('security headers stand on everything, and nothing is stored', async () => {
    for (const path of ['/health', '/docs', '/nowhere', '/v1/schema']) {
      const { headers } = await call(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('the documentation page holds every route, no script and no foreign address', async () => {
    const page = await (await call('/docs')).text();
    expect(page).toContain('/v1/exports/{id}/bundle');
    expect(page).not.toMatch(/<script|<img|<link|javascript:/i);
    expect(page).not.toMatch(/(src|href)="https?:/i);
  });
});

describe('scoped endpoints', () => {
  test('schema, query, export, download, verify and audit', async () => {
    const token = await house.token(ALL);
    const schema = await (await call('/v1/schema?table=people', { token })).json();
    expect(schemaAnswerShape.parse(schema)).toMatchObject({ tables: [{ name: 'people' }] });

    const asked = { sql: 'SELECT * FROM people', parameters: [1, 'x', null, true], max_rows: 1 };
    const query = await (await call('/v1/query', { token, json: asked })).json();
    expect(queryAnswerShape.parse(query)).toMatchObject({
      rows: [['1', 'Ada']],
      truncated: true,
      notes: ['4 parameters'],
    });

    const wanted = { sql: 'SELECT name FROM people', idempotency_id: ID };
    const created = await call('/v1/exports', { token, json: wanted });
    expect(created.status).toBe(201);
    const made = exportAnswerShape.parse(await created.json()) as Record<string, string>;
    expect(created.headers.get('location')).toBe(made['download_path']);
    const again = await (await call('/v1/exports', { token, json: wanted })).json();
    expect(again).toEqual(made);

    const bundle = await call(made['download_path'] as string, { token });
    const bytes = await bundle.arrayBuffer();
    expect(bundle.headers.get('content-type')).toBe('application/zip');
    expect(bundle.headers.get('etag')).toBe(`"${made['sha256']}"`);
    expect(bundle.headers.get('content-length')).toBe(String(bytes.byteLength));
    expect(bundle.headers.get('content-disposition')).toBe(
      `attachment; filename="export-${made['export_id']}.zip"`,
    );

    const verified = await call(`/v1/verify?export_id=${made['export_id']}`, { token });
    expect(verifyAnswerShape.parse(await verified.json())).toMatchObject({ valid: true });
    const audit = auditAnswerShape.parse(
      await (await call('/v1/audit?limit=2&before=3', { token })).json(),
    ) as { entries: { offset: number }[] };
    expect(audit.entries.map((entry) => entry.offset)).toEqual([2, 1]);
  });

  test('the caller is recorded by transport and by what it calls itself, bounded', async () => {
    const token = await house.token(ALL);
    await call('/v1/schema', { token, headers: { 'user-agent': 'x'.repeat(500) } });
    expect(house.callers.at(-1)).toEqual({ transport: 'http', client: 'x'.repeat(200) });
  });

  test('a revoked token stops at its next use', async () => {
    const token = await house.token(ALL);
    expect((await call('/v1/schema', { token })).status).toBe(200);
    const id = house.tokens.get(token)?.id;
    const revoked = await call(`/admin/v1/tokens/${id}/revoke`, {
      token: SECRET,
      json: { reason: 'lost' },
    });
    expect(revoked.status).toBe(200);
    expect(await refusal(await call('/v1/schema', { token }))).toBe('401 ERR_HOUSE_TOKEN_REVOKED');
  });

  test('one token cannot read the export of another', async () => {
    const [mine, theirs] = [await house.token(ALL), await house.token(ALL)];
    const json = { sql: 'SELECT * FROM people', idempotency_id: ID };
    const made = (await (await call('/v1/exports', { token: mine, json })).json()) as {
      download_path: string;
    };
    const answer = await call(made.download_path, { token: theirs });
    expect(await refusal(answer)).toBe('404 ERR_HOUSE_EXPORT_UNKNOWN');
  });
});

const people = { sql: 'SELECT * FROM people' };
const raw = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): Call => ({
  method: 'POST',
  body,
  headers: { 'content-type': type },
});

describe('refusals', () => {
  const rows: readonly [name: string, path: string, call: Call, status: number, code: string][] = [
    ['no such path', '/nowhere', {}, 404, 'ERR_HTTP_PATH_UNKNOWN'],
    ['method', '/v1/query', { method: 'PUT' }, 405, 'ERR_HTTP_METHOD'],
    ['preflight', '/v1/query', { method: 'OPTIONS' }, 405, 'ERR_HTTP_METHOD'],
    ['method of a document', '/openapi.json', { method: 'DELETE' }, 405, 'ERR_HTTP_METHOD'],
    ['not JSON', '/v1/query', raw('{"sql":'), 400, 'ERR_HTTP_JSON'],
    ['empty body', '/v1/query', raw(''), 400, 'ERR_HTTP_JSON'],
    ['member twice', '/v1/query', raw('{"sql":"a","sql":"b"}'), 400, 'ERR_HTTP_JSON'],
    ['byte-order mark', '/v1/query', raw('\uFEFF{"sql":"a"}'), 400, 'ERR_HTTP_JSON'],
    ['UTF-8', '/v1/query', raw(new Uint8Array([0x22, 0xff, 0x22])), 400, 'ERR_HTTP_JSON'],
    ['nesting', '/v1/query', raw('['.repeat(40) + ']'.repeat(40)), 400, 'ERR_HTTP_JSON'],
    ['unknown member', '/v1/query', { json: { ...people, x: 1 } }, 400, 'ERR_HTTP_REQUEST'],
    ['type of a member', '/v1/query', { json: { sql: 7 } }, 400, 'ERR_HTTP_REQUEST'],
    [
      'float position',
      '/v1/query',
      { json: { ...people, position: 1.5 } },
      400,
      'ERR_HTTP_REQUEST',
    ],
    ['no id', '/v1/exports', { json: people }, 400, 'ERR_HTTP_REQUEST'],
    ['type', '/v1/query', raw('{}', 'text/plain'), 415, 'ERR_HTTP_CONTENT_TYPE'],
    [
      'type trick',
      '/v1/query',
      raw('{}', 'text/plain; a=application/json'),
      415,
      'ERR_HTTP_CONTENT_TYPE',
    ],
    [
      'charset',
      '/v1/query',
      raw('{}', 'application/json; charset=latin1'),
      415,
      'ERR_HTTP_CONTENT_TYPE',
    ],
    ['size', '/v1/query', raw(`"${'x'.repeat(300_000)}"`), 413, 'ERR_HTTP_BODY_SIZE'],
    ['unknown parameter', '/v1/schema?x=1', {}, 400, 'ERR_HTTP_REQUEST'],
    ['parameter twice', '/v1/schema?table=a&table=b', {}, 400, 'ERR_HTTP_REQUEST'],
    ['limit', '/v1/audit?limit=101', {}, 400, 'ERR_HTTP_REQUEST'],
    ['limit in exponent form', '/v1/audit?limit=1e1', {}, 400, 'ERR_HTTP_REQUEST'],
    ['both ids', `/v1/verify?receipt_id=${ID}&export_id=${ID}`, {}, 400, 'ERR_HTTP_REQUEST'],
    ['no id to verify', '/v1/verify', {}, 400, 'ERR_HTTP_REQUEST'],
    ['id with a path', '/v1/exports/..%2f..%2fetc/bundle', {}, 400, 'ERR_HTTP_REQUEST'],
    ['no line', `/v1/exports/${ID}/sd-jwt?table=people`, {}, 400, 'ERR_HTTP_REQUEST'],
    ['no table', `/v1/exports/${ID}/sd-jwt?line=1`, {}, 400, 'ERR_HTTP_REQUEST'],
    ['no such receipt', `/v1/verify?receipt_id=${ID}`, {}, 404, 'ERR_HOUSE_RECEIPT_UNKNOWN'],
    ['no such export', `/v1/exports/${ID}/bundle`, {}, 404, 'ERR_HOUSE_EXPORT_UNKNOWN'],
    [
      'no such table',
      '/v1/query',
      { json: { sql: 'SELECT * FROM x' } },
      403,
      'ERR_HOUSE_UNKNOWN_TABLE',
    ],
    ['statement', '/v1/query', { json: { sql: 'DROP TABLE people' } }, 400, 'ERR_HOUSE_SYNTAX'],
  ];

  test.each(rows)('%s', async (_name, path, request, status, code) => {
    const token = await house.token(ALL);
    const headers = { authorization: `Bearer ${token}`, ...request.headers };
    const problem = await problemOf(await call(path, { ...request, headers }));
    expect(problem).toMatchObject({ status, code });
    expect(problem['detail']).toBeTypeOf('string');
    expect(faults).toEqual([]);
  });

  test('405 says what is allowed', async () => {
    expect((await call('/v1/query', { method: 'GET' })).headers.get('allow')).toBe('POST');
    expect((await call('/v1/schema', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });

  test('a body that lies about its length is cut off', async () => {
    const token = await house.token(ALL);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const response = await app.request(`${PUBLIC_URL}/v1/query`, {
      method: 'POST',
      body: endless,
      duplex: 'half',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    expect(await refusal(response)).toBe('413 ERR_HTTP_BODY_SIZE');
    expect(sent).toBeLessThan(1_000_000);
  });

  test('one id for two exports conflicts; a one-time token is spent', async () => {
    const token = await house.token(ALL, { maxExports: 1 });
    const first = { sql: 'SELECT * FROM people', idempotency_id: ID };
    expect((await call('/v1/exports', { token, json: first })).status).toBe(201);
    const other = { sql: 'SELECT name FROM people', idempotency_id: ID };
    const reused = await call('/v1/exports', { token, json: other });
    expect(await refusal(reused)).toBe('409 ERR_HOUSE_EXPORT_REUSED');
    const second = { ...first, idempotency_id: 'f'.repeat(32) };
    const spent = await call('/v1/exports', { token, json: second });
    expect(spent.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await refusal(spent)).toBe('401 ERR_HOUSE_TOKEN_SPENT');
  });

  test('unavailable says when to try again; faults of our own say nothing', async () => {
    const token = await house.token(ALL);
    house.failNext = new HouseError('unavailable', 'ERR_HOUSE_BUSY', 'busy', {
      retryAfterMs: 2500,
    });
    const busy = await call('/v1/schema', { token });
    expect(busy.headers.get('retry-after')).toBe('3');
    expect(await refusal(busy)).toBe('503 ERR_HOUSE_BUSY');

    house.failNext = new AssertionError('secret detail');
    const broken = await call('/v1/schema', { token });
    expect(await problemOf(broken)).toEqual({
      type: 'urn:veritydb:error:ERR_ASSERTION',
      title: 'Internal error',
      status: 500,
      code: 'ERR_ASSERTION',
    });
    house.failNext = new TypeError('secret of a library');
    const unknown = await call('/v1/schema', { token });
    expect(await problemOf(unknown)).toEqual({
      type: 'urn:veritydb:error:ERR_HTTP_INTERNAL',
      title: 'Internal error',
      status: 500,
      code: 'ERR_HTTP_INTERNAL',
    });
    expect(faults).toHaveLength(2);
  });
});

describe('tokens', () => {
  const refused: readonly [name: string, authorization: string | null, code: string][] = [
    ['none', null, 'ERR_HTTP_TOKEN_MISSING'],
    ['empty', '', 'ERR_HTTP_TOKEN_FORM'],
    ['garbage', 'Bearer garbage', 'ERR_HOUSE_TOKEN_MALFORMED'],
    ['basic', 'Basic dXNlcjpwYXNz', 'ERR_HTTP_TOKEN_FORM'],
    ['DPoP', 'DPoP eyJ.a.b', 'ERR_HTTP_TOKEN_FORM'],
    ['two spaces', 'Bearer  eyJ.a.b', 'ERR_HTTP_TOKEN_FORM'],
    ['oversized', `Bearer ${'a'.repeat(9000)}`, 'ERR_HTTP_TOKEN_FORM'],
    ['two headers', 'Bearer eyJ.a.b, Bearer eyJ.c.d', 'ERR_HTTP_TOKEN_FORM'],
    ['operator secret', `Bearer ${SECRET}`, 'ERR_HOUSE_TOKEN_MALFORMED'],
  ];

  test.each(refused)('%s', async (_name, authorization, code) => {
    const scoped: readonly [path: string, method: string][] = [
      ['/v1/schema', 'GET'],
      ['/v1/query', 'POST'],
      ['/v1/exports', 'POST'],
      [`/v1/exports/${ID}/bundle`, 'GET'],
      [`/v1/exports/${ID}/sd-jwt?table=people&line=1`, 'GET'],
      ['/v1/verify', 'GET'],
      ['/v1/audit', 'GET'],
    ];
    for (const [path, method] of scoped) {
      const response = await call(path, {
        method,
        headers: authorization === null ? {} : { authorization },
      });
      const challenge = response.headers.get('www-authenticate') ?? '';
      expect(challenge).toContain(
        `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"`,
      );
      // RFC 6750 §3.1: no error code when no token was sent.
      expect(challenge.includes('error=')).toBe(authorization !== null);
      expect(await refusal(response)).toBe(`401 ${code}`);
    }
  });

  test('a token in the address is refused on every path, right or not', async () => {
    const token = await house.token(ALL);
    for (const query of ['access_token=x', 'Token=x', `q=${token}`, 'api_key=1']) {
      for (const path of ['/v1/schema', '/health', '/nowhere', '/admin/v1/status']) {
        const response = await call(`${path}?${query}`, { token });
        expect(await response.clone().text()).not.toContain(token);
        expect(await refusal(response)).toBe('400 ERR_HTTP_TOKEN_PLACE');
      }
    }
  });

  test('a token without the scope gets 403 with the scope that is missing', async () => {
    const token = await house.token(['schema']);
    const response = await call('/v1/query', { token, json: { sql: 'SELECT * FROM people' } });
    const challenge = response.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="verity:query"');
    expect(await refusal(response)).toBe('403 ERR_HOUSE_SCOPE');
    expect(house.records.at(-1)?.decision).toBe('denied');
  });
});

const rowOfSize = (size: number) => ({
  table: 't',
  columns: ['a'],
  rows: [['x'.repeat(size)]],
});

describe('operator', () => {
  test('statement, rows, policy, tokens, audit, check and status', async () => {
    const token = SECRET;
    const rows = {
      table: 'pets',
      columns: ['id', 'name'],
      rows: [['1', null]],
      idempotency_id: ID,
    };
    const inserted = await call('/admin/v1/rows', { token, json: rows });
    expect([inserted.status, await inserted.json()]).toMatchObject([201, { rows: 1 }]);
    const statement = { sql: 'SELECT * FROM pets', parameters: [], purpose: 'care' };
    const answer = await (await call('/admin/v1/sql', { token, json: statement })).json();
    expect(answer).toMatchObject({ rows: [['1', null]], changed: null });
    const policy = await call('/admin/v1/policies', { token, json: { yaml: 'kind: x' } });
    expect([policy.status, await policy.json()]).toMatchObject([201, { version: 1, warnings: [] }]);
    const request = {
      recipient: 'university',
      purpose: 'research',
      policy: 'open',
      actions: ['schema'],
      tables: { pets: '*', people: ['id'] },
      lifetime_seconds: 60,
      max_rows: 10,
      max_exports: 1,
    };
    const issued = (await (await call('/admin/v1/tokens', { token, json: request })).json()) as {
      token: string;
      token_id: string;
    };
    expect(house.tokens.get(issued.token)?.request).toEqual({
      recipient: 'university',
      purpose: 'research',
      policy: 'open',
      actions: ['schema'],
      tables: { pets: '*', people: ['id'] },
      lifetimeSeconds: 60,
      maxRows: 10,
      maxExports: 1,
    });
    expect((await call('/v1/schema', { token: issued.token })).status).toBe(200);
    const listed = await (await call('/admin/v1/tokens', { token })).text();
    expect(listed).toContain(issued.token_id);
    expect(listed).not.toContain(issued.token);
    const audit = await (await call('/admin/v1/audit?limit=5', { token })).json();
    expect(auditAnswerShape.parse(audit)).toMatchObject({ unanswered: 0 });
    const check = await call('/admin/v1/log/check', { method: 'POST', token });
    expect(await check.json()).toMatchObject({ recoveries: [{ discarded_bytes: 17 }] });
    const status = await (await call('/admin/v1/status', { token })).json();
    expect(status).toMatchObject({ tenant: 1, tables: ['people', 'pets'] });
  });

  test('only the secret opens them', async () => {
    const scoped = await house.token(ALL);
    const near = `${SECRET.slice(0, -1)}X`;
    for (const token of [scoped, near, `${SECRET}x`]) {
      expect(await refusal(await call('/admin/v1/status', { token }))).toBe(
        '401 ERR_HTTP_OPERATOR',
      );
    }
    expect(await refusal(await call('/admin/v1/status'))).toBe('401 ERR_HTTP_TOKEN_MISSING');
  });

  test('unknown tokens and wrong requests', async () => {
    const revoke = (id: string, json: unknown) =>
      call(`/admin/v1/tokens/${id}/revoke`, { token: SECRET, json });
    expect(await refusal(await revoke('abc', { reason: 'x' }))).toBe('404 ERR_HOUSE_TOKEN_UNKNOWN');
    expect(await refusal(await revoke('abc', {}))).toBe('400 ERR_HTTP_REQUEST');
    const many = { table: 't', columns: ['a'], rows: Array.from({ length: 1001 }, () => ['x']) };
    const answer = await call('/admin/v1/rows', { token: SECRET, json: many });
    expect(await refusal(answer)).toBe('400 ERR_HTTP_REQUEST');
  });

  test('eight megabytes of rows are taken, more are not', async () => {
    const fits = await call('/admin/v1/rows', { token: SECRET, json: rowOfSize(8_000_000) });
    expect(fits.status).toBe(201);
    const large = await call('/admin/v1/rows', { token: SECRET, json: rowOfSize(8_400_000) });
    expect(await refusal(large)).toBe('413 ERR_HTTP_BODY_SIZE');
  });

  test('without an operator there is nothing under /admin, by any spelling', async () => {
    app = build(false);
    for (const path of ['/admin/v1/status', '/%61dmin/v1/status', '//admin/v1/status']) {
      const response = await call(path, { token: SECRET });
      expect(await refusal(response)).toBe('404 ERR_HTTP_PATH_UNKNOWN');
    }
  });
});

test('foreign bodies never get anything but an answer of the table', async () => {
  const token = await house.token(ALL);
  const bodies = fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 64 }));
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom('/v1/query', '/v1/exports'), async (body, path) => {
      const response = await app.request(`${PUBLIC_URL}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
      const problem = await problemOf(response);
      expect(response.status).toBe(400);
      expect(problem['code']).toMatch(/^ERR_[A-Z_]+$/);
      expect(faults).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
