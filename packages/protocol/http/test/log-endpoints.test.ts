import { expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { type MemoryHouse, furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const PUBLIC_URL = 'http://127.0.0.1:7420';
const PATHS = [
  '/log/proof?offset=0',
  '/log/receipt?offset=0',
  '/log/consistency?old=1',
  '/backup',
  '/tombstones',
];

function caller(
  house: MemoryHouse,
  publish: (() => Promise<boolean>) | null = null,
): (path: string, token: string, method?: string, json?: unknown) => Promise<Response> {
  const app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: { administration: house.administration, secret: SECRET, publish },
    version: '1.2.3',
    publicUrl: PUBLIC_URL,
    onInternalError: (error) => {
      throw error;
    },
  });
  return async (path, token, method = 'GET', json) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    return app.request(`${PUBLIC_URL}/admin/v1${path}`, { method, headers, ...body });
  };
}

async function codeOf(response: Response): Promise<string> {
  const problem = (await response.json()) as { readonly code: string };
  return `${response.status} ${problem.code}`;
}

test('proof, consistency and tombstones are answered as they are', async () => {
  const call = caller(furnishedHouse());
  const text = async (path: string): Promise<string> => (await call(path, SECRET)).text();
  expect(await text('/log/proof?offset=3')).toBe('{"proof":"index 3\\n","leaf":"00"}');
  expect(await text('/log/receipt?offset=3')).toBe('{"receipt":"A/8=","leaf":"00"}');
  expect(await text('/log/consistency?old=2&new=5')).toBe('old 2\n');
  expect(await text('/tombstones')).toBe('tombstones\n');
});

test('what a range holds is proved by keys as text', async () => {
  const call = caller(furnishedHouse());
  const prove = async (body: unknown, token = SECRET): Promise<Response> =>
    call('/log/state-proof', token, 'POST', body);
  const asked = { name: 't', from: ['1'], to: ['2'] };
  expect(await (await prove(asked)).text()).toBe('t {"from":["1"],"to":["2"]}\n');
  expect((await prove({ name: 't', at: [] })).status).toBe(400);
  expect((await prove({ name: 't', keys: ['1'] })).status).toBe(400);
  expect((await prove(asked, 'another')).status).toBe(401);
});

test('a backup is streamed', async () => {
  const backup = await caller(furnishedHouse())('/backup', SECRET);
  expect(backup.headers.get('content-type')).toBe('application/x-tar');
  expect(new Uint8Array(await backup.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
});

test('a checkpoint is published when the operator says so, and it is said when it was not', async () => {
  const house = furnishedHouse();
  const { log, publication } = house;
  const size = (publication.newest?.size ?? 0) + 1;
  const publish = async (): Promise<boolean> => {
    publication.replace(log.signedCheckpoint(size));
    return true;
  };
  const post = async (call: ReturnType<typeof caller>, token = SECRET): Promise<Response> =>
    call('/log/publish', token, 'POST');
  expect(await codeOf(await post(caller(house)))).toBe('503 ERR_HTTP_PUBLISHING');
  const inVain = caller(house, async () => false);
  expect(await codeOf(await post(inVain))).toBe('503 ERR_HTTP_PUBLISHING');
  expect((await inVain('/log/publish', SECRET)).status).toBe(405);
  const scoped = await house.token(['schema', 'query', 'export', 'verify', 'audit']);
  expect(await codeOf(await post(caller(house, publish), scoped))).toBe('401 ERR_HTTP_OPERATOR');
  expect(publication.newest?.size).toBe(size - 1);
  const response = await post(caller(house, publish));
  expect([response.status, await response.text()]).toEqual([200, log.signedCheckpoint(size)]);
});

test('numbers are whole, and each is given once', async () => {
  const call = caller(furnishedHouse());
  for (const query of ['', '?offset=-1', '?offset=01', '?offset=1&offset=2', '?offset=1&more=2']) {
    expect(await codeOf(await call(`/log/proof${query}`, SECRET))).toBe('400 ERR_HTTP_REQUEST');
  }
});

test('only the operator gets any of it', async () => {
  const house = furnishedHouse();
  const scoped = await house.token(['schema', 'query', 'export', 'verify', 'audit']);
  for (const path of PATHS) {
    expect(await codeOf(await caller(house)(path, scoped))).toBe('401 ERR_HTTP_OPERATOR');
  }
});
