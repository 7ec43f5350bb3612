/**
 * Clients of the authorization server (RFC 7591). Nothing is kept of them: a client's id is what it
 * registered, under a MAC of the operator's key, so that registering costs no memory and outlives a restart.
 * All are public clients: what proves that a code is theirs is PKCE.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

import { parseJson } from '@veritydb/types';
import { z } from 'zod';

import { OAuthError } from './error.ts';

export interface Client {
  /** What it calls itself: a claim, not a fact. */
  readonly name: string;
  readonly redirectUris: readonly string[];
}

const REDIRECTS_MAX = 5;
const REDIRECT_LENGTH_MAX = 300;
const ID_LENGTH_MAX = 4000;

const registration = z.looseObject({
  redirect_uris: z.array(z.string().max(REDIRECT_LENGTH_MAX)).min(1).max(REDIRECTS_MAX),
  client_name: z.string().max(80).optional(),
  token_endpoint_auth_method: z.literal('none').optional(),
  grant_types: z.array(z.string()).max(5).optional(),
  response_types: z.array(z.string()).max(5).optional(),
});
const registered = z.tuple([z.string(), z.array(z.string())]);

/**
 * Loopback by its address or name over http, or any host over https (RFC 8252 §7.3, §8.3): no scheme of its
 * own, which any program could claim, no fragment, no user.
 */
function isRedirectUri(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hash !== '' || text.includes('#') || url.username + url.password !== '') {
    return false;
  }
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackName(url.hostname));
}

function isLoopbackName(hostname: string): boolean {
  return hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost';
}

/** @throws {OAuthError} ERR_OAUTH_CLIENT_METADATA, ERR_OAUTH_REDIRECT */
export function registerClient(key: Uint8Array, metadata: unknown): { id: string; client: Client } {
  // Attacker-controlled: anybody may register.
  const parsed = registration.safeParse(metadata);
  if (!parsed.success) {
    throw new OAuthError(
      'ERR_OAUTH_CLIENT_METADATA',
      'expected redirect_uris, and no authentication at the token endpoint',
    );
  }
  const { redirect_uris: redirectUris, client_name: name = 'unnamed client' } = parsed.data;
  if (!redirectUris.every(isRedirectUri)) {
    throw new OAuthError(
      'ERR_OAUTH_REDIRECT',
      'a redirect address is neither https nor http on this machine, or has a fragment',
    );
  }
  const body = Buffer.from(JSON.stringify([name, redirectUris])).toString('base64url');
  return { id: `${body}.${mac(key, body)}`, client: { name, redirectUris } };
}

/** @throws {OAuthError} ERR_OAUTH_CLIENT */
export function openClient(key: Uint8Array, id: string): Client {
  // Attacker-controlled: an id that was never given out.
  const [body = '', given = '', ...rest] = id.length > ID_LENGTH_MAX ? [] : id.split('.');
  const expected = mac(key, body);
  const isOurs =
    rest.length === 0 &&
    given.length === expected.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  if (!isOurs) throw new OAuthError('ERR_OAUTH_CLIENT', 'the client is not registered here');
  const [name, redirectUris] = registered.parse(
    parseJson(Buffer.from(body, 'base64url').toString('utf8')),
  );
  return { name, redirectUris };
}

/** Exactly as registered; of an address on loopback, the port is the moment's (RFC 8252 §7.3). */
export function isRegisteredRedirect(client: Client, uri: string): boolean {
  if (!isRedirectUri(uri)) return false;
  return client.redirectUris.some((each) => each === uri || withoutPort(each) === withoutPort(uri));
}

function withoutPort(text: string): string {
  const url = new URL(text);
  if (url.protocol === 'http:' && isLoopbackName(url.hostname)) url.port = '';
  return url.protocol === 'http:' ? url.href : text;
}

function mac(key: Uint8Array, body: string): string {
  return createHmac('sha256', key).update(`client\n${body}`).digest('base64url');
}
