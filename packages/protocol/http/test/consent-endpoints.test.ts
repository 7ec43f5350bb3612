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

async function call(path: string, json?: unknown, token = SECRET): Promise<Response> {
  return app.request(`http://127.0.0.1:7420/admin/v1/consents${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
}

const ORDER = {
  subject: 'ada',
  state: 'given',
  purpose: 'dpv:ScientificResearch',
  tables: '*',
  controller: 'The clinic',
  legal_basis: 'eu-gdpr:A6-1-a',
  expression: 'explicit',
};

test('the operator keeps the consent ledger', async () => {
  const recorded = await call('', { ...ORDER, expires_at: '2027-01-02T03:04:05Z' });
  expect(recorded.status).toBe(201);
  expect(await recorded.json()).toEqual({ consent_id: 'c0', offset: 7 });
  const changed = await call('/c0/state', { state: 'withdrawn' });
  expect(await changed.json()).toEqual({ consent_id: 'c0', state: 'withdrawn', offset: 8 });
  const text = await (await call('/search', { subject: 'ada' })).text();
  expect(JSON.parse(text)).toMatchObject({
    consents: [{ state: 'given' }, { state: 'withdrawn' }],
  });
  expect(text).not.toContain('ada');
  expect(await (await call('/search', { subject: 'nobody' })).json()).toEqual({ consents: [] });
  expect(await (await call('/c0/receipt')).text()).toBe('receipt of c0\n');
  expect((await call('/c9/receipt')).status).toBe(404);
});

test.each([
  ['a state that only follows another', { ...ORDER, state: 'withdrawn' }],
  ['no tables', { ...ORDER, tables: [] }],
  ['a notice without its digest', { ...ORDER, notice: { uri: 'https://x', language: 'en' } }],
  ['an end that is no time', { ...ORDER, expires_at: 'soon' }],
  ['a member more', { ...ORDER, force: true }],
])('a consent with %s is refused', async (_, json) => {
  const refused = await call('', json);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ code: 'ERR_HTTP_REQUEST' });
});

test('no token opens it', async () => {
  const token = await house.token(['schema', 'query', 'export', 'verify', 'audit']);
  for (const refused of [await call('', ORDER, token), await call('/search', {}, token)]) {
    expect(refused.status).toBe(401);
  }
});

test('the operator has the reports that laws ask for', async () => {
  const report = async (path: string, json?: unknown): Promise<unknown> =>
    (await call(`/../reports/${path}`, json)).json();
  expect(await report('accounting', { subject: 'ada' })).toMatchObject({ series: [{ count: 1 }] });
  const access = { subject: 'ada', purpose: 'Article 15' };
  expect(await report('subject-access', access)).toMatchObject({
    retention: { open: 'P90D' },
    data: [{ table: 'people', rows: [['1']] }],
  });
  expect(await report('processing')).toEqual({ activities: [] });
  expect(await report('holders')).toEqual({ holders: [] });
  expect(await report('accounting', {})).toMatchObject({ code: 'ERR_HTTP_REQUEST' });
});
