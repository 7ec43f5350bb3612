/** Agent loops of independent clients around a scripted model: each returns the loop's final answer. */

import { createMCPClient } from '@ai-sdk/mcp';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { BaseMessage } from '@langchain/core/messages';
import { AIMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import {
  Client as Client2026,
  StreamableHTTPClientTransport as Transport2026,
} from '@modelcontextprotocol/client';
import { Client as Client2025 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport2025 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  Agent,
  type MCPServer,
  MCPServerStdio,
  MCPServerStreamableHttp,
  type Model,
  Runner,
  Usage,
  setTracingDisabled,
} from '@openai/agents-core';
import { type ToolSet, generateText, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';

import type { ScriptedModel, ToolUse, Turn } from './scripted-model.ts';

/** Where a client is pointed, and with which token. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

export type AgentLoop = (target: Target, model: ScriptedModel) => Promise<string>;

const TASK = 'How many people are there? Cite the receipt.';
const TURNS_MAX = 40;

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

interface PlainClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

/** The loop that a client without one needs. */
async function loop(client: PlainClient, model: ScriptedModel): Promise<string> {
  await client.listTools();
  let turn = model.next();
  while ('name' in turn) {
    const result = await client.callTool({ name: turn.name, arguments: turn.given });
    turn = model.next((result as { readonly content: unknown }).content);
  }
  await client.close();
  return turn.say;
}

/** @modelcontextprotocol/sdk: revisions up to 2025-11-25. */
export const sdkV1: AgentLoop = async ({ url, token }, model) => {
  const client = new Client2025({ name: 'v1', version: '0' });
  const requestInit = { headers: bearer(token) };
  await client.connect(new Transport2025(new URL(url), { requestInit }));
  return loop(client, model);
};

/** @modelcontextprotocol/client: 2026-07-28. */
export const sdkV2: AgentLoop = async ({ url, token }, model) => {
  const client = new Client2026(
    { name: 'v2', version: '0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const requestInit = { headers: bearer(token) };
  await client.connect(new Transport2026(new URL(url), { requestInit }));
  return loop(client, model);
};

/** AI SDK, which has a protocol code of its own. */
export const aiSdk: AgentLoop = async ({ url, token }, model) => {
  const client = await createMCPClient({
    transport: { type: 'http', url, headers: bearer(token) },
  });
  const scripted = new MockLanguageModelV3({
    doGenerate: async ({ prompt }) => {
      const last = prompt.at(-1);
      const turn = model.next(last?.role === 'tool' ? last.content : undefined);
      return {
        content: [aiContent(turn)],
        finishReason: { unified: 'name' in turn ? 'tool-calls' : 'stop', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      };
    },
  });
  const { text } = await generateText({
    model: scripted,
    // Their own types do not fit each other under exactOptionalPropertyTypes.
    tools: (await client.tools()) as ToolSet,
    prompt: TASK,
    stopWhen: stepCountIs(TURNS_MAX),
  });
  await client.close();
  return text;
};

type AiContent =
  | { type: 'text'; text: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string };

let callCount = 0;
function nextCallId(): string {
  callCount += 1;
  return `call-${callCount}`;
}

function aiContent(turn: Turn): AiContent {
  if (!('name' in turn)) return { type: 'text', text: turn.say };
  const input = JSON.stringify(turn.given);
  return { type: 'tool-call', toolCallId: nextCallId(), toolName: turn.name, input };
}

async function runOpenAi(server: MCPServer, model: ScriptedModel): Promise<string> {
  setTracingDisabled(true);
  const scripted: Model = {
    async getResponse({ input }) {
      const last = typeof input === 'string' ? undefined : input.at(-1);
      const turn = model.next(last?.type === 'function_call_result' ? last.output : undefined);
      return { usage: new Usage(), output: [openAiItem(turn)] };
    },
    getStreamedResponse() {
      throw new Error('nothing is streamed');
    },
  };
  await server.connect();
  try {
    const agent = new Agent({ name: 'agent', model: scripted, mcpServers: [server] });
    const { finalOutput } = await new Runner({ tracingDisabled: true }).run(agent, TASK, {
      maxTurns: TURNS_MAX,
    });
    return String(finalOutput);
  } finally {
    await server.close();
  }
}

function openAiItem(turn: Turn) {
  if ('name' in turn) {
    return {
      type: 'function_call' as const,
      callId: nextCallId(),
      name: turn.name,
      arguments: JSON.stringify(turn.given),
      status: 'completed' as const,
    };
  }
  return {
    type: 'message' as const,
    role: 'assistant' as const,
    status: 'completed' as const,
    content: [{ type: 'output_text' as const, text: turn.say }],
  };
}

export const openAiHttp: AgentLoop = async ({ url, token }, model) =>
  runOpenAi(
    new MCPServerStreamableHttp({ name: 'verity', url, requestInit: { headers: bearer(token) } }),
    model,
  );

/** Over stdio, through the program that desktop clients start. */
export const openAiStdio: AgentLoop = async ({ url, token }, model) => {
  const main = new URL('../../../apps/mcp/src/main.ts', import.meta.url).pathname;
  return runOpenAi(
    new MCPServerStdio({
      name: 'verity',
      command: process.execPath,
      args: ['--conditions=veritydb:source', '--import', 'tsx', main],
      env: { VERITY_URL: new URL(url).origin, VERITY_TOKEN: token },
    }),
    model,
  );
};

class ScriptedChatModel extends BaseChatModel {
  readonly #model: ScriptedModel;

  constructor(model: ScriptedModel) {
    super({});
    this.#model = model;
  }

  override _llmType(): string {
    return 'scripted';
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const last = messages.at(-1);
    const turn = this.#model.next(last?.type === 'tool' ? last.content : undefined);
    const text = 'name' in turn ? '' : turn.say;
    const calls = 'name' in turn ? [langChainCall(turn)] : [];
    const message = new AIMessage({ content: text, tool_calls: calls });
    return { generations: [{ text, message }] };
  }
}

function langChainCall({ name, given }: ToolUse) {
  return { id: nextCallId(), name, args: given, type: 'tool_call' as const };
}

export const langChain: AgentLoop = async ({ url, token }, model) => {
  const client = new MultiServerMCPClient({
    mcpServers: { verity: { transport: 'http', url, headers: bearer(token) } },
  });
  const agent = createReactAgent({
    llm: new ScriptedChatModel(model),
    tools: await client.getTools(),
  });
  const { messages } = await agent.invoke(
    { messages: [{ role: 'user', content: TASK }] },
    { recursionLimit: 2 * TURNS_MAX },
  );
  await client.close();
  return messages.at(-1)?.text ?? '';
};
