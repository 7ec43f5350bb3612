/** The socket under the doors, in clear or with TLS: bound, bounded, drained and closed. */

import { type Server, createServer } from 'node:http';
import { Server as SecureServer, createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { type HttpBindings, createAdaptorServer } from '@hono/node-server';

import { CONNECTION_LIMITS, type ConnectionLimits, isLoopback } from './config.ts';
import { type Answer, type DoorOptions, buildDoors } from './doors.ts';
import { ServerError } from './error.ts';
import { TLS_VERSION_MIN, type TlsIdentity } from './tls.ts';

export interface ServerOptions extends DoorOptions {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
  /** Null: in clear. */
  readonly tls: TlsIdentity | null;
  readonly limits?: ConnectionLimits;
}

export interface RunningServer {
  /** Under which callers reach it: scheme and authority. */
  readonly url: string;
  /** Under which this machine reaches it; null when it listens on another address alone. */
  readonly localUrl: string | null;
  /** Shows another certificate to whoever connects from now on; nothing where it listens in clear. */
  useIdentity(identity: TlsIdentity): void;
  /** Answers on, but says at `/ready` that it is about to stop. */
  drain(): void;
  /** Takes no more requests, lets those under way end, and then cuts what is left. */
  close(): Promise<void>;
}

/** How often slow connections are looked for: Node's own 30 s would let each stay three times as long. */
const SLOW_SWEEP_MS = 1000;
const KEEP_ALIVE_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 10_000;
const IDLE_SWEEP_MS = 50;
const REQUESTS_PER_SOCKET_MAX = 1000;

/** @throws {ServerError} ERR_SERVER_LISTEN */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  let answer: Answer = notYet;
  let isStopping = false;
  const { limits = CONNECTION_LIMITS, tls } = options;
  const timeouts = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: SLOW_SWEEP_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  const server = createAdaptorServer({
    fetch: async (request, bindings) => answer(request, (bindings as HttpBindings).incoming),
    ...(tls === null ? { createServer, serverOptions: timeouts } : secureOptions(tls, timeouts)),
  }) as Server | SecureServer;
  server.maxConnections = limits.connectionsMax;
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET_MAX;
  const port = await listen(server, options);
  const scheme = tls === null ? 'http' : 'https';
  const url = options.publicUrl ?? `${scheme}://${authorityHost(options.host)}:${port}`;
  answer = buildDoors(options, { publicUrl: url, port, isStopping: () => isStopping });
  const localHost = localHostOf(options.host);
  return {
    url,
    localUrl: localHost === null ? null : `${scheme}://${localHost}:${port}`,
    useIdentity: (identity) => {
      if (!(server instanceof SecureServer)) return;
      server.setSecureContext({ ...pemOf(identity), minVersion: TLS_VERSION_MIN });
    },
    drain: () => {
      isStopping = true;
    },
    close: async () => {
      isStopping = true;
      await closeServer(server);
    },
  };
}

function secureOptions<Timeouts extends { readonly headersTimeout: number }>(
  identity: TlsIdentity,
  timeouts: Timeouts,
) {
  const serverOptions = {
    ...timeouts,
    ...pemOf(identity),
    minVersion: TLS_VERSION_MIN,
    handshakeTimeout: timeouts.headersTimeout,
  } as const;
  return { createServer: createSecureServer, serverOptions };
}

function pemOf({ cert, key }: TlsIdentity): { readonly cert: string; readonly key: string } {
  return { cert, key };
}

/** Between the socket's first moment and the doors' being built. */
const notYet: Answer = async () => new Response(null, { status: 503 });

async function listen(
  server: Server | SecureServer,
  { host, port }: ServerOptions,
): Promise<number> {
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

/** Where this machine reaches it; null when it listens on another address alone. */
function localHostOf(host: string): string | null {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isLoopback(host) ? authorityHost(host) : null;
}

async function closeServer(server: Server | SecureServer): Promise<void> {
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
