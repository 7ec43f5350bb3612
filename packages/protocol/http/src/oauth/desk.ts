/**
 * Offers and codes, in memory alone. An offer is a grant that the operator made, kept under a one-time code
 * that the operator tells a person; a code is what a client gets for it, good for one minute and once.
 * Both are known by their digests only.
 */

import { createHash } from 'node:crypto';

import type { Action } from '@veritydb/disclosure';

import { OAuthError } from './error.ts';
import type { AuthorizationRequest } from './request.ts';

export interface Offer {
  /** The token that the operator issued: no client ever sees it. */
  readonly grant: string;
  readonly untilMs: number;
}

/** What was allowed to whom. */
export interface Allowance {
  readonly grant: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly actions: readonly Action[];
}

interface HeldCode {
  readonly allowance: Allowance;
  readonly untilMs: number;
  isSpent: boolean;
  /** Whether somebody brought it again: then what it became must end. */
  isReused: boolean;
  /** The token that it became; null until there is one. */
  tokenId: string | null;
}

export interface DeskPorts {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number;
  /** Unguessable, at least 128 bits, hexadecimal. */
  readonly randomId: () => string;
}

export const OFFER_LIFETIME_MS: number = 10 * 60_000;
const CODE_LIFETIME_MS = 60_000;
/** A spent code is remembered this long, to notice who tries it again. */
const SPENT_MEMORY_MS: number = 10 * 60_000;
const OFFERS_MAX = 100;
const CODES_MAX = 1000;

export class AuthorizationDesk {
  readonly #ports: DeskPorts;
  readonly #offers: Map<string, Offer> = new Map();
  readonly #codes: Map<string, HeldCode> = new Map();

  constructor(ports: DeskPorts) {
    this.#ports = ports;
  }

  /** @returns the one-time code: 16 letters and digits, 80 bits, in groups */
  offer(grant: string): string {
    this.#forget();
    if (this.#offers.size >= OFFERS_MAX) {
      throw new OAuthError('ERR_OAUTH_BUSY', 'too many offers are open');
    }
    const code = oneTimeCode(`${this.#ports.randomId()}${this.#ports.randomId()}`);
    const untilMs = this.#ports.nowMs() + OFFER_LIFETIME_MS;
    this.#offers.set(digest(normal(code)), { grant, untilMs });
    return code;
  }

  /** @throws {OAuthError} ERR_OAUTH_OFFER for what is unknown, used or late alike */
  find(code: string): Offer {
    this.#forget();
    const offer = this.#offers.get(digest(normal(code)));
    if (offer !== undefined) return offer;
    throw new OAuthError('ERR_OAUTH_OFFER', 'the one-time code is wrong, used or too old');
  }

  /** Spends an offer: the code that the client will bring. */
  allow(oneTime: string, request: AuthorizationRequest, actions: readonly Action[]): string {
    const { grant } = this.find(oneTime);
    if (this.#codes.size >= CODES_MAX) throw new OAuthError('ERR_OAUTH_BUSY', 'too many codes');
    this.#offers.delete(digest(normal(oneTime)));
    const code = `${this.#ports.randomId()}${this.#ports.randomId()}`;
    const { clientId, redirectUri, challenge } = request;
    this.#codes.set(digest(code), {
      allowance: { grant, clientId, redirectUri, challenge, actions },
      untilMs: this.#ports.nowMs() + CODE_LIFETIME_MS,
      isSpent: false,
      isReused: false,
      tokenId: null,
    });
    return code;
  }

  /**
   * Takes a code, once, whatever comes of it. Who brings one again is told of the token that it became, so
   * that it can be revoked (RFC 9700 §4.5).
   *
   * @throws {OAuthError} ERR_OAUTH_GRANT
   */
  take(code: string): HeldCode | { readonly reusedTokenId: string | null } {
    this.#forget();
    const held = this.#codes.get(digest(code));
    if (held === undefined) throw new OAuthError('ERR_OAUTH_GRANT', 'the code is unknown or used');
    if (held.isSpent) {
      held.isReused = true;
      return { reusedTokenId: held.tokenId };
    }
    held.isSpent = true;
    if (held.untilMs <= this.#ports.nowMs()) {
      throw new OAuthError('ERR_OAUTH_GRANT', 'the code is too old');
    }
    return held;
  }

  #forget(): void {
    const now = this.#ports.nowMs();
    for (const [key, { untilMs }] of this.#offers) if (untilMs <= now) this.#offers.delete(key);
    for (const [key, { untilMs }] of this.#codes) {
      if (untilMs + SPENT_MEMORY_MS <= now) this.#codes.delete(key);
    }
  }
}

/** Letters and digits without those that look alike (Crockford's base 32). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function oneTimeCode(random: string): string {
  const bytes = createHash('sha256').update(random).digest();
  const letters = Array.from({ length: 16 }, (_, at) => ALPHABET[(bytes[at] ?? 0) % 32]);
  return [0, 4, 8, 12].map((at) => letters.slice(at, at + 4).join('')).join('-');
}

/** As people type it: small letters, spaces, and what looks alike. */
function normal(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
