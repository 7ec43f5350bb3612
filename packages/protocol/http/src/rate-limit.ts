/**
 * GCRA (ITU-T I.371, the generic cell rate algorithm): one number for each key, no timers. Time is
 * handed in, so that a test need not wait. What is left is told in the fields of
 * draft-ietf-httpapi-ratelimit-headers.
 */

import { HttpError } from './error.ts';

export interface RateLimit {
  readonly perMinute: number;
  readonly burst: number;
}

/** What a call found. */
export interface RateState {
  /** 0: the call was taken. Else it was not, and one will fit in so many ms. */
  readonly waitMs: number;
  /** How many more fit at once. */
  readonly remaining: number;
  /** In how many ms a whole burst fits again. */
  readonly restoredMs: number;
}

export interface RateLimiter {
  readonly limit: RateLimit;
  /** Takes one call of a key, if it fits. */
  admit(key: string): RateState;
  /** Undoes one call of a key that was taken. */
  giveBack(key: string): void;
}

/** From this many keys on, those that are at rest are forgotten: they mean the same as unknown ones. */
const SWEEP_AT_KEYS = 10_000;

/** @param keysMax keys that are remembered; of more, the one that was quiet longest is forgotten */
export function createRateLimiter(
  limit: RateLimit,
  nowMs: () => number,
  keysMax: number = Infinity,
): RateLimiter {
  const intervalMs = 60_000 / limit.perMinute;
  const toleranceMs = intervalMs * (limit.burst - 1);
  /** When each key's next call would arrive if it kept to the rate exactly. */
  const arrivals = new Map<string, number>();

  let sweepAtKeys = SWEEP_AT_KEYS;

  function forgetResting(now: number): void {
    for (const [key, arrival] of arrivals) if (arrival <= now) arrivals.delete(key);
    // Twice what is left, so that a sweep costs each new key a constant share.
    sweepAtKeys = Math.max(SWEEP_AT_KEYS, 2 * arrivals.size);
  }

  function state(arrival: number, now: number, waitMs: number): RateState {
    const owedMs = arrival - now;
    const remaining = Math.floor((toleranceMs - owedMs) / intervalMs) + 1;
    return { waitMs, remaining: Math.max(0, remaining), restoredMs: Math.max(0, owedMs) };
  }

  return {
    limit,
    admit(key) {
      const now = nowMs();
      const arrival = Math.max(arrivals.get(key) ?? now, now);
      const waitMs = arrival - toleranceMs - now;
      // Set anew each time, so that the map's order is that of the newest calls.
      arrivals.delete(key);
      if (waitMs > 0) {
        arrivals.set(key, arrival);
        return state(arrival, now, Math.ceil(waitMs));
      }
      if (arrivals.size >= sweepAtKeys) forgetResting(now);
      if (arrivals.size >= keysMax) {
        const [quietest = key] = arrivals.keys();
        arrivals.delete(quietest);
      }
      arrivals.set(key, arrival + intervalMs);
      return state(arrival + intervalMs, now, 0);
    },
    giveBack(key) {
      const arrival = arrivals.get(key);
      if (arrival !== undefined) arrivals.set(key, arrival - intervalMs);
    },
  };
}

const POLICY_NAME = '"calls"';

/** Tells a caller how often it may call, and what is left of that. */
export function setRateHeaders(
  headers: Headers,
  { perMinute }: RateLimit,
  { remaining, restoredMs }: RateState,
): void {
  headers.set('ratelimit-policy', `${POLICY_NAME};q=${perMinute};w=60`);
  headers.set('ratelimit', `${POLICY_NAME};r=${remaining};t=${Math.ceil(restoredMs / 1000)}`);
}

/** A call too many: 429 with Retry-After (RFC 6585 §4). */
export function rateLimited(message: string, { waitMs }: RateState): HttpError {
  return new HttpError('ERR_HTTP_RATE_LIMITED', message, {
    hint: 'Wait as Retry-After says; ask for more in one request instead of many.',
    retryAfterMs: waitMs,
  });
}
