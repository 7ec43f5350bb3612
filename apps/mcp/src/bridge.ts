/**
 * stdio on one side, the server's MCP endpoint on the other: each message of the client becomes one POST
 * under the token, each answer one line. The server keeps no session and answers in JSON alone, so there
 * is no stream to follow. All rules are the server's; this adds none.
 */

import type { Readable, Writable } from 'node:stream';

import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  isInitializeRequest,
  isJSONRPCRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { type JsonValue, VerityError, isJsonObject, parseJson } from '@veritydb/types';

import { BridgeError } from './error.ts';
import type { Settings } from './settings.ts';

export interface BridgeOptions extends Settings {
  readonly version: string;
  readonly input: Readable;
  readonly output: Writable;
  /** A line for people: never on `output`, which belongs to the protocol. */
  readonly report: (line: string) => void;
}

/** What a client is told of a failed request. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
}

const ANSWER_TIMEOUT_MS = 60_000;
/** JSON-RPC leaves -32000 to -32099 to servers. */
const SERVER_ERROR = -32_000;

/* oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports have callbacks, not events */

/** Runs until the client closes its side; answers that are still under way are written first. */
export async function runBridge(options: BridgeOptions): Promise<void> {
  const stdio = new StdioServerTransport(options.input, options.output);
  const underWay = new Set<Promise<void>>();
  let protocolVersion: string | null = null;

  async function relay(message: JSONRPCMessage): Promise<void> {
    try {
      const answer = await postMessage(message, protocolVersion, options);
      if (answer === null) return;
      if (isInitializeRequest(message)) protocolVersion = protocolVersionOf(answer);
      await stdio.send(answer);
    } catch (error) {
      const failure = describeFailure(error);
      if (isJSONRPCRequest(message)) await stdio.send(failureMessage(message, failure));
      else options.report(`${failure.code}: ${failure.message}`);
    }
  }

  const closed = new Promise<void>((resolve) => {
    stdio.onclose = resolve;
    options.input.once('end', resolve);
  });
  stdio.onmessage = (message) => {
    const relayed: Promise<void> = relay(message).finally(() => underWay.delete(relayed));
    underWay.add(relayed);
  };
  // Attacker-controlled: a line that is no message; its text is not repeated.
  stdio.onerror = (error) => options.report(`a message was refused: ${error.name}`);
  await stdio.start();
  await closed;
  await Promise.all(underWay);
}

/** @returns the answer, or null when a notification was taken */
async function postMessage(
  message: JSONRPCMessage,
  protocolVersion: string | null,
  options: BridgeOptions,
): Promise<JSONRPCMessage | null> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(options.endpoint, {
      method: 'POST',
      // A redirect would carry the token to where nobody said that it may go.
      redirect: 'error',
      headers: {
        authorization: `Bearer ${options.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'user-agent': `verity-mcp/${options.version}`,
        ...(protocolVersion === null ? {} : { 'mcp-protocol-version': protocolVersion }),
        ...headersOf(message),
      },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw new BridgeError('ERR_BRIDGE_UNREACHABLE', 'the VerityDB server does not answer', {
      cause,
      hint: `Start the server, or correct VERITY_URL (${options.endpoint.origin}).`,
    });
  }
  if (status === 202) return null;
  const body = parseAnswer(text);
  const parsed = JSONRPCMessageSchema.safeParse(body);
  // From 2026-07-28 on errors of the protocol have a status of HTTP as well.
  if (parsed.success) return parsed.data;
  throw status >= 400 ? problemOf(status, body) : notMcp();
}

const VERSION_MEMBER = 'io.modelcontextprotocol/protocolVersion';
const VERSION = /^[0-9-]{10}$/;
/** Which member of the parameters a request's `Mcp-Name` repeats. */
const NAMED_BY: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** Headers that repeat what the message says (MCP 2026-07-28, Streamable HTTP); none before that revision. */
function headersOf(message: JSONRPCMessage): Record<string, string> {
  if (!('method' in message)) return {};
  const { method, params } = message;
  const version = params?._meta?.[VERSION_MEMBER];
  if (typeof version !== 'string' || !VERSION.test(version)) return {};
  const name = params?.[NAMED_BY[method] ?? ''];
  return {
    'mcp-protocol-version': version,
    'mcp-method': encodeHeader(method),
    ...(typeof name === 'string' ? { 'mcp-name': encodeHeader(name) } : {}),
  };
}

/** Visible ASCII as it is; anything else, and what looks encoded already, in base64. */
function encodeHeader(text: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(text) && !text.startsWith('=?')) return text;
  return `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

function parseAnswer(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    throw notMcp();
  }
}

function notMcp(): BridgeError {
  return new BridgeError('ERR_BRIDGE_ANSWER', 'what answers at VERITY_URL is no MCP endpoint', {
    hint: 'Give the address that the server printed.',
  });
}

/** The server's refusal, with its own code and hint (RFC 9457). */
function problemOf(status: number, body: JsonValue): VerityError {
  const { code, detail, hint } = isJsonObject(body) ? body : {};
  if (typeof code !== 'string') return notMcp();
  return new VerityError(
    status === 503 ? 'unavailable' : 'denied',
    code,
    typeof detail === 'string' ? detail : 'the server refused the request',
    typeof hint === 'string' ? { hint } : {},
  );
}

function protocolVersionOf(answer: JSONRPCMessage): string | null {
  const result = 'result' in answer ? answer.result : {};
  const version = result['protocolVersion'];
  return typeof version === 'string' && VERSION.test(version) ? version : null;
}

function describeFailure(error: unknown): Failure {
  if (!(error instanceof VerityError)) throw error;
  return {
    code: error.code,
    message: error.message,
    hint: error.hint ?? '',
    retryable: error.kind === 'unavailable',
  };
}

/** A failed tool call is a result that the model reads, so that an expired token ends no session. */
function failureMessage(
  request: JSONRPCMessage & { id: string | number; method: string },
  failure: Failure,
): JSONRPCMessage {
  const { id } = request;
  if (request.method === 'tools/call') {
    const content = [{ type: 'text', text: JSON.stringify({ error: failure }) }];
    return { jsonrpc: '2.0', id, result: { isError: true, content } };
  }
  const message = `${failure.code}: ${failure.message}. ${failure.hint}`;
  return { jsonrpc: '2.0', id, error: { code: SERVER_ERROR, message, data: { ...failure } } };
}
