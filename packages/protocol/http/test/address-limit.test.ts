/** Floods from addresses, through the real door. */

import { expect, test } from 'vitest';

import { ADDRESSES_MAX, networkOf } from '../src/address-limit.ts';
import { buildHttpApi, createAddressLimiter, createRateLimiter } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

const CALLER = '192.0.2.7';
const LIMIT = { perMinute: 60, burst: 3 } as const;

function openDoor() {
  const house = furnishedHouse();
  const clock = { now: 0 };
  const app = buildHttpApi({
    gateway: house.gateway,
    publication: house.publication,
    operator: null,
    version: '1.2.3',
    publicUrl: 'http://127.0.0.1:7420',
    onInternalError: (error) => {
      throw error;
    },
  });
  const limiter = createAddressLimiter(LIMIT, () => clock.now);
  const ask = async (bearer: string | null, address: string | null): Promise<Response> => {
    const request = new Request('http://127.0.0.1:7420/v1/query', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        // Nobody is somebody else because it says so.
        'x-forwarded-for': `198.51.100.${Math.floor(Math.random() * 250)}`,
      },
      body: JSON.stringify({ sql: 'SELECT * FROM people' }),
    });
    return limiter.answer(request, address, async () => app.fetch(request));
  };
  return { house, clock, ask };
}

test('who guesses tokens is told to wait, before a token is looked at', async () => {
  const { ask, clock, house } = openDoor();
  const first = await ask('guess-1', CALLER);
  expect(first.status).toBe(401);
  expect(first.headers.get('ratelimit-policy')).toBe('"calls";q=60;w=60');
  expect(first.headers.get('ratelimit')).toBe('"calls";r=2;t=1');
  await ask('guess-2', CALLER);
  await ask(null, CALLER);
  const records = house.records.length;
  const refused = await ask('guess-3', CALLER);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ code: 'ERR_HTTP_RATE_LIMITED', status: 429 });
  expect(house.records).toHaveLength(records);
  expect((await ask('guess-4', '192.0.2.8')).status).toBe(401);
  expect((await ask('guess-5', null)).status).toBe(401);
  clock.now += 1000;
  expect((await ask('guess-6', CALLER)).status).toBe(401);
  expect((await ask('guess-7', CALLER)).status).toBe(429);
});

test('a token that holds costs its address nothing', async () => {
  const { ask, house } = openDoor();
  const token = await house.token(['query']);
  for (let call = 0; call < 10; call += 1) {
    const response = await ask(token, CALLER);
    expect(response.status).toBe(200);
    expect(response.headers.has('ratelimit')).toBe(false);
  }
  expect((await ask(null, CALLER)).headers.get('ratelimit')).toBe('"calls";r=2;t=1');
});

test('who has a network is one caller', async () => {
  const { ask } = openDoor();
  for (const end of ['1', '2:3', 'a:b:c:d']) await ask(null, `2001:db8:0:7::${end}`.slice(0, 39));
  expect((await ask(null, '2001:db8::7:0:0:0:9')).status).toBe(429);
  expect((await ask(null, '2001:db8:0:8::1')).status).toBe(401);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:7::1', '2001:db8:0:7'],
  ['2001:0db8::7:0:0:0:9', '2001:db8:0:7'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::', '0:0:0:0'],
  ['', ''],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('no more addresses are remembered than there is room for: the quiet ones go first', () => {
  const limiter = createRateLimiter({ perMinute: 1, burst: 1 }, () => 0, ADDRESSES_MAX);
  limiter.admit('quiet');
  limiter.admit('busy');
  for (let key = 0; key < ADDRESSES_MAX - 2; key += 1) limiter.admit(`other ${key}`);
  expect(limiter.admit('busy').waitMs).toBeGreaterThan(0);
  limiter.admit('one more');
  expect(limiter.admit('busy').waitMs).toBeGreaterThan(0);
  expect(limiter.admit('quiet').waitMs).toBe(0);
});
