/** The public document (OpenAPI 3.1), made from the endpoints themselves. */

import { OpenAPIHono } from '@hono/zod-openapi';
import type { JsonObject } from '@veritydb/types';
import { z } from 'zod';

import type { Endpoint } from './endpoint.ts';

export interface DocumentFacts {
  readonly version: string;
  readonly publicUrl: string;
}

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  hint: z.string().optional(),
});

const PROBLEM: Readonly<Record<number, string>> = {
  400: 'The request is malformed; hint says how to mend it',
  401: 'No token, or one that is not accepted',
  403: 'The token has no right to this',
  404: 'No such thing, or none that this token may see',
  409: 'The state of the database forbids it',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many requests of this token: see Retry-After',
  500: 'A fault of the server',
  503: 'Not now: see Retry-After',
};

const DESCRIPTION = [
  'Answers under a scoped token, each recorded in a hash-chained log before it leaves,',
  'and signed exports that anybody can verify offline.',
  'Errors are problem details (RFC 9457) with a stable code and a hint.',
  'The same tools are offered to language models over MCP at /mcp.',
].join(' ');

/** All statuses that an endpoint answers problems with. */
function problemStatuses(endpoint: Endpoint): readonly number[] {
  const statuses = new Set([400, 500, ...endpoint.problems]);
  if (endpoint.access !== 'public') for (const status of [401, 403, 429, 503]) statuses.add(status);
  if (endpoint.body !== undefined) for (const status of [413, 415]) statuses.add(status);
  return [...statuses].toSorted((a, b) => a - b);
}

export function buildOpenApiDocument(
  endpoints: readonly Endpoint[],
  facts: DocumentFacts,
): JsonObject {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A scoped token, issued by the operator.',
  });
  const problemRef = app.openAPIRegistry.register('Problem', problem);
  for (const endpoint of endpoints) {
    const { success } = endpoint;
    const content =
      typeof success.content === 'string'
        ? { [success.content]: { schema: z.string() } }
        : { 'application/json': { schema: success.content } };
    app.openAPIRegistry.registerPath({
      method: endpoint.method,
      path: endpoint.route,
      operationId: endpoint.id,
      summary: endpoint.summary,
      ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
      security: endpoint.access === 'public' ? [] : [{ token: [] }],
      request: {
        ...(endpoint.path === undefined ? {} : { params: endpoint.path }),
        ...(endpoint.query === undefined ? {} : { query: endpoint.query }),
        ...(endpoint.body === undefined
          ? {}
          : {
              body: { required: true, content: { 'application/json': { schema: endpoint.body } } },
            }),
      },
      responses: {
        [success.status]: { description: success.description, content },
        ...Object.fromEntries(
          problemStatuses(endpoint).map((status) => [
            status,
            {
              description: PROBLEM[status] ?? 'Error',
              content: { 'application/problem+json': { schema: problemRef } },
            },
          ]),
        ),
      },
    });
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'VerityDB', version: facts.version, description: DESCRIPTION },
    servers: [{ url: facts.publicUrl }],
  }) as unknown as JsonObject;
}
