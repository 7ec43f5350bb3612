/**
 * An authorization server for one database (OAuth 2.1; RFC 6749, 7591, 7636, 8414, 8707, 9207), for people
 * who let a program of their own in: the operator offers a grant and tells its one-time code, the person
 * types it, sees what the token would see, and allows it. What the program gets is cut from that grant
 * (RFC 8693): it ends with it, spends with it, and can do no more.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import type { Action, Administration, Gateway, Session } from '@veritydb/disclosure';
import { type JsonObject, VerityError, assert } from '@veritydb/types';
import type { Hono } from 'hono';

import { readJson, readText } from '../body.ts';
import { jsonResponse } from '../endpoint.ts';
import { type Client, registerClient } from './client.ts';
import { AuthorizationDesk, type DeskPorts, OFFER_LIFETIME_MS } from './desk.ts';
import { OAuthError } from './error.ts';
import { codePage, consentPage, refusalPage } from './page.ts';
import {
  ACTIONS,
  type AuthorizationRequest,
  type Returning,
  assertResource,
  parseAuthorization,
} from './request.ts';

export interface AuthorizationOptions extends DeskPorts {
  readonly gateway: Gateway;
  readonly administration: Pick<Administration, 'explainToken' | 'revokeToken'>;
  /** Under it clients are registered. */
  readonly operatorSecret: string;
  /** Scheme and authority of this server: the issuer. */
  readonly publicUrl: string;
}

const FORM_SIZE_MAX = 16 * 1024;
const REGISTRATION_SIZE_MAX = 8 * 1024;
/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

