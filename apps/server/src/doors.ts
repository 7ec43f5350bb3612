/**
 * What answers a request: `/mcp` beside the HTTP API. Callers from this machine get the operator's routes
 * too; for all others those routes do not exist. Each answer has an id, a line in the log and a span.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Administration, Gateway } from '@veritydb/disclosure';
import {
  AuthorizationServer,
  type HttpApiOptions,
  type PublishedLog,
  allowedPlaces,
  assertAllowedPlace,
  buildHttpApi,
  createAddressLimiter,
  createRateLimiter,
  factsOf,
  problemResponse,
} from '@veritydb/http';
import { buildMcpHandler } from '@veritydb/mcp';
import { isJsonObject, parseJson } from '@veritydb/types';

import { isLoopback } from './config.ts';
import { ServerError } from './error.ts';
import { type DoorName, Metrics } from './metrics.ts';
import type { ServerLog } from './server-log.ts';
import { traceRequest } from './traces.ts';

export interface DoorOptions {
  readonly gateway: Gateway;
  readonly administration: Administration;
  readonly operatorSecret: string;
  readonly publication: PublishedLog;
  /** Publishes a checkpoint now. */
  readonly publish: () => Promise<boolean>;
  readonly version: string;
  /** Who gives out tokens to programs: nobody, this server, or the one at an address. */
  readonly authorization?: 'off' | 'local' | URL;
  readonly log: ServerLog;
}

export interface Place {
  /** Under which callers reach the server: scheme and authority. */
  readonly publicUrl: string;
  /** The port that the socket is bound to. */
  readonly port: number;
  /** Whether the server is about to stop. */
  readonly isStopping: () => boolean;
}

export type Answer = (request: Request, incoming: IncomingMessage) => Promise<Response>;

/** For callers from this machine alone, like the operator's routes. */
const METRICS_PATH = '/metrics';

/** Calls of each token over HTTP, where programs ask: over MCP, where models do, it is a tenth. */
const HTTP_RATE = { perMinute: 600, burst: 200 } as const;

/**
 * Calls of each address without a token that holds: the public documents and tiles, and guesses. This
 * machine has no such limit, so a proxy on it must have one of its own.
 */
const ADDRESS_RATE = { perMinute: 600, burst: 300 } as const;

/** Headers that a proxy adds: what comes with one was sent from elsewhere. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/** Told to the caller and to the log, so that one can be found by the other. */
const REQUEST_ID_HEADER = 'x-request-id';

const randomId = (): string => randomBytes(16).toString('hex');
const nowMs = (): number => performance.now();

export function buildDoors(options: DoorOptions, place: Place): Answer {
  const { gateway, log } = options;
  const requestIds = new AsyncLocalStorage<string>();
  const onInternalError = (error: unknown): void => {
    log.fault(error, requestIds.getStore() ?? null);
  };
  const metrics = new Metrics(async () => recordCount(await gateway.checkpoint()));
  const answerHttp = buildHttpDoor({ ...options, onInternalError, metrics }, place);
  const allowed = allowedPlaces(new URL(place.publicUrl), place.port);
  const answerMcp = buildMcpHandler({
    gateway,
    version: options.version,
    publicUrl: place.publicUrl,
    onInternalError,
    allowed,
    randomId,
    nowMs,
  });
  const addresses = createAddressLimiter(ADDRESS_RATE, nowMs);
  return async (request, incoming) => {
    const { remoteAddress = '' } = incoming.socket;
    const limited = isLoopback(remoteAddress) ? null : remoteAddress;
    const requestId = randomBytes(8).toString('hex');
    const { pathname } = new URL(request.url);
    const door: DoorName = pathname === '/mcp' ? 'mcp' : 'http';
    const startedAt = performance.now();
    const answer = async (): Promise<Response> => {
      if (door === 'mcp') return answerMcp(request);
      if (pathname === '/ready' && place.isStopping()) return problemResponse(stopping());
      return answerHttp(request, incoming);
    };
    const response = await requestIds.run(requestId, async () =>
      traceRequest(request, async () =>
        metrics.observe(door, async () => addresses.answer(request, limited, answer)),
      ),
    );
    response.headers.set(REQUEST_ID_HEADER, requestId);
    const { route, tokenId } = factsOf(request);
    log.answered({
      requestId,
      door,
      method: request.method,
      route: door === 'mcp' ? '/mcp' : route,
      status: response.status,
      code: await problemCode(response),
      grant: tokenId,
      durationMs: performance.now() - startedAt,
    });
    return response;
  };
}

function buildHttpDoor(
  options: DoorOptions & Pick<HttpApiOptions, 'onInternalError'> & { readonly metrics: Metrics },
  { publicUrl, port }: Place,
): Answer {
  const { gateway, administration, operatorSecret: secret, publication, publish } = options;
  const { metrics, onInternalError, version } = options;
  const authorization = authorizationOf(options, publicUrl);
  // One for both: a token has no more calls because it is used from this machine.
  const rateLimiter = createRateLimiter(HTTP_RATE, nowMs);
  const api = {
    gateway,
    version,
    publicUrl,
    onInternalError,
    publication,
    authorization,
    rateLimiter,
  };
  const allowed = allowedPlaces(new URL(publicUrl), port);
  const forAll = buildHttpApi({ ...api, operator: null });
  const forLocal = buildHttpApi({ ...api, operator: { administration, secret, publish } });
  return async (request, incoming) => {
    try {
      assertAllowedPlace(request, allowed);
    } catch (error) {
      return problemResponse(error);
    }
    if (!isLocal(request, incoming)) return forAll.fetch(request);
    const isScrape = request.method === 'GET' && new URL(request.url).pathname === METRICS_PATH;
    return isScrape ? metrics.response() : forLocal.fetch(request);
  };
}

function authorizationOf(
  { administration, authorization, gateway, operatorSecret }: DoorOptions,
  publicUrl: string,
): NonNullable<HttpApiOptions['authorization']> | null {
  if (authorization === 'local') {
    const parts = { gateway, administration, operatorSecret, publicUrl, randomId, nowMs };
    return new AuthorizationServer(parts);
  }
  return authorization instanceof URL ? authorization.href.replace(/\/$/, '') : null;
}

function stopping(): ServerError {
  return new ServerError('ERR_SERVER_STOPPING', 'the server is about to stop', {
    hint: 'Ask another one, or this one again when it has started.',
  });
}

/** The code of a problem document, which is ours; null for every other answer. */
async function problemCode(response: Response): Promise<string | null> {
  if (response.headers.get('content-type') !== 'application/problem+json') return null;
  const problem = parseJson(await response.clone().text());
  const code = isJsonObject(problem) ? problem['code'] : null;
  return typeof code === 'string' ? code : null;
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
