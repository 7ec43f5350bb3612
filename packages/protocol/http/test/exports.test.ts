/** Exports over HTTP: listed to their token alone, and downloaded in parts. */

import { beforeEach, describe, expect, test } from 'vitest';

import { buildHttpApi, exportAnswerShape } from '../src/index.ts';
import { type MemoryHouse, furnishedHouse } from './memory-house.ts';

const PUBLIC_URL = 'http://127.0.0.1:7420';

let house: MemoryHouse;
let app: ReturnType<typeof buildHttpApi>;
let token: string;
let made: Record<string, string>;

beforeEach(async () => {
  house = furnishedHouse();
  app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: null,
    version: '1.2.3',
    publicUrl: PUBLIC_URL,
    onInternalError: () => undefined,
  });
  token = await house.token(['export']);
  const created = await call('/v1/exports', token, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql: 'SELECT name FROM people', idempotency_id: 'ab'.repeat(16) }),
  });
  made = exportAnswerShape.parse(await created.json()) as Record<string, string>;
});

async function call(path: string, bearer: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${bearer}`);
  return app.request(`${PUBLIC_URL}${path}`, { ...init, headers });
}

test('a token lists what it exported, and nobody else does', async () => {
  expect(await (await call('/v1/exports', token)).json()).toMatchObject({
    exports: [{ export_id: made['export_id'], download_path: made['download_path'] }],
  });
  const other = await house.token(['export']);
  expect(await (await call('/v1/exports', other)).json()).toEqual({ exports: [] });
  expect((await call('/v1/exports', await house.token(['query']))).status).toBe(403);
});

// S359: a bundle is downloaded, and a download that broke off goes on.
describe('a download', () => {
  const get = async (headers: Record<string, string>): Promise<Response> =>
    call(made['download_path'] as string, token, { headers });

  test('goes on where it was, of the same bundle alone', async () => {
    const whole = await get({});
    const bytes = await whole.arrayBuffer();
    const { byteLength } = bytes;
    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    const tag = whole.headers.get('etag') as string;
    const rest = await get({ range: 'bytes=3-', 'if-range': tag });
    expect([rest.status, rest.headers.get('content-range')]).toEqual([
      206,
      `bytes 3-${byteLength - 1}/${byteLength}`,
    ]);
    expect(await rest.arrayBuffer()).toEqual(bytes.slice(3));
    const other = await get({ range: 'bytes=3-', 'if-range': '"other"' });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, byteLength]);
  });

  test('beyond the end is refused with the size', async () => {
    const { byteLength } = await (await get({})).arrayBuffer();
    const beyond = await get({ range: `bytes=${byteLength}-` });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([
      416,
      `bytes */${byteLength}`,
    ]);
    expect(await beyond.json()).toMatchObject({ code: 'ERR_HTTP_RANGE' });
  });
});
