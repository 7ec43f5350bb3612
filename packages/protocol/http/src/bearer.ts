/** Where a token may stand: in one `Authorization` header (RFC 6750 §2.1), and nowhere else. */

import { createHash, timingSafeEqual } from 'node:crypto';

import type { Caller, Gateway, Session } from '@veritydb/disclosure';

import { HttpError, TokenRefusedError } from './error.ts';
import { isVerityError } from './problem.ts';
import { noteToken } from './request-facts.ts';

/** Far above any token of ours (4 KiB), far below what would hurt. */
const TOKEN_LENGTH_MAX = 8192;
const CLIENT_LENGTH_MAX = 200;
const TOKEN_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'authorization',
  'bearer',
  'jwt',
  'token',
]);

/**
 * Refuses a token in the query string: addresses end up in logs, histories and referrers.
 *
 * @throws {HttpError} ERR_HTTP_TOKEN_PLACE
 */
export function assertNoTokenInQuery(url: URL): void {
  for (const [name, value] of url.searchParams) {
    if (!TOKEN_PARAMETERS.has(name.toLowerCase()) && !/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) {
      continue;
    }
    throw new HttpError('ERR_HTTP_TOKEN_PLACE', 'the query string holds a token', {
      hint: 'Send the token in the Authorization header, and treat this one as leaked: have it revoked.',
    });
  }
}

interface SentToken {
  readonly token: string;
  /** The proof that came with it (RFC 9449 §7.1); null for a token of the bearer (RFC 6750). */
  readonly proof: string | null;
}

/**
 * The token of a request.
 *
 * @throws {HttpError} ERR_HTTP_TOKEN_MISSING, ERR_HTTP_TOKEN_FORM
 */
function sentToken(request: Request): SentToken {
  // Attacker-controlled: two headers arrive joined by a comma, which no token holds.
  const header = request.headers.get('authorization');
  if (header === null) {
    throw new HttpError('ERR_HTTP_TOKEN_MISSING', 'the request has no token', {
      hint: 'Send the header "Authorization: Bearer <token>". The operator of this database issues tokens.',
    });
  }
  const match = /^(bearer|dpop) ([A-Za-z0-9\-._~+/]+=*)$/i.exec(header);
  const [, scheme = '', token = ''] = match ?? [];
  const proof = scheme.toLowerCase() === 'dpop' ? request.headers.get('dpop') : null;
  const isProven = scheme.toLowerCase() !== 'dpop' || proof !== null;
  if (match === null || token.length > TOKEN_LENGTH_MAX || !isProven) {
    throw new HttpError('ERR_HTTP_TOKEN_FORM', 'the Authorization header is not one bearer token', {
      hint: 'Send exactly one header "Authorization: Bearer <token>", or DPoP with a proof in its own.',
    });
  }
  return { token, proof };
}

/**
 * Whether a request bears the operator's secret. Compares digests, in constant time: neither length nor
 * prefix of the secret shows in the time taken.
 *
 * @throws {HttpError} ERR_HTTP_TOKEN_MISSING, ERR_HTTP_TOKEN_FORM
 */
export function isOperator(request: Request, secret: string): boolean {
  const { token, proof } = sentToken(request);
  if (proof !== null) return false;
  const given = createHash('sha256').update(token).digest();
  const expected = createHash('sha256').update(secret).digest();
  return timingSafeEqual(given, expected);
}

/**
 * Verifies the token of a request, once for each request: nothing is cached, so a revocation counts at once.
 *
 * @throws {HttpError} ERR_HTTP_TOKEN_MISSING, ERR_HTTP_TOKEN_FORM
 * @throws {TokenRefusedError} with the gateway's code
 */
export async function authenticate(
  gateway: Gateway,
  request: Request,
  transport: Caller['transport'],
): Promise<Session> {
  const { token, proof } = sentToken(request);
  // Attacker-controlled: a client may call itself anything.
  const client = request.headers.get('user-agent')?.slice(0, CLIENT_LENGTH_MAX) ?? null;
  try {
    const caller = { transport, client };
    const { method, url } = request;
    const possession = proof === null ? undefined : { proof, method, url };
    const session = await gateway.authenticate(token, caller, possession);
    noteToken(request, session.tokenId);
    return session;
  } catch (error) {
    if (!isVerityError(error)) throw error;
    if (error.kind === 'unavailable' || error.kind === 'assertion') throw error;
    throw new TokenRefusedError(error);
  }
}
