/**
 * Revisions up to 2025-11-25, which begin with a handshake: @modelcontextprotocol/sdk. Stateless: a server
 * for each request, JSON answers.
 */

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import type { JsonObject } from '@veritydb/types';

import type { Door } from './door.ts';
import { CAPABILITIES, type ServerFacts } from './server-facts.ts';
import { spelled, spelledAnswer } from './spelled.ts';

/** Compiles schemas, which is slow, once for all servers. */
const VALIDATOR: AjvJsonSchemaValidator = new AjvJsonSchemaValidator();

export async function serve2025(
  request: Request,
  message: JsonObject,
  door: Door,
  facts: ServerFacts,
): Promise<Response> {
  const server = buildServer(door, facts);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(request, { parsedBody: message });
  } finally {
    await server.close();
  }
}

function buildServer(door: Door, { instructions, name, title, version }: ServerFacts): Server {
  const server = new Server(
    { name, title, version },
    { capabilities: CAPABILITIES, instructions, jsonSchemaValidator: VALIDATOR },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => spelled(door.listTools()));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) =>
    answered(async () => door.callTool(params.name, params.arguments ?? {})),
  );
  server.setRequestHandler(ListResourcesRequestSchema, () => spelled(door.listResources()));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () =>
    spelled(door.listResourceTemplates()),
  );
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params }) =>
    answered(async () => door.readResource(params.uri)),
  );
  server.setRequestHandler(ListPromptsRequestSchema, () => spelled(door.listPrompts()));
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) =>
    answered(async () => door.getPrompt(params.name, params.arguments)),
  );
  server.setRequestHandler(CompleteRequestSchema, async ({ params }) =>
    answered(async () => door.complete(params.ref, params.argument.name, params.argument.value)),
  );
  return server;
}

async function answered(answer: () => Promise<object>): Promise<never> {
  return spelledAnswer(answer, ({ code, message, data }) => new McpError(code, message, data));
}
