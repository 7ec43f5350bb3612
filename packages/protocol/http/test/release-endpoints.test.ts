/** Releases and retention, as the operator sees them over HTTP. */

import { toOffset } from '@veritydb/types';
import { expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const house = furnishedHouse();
const closed: string[][] = [];
const app = buildHttpApi({
  gateway: house.gateway,
  publication: house.publication,
  operator: {
    administration: {
      ...house.administration,
      listReleases: async () => [
        {
          recipient: 'Northfield',
          table: 'patients',
          policy: 'research-kanon',
          policyVersion: 2,
          position: toOffset(7),
          levels: { zip: 1 },
          state: 'open',
          changedAt: '2026-01-02T03:04:05Z',
        },
      ],
      closeRelease: async (recipient, table) => {
        closed.push([recipient, table]);
        return { offset: toOffset(9) };
      },
      reports: {
        ...house.administration.reports,
        dueRows: async (purpose) => ({
          at: '2026-01-02T03:04:05Z',
          rows: [
            {
              table: 'patients',
              key: [7],
              dataClass: 'quasi-id',
              keep: 'P30D',
              policy: purpose,
              writtenAt: '2025-01-02T03:04:05Z',
              offset: toOffset(3),
            },
          ],
          truncated: ['visits'],
        }),
      },
    },
    secret: SECRET,
    publish: null,
  },
  version: '1.2.3',
  publicUrl: 'http://127.0.0.1:7420',
  onInternalError: () => undefined,
});

async function call(
  path: string,
  json?: unknown,
  token = SECRET,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await app.request(`http://127.0.0.1:7420/admin/v1/${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: response.status, body: await response.json() };
}

test('releases are listed, and closed one by one', async () => {
  expect((await call('releases')).body).toEqual({
    releases: [
      {
        recipient: 'Northfield',
        table: 'patients',
        policy: 'research-kanon',
        policy_version: 2,
        position: 7,
        levels: { zip: 1 },
        state: 'open',
        changed_at: '2026-01-02T03:04:05Z',
      },
    ],
  });
  const order = { recipient: 'Northfield', table: 'patients' };
  expect(await call('releases/close', order)).toEqual({ status: 200, body: { offset: 9 } });
  expect(closed).toEqual([['Northfield', 'patients']]);
  expect((await call('releases/close', { recipient: 'Northfield' })).status).toBe(400);
  expect((await call('releases', undefined, 'no')).status).toBe(401);
});

test('rows that are due are told for a purpose', async () => {
  expect(await call('reports/retention', { purpose: 'audit' })).toEqual({
    status: 200,
    body: {
      at: '2026-01-02T03:04:05Z',
      rows: [
        {
          table: 'patients',
          key: [7],
          class: 'quasi-id',
          keep: 'P30D',
          policy: 'audit',
          written_at: '2025-01-02T03:04:05Z',
          offset: 3,
        },
      ],
      truncated: ['visits'],
    },
  });
  expect((await call('reports/retention', {})).status).toBe(400);
});
