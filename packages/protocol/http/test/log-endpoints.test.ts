import { expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { type MemoryHouse, furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const PUBLIC_URL = 'http://127.0.0.1:7420';
const PATHS = ['/log/proof?offset=0', '/log/consistency?old=1', '/backup', '/tombstones'];

function caller(house: MemoryHouse): (path: string, token: string) => Promise<Response> {
  const app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: { administration: house.administration, secret: SECRET },
    version: '1.2.3',
    publicUrl: PUBLIC_URL,
    onInternalError: (error) => {
      throw error;
    },
  });
  return async (path, token) =>
    app.request(`${PUBLIC_URL}/admin/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
}

async function codeOf(response: Response): Promise<string> {
  const problem = (await response.json()) as { readonly code: string };
  return `${response.status} ${problem.code}`;
}

test('proof, consistency and tombstones are answered as they are', async () => {
  const call = caller(furnishedHouse());
  const text = async (path: string): Promise<string> => (await call(path, SECRET)).text();
  expect(await text('/log/proof?offset=3')).toBe('{"proof":"index 3\\n","leaf":"00"}');
  expect(await text('/log/consistency?old=2&new=5')).toBe('old 2\n');
  expect(await text('/tombstones')).toBe('tombstones\n');
});

test('a backup is streamed', async () => {
  const backup = await caller(furnishedHouse())('/backup', SECRET);
  expect(backup.headers.get('content-type')).toBe('application/x-tar');
  expect(new Uint8Array(await backup.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
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
