/**
 * The server's log: one JSON object a line, or one readable line a person at a terminal.
 *
 * It is closed: there is a function for each thing that may be told, and its fields are those below. None
 * is a path, a query, a header, a body, a statement or a value, so that no row and no secret gets in. A
 * fault of ours is told by its name, code and place, without its message, which may quote what was read.
 */

import { VerityError } from '@veritydb/types';
import { type Logger, pino } from 'pino';

export interface AnsweredRequest {
  readonly requestId: string;
  readonly door: 'http' | 'mcp';
  readonly method: string;
  /** Template of the route, never the path; null where no route has the path. */
  readonly route: string | null;
  readonly status: number;
  /** Of the problem that was answered, as `ERR_HTTP_METHOD`; null for any other answer. */
  readonly code: string | null;
  /** Id of the token: the record of its grant is in the log of the database. */
  readonly grant: string | null;
  readonly durationMs: number;
}

/** A record that the disk does not give as it was written. */
export interface DamagedPlace {
  readonly file: string;
  readonly position: number;
  readonly offset: number;
}

export interface LogStream {
  write(line: string): void;
}

export class ServerLog {
  readonly #log: Logger;

  /** @param isTerminal whether a person reads it */
  constructor(stream: LogStream, isTerminal: boolean) {
    const write = (line: string): void => {
      stream.write(isTerminal ? readable(line) : line);
    };
    const options = {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level: string) => ({ level }) },
    };
    this.#log = pino(options, { write });
  }

  answered(request: AnsweredRequest): void {
    const { requestId, door, method, route, status, code, grant, durationMs } = request;
    const fields = {
      request_id: requestId,
      door,
      method,
      route,
      status,
      code,
      grant,
      duration_ms: Math.round(durationMs * 1000) / 1000,
    };
    if (status >= 500) this.#log.error(fields, 'request');
    else this.#log.info(fields, 'request');
  }

  started(facts: { readonly version: string; readonly url: string }): void {
    this.#log.info(facts, 'started');
  }

  /** Something about the server's own files, clock or witnesses, in words that were made for it. */
  trouble(message: string): void {
    this.#log.warn({ detail: message }, 'trouble');
  }

  damaged({ file, offset, position }: DamagedPlace): void {
    this.#log.error({ file, position, offset, hint: 'Restore it from a copy.' }, 'damaged');
  }

  certificate(facts: { readonly validTo: string }): void {
    this.#log.info({ valid_to: facts.validTo }, 'certificate');
  }

  stopping(drainSeconds: number): void {
    this.#log.info({ drain_seconds: drainSeconds }, 'stopping');
  }

  stopped(): void {
    this.#log.info({}, 'stopped');
  }

  fault(error: unknown, requestId: string | null): void {
    this.#log.error({ request_id: requestId, ...describeFault(error) }, 'fault');
  }
}

/** Frames of the stack that are told. */
const FRAMES_COUNT_MAX = 12;

/** Name, code and place; the message only where it is one of ours, which never holds a value. */
function describeFault(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { fault: typeof error };
  // The stack begins with the message, which may hold anything: only what follows it is told.
  const { message, stack = '' } = error;
  const behind = stack.includes(message) ? stack.split(message).at(-1) : '';
  const frames = (behind ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  const { code } = error as { readonly code?: unknown };
  return {
    fault: error.name,
    ...(typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? { code } : {}),
    ...(error instanceof VerityError ? { detail: error.message } : {}),
    at: frames.slice(0, FRAMES_COUNT_MAX).map((line) => line.trim().slice(3)),
  };
}

/** `12:03:44.120 info  request GET /v1/schema 200 code=… 1.2 ms` */
function readable(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const words = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(' < ') : String(value)}`);
  const clock = String(time).slice(11, 23);
  return `${[clock, String(level).padEnd(5), String(msg), ...words].join(' ')}\n`;
}
