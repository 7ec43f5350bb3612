/**
 * What the server answers to each method, free of any SDK: the adapters of both generations call this, and
 * differ in nothing but how a message is spelled.
 */

import type { Gateway, Session } from '@veritydb/disclosure';
import { statusOf } from '@veritydb/http';
import type { JsonObject } from '@veritydb/types';

import type { Cursors } from './cursor.ts';
import { McpDoorError } from './error.ts';
import { promptsFor } from './prompts.ts';
import { RESOURCES, RESOURCE_TEMPLATES, findResource, opened } from './resource.ts';
import { type ToolResult, buildAnswer, buildFailure } from './result.ts';
import { TOOLS, toolsFor } from './tools.ts';
import { visibleText } from './visible-text.ts';

/** What a request may do: who asks, and how long a call that reads must wait (0: not at all). */
export interface Admission {
  readonly session: Session;
  readonly waitMs: number;
}

export interface DoorOptions {
  readonly gateway: Gateway;
  /** Unguessable, at least 128 bits, of printable characters without spaces. */
  readonly randomId: () => string;
  readonly cursors: Cursors;
  /** Gets what the caller is not told: the cause of an internal error. */
  readonly onInternalError: (error: unknown) => void;
}

/** A refusal that the protocol has a JSON-RPC error for: invalid params, or our own fault. */
export class RpcFailure extends Error {
  readonly code: -32602 | -32603;
  readonly data: JsonObject | undefined;

  constructor(code: -32602 | -32603, message: string, data?: JsonObject) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

const COMPLETIONS_MAX = 100;

export class Door {
  readonly #options: DoorOptions;
  readonly #admission: Admission;

  constructor(options: DoorOptions, admission: Admission) {
    this.#options = options;
    this.#admission = admission;
  }

  listTools(): JsonObject {
    const tools = toolsFor(this.#admission.session.actions).map((tool) => ({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: tool.inputSchema,
      outputSchema: tool.outputSchema,
      annotations: { ...tool.annotations },
    }));
    return { tools };
  }

  async callTool(name: string, given: unknown): Promise<ToolResult> {
    const tool = TOOLS.find((candidate) => candidate.name === name);
    if (tool === undefined) throw new RpcFailure(-32602, 'there is no such tool');
    const { gateway, randomId, cursors } = this.#options;
    const { session } = this.#admission;
    try {
      this.#assertRate();
      const answer = await tool.call({ gateway, session, cursors }, given);
      return buildAnswer(tool, answer, randomId());
    } catch (error) {
      if (statusOf(error) === 500) this.#options.onInternalError(error);
      return buildFailure(error);
    }
  }

  listResources(): JsonObject {
    const { actions } = this.#admission.session;
    const resources = opened(RESOURCES, actions).map(
      ({ uri, name, title, description, mimeType }) => ({
        uri,
        name,
        title,
        description,
        mimeType,
      }),
    );
    return { resources };
  }

  listResourceTemplates(): JsonObject {
    const { actions } = this.#admission.session;
    const resourceTemplates = opened(RESOURCE_TEMPLATES, actions).map(
      ({ uriTemplate, name, title, description, mimeType }) => ({
        uriTemplate,
        name,
        title,
        description,
        mimeType,
      }),
    );
    return { resourceTemplates };
  }

  /** @throws {RpcFailure} for what is unknown, not opened or refused: one answer for all of them */
  async readResource(uri: string): Promise<JsonObject> {
    const { session } = this.#admission;
    const found = findResource(uri, session.actions);
    // The address stands in the error as it was asked for (SEP-2164): that tells nothing of what there is.
    if (found === undefined) throw notFound({ uri });
    const text = await this.#tried(async () => found.read(this.#options.gateway, session));
    return { contents: [{ uri, mimeType: found.mimeType, text: visibleText(text) }] };
  }

  listPrompts(): JsonObject {
    const prompts = promptsFor(this.#admission.session.actions).map(
      ({ name, title, description, arguments: each }) => ({
        name,
        title,
        description,
        arguments: each.map((one) => ({ ...one })),
      }),
    );
    return { prompts };
  }

  /** @throws {RpcFailure} */
  async getPrompt(name: string, given: unknown): Promise<JsonObject> {
    const { actions } = this.#admission.session;
    const prompt = promptsFor(actions).find((candidate) => candidate.name === name);
    if (prompt === undefined) throw notFound();
    const text = await this.#tried(async () => visibleText(prompt.text(given ?? {})));
    return {
      description: prompt.description,
      messages: [{ role: 'user', content: { type: 'text', text } }],
    };
  }

  /** Names of tables that the token may see, for the one argument that takes one; else nothing. */
  async complete(reference: JsonObject, argument: string, value: string): Promise<JsonObject> {
    const { session } = this.#admission;
    const isTable =
      reference['type'] === 'ref/prompt' &&
      reference['name'] === 'explore_dataset' &&
      argument === 'table';
    if (!isTable || !session.actions.has('schema')) {
      return { completion: { values: [], total: 0, hasMore: false } };
    }
    const { tables } = await this.#tried(async () => this.#options.gateway.schema(session));
    const names = tables.map(({ name }) => name).filter((name) => name.startsWith(value));
    const values = names.slice(0, COMPLETIONS_MAX);
    return {
      completion: { values, total: names.length, hasMore: values.length < names.length },
    };
  }

  #assertRate(): void {
    const { waitMs } = this.#admission;
    if (waitMs === 0) return;
    throw new McpDoorError('ERR_MCP_RATE_LIMITED', 'this token asks too often', {
      hint: 'Wait, then ask again; ask for more in one query instead of many.',
      retryAfterMs: waitMs,
    });
  }

  /** Where the protocol has no result that says no. */
  async #tried<Made>(make: () => Promise<Made>): Promise<Made> {
    try {
      this.#assertRate();
      return await make();
    } catch (error) {
      if (statusOf(error) === 500) {
        this.#options.onInternalError(error);
        throw new RpcFailure(-32603, 'the server failed by a fault of its own');
      }
      const [content] = buildFailure(error).content;
      throw new RpcFailure(-32602, content?.text ?? 'refused');
    }
  }
}

function notFound(data?: JsonObject): RpcFailure {
  return new RpcFailure(-32602, 'there is nothing of that name for this token', data);
}
