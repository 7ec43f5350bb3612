import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { createRateLimiter } from '../src/index.ts';

test('agrees with a bucket of tokens that fills at the rate: the slow twin', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.constantFrom('a', 'b')), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 10 }), (calls, burst) => {
      let now = 0;
      const limiter = createRateLimiter({ perMinute: 60, burst }, () => now);
      const buckets = new Map<string, { tokens: number; at: number }>();
      for (const [passed, key] of calls) {
        now += passed;
        const bucket = buckets.get(key) ?? { tokens: burst, at: now };
        // Milliseconds instead of tokens, so that both count in whole numbers.
        const full = Math.min(burst * 1000, bucket.tokens * 1000 + (now - bucket.at));
        const fits = full >= 1000;
        buckets.set(key, { tokens: (fits ? full - 1000 : full) / 1000, at: now });
        const { waitMs, remaining } = limiter.admit(key);
        expect(waitMs === 0).toBe(fits);
        expect(remaining).toBe(Math.floor((fits ? full - 1000 : full) / 1000));
      }
    }),
  );
});

test('the wait that it names is the wait that it takes', () => {
  let now = 0;
  const limiter = createRateLimiter({ perMinute: 60, burst: 2 }, () => now);
  expect([limiter.admit('k').waitMs, limiter.admit('k').waitMs]).toEqual([0, 0]);
  const wait = limiter.admit('k').waitMs;
  now += wait - 1;
  expect(limiter.admit('k').waitMs).toBe(1);
  now += 1;
  expect(limiter.admit('k').waitMs).toBe(0);
});

test('many keys at rest are forgotten, keys in use are not', () => {
  let now = 0;
  const limiter = createRateLimiter({ perMinute: 60, burst: 1 }, () => now);
  for (let key = 0; key < 10_000; key += 1) limiter.admit(`old ${key}`);
  now += 1500;
  expect(limiter.admit('busy').waitMs).toBe(0);
  for (let key = 0; key < 20_000; key += 1) limiter.admit(`new ${key}`);
  expect(limiter.admit('busy').waitMs).toBe(1000);
});
