/**
 * One socket for all doors: `/mcp` beside the HTTP API. Callers from this machine get the operator's
 * routes too; for all others those routes do not exist.
 */

import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type HttpBindings, createAdaptorServer } from '@hono/node-server';
import type { Administration, Gateway } from '@veritydb/disclosure';
import {
  AuthorizationServer,
  type HttpApiOptions,
  type PublishedLog,
  allowedPlaces,
  assertAllowedPlace,
  buildHttpApi,
  problemResponse,
} from '@veritydb/http';
import { buildMcpHandler } from '@veritydb/mcp';

import { isLoopback } from './config.ts';
import { ServerError } from './error.ts';
import { Metrics } from './metrics.ts';

export interface ServerOptions {
  readonly gateway: Gateway;
  readonly administration: Administration;
  readonly operatorSecret: string;
  readonly publication: PublishedLog;
  /** Publishes a checkpoint now. */
  readonly publish: () => Promise<boolean>;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
  /** Who gives out tokens to programs: nobody, this server, or the one at an address. */
  readonly authorization?: 'off' | 'local' | URL;
  readonly version: string;
  readonly limits?: ConnectionLimits;
  /** Gets what callers are not told. */
  readonly onInternalError: (error: unknown) => void;
}

export interface RunningServer {
  /** Under which callers reach it: scheme and authority. */
  readonly url: string;
  /** Under which this machine reaches it; null when it listens on another address alone. */
  readonly localUrl: string | null;
  /** Takes no more requests, lets those under way end, and then cuts what is left. */
  close(): Promise<void>;
}

/** What a caller may cost before it has asked anything. */
export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** In which the headers of a request must have come. */
  readonly headersTimeoutMs: number;
  /** In which all of a request must have come. */
  readonly requestTimeoutMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
};
/** How often slow connections are looked for: Node's own 30 s would let each stay three times as long. */
const SLOW_SWEEP_MS = 1000;
const KEEP_ALIVE_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 10_000;
const IDLE_SWEEP_MS = 50;
const REQUESTS_PER_SOCKET_MAX = 1000;

/** For callers from this machine alone, like the operator's routes. */
const METRICS_PATH = '/metrics';

/** Headers that a proxy adds: what comes with one was sent from elsewhere. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/** @throws {ServerError} ERR_SERVER_LISTEN */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  let answer: Answer = notYet;
  const { limits = CONNECTION_LIMITS } = options;
  const server = createAdaptorServer({
    fetch: async (request, bindings) => answer(request, (bindings as HttpBindings).incoming),
    createServer,
    serverOptions: {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: SLOW_SWEEP_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
  }) as Server;
  server.maxConnections = limits.connectionsMax;
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET_MAX;
  const port = await listen(server, options);
  const url = options.publicUrl ?? `http://${authorityHost(options.host)}:${port}`;
  answer = buildAnswer(options, url, port);
  return { url, localUrl: localUrl(options.host, port), close: async () => closeServer(server) };
}

/** Between the socket's first moment and the doors' being built. */
const notYet: Answer = async () => new Response(null, { status: 503 });

const randomId = (): string => randomBytes(16).toString('hex');
const nowMs = (): number => performance.now();

type Answer = (request: Request, incoming: IncomingMessage) => Promise<Response>;

function buildAnswer(options: ServerOptions, publicUrl: string, port: number): Answer {
  const { gateway, administration, operatorSecret: secret, version, onInternalError } = options;
  const { publication, publish } = options;
  const allowed = allowedPlaces(new URL(publicUrl), port);
  const shared = { gateway, version, publicUrl, onInternalError } satisfies Partial<HttpApiOptions>;
  const authorization =
    options.authorization === 'local'
      ? new AuthorizationServer({
          gateway,
          administration,
          operatorSecret: secret,
          publicUrl,
          randomId,
          nowMs,
        })
      : authorizationAddress(options.authorization);
  const api = { ...shared, publication, authorization };
  const forAll = buildHttpApi({ ...api, operator: null });
  const forLocal = buildHttpApi({ ...api, operator: { administration, secret, publish } });
  const mcp = buildMcpHandler({
    ...shared,
    allowed,
    randomId,
    nowMs,
  });
  const metrics = new Metrics(async () => recordCount(await gateway.checkpoint()));
  const answerHttp = async (request: Request, incoming: IncomingMessage): Promise<Response> => {
    try {
      assertAllowedPlace(request, allowed);
    } catch (error) {
      return problemResponse(error);
    }
    if (!isLocal(request, incoming)) return forAll.fetch(request);
    const isScrape = request.method === 'GET' && new URL(request.url).pathname === METRICS_PATH;
    return isScrape ? metrics.response() : forLocal.fetch(request);
  };
  return async (request, incoming) =>
    new URL(request.url).pathname === '/mcp'
      ? metrics.observe('mcp', async () => mcp(request))
      : metrics.observe('http', async () => answerHttp(request, incoming));
}

function authorizationAddress(authorization: ServerOptions['authorization']): string | null {
  return authorization instanceof URL ? authorization.href.replace(/\/$/, '') : null;
}

/** The tree size of a signed checkpoint: its second line (C2SP tlog-checkpoint). */
function recordCount(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}

/** Attacker-controlled: all headers. A socket from elsewhere cannot pretend; a proxy must not help it. */
function isLocal(request: Request, incoming: IncomingMessage): boolean {
  return (
    isLoopback(incoming.socket.remoteAddress ?? '') &&
    isLoopback(new URL(request.url).hostname) &&
    PROXY_HEADERS.every((name) => !request.headers.has(name))
  );
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new ServerError('ERR_SERVER_LISTEN', `cannot listen on ${host} port ${port}`, {
          cause,
          hint:
            cause.code === 'EADDRINUSE'
              ? 'Another program listens there: stop it, or choose another --port (0 for any).'
              : `Choose another --host or --port (${cause.code ?? 'no code'}).`,
        }),
      );
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** IPv6 addresses stand in brackets (RFC 3986 §3.2.2). */
function authorityHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function localUrl(host: string, port: number): string | null {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return isLoopback(host) ? `http://${authorityHost(host)}:${port}` : null;
}

async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_TIMEOUT_MS);
  // A connection that was busy when the server closed is kept alive once it has its answer.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_SWEEP_MS);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  clearTimeout(cut);
  clearInterval(sweep);
}
