/** An authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707), parsed once, in the order of RFC 9700. */

import type { Action } from '@veritydb/disclosure';

import { type Client, isRegisteredRedirect, openClient } from './client.ts';
import { OAuthError } from './error.ts';

export interface AuthorizationRequest {
  readonly clientId: string;
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | null;
  /** base64url of SHA-256: the only method there is here. */
  readonly challenge: string;
  /** Null: everything that the grant allows. */
  readonly actions: readonly Action[] | null;
}

/** Where an answer may go, once that is sure: from then on errors go there too. */
export interface Returning {
  readonly redirectUri: string;
  readonly state: string | null;
}

export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: AuthorizationRequest }
  | { readonly kind: 'refused'; readonly returning: Returning; readonly error: OAuthError };

export const ACTIONS: readonly Action[] = ['schema', 'query', 'export', 'verify', 'audit'];
const STATE_LENGTH_MAX = 1000;
/** base64url of 32 bytes. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

export interface RequestContext {
  readonly key: Uint8Array;
  /** The only resource that tokens are given out for. */
  readonly resource: string;
}

/**
 * @throws {OAuthError} where nothing may be sent anywhere: the client or its address is not known. Such an
 * error is shown to the person, and no browser is sent on.
 */
export function parseAuthorization(
  parameters: URLSearchParams,
  context: RequestContext,
): ParsedRequest {
  for (const name of new Set(parameters.keys())) {
    if (parameters.getAll(name).length > 1) {
      throw new OAuthError('ERR_OAUTH_REQUEST', 'a parameter stands there twice');
    }
  }
  const client = openClient(context.key, parameters.get('client_id') ?? '');
  const redirectUri = parameters.get('redirect_uri') ?? '';
  if (!isRegisteredRedirect(client, redirectUri)) {
    throw new OAuthError('ERR_OAUTH_REDIRECT', 'the client did not register that redirect address');
  }
  const state = parameters.get('state');
  const returning = { redirectUri, state };
  try {
    if (state !== null && state.length > STATE_LENGTH_MAX) {
      throw new OAuthError('ERR_OAUTH_REQUEST', 'the state is too long');
    }
    if (parameters.get('response_type') !== 'code') {
      throw new OAuthError('ERR_OAUTH_RESPONSE_TYPE', 'only codes are given out');
    }
    const clientId = parameters.get('client_id') ?? '';
    const challenge = requireChallenge(parameters);
    assertResource(parameters, context.resource);
    const actions = requestedActions(parameters);
    return {
      kind: 'request',
      request: { clientId, client, redirectUri, state, challenge, actions },
    };
  } catch (error) {
    if (error instanceof OAuthError) return { kind: 'refused', returning, error };
    throw error;
  }
}

/** Without a challenge, or with one in clear, a stolen code would be as good as its owner's. */
function requireChallenge(parameters: URLSearchParams): string {
  const challenge = parameters.get('code_challenge') ?? '';
  if (parameters.get('code_challenge_method') !== 'S256' || !CHALLENGE.test(challenge)) {
    throw new OAuthError('ERR_OAUTH_REQUEST', 'PKCE with S256 is required');
  }
  return challenge;
}

/** @throws {OAuthError} ERR_OAUTH_TARGET */
export function assertResource(parameters: URLSearchParams, resource: string): void {
  if (parameters.get('resource') === resource) return;
  throw new OAuthError('ERR_OAUTH_TARGET', `resource must be ${resource}`);
}

function requestedActions(parameters: URLSearchParams): readonly Action[] | null {
  const scope = parameters.get('scope');
  if (scope === null || scope === '') return null;
  const asked = new Set(scope.split(' '));
  const actions = ACTIONS.filter((action) => asked.has(`verity:${action}`));
  if (actions.length !== asked.size) {
    throw new OAuthError('ERR_OAUTH_SCOPE', 'an unknown scope was asked for');
  }
  return actions;
}
