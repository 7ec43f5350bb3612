/**
 * GCRA (ITU-T I.371, the generic cell rate algorithm): one number for each key, no timers. Time is
 * handed in, so that a test need not wait.
 */

export interface RateLimit {
  readonly perMinute: number;
  readonly burst: number;
}

export interface RateLimiter {
  /** Takes one call of a key, and returns 0; or takes none, and returns in how many ms one will fit. */
  admit(key: string): number;
}

/** From this many keys on, those that are at rest are forgotten: they mean the same as unknown ones. */
const SWEEP_AT_KEYS = 10_000;

export function createRateLimiter(limit: RateLimit, nowMs: () => number): RateLimiter {
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

  return {
    admit(key) {
      const now = nowMs();
      const arrival = Math.max(arrivals.get(key) ?? now, now);
      const waitMs = arrival - toleranceMs - now;
      if (waitMs > 0) return Math.ceil(waitMs);
      if (arrivals.size >= sweepAtKeys) forgetResting(now);
      arrivals.set(key, arrival + intervalMs);
      return 0;
    },
  };
}
