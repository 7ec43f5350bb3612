/** A tool, free of any SDK: adapters of any generation list and call these. */

import type { Action, Gateway, Session } from '@veritydb/disclosure';
import { describeIssues } from '@veritydb/http';
import type { JsonObject } from '@veritydb/types';
import { z } from 'zod';

import type { Cursors } from './cursor.ts';
import { McpDoorError } from './error.ts';

/** What a call is made with. */
export interface ToolContext {
  readonly gateway: Gateway;
  readonly session: Session;
  readonly cursors: Cursors;
}

export interface ToolAnswer {
  readonly json: JsonObject;
  /** Where the answer goes on after so many of its rows; absent where an answer has no pages. */
  readonly cursorAfter?: (rowCount: number) => string;
}

export interface Annotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What a token must allow for this tool to be seen. */
  readonly action: Action;
  readonly annotations: Annotations;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  /** Member of the answer that is a list, and may be cut to fit a model's window. */
  readonly list: 'tables' | 'rows' | 'entries' | null;
  /** @throws {McpDoorError} ERR_MCP_ARGUMENTS, and whatever the gateway throws */
  call(context: ToolContext, given: unknown): Promise<ToolAnswer>;
}

interface ToolDefinition<Input extends z.ZodObject> extends Omit<
  Tool,
  'inputSchema' | 'outputSchema' | 'call'
> {
  readonly input: Input;
  readonly output: z.ZodObject;
  answer(context: ToolContext, input: z.output<Input>): Promise<ToolAnswer>;
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): JsonObject {
  const { $schema: _dialect, ...members } = z.toJSONSchema(schema, { io });
  return portable(members) as JsonObject;
}

/**
 * JSON Schema as more readers take it, and shorter: `anyOf` for a list of types, and no bounds of safe
 * integers, which `z.int()` writes out and which say nothing.
 */
function portable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(portable);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([, member]) => Math.abs(Number(member)) !== Number.MAX_SAFE_INTEGER)
    .map(([name, member]): [string, unknown] =>
      name === 'type' && Array.isArray(member)
        ? ['anyOf', member.map((type: unknown) => ({ type }))]
        : [name, portable(member)],
    );
  return Object.fromEntries(members);
}

export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { input, output, ...facts } = definition;
  return {
    ...facts,
    inputSchema: jsonSchema(input, 'input'),
    outputSchema: jsonSchema(output, 'output'),
    async call(context, given) {
      // Attacker-controlled: arguments of a model that may follow instructions found in data.
      const parsed = input.safeParse(given);
      if (!parsed.success) {
        const issues = describeIssues(parsed.error);
        throw new McpDoorError('ERR_MCP_ARGUMENTS', `the arguments are refused: ${issues}`, {
          hint: `See the input schema of ${facts.name}.`,
        });
      }
      return definition.answer(context, parsed.data);
    },
  };
}
