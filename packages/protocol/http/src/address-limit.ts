/**
 * How often one address may ask without a token that holds: for whoever guesses tokens, codes and paths.
 * It stands before the token, since to check a signature is what a flood would make expensive; a caller
 * whose token holds is given its call back, and is counted by its token alone.
 */

import { problemResponse } from './problem.ts';
import { type RateLimit, createRateLimiter, rateLimited, setRateHeaders } from './rate-limit.ts';
import { factsOf } from './request-facts.ts';

/** Addresses that are remembered; of more, those that were quiet longest are forgotten. */
export const ADDRESSES_MAX = 65_536;

export interface AddressLimiter {
  /**
   * Answers a request, or refuses it by 429 before anything of it is read.
   *
   * @param address of the socket's other end, as node gives it; null for one without a limit
   */
  answer(
    request: Request,
    address: string | null,
    next: () => Promise<Response>,
  ): Promise<Response>;
}

export function createAddressLimiter(limit: RateLimit, nowMs: () => number): AddressLimiter {
  const limiter = createRateLimiter(limit, nowMs, ADDRESSES_MAX);
  return {
    async answer(request, address, next) {
      if (address === null) return next();
      const key = networkOf(address);
      const rate = limiter.admit(key);
      const isRefused = rate.waitMs > 0;
      const response = isRefused
        ? problemResponse(rateLimited('this address asks too often without a token', rate))
        : await next();
      const isKnown = factsOf(request).tokenId !== null;
      if (isKnown) limiter.giveBack(key);
      else setRateHeaders(response.headers, limit, rate);
      return response;
    },
  };
}

/** Whoever has one IPv6 address has its /64 (RFC 4291 §2.5.4). */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1] as string;
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = (address.split('%')[0] as string).split('::');
  const [before, after] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[],
  ];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
