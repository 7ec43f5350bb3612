/** The operator's side of the authorization server: offering a grant. */

import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse } from '../endpoint.ts';
import type { AuthorizationServer } from './authorization-server.ts';

const BODY_SIZE_MAX = 16 * 1024;

export function offerEndpoint(server: AuthorizationServer): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/authorizations',
    id: 'offerAuthorization',
    access: 'operator',
    summary: 'Offer a token to be cut for a program, under a one-time code',
    body: z.strictObject({ token: z.string().min(1).max(8192) }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The one-time code', content: z.looseObject({}) },
    problems: [400],
    answer: async ({ body }) => {
      const { code, expiresInSeconds } = await server.offer(body.token);
      return jsonResponse({ code, expires_in: expiresInSeconds }, 201);
    },
  });
}
