/** What anybody may read: whether the server lives, and what is needed to verify its answers. */

import type { Gateway } from '@veritydb/disclosure';
import { type JsonObject, isJsonObject } from '@veritydb/types';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse, textResponse } from './endpoint.ts';

export interface PublicFacts {
  readonly gateway: Gateway;
  readonly version: string;
  /** Where this server's MCP endpoint is: the protected resource of RFC 9728. */
  readonly resourceUrl: string;
  readonly docsUrl: string;
  /** Who gives tokens out; null: the operator alone, by hand. */
  readonly authorizationServer: string | null;
}

export function publicEndpoints(facts: PublicFacts): readonly Endpoint[] {
  return [...lifeEndpoints(facts), ...trustEndpoints(facts)];
}

function lifeEndpoints({ gateway, version }: PublicFacts): readonly Endpoint[] {
  const status = z.strictObject({ status: z.string() });
  return [
    defineEndpoint({
      method: 'get',
      route: '/health',
      id: 'health',
      access: 'public',
      summary: 'The process answers',
      success: { status: 200, description: 'It does', content: status },
      problems: [],
      answer: async () => jsonResponse({ status: 'ok' }),
    }),
    defineEndpoint({
      method: 'get',
      route: '/ready',
      id: 'ready',
      access: 'public',
      summary: 'The database answers',
      success: { status: 200, description: 'It does', content: status },
      problems: [503],
      answer: async () => {
        await gateway.checkpoint();
        return jsonResponse({ status: 'ready' });
      },
    }),
    defineEndpoint({
      method: 'get',
      route: '/version',
      id: 'version',
      access: 'public',
      summary: 'Name and version of this server',
      success: {
        status: 200,
        description: 'Name and version',
        content: z.strictObject({ name: z.string(), version: z.string() }),
      },
      problems: [],
      answer: async () => jsonResponse({ name: 'veritydb', version }),
    }),
  ];
}

function trustEndpoints(facts: PublicFacts): readonly Endpoint[] {
  const { gateway } = facts;
  return [
    defineEndpoint({
      method: 'get',
      route: '/v1/checkpoint',
      id: 'getCheckpoint',
      access: 'public',
      summary: 'The newest signed checkpoint',
      description: 'A C2SP tlog-checkpoint: origin, tree size and root hash as a signed note.',
      success: { status: 200, description: 'A signed note', content: 'text/plain' },
      problems: [503],
      answer: async () => textResponse(await gateway.checkpoint()),
    }),
    defineEndpoint({
      method: 'get',
      route: '/v1/log-key',
      id: 'getLogKey',
      access: 'public',
      summary: 'The verifier key of the log',
      description:
        'A C2SP signed-note verifier key. Compare it with the one that you were given by another way before you trust it.',
      success: { status: 200, description: 'A verifier key', content: 'text/plain' },
      problems: [],
      answer: async () => textResponse(`${gateway.logVerifierKey}\n`),
    }),
    defineEndpoint({
      method: 'get',
      route: '/.well-known/jwks.json',
      id: 'getTokenKeys',
      access: 'public',
      summary: 'Keys of the token issuer (RFC 7517)',
      success: {
        status: 200,
        description: 'A JWK set',
        content: z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) }),
      },
      problems: [],
      answer: async () => {
        const keys = gateway.tokenKeys();
        return jsonResponse(isJsonObject(keys) ? keys : { keys: [] });
      },
    }),
    defineEndpoint({
      method: 'get',
      route: '/.well-known/oauth-protected-resource/mcp',
      id: 'getProtectedResource',
      access: 'public',
      summary: 'Metadata of the MCP endpoint as a protected resource (RFC 9728)',
      success: {
        status: 200,
        description: 'Metadata',
        content: z.looseObject({ resource: z.string() }),
      },
      problems: [],
      answer: async () => jsonResponse(protectedResource(facts)),
    }),
  ];
}

/** Where tokens come from the operator, by hand, no authorization server is named. */
function protectedResource({ resourceUrl, docsUrl, authorizationServer }: PublicFacts): JsonObject {
  return {
    resource: resourceUrl,
    ...(authorizationServer === null ? {} : { authorization_servers: [authorizationServer] }),
    resource_name: 'VerityDB',
    bearer_methods_supported: ['header'],
    scopes_supported: ['verity:schema', 'verity:query'],
    resource_documentation: docsUrl,
  };
}
