/**
 * The tools, resources and prompts that the official conformance suites ask for by name, put beside the
 * product's own behind the same gate and the same adapters. Texts are those of the scenarios
 * (modelcontextprotocol/conformance 0.1.16 and 0.2.0-alpha.12, `src/scenarios/server`).
 */

import type { JsonObject } from '@veritydb/types';

import { Door, RpcFailure } from '../../../packages/protocol/mcp/src/door.ts';
import type { ToolResult } from '../../../packages/protocol/mcp/src/result.ts';

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A wave file without samples. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const text = (words: string): JsonObject => ({ type: 'text', text: words });
const embedded = (uri: string, mimeType: string, words: string): JsonObject => ({
  type: 'resource',
  resource: { uri, mimeType, text: words },
});

const TOOLS: Readonly<Record<string, readonly JsonObject[]>> = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  test_embedded_resource: [
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
  // What the suite asks of these two is that nothing but the answer comes.
  test_logging_tool: [text('Nothing was logged.')],
  test_streaming_elicitation: [text('Nothing was asked.')],
};
const FAILING = 'test_error_handling';

/** SEP-1613 and SEP-2106: every keyword must arrive as it was written. */
const SCHEMA_TOOL = {
  name: 'json_schema_2020_12_tool',
  description: 'Tool with JSON Schema 2020-12 features',
  inputSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  },
} as const;

const RESOURCES: readonly JsonObject[] = [
  {
    uri: 'test://static-text',
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  { uri: 'test://static-binary', mimeType: 'image/png', blob: PNG },
];
const TEMPLATE = /^test:\/\/template\/([0-9]+)\/data$/;

const PROMPTS: Readonly<Record<string, (given: Record<string, string>) => readonly JsonObject[]>> =
  {
    test_simple_prompt: () => [text('This is a simple prompt for testing.')],
    test_prompt_with_arguments: ({ arg1, arg2 }) => [
      text(`Prompt with arguments: arg1='${arg1 ?? ''}', arg2='${arg2 ?? ''}'`),
    ],
    test_prompt_with_embedded_resource: ({ resourceUri }) => [
      embedded(resourceUri ?? '', 'text/plain', 'Embedded resource content for testing.'),
      text('Please process the embedded resource above.'),
    ],
    test_prompt_with_image: () => [image, text('Please analyze the image above.')],
  };
const PROMPT_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

function members(answer: JsonObject, list: string): readonly JsonObject[] {
  return answer[list] as readonly JsonObject[];
}

/** The product's door, and the pack beside it. */
export class PackedDoor extends Door {
  override listTools(): JsonObject {
    const own = members(super.listTools(), 'tools');
    const inputSchema = { type: 'object', properties: {} };
    const pack = [...Object.keys(TOOLS), FAILING].map((name) => ({
      name,
      description: 'Of the conformance suite',
      inputSchema,
    }));
    return { tools: [...own, ...pack, SCHEMA_TOOL] };
  }

  override async callTool(name: string, given: unknown): Promise<ToolResult> {
    const content = TOOLS[name];
    if (content !== undefined) return { content } as unknown as ToolResult;
    if (name !== FAILING) return super.callTool(name, given);
    return {
      isError: true,
      content: [{ type: 'text', text: 'This tool intentionally returns an error for testing' }],
    };
  }

  override listResources(): JsonObject {
    const pack = RESOURCES.map(({ uri = '', mimeType = '' }) => ({ uri, mimeType, name: uri }));
    return { resources: [...members(super.listResources(), 'resources'), ...pack] };
  }

  override listResourceTemplates(): JsonObject {
    const own = members(super.listResourceTemplates(), 'resourceTemplates');
    return {
      resourceTemplates: [...own, { uriTemplate: 'test://template/{id}/data', name: 'template' }],
    };
  }

  override async readResource(uri: string): Promise<JsonObject> {
    const found = RESOURCES.find((each) => each['uri'] === uri);
    if (found !== undefined) return { contents: [found] };
    const id = TEMPLATE.exec(uri)?.[1];
    if (id === undefined) return super.readResource(uri);
    const data = { id, templateTest: true, data: `Data for ID: ${id}` };
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(data) }] };
  }

  override listPrompts(): JsonObject {
    const pack = Object.keys(PROMPTS).map((name) => ({
      name,
      description: 'Of the conformance suite',
      arguments: (PROMPT_ARGUMENTS[name] ?? []).map((each) => ({
        name: each,
        description: each,
        required: true,
      })),
    }));
    return { prompts: [...members(super.listPrompts(), 'prompts'), ...pack] };
  }

  override async getPrompt(name: string, given: unknown): Promise<JsonObject> {
    const write = PROMPTS[name];
    if (write === undefined) return super.getPrompt(name, given);
    const filled = (given ?? {}) as Record<string, string>;
    const missing = (PROMPT_ARGUMENTS[name] ?? []).filter((each) => filled[each] === undefined);
    if (missing.length > 0) throw new RpcFailure(-32602, `missing: ${missing.join(', ')}`);
    return { messages: write(filled).map((content) => ({ role: 'user', content })) };
  }
}
