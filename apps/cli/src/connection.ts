/**
 * The one way to the database: its HTTP API.
 *
 * `server.json` in the data folder names the server that holds the folder; where there is none, or it
 * is gone, the same application is opened in this process. The operator's secret goes to a loopback
 * address only, never along a redirect.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type JsonObject, type JsonValue, isJsonObject, parseJson } from '@veritydb/types';

import { ApiError, CliError } from './error.ts';
import { openInProcess } from './in-process.ts';
import { isLoopback } from './loopback.ts';
import { reasonOf, readSecretFile } from './secret-file.ts';
import { fetchOverTls } from './tls-fetch.ts';

/** How long a server that is alive may take to say so. */
const PROBE_TIMEOUT_MS = 3000;

type Fetch = (request: Request) => Promise<Response>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: JsonValue;
  /** The operator by default; `token` for a recipient's call, null for a public one. */
  readonly credential?: { readonly token: string } | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Connection {
  /** Where the API answers; for the database in this process a name that is never resolved. */
  readonly origin: string;
  readonly #fetch: Fetch;
  readonly #operatorSecret: string;
  readonly #close: () => Promise<void>;

  constructor(
    origin: string,
    fetchRequest: Fetch,
    operatorSecret: string,
    close: () => Promise<void>,
  ) {
    this.origin = origin;
    this.#fetch = fetchRequest;
    this.#operatorSecret = operatorSecret;
    this.#close = close;
  }

  /** @throws {ApiError} when the API refuses; {CliError} ERR_CLI_CONNECTION when it cannot be reached */
  async send(call: Call): Promise<Response> {
    const headers = new Headers({ accept: 'application/json, application/problem+json, */*' });
    for (const [name, value] of Object.entries(call.headers ?? {})) headers.set(name, value);
    const secret = call.credential === undefined ? this.#operatorSecret : call.credential?.token;
    if (secret !== undefined) headers.set('authorization', `Bearer ${secret}`);
    const init: RequestInit = { method: call.method, headers, redirect: 'error' };
    if (call.body !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(call.body);
    }
    let response: Response;
    try {
      response = await this.#fetch(new Request(new URL(call.path, this.origin), init));
    } catch (error) {
      throw new CliError(
        'unavailable',
        'ERR_CLI_CONNECTION',
        `${this.origin} did not answer ${call.method} ${call.path}: ${fetchReason(error)}`,
        {
          hint: 'Check the server with `verity status`, then run the command again.',
          cause: error,
        },
      );
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  /** The answer as a JSON object. */
  async json(call: Call): Promise<JsonObject> {
    const response = await this.send(call);
    const value = await parseAnswer(response);
    if (!isJsonObject(value)) throw unexpected(response.status, 'a JSON object is missing');
    return value;
  }

  async text(call: Call): Promise<string> {
    return (await this.send(call)).text();
  }

  close(): Promise<void> {
    return this.#close();
  }
}

export interface ConnectionOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Certificates (PEM) that the server's may lead to, beside those that Node trusts; null: none. */
  readonly authorities: string | null;
}

/** A connection to the database of a folder: to its server, or else to the folder itself. */
export async function openConnection(
  folder: string,
  options: ConnectionOptions,
): Promise<Connection> {
  const server = await findServer(folder, options.authorities);
  if (server !== null) {
    const secret = await readSecretFile(join(folder, 'operator.secret'));
    return new Connection(server.origin, server.fetch, secret, closeNothing);
  }
  const database = await openInProcess(folder, options.environment);
  const { operatorSecret, close } = database;
  return new Connection('http://localhost', database.fetch, operatorSecret, close);
}

/** A server that lives. */
export interface FoundServer {
  readonly origin: string;
  readonly fetch: Fetch;
}

/**
 * Where the live server of a folder answers, or null when there is none.
 *
 * @throws {CliError} ERR_CLI_CONNECTION when `server.json` is not well-formed, or the server hangs
 */
export async function findServer(
  folder: string,
  authorities: string | null,
): Promise<FoundServer | null> {
  const path = join(folder, 'server.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return null;
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`);
  }
  const { url, serverName, pid } = parseServerFile(path, text);
  if (!isAlive(pid)) return null;
  const fetchRequest: Fetch =
    url.protocol === 'https:'
      ? async (request) => fetchOverTls(request, { authorities, serverName })
      : async (request) => fetch(request);
  try {
    await fetchRequest(
      new Request(new URL('/health', url), {
        redirect: 'error',
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      }),
    );
    return { origin: url.origin, fetch: fetchRequest };
  } catch (error) {
    // Nobody listens: the process of that number is another one, and the folder's own lock decides.
    const reason = fetchReason(error);
    if (reason === 'ECONNREFUSED') return null;
    throw new CliError(
      'unavailable',
      'ERR_CLI_CONNECTION',
      `the server at ${url.origin} does not answer: ${reason}`,
      { hint: hintOf(reason, pid), cause: error },
    );
  }
}

/** What OpenSSL and Node say of a certificate that they do not take. */
const CERTIFICATE_REASON = /CERT|SELF_SIGNED|ISSUER|ALTNAME/;

function hintOf(reason: string, pid: number): string {
  return CERTIFICATE_REASON.test(reason)
    ? 'Name the authority of its certificate with --ca FILE, or in VERITY_CA.'
    : `Wait for it, or stop process ${pid} and run the command again.`;
}

/** A server goes on without this command. */
async function closeNothing(): Promise<void> {}

interface ServerFile {
  readonly url: URL;
  /** The name that its certificate is for, where that is not the URL's host. */
  readonly serverName: string | null;
  readonly pid: number;
}

function parseServerFile(path: string, text: string): ServerFile {
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) {
      const { url, pid, server_name: serverName = null } = value;
      const isNamed = serverName === null || typeof serverName === 'string';
      if (typeof url === 'string' && isNamed && Number.isSafeInteger(pid) && (pid as number) > 0) {
        const parsed = new URL(url);
        if (/^https?:$/.test(parsed.protocol) && isLoopback(parsed))
          return { url: parsed, serverName, pid: pid as number };
      }
    }
  } catch {
    // Told below, in one sentence for every way of being malformed.
  }
  throw new CliError(
    'format',
    'ERR_CLI_CONNECTION',
    `${path} does not name a server on a loopback address`,
    { hint: 'Stop the server, remove the file, and start the server again.' },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return reasonOf(error) === 'EPERM';
  }
}

/** Undici hides the system's code in the cause. */
function fetchReason(error: unknown): string {
  if (error instanceof DOMException) return error.name;
  const { cause } = error as { cause?: unknown };
  return reasonOf(cause ?? error);
}

async function parseAnswer(response: Response): Promise<JsonValue> {
  try {
    return parseJson(await response.text());
  } catch {
    throw unexpected(response.status, 'the body is not JSON');
  }
}

/** The refusal that a problem document tells. */
async function refusalOf(response: Response): Promise<ApiError | CliError> {
  let problem: JsonValue;
  try {
    problem = parseJson(await response.text());
  } catch {
    return unexpected(response.status, 'the body is not a problem document');
  }
  if (!isJsonObject(problem) || typeof problem['code'] !== 'string') {
    return unexpected(response.status, 'the problem document has no code');
  }
  const { code, detail, title, hint } = problem;
  return new ApiError(response.status, {
    code,
    detail: typeof detail === 'string' ? detail : typeof title === 'string' ? title : 'refused',
    hint: typeof hint === 'string' ? hint : undefined,
  });
}

function unexpected(status: number, what: string): CliError {
  return new CliError(
    'expectation',
    'ERR_CLI_ANSWER',
    `the server answered ${status}, but ${what}`,
    { hint: 'Check that the server and this command are of one version: `verity status`.' },
  );
}
