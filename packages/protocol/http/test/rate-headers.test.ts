import { expect, test } from 'vitest';

import { buildHttpApi, createRateLimiter } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

// S265
test('a token that calls too often is told when to come back, over HTTP', async () => {
  const house = furnishedHouse();
  let now = 0;
  const app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: null,
    version: '1.2.3',
    publicUrl: 'http://127.0.0.1:7420',
    rateLimiter: createRateLimiter({ perMinute: 60, burst: 3 }, () => now),
    onInternalError: (error) => {
      throw error;
    },
  });
  const [token, other] = [await house.token(['query']), await house.token(['query'])];
  const ask = async (bearer: string): Promise<Response> =>
    app.request('/v1/query', {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT * FROM people' }),
    });
  const first = await ask(token);
  expect(first.status).toBe(200);
  expect(first.headers.get('ratelimit-policy')).toBe('"calls";q=60;w=60');
  expect(first.headers.get('ratelimit')).toBe('"calls";r=2;t=1');
  await ask(token);
  expect((await ask(token)).headers.get('ratelimit')).toBe('"calls";r=0;t=3');

  const recordCount = house.records.length;
  const refused = await ask(token);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('ratelimit')).toBe('"calls";r=0;t=3');
  expect(await refused.json()).toMatchObject({ code: 'ERR_HTTP_RATE_LIMITED', status: 429 });
  // Nothing was asked of the house, so nothing is recorded.
  expect(house.records).toHaveLength(recordCount);
  expect((await ask(other)).status).toBe(200);
  now += 1000;
  expect((await ask(token)).status).toBe(200);
  expect((await ask(token)).status).toBe(429);
});
