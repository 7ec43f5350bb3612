import { expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const house = furnishedHouse();
const app = buildHttpApi({
  gateway: house.gateway,
  publication: house.publication,
  operator: { administration: house.administration, secret: SECRET, publish: null },
  version: '1.2.3',
  publicUrl: 'http://127.0.0.1:7420',
  onInternalError: () => undefined,
});

async function call(
  path: string,
  token: string,
  json?: unknown,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await app.request(`http://127.0.0.1:7420${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

test('a token may be cut', async () => {
  const token = await house.token(['query']);
  const rows = { people: { not: { column: 'id', equals: '1' } } };
  const { status, body } = await call('/v1/token-exchange', token, { grant_type: GRANT, rows });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    access_token: 'cut',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
  });
});

test.each([
  ['another grant type', { grant_type: 'password' }, 400],
  ['a condition that is none', { grant_type: GRANT, rows: { people: { column: 'id' } } }, 400],
  ['a member more', { grant_type: GRANT, subject_token: 'x' }, 400],
  ['more than it has', { grant_type: GRANT, as_of: 3 }, 403],
])('an exchange for %s is refused', async (_, json, status) => {
  const token = await house.token(['query']);
  expect(await call('/v1/token-exchange', token, json)).toMatchObject({ status });
});

test('the operator reads tokens and policies, and renews the key', async () => {
  const token = await house.token(['verify']);
  expect((await call('/admin/v1/tokens/introspect', SECRET, { token })).body).toEqual({
    active: false,
  });
  expect(await call('/admin/v1/tokens/explain', SECRET, { token })).toMatchObject({ status: 403 });
  const keys = await call('/admin/v1/tokens/renew-key', SECRET, { retire: false });
  expect(keys.body).toMatchObject({ keys: [{ kid: 'k' }] });
  await call('/admin/v1/policies', SECRET, { yaml: 'a policy' });
  expect((await call('/admin/v1/policies', SECRET)).body).toMatchObject({
    policies: [{ version: 1, active: true }],
  });
  expect((await call('/admin/v1/policies/open?version=1', SECRET)).body).toEqual({
    text: 'a policy',
  });
  expect(await call('/admin/v1/policies/open?version=9', SECRET)).toMatchObject({ status: 404 });
  for (const path of ['/admin/v1/tokens/introspect', '/admin/v1/tokens/renew-key']) {
    expect(await call(path, token, { token })).toMatchObject({ status: 401 });
  }
});

test('a proof goes on to the house with the request that it is of', async () => {
  const seen: unknown[] = [];
  const gateway = {
    ...house.gateway,
    authenticate: async (...all: Parameters<typeof house.gateway.authenticate>) => {
      seen.push(all[2]);
      return house.gateway.authenticate(...all);
    },
  };
  const watched = buildHttpApi({
    gateway,
    publication: house.publication,
    operator: null,
    version: '1.2.3',
    publicUrl: 'http://127.0.0.1:7420',
    onInternalError: () => undefined,
  });
  const token = await house.token(['schema']);
  const send = async (headers: Record<string, string>): Promise<number> =>
    (await watched.request('http://127.0.0.1:7420/v1/schema', { headers })).status;
  expect(await send({ authorization: `DPoP ${token}`, dpop: 'a.proof.of' })).toBe(200);
  expect(seen).toEqual([
    { proof: 'a.proof.of', method: 'GET', url: 'http://127.0.0.1:7420/v1/schema' },
  ]);
  expect(await send({ authorization: `DPoP ${token}` })).toBe(401);
  expect(await send({ authorization: `Bearer ${token}`, dpop: 'a.proof.of' })).toBe(200);
  expect(seen.at(-1)).toBeUndefined();
});
