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
  { json, method, token = SECRET }: { json?: unknown; method?: string; token?: string } = {},
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await app.request(`http://127.0.0.1:7420/admin/v1/${path}`, {
    method: method ?? (json === undefined ? 'GET' : 'POST'),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('the operator erases data subjects, and holds them', async () => {
  const order = { subject: 'ada', legal_basis: 'GDPR Art. 17', approvals: ['officer'] };
  const { status, body } = await call('erasures', { json: order });
  expect(status).toBe(201);
  const erasure = { key_id: 5, legal_basis: 'GDPR Art. 17', approvals: ['officer'], rows: 3 };
  expect(body).toMatchObject({ erasures: [erasure] });
  expect(JSON.stringify(body)).not.toContain('ada');
  expect((await call('erasures')).body).toEqual(body);
  const held = await call('holds', { json: { subject: 'ada', reason: 'case 7' } });
  expect(held.body).toMatchObject({ hold_id: 'h1' });
  const hold = { hold_id: 'h1', reason: 'case 7', state: 'placed' };
  expect((await call('holds')).body).toMatchObject({ holds: [hold] });
  expect((await call('holds/h1/release', { method: 'POST' })).status).toBe(200);
  const unknown = await call('holds/h2/release', { method: 'POST' });
  expect(unknown).toMatchObject({ status: 404, body: { code: 'ERR_HOUSE_HOLD_UNKNOWN' } });
});

test.each([
  ['no members', {}],
  ['nobody who approved it', { subject: 'ada', legal_basis: 'law', approvals: [] }],
  ['nobody to erase', { subject: '', legal_basis: 'law', approvals: ['officer'] }],
  ['a member more', { subject: 'ada', legal_basis: 'law', approvals: ['officer'], force: true }],
])('an order with %s is refused', async (_, json) => {
  const refused = await call('erasures', { json });
  expect(refused).toMatchObject({ status: 400, body: { code: 'ERR_HTTP_REQUEST' } });
});

test('the operator has every key wrapped anew', async () => {
  const rotated = await call('keys/rotate', { method: 'POST' });
  expect(rotated).toEqual({ status: 200, body: { rotated: true } });
});

test('no token opens them', async () => {
  const token = await house.token(['schema', 'query', 'export', 'verify', 'audit']);
  for (const path of ['erasures', 'holds']) {
    const refused = await call(path, { token });
    expect(refused).toMatchObject({ status: 401, body: { code: 'ERR_HTTP_OPERATOR' } });
  }
});
