/**
 * The authorization server of a real server: a program is let in by a person with the operator's one-time
 * code, and whoever tries another way is not. Raw requests, as an attacker would send them, and one walk by
 * the official client.
 */

import { createHash, randomBytes } from 'node:crypto';

import {
  Client as McpClient,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type RealHouse, openRealHouse } from './real-house.ts';

const REDIRECT = 'http://127.0.0.1:4711/callback';
let house: RealHouse;
let url = '';

beforeAll(async () => {
  house = await openRealHouse();
  ({ url } = await house.serve({ authorization: 'local' }));
});

afterAll(async () => house.close());

async function post(path: string, body: URLSearchParams | object, headers = {}): Promise<Response> {
  const isForm = body instanceof URLSearchParams;
  return fetch(`${url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      ...headers,
    },
    body: isForm ? body : JSON.stringify(body),
  });
}

async function register(redirectUris: readonly string[] = [REDIRECT]): Promise<string> {
  const response = await post('/oauth/register', {
    redirect_uris: redirectUris,
    client_name: 'Test <b>Client</b>',
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { client_id: string }).client_id;
}

/** The operator offers a grant. */
async function offer(grant?: string): Promise<string> {
  const response = await post(
    '/admin/v1/authorizations',
    { token: grant ?? (await house.token()) },
    { authorization: `Bearer ${house.database.operatorSecret}` },
  );
  expect(response.status).toBe(201);
  return ((await response.json()) as { code: string }).code;
}

const VERIFIER = randomBytes(32).toString('base64url');
const s256 = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

function asking(clientId: string, change: Record<string, string | null> = {}): URLSearchParams {
  const all: Record<string, string | null> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT,
    state: 'st4te',
    code_challenge: s256(VERIFIER),
    code_challenge_method: 'S256',
    resource: `${url}/mcp`,
    scope: 'verity:schema verity:query',
    ...change,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return new URLSearchParams(kept);
}

async function begin(parameters: URLSearchParams): Promise<Response> {
  return fetch(`${url}/oauth/authorize?${parameters.toString()}`, { redirect: 'manual' });
}

/** The sealed request of a page's form. */
async function sealedOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  return /name="request" value="([^"]+)"/.exec(await response.text())?.[1] ?? '';
}

const submit = async (fields: Record<string, string>, headers = {}): Promise<Response> =>
  post('/oauth/authorize', new URLSearchParams(fields), { origin: url, ...headers });

/** A person lets a client in: the address that the browser is sent to. */
async function letIn(parameters: URLSearchParams, code?: string): Promise<URL> {
  const request = await sealedOf(await begin(parameters));
  const allowed = await submit({ request, code: code ?? (await offer()), decision: 'allow' });
  expect(allowed.status).toBe(303);
  return new URL(allowed.headers.get('location') ?? '');
}

function redeeming(clientId: string, code: string, change: Record<string, string> = {}) {
  return new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    resource: `${url}/mcp`,
    ...change,
  });
}

async function redeem(form: URLSearchParams): Promise<{ status: number; json: Tokens }> {
  const response = await post('/oauth/token', form);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return { status: response.status, json: (await response.json()) as Tokens };
}

interface Tokens {
  readonly access_token?: string;
  readonly scope?: string;
  readonly expires_in?: number;
  readonly error?: string;
}

async function askMcp(token: string, name: string, given: object): Promise<Response> {
  return post(
    '/mcp',
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given } },
    { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' },
  );
}

const QUERY = { sql: 'SELECT city FROM people', max_rows: 1 };

describe('a person lets a program in', () => {
  test('which finds the way from a 401, and gets what the page showed', async () => {
    const refused = await askMcp('x', 'verity_query', QUERY);
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const place = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const resource = (await (await fetch(place)).json()) as Record<string, unknown>;
    expect(resource).toMatchObject({ resource: `${url}/mcp`, authorization_servers: [url] });
    const server = await fetch(`${url}/.well-known/oauth-authorization-server`);
    expect(await server.json()).toMatchObject({
      issuer: url,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });

    const clientId = await register();
    const code = await offer();
    const first = await begin(asking(clientId));
    expect(first.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(first.headers.get('content-security-policy')).toContain(
      `form-action 'self' http://127.0.0.1:4711`,
    );
    const request = await sealedOf(first);
    const page = await (await submit({ request, code: code.toLowerCase() })).text();
    for (const shown of ['people', 'city', 'surrogate', '60 rows', 'Northfield', 'verity:query']) {
      expect(page).toContain(shown);
    }
    // The program's name is a stranger's text, the columns that are dropped are nobody's.
    expect(page).not.toContain('<b>');
    expect(page).not.toContain('verity:export');
    expect(page).not.toMatch(/<code>name<\/code>/);

    const allowed = await submit({ request, code, decision: 'allow' });
    const sent = new URL(allowed.headers.get('location') ?? '');
    expect(`${sent.origin}${sent.pathname}`).toBe(REDIRECT);
    expect(sent.searchParams.get('state')).toBe('st4te');
    expect(sent.searchParams.get('iss')).toBe(url);
    const { status, json } = await redeem(redeeming(clientId, sent.searchParams.get('code') ?? ''));
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: 'Bearer', scope: 'verity:schema verity:query' });
    expect(json.expires_in).toBeGreaterThan(3000);
    expect((await askMcp(json.access_token ?? '', 'verity_query', QUERY)).status).toBe(200);
    // Step-up: what was not asked for is named, with its scope.
    const beyond = await askMcp(json.access_token ?? '', 'verity_audit', {});
    expect(beyond.status).toBe(403);
    const stepUp = beyond.headers.get('www-authenticate') ?? '';
    expect(stepUp).toContain('error="insufficient_scope"');
    expect(stepUp).toContain('scope="verity:audit"');
  });

  test('or refuses it; the offer is still there for another', async () => {
    const clientId = await register();
    const code = await offer();
    const request = await sealedOf(await begin(asking(clientId)));
    const denied = await submit({ request, code, decision: 'deny' });
    const sent = new URL(denied.headers.get('location') ?? '');
    expect(sent.searchParams.get('error')).toBe('access_denied');
    expect(sent.searchParams.has('code')).toBe(false);
    expect((await letIn(asking(clientId), code)).searchParams.has('code')).toBe(true);
  });

  test('and what it has ends with the grant that it was cut from', async () => {
    const grant = await house.token();
    const clientId = await register();
    const sent = await letIn(asking(clientId, { scope: null }), await offer(grant));
    const { json } = await redeem(redeeming(clientId, sent.searchParams.get('code') ?? ''));
    expect(json.scope?.split(' ')).toHaveLength(5);
    const { tokenId } = await house.database.administration.explainToken(grant);
    await house.database.administration.revokeToken(tokenId, 'the study has ended');
    expect((await askMcp(json.access_token ?? '', 'verity_query', QUERY)).status).toBe(401);
  });

  test('with the official client, from nothing but an address', async () => {
    const code = await offer();
    const provider = new ScriptedBrowser(code);
    const client = new McpClient({ name: 'official', version: '0' });
    const connect = async (): Promise<StreamableHTTPClientTransport> => {
      const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
        authProvider: provider,
      });
      await client.connect(transport);
      return transport;
    };
    await expect(connect()).rejects.toThrow(UnauthorizedError);
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      authProvider: provider,
    });
    await transport.finishAuth(provider.sent?.searchParams ?? new URLSearchParams());
    await connect();
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('verity_query');
    await client.close();
  });
});