export class AuthorizationServer {
  readonly #options: AuthorizationOptions;
  readonly #desk: AuthorizationDesk;
  readonly #clientKey: Uint8Array;
  readonly #requestKey: string;
  readonly #resource: string;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    this.#desk = new AuthorizationDesk(options);
    this.#clientKey = createHash('sha256')
      .update(`veritydb oauth client v1\n${options.operatorSecret}`)
      .digest();
    this.#requestKey = `${options.randomId()}${options.randomId()}`;
    this.#resource = `${options.publicUrl}/mcp`;
  }

  /**
   * Offers a grant that the operator made.
   *
   * @returns the one-time code for the person who may have it
   * @throws {OAuthError} ERR_OAUTH_BUSY, and what the gateway says of the token
   */
  async offer(
    grant: string,
  ): Promise<{ readonly code: string; readonly expiresInSeconds: number }> {
    await this.#session(grant, null);
    return { code: this.#desk.offer(grant), expiresInSeconds: OFFER_LIFETIME_MS / 1000 };
  }

  addRoutes(app: Hono): void {
    app.get('/.well-known/oauth-authorization-server', () => jsonResponse(this.#metadata()));
    app.post('/oauth/register', async ({ req }) => answered(async () => this.#register(req.raw)));
    app.get('/oauth/authorize', ({ req }) => shown(async () => this.#begin(req.raw)));
    app.post('/oauth/authorize', ({ req }) => shown(async () => this.#go(req.raw)));
    app.post('/oauth/token', async ({ req }) => answered(async () => this.#token(req.raw)));
  }

  /** RFC 8414. */
  #metadata(): JsonObject {
    const { publicUrl } = this.#options;
    return {
      issuer: publicUrl,
      authorization_endpoint: `${publicUrl}/oauth/authorize`,
      token_endpoint: `${publicUrl}/oauth/token`,
      registration_endpoint: `${publicUrl}/oauth/register`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      scopes_supported: ACTIONS.map((action) => `verity:${action}`),
      authorization_response_iss_parameter_supported: true,
    };
  }

  async #register(request: Request): Promise<Response> {
    const metadata = await readJson(request, REGISTRATION_SIZE_MAX);
    const { id, client } = registerClient(this.#clientKey, metadata);
    return jsonResponse(
      {
        client_id: id,
        client_name: client.name,
        redirect_uris: client.redirectUris,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      201,
    );
  }

  async #begin(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const parsed = parseAuthorization(searchParams, this.#context);
    if (parsed.kind === 'refused') return this.#sendError(parsed.returning, parsed.error);
    return codePage(this.#asking(parsed.request, searchParams), false);
  }

  /** A form of our own pages: what was asked, sealed; the one-time code; and then the decision. */
  async #go(request: Request): Promise<Response> {
    const form = await readForm(request);
    const parameters = this.#unseal(form.get('request') ?? '');
    const parsed = parseAuthorization(parameters, this.#context);
    assert(parsed.kind === 'request', 'what was sealed is no request');
    const asked = parsed.request;
    if (form.get('decision') === 'deny') {
      return this.#sendError(asked, new OAuthError('ERR_OAUTH_DENIED', 'access was refused'));
    }
    const asking = this.#asking(asked, parameters);
    const code = form.get('code') ?? '';
    try {
      const { grant } = this.#desk.find(code);
      const session = await this.#session(grant, asked.client);
      const actions = grantedActions(session, asked);
      if (form.get('decision') !== 'allow') {
        const seen = await this.#options.administration.explainToken(grant);
        return consentPage(asking, code, actions, seen);
      }
      return this.#send(asked, { code: this.#desk.allow(code, asked, actions) });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return error.code === 'ERR_OAUTH_OFFER'
        ? codePage(asking, true)
        : this.#sendError(asked, error);
    }
  }

  async #token(request: Request): Promise<Response> {
    const form = await readForm(request);
    if (form.get('grant_type') !== 'authorization_code') {
      throw new OAuthError('ERR_OAUTH_GRANT_TYPE', 'only authorization_code is taken');
    }
    const taken = this.#desk.take(form.get('code') ?? '');
    if ('reusedTokenId' in taken) {
      // Somebody has a code that was another's: whoever was first may be the thief.
      return this.#endReused(taken.reusedTokenId);
    }
    const { allowance } = taken;
    const isTheirs =
      form.get('client_id') === allowance.clientId &&
      form.get('redirect_uri') === allowance.redirectUri;
    const verifier = form.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (!isTheirs || !VERIFIER.test(verifier) || !equal(challenge, allowance.challenge)) {
      throw new OAuthError('ERR_OAUTH_GRANT', 'the code was given to another client or request');
    }
    assertResource(form, this.#resource);
    const session = await this.#session(allowance.grant, null);
    const issued = await this.#options.gateway.exchange(session, { actions: allowance.actions });
    taken.tokenId = issued.tokenId;
    // It was brought again while its token was being made.
    if (taken.isReused) await this.#endReused(issued.tokenId);
    return jsonResponse({
      access_token: issued.token,
      token_type: issued.type,
      expires_in: Math.max(0, Math.floor((Date.parse(issued.expiresAt) - Date.now()) / 1000)),
      scope: allowance.actions.map((action) => `verity:${action}`).join(' '),
    });
  }

  async #endReused(tokenId: string | null): Promise<never> {
    if (tokenId !== null) {
      await this.#options.administration.revokeToken(tokenId, 'its code was used twice');
    }
    throw new OAuthError('ERR_OAUTH_GRANT', 'the code is unknown or used');
  }

  get #context(): { readonly key: Uint8Array; readonly resource: string } {
    return { key: this.#clientKey, resource: this.#resource };
  }

  async #session(grant: string, client: Client | null): Promise<Session> {
    return this.#options.gateway.authenticate(grant, {
      transport: 'http',
      client: client === null ? null : `oauth: ${client.name}`,
    });
  }

  #asking({ client, redirectUri }: AuthorizationRequest, parameters: URLSearchParams) {
    return { client, redirectUri, sealed: this.#seal(parameters) };
  }

  #seal(parameters: URLSearchParams): string {
    const body = Buffer.from(parameters.toString()).toString('base64url');
    return `${body}.${this.#mac(body)}`;
  }

  /** @throws {OAuthError} ERR_OAUTH_REQUEST */
  #unseal(sealed: string): URLSearchParams {
    const [body = '', given = ''] = sealed.split('.');
    if (!equal(given, this.#mac(body))) {
      throw new OAuthError('ERR_OAUTH_REQUEST', 'this form is not ours, or too old');
    }
    return new URLSearchParams(Buffer.from(body, 'base64url').toString('utf8'));
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#requestKey).update(`request\n${body}`).digest('base64url');
  }

  #sendError(returning: Returning, error: OAuthError): Response {
    return this.#send(returning, { error: error.word, error_description: error.message });
  }

  /** RFC 9207: the answer names its issuer, so that a client of many cannot be mixed up. */
  #send({ redirectUri, state }: Returning, answer: Readonly<Record<string, string>>): Response {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
    if (state !== null) url.searchParams.set('state', state);
    url.searchParams.set('iss', this.#options.publicUrl);
    return new Response(null, {
      status: 303,
      headers: { location: url.href, 'cache-control': 'no-store' },
    });
  }
}

/** What both the client asks for and the grant allows. */
function grantedActions(session: Session, { actions }: AuthorizationRequest): readonly Action[] {
  const granted = (actions ?? ACTIONS).filter((action) => session.actions.has(action));
  if (granted.length > 0) return granted;
  throw new OAuthError('ERR_OAUTH_SCOPE', 'the grant allows nothing of that');
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded(\s*;.*)?$/i.test(type)) {
    throw new OAuthError('ERR_OAUTH_REQUEST', 'the body is no form');
  }
  // Attacker-controlled: the body, which another site may have sent.
  const form = new URLSearchParams(await readText(request, FORM_SIZE_MAX));
  for (const name of new Set(form.keys())) {
    if (form.getAll(name).length > 1) {
      throw new OAuthError('ERR_OAUTH_REQUEST', 'a parameter stands there twice');
    }
  }
  return form;
}

/** RFC 6749 §5.2: an error that a program reads. */
async function answered(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof OAuthError)) {
      if (!(error instanceof VerityError) || error.kind !== 'denied') throw error;
      const description = 'the grant behind the code may not be used any more';
      return jsonResponse({ error: 'invalid_grant', error_description: description }, 400);
    }
    const status = error.code === 'ERR_OAUTH_CLIENT' ? 401 : 400;
    return jsonResponse({ error: error.word, error_description: error.message }, status);
  }
}

/** An error that a person reads: no browser is sent on. */
async function shown(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof OAuthError) return refusalPage(error.message, 400);
    if (error instanceof VerityError && error.kind === 'denied') {
      return refusalPage('the grant behind this code may not be used', 403);
    }
    throw error;
  }
}

function equal(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