/** A person with a browser and the one-time code. */
class ScriptedBrowser implements OAuthClientProvider {
  readonly #oneTime: string;
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';
  sent: URL | undefined;

  constructor(oneTime: string) {
    this.#oneTime = oneTime;
  }

  readonly redirectUrl = REDIRECT;
  readonly clientMetadata = { client_name: 'official', redirect_uris: [REDIRECT] };

  clientInformation() {
    return this.#client;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  async redirectToAuthorization(address: URL): Promise<void> {
    this.sent = await letIn(address.searchParams, this.#oneTime);
  }
}

describe('attacks', () => {
  test('a redirect that was not registered gets nothing, and no browser is sent on', async () => {
    const clientId = await register(['https://app.example/cb', REDIRECT]);
    for (const redirect of [
      'https://evil.example/cb',
      'https://app.example/cb/../evil',
      'https://app.example/cb?x=1',
      'https://app.example.evil.example/cb',
      'https://app.example@evil.example/cb',
      'https://app.example:444/cb',
      'http://127.0.0.1:4711/other',
      'http://127.0.0.1.evil.example/callback',
      'javascript:alert(1)',
      '//evil.example',
      '',
    ]) {
      const response = await begin(asking(clientId, { redirect_uri: redirect }));
      expect(response.status, redirect).toBe(400);
      expect(response.headers.get('location')).toBeNull();
      expect(await response.text()).not.toContain('evil');
    }
    // RFC 8252 §7.3: of loopback, the port alone may be another.
    const moved = 'http://127.0.0.1:50000/callback';
    expect((await begin(asking(clientId, { redirect_uri: moved }))).status).toBe(200);
  });

  test.each([
    [['http://app.example/cb']],
    [['javascript:alert(1)']],
    [['myapp://cb']],
    [['https://user:pass@app.example/cb']],
    [['https://app.example/cb#fragment']],
    [[]],
  ])('no client is registered for %j', async (redirectUris) => {
    const response = await post('/oauth/register', { redirect_uris: redirectUris });
    expect(response.status).toBe(400);
  });

  test('a client that nobody registered, or that changed its own id, is no client', async () => {
    const clientId = await register();
    const [, mac = ''] = clientId.split('.');
    const forged = Buffer.from(JSON.stringify(['x', ['https://evil.example/cb']]));
    for (const id of ['', 'x', `${forged.toString('base64url')}.${mac}`, `${clientId}.x`]) {
      const response = await begin(asking(id, { redirect_uri: 'https://evil.example/cb' }));
      expect(response.status).toBe(400);
      expect(response.headers.get('location')).toBeNull();
    }
  });

  test('PKCE is neither left out nor weakened', async () => {
    const clientId = await register();
    for (const change of [
      { code_challenge: null },
      { code_challenge_method: null },
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
    ]) {
      const response = await begin(asking(clientId, change));
      const sent = new URL(response.headers.get('location') ?? '');
      expect(sent.searchParams.get('error')).toBe('invalid_request');
      expect(sent.searchParams.get('iss')).toBe(url);
    }
    for (const verifier of ['', s256(VERIFIER), 'A'.repeat(43)]) {
      const sent = await letIn(asking(clientId));
      const form = redeeming(clientId, sent.searchParams.get('code') ?? '', {
        code_verifier: verifier,
      });
      expect((await redeem(form)).json.error).toBe('invalid_grant');
      // The code was tried: it is spent, also for whoever has the verifier.
      form.set('code_verifier', VERIFIER);
      expect((await redeem(form)).json.error).toBe('invalid_grant');
    }
  });

  test('a code that is used twice ends the token that it became', async () => {
    const clientId = await register();
    const sent = await letIn(asking(clientId));
    const form = redeeming(clientId, sent.searchParams.get('code') ?? '');
    const { json } = await redeem(form);
    expect((await askMcp(json.access_token ?? '', 'verity_query', QUERY)).status).toBe(200);
    expect(await redeem(form)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect((await askMcp(json.access_token ?? '', 'verity_query', QUERY)).status).toBe(401);
  });

  test('two who bring one code at once are left with no token', async () => {
    const clientId = await register();
    const sent = await letIn(asking(clientId));
    const form = redeeming(clientId, sent.searchParams.get('code') ?? '');
    const all = await Promise.all([redeem(form), redeem(form), redeem(form)]);
    for (const { json } of all.filter(({ status }) => status === 200)) {
      expect((await askMcp(json.access_token ?? '', 'verity_query', QUERY)).status).toBe(401);
    }
  });

  test('a code of one client is of no use to another, nor at another address', async () => {
    const [clientId, other] = [await register(), await register([REDIRECT, 'https://o.example/'])];
    for (const change of [
      { client_id: other },
      { redirect_uri: 'http://127.0.0.1:4712/callback' },
    ]) {
      const sent = await letIn(asking(clientId));
      const form = redeeming(clientId, sent.searchParams.get('code') ?? '', change);
      expect((await redeem(form)).json.error).toBe('invalid_grant');
    }
  });

  test('tokens are for this resource alone', async () => {
    const clientId = await register();
    for (const resource of ['https://other.example/mcp', url, `${url}/mcp/`, null]) {
      const response = await begin(asking(clientId, { resource }));
      const sent = new URL(response.headers.get('location') ?? '');
      expect(sent.searchParams.get('error')).toBe('invalid_target');
    }
    const sent = await letIn(asking(clientId));
    const form = redeeming(clientId, sent.searchParams.get('code') ?? '', {
      resource: 'https://other.example/mcp',
    });
    expect((await redeem(form)).json.error).toBe('invalid_target');
  });

  test('a token of another database is refused here, whoever signed it', async () => {
    const other = await openRealHouse();
    try {
      expect((await askMcp(await other.token(), 'verity_query', QUERY)).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  test('a page of another origin cannot press the button', async () => {
    const clientId = await register();
    const request = await sealedOf(await begin(asking(clientId)));
    const code = await offer();
    for (const origin of ['https://evil.example', 'null']) {
      const response = await submit({ request, code, decision: 'allow' }, { origin });
      expect(response.status).toBe(403);
      expect(response.headers.get('location')).toBeNull();
    }
    // Nor is a form taken that this server did not make.
    const [body = ''] = request.split('.');
    for (const forged of ['', `${body}.x`, `${body}.${'A'.repeat(43)}`]) {
      const response = await submit({ request: forged, code, decision: 'allow' });
      expect(response.status).toBe(400);
    }
    // None of that has spent the offer.
    expect((await submit({ request, code, decision: 'allow' })).status).toBe(303);
  });

  test('a wrong, used or foreign one-time code opens nothing', async () => {
    const clientId = await register();
    const request = await sealedOf(await begin(asking(clientId)));
    const code = await offer();
    await letIn(asking(clientId), code);
    for (const tried of ['', 'AAAA-AAAA-AAAA-AAAA', code, await house.token()]) {
      const response = await submit({ request, code: tried, decision: 'allow' });
      expect(response.status).toBe(403);
      expect(response.headers.get('location')).toBeNull();
    }
  });

  test('only the operator offers, and only a token that may be used', async () => {
    const token = await house.token();
    const offered = async (bearer: string, grant: string): Promise<number> => {
      const headers = { authorization: `Bearer ${bearer}` };
      return (await post('/admin/v1/authorizations', { token: grant }, headers)).status;
    };
    expect(await offered(token, token)).toBe(401);
    expect(await offered(house.database.operatorSecret, 'x.y.z')).toBeGreaterThanOrEqual(400);
  });

  test('a token in the address is refused and named as leaked', async () => {
    const token = await house.token();
    for (const path of [`/oauth/authorize?token=${token}`, `/mcp?access_token=${token}`]) {
      const response = await post(path, {}, { authorization: `Bearer ${token}` });
      expect(response.status).toBe(400);
      expect(((await response.json()) as { code: string }).code).toBe('ERR_HTTP_TOKEN_PLACE');
    }
  });

  test('parameters that stand there twice are no request', async () => {
    const clientId = await register();
    const twice = asking(clientId);
    twice.append('redirect_uri', 'https://evil.example/cb');
    const response = await begin(twice);
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
  });

  test('an unknown scope is refused, and one beyond the grant is not given', async () => {
    const clientId = await register();
    const unknown = await begin(asking(clientId, { scope: 'verity:admin' }));
    const sent = new URL(unknown.headers.get('location') ?? '');
    expect(sent.searchParams.get('error')).toBe('invalid_scope');
    const narrow = await offer(await house.token(['schema']));
    const allowed = await letIn(asking(clientId), narrow);
    const { json } = await redeem(redeeming(clientId, allowed.searchParams.get('code') ?? ''));
    expect(json.scope).toBe('verity:schema');
  });
});
