/**
 * Text to statement, with the second opinion. A text is parsed once by our own parser and once, in a
 * worker with a deadline, by node-sql-parser; where the two do not read the same statement, it is
 * refused. The worker reads one at a time, so that a slow statement costs nobody else the answer. What both agree on is kept, bounded, by text.
 */

import { Worker } from 'node:worker_threads';

import { QueryError, type QueryErrorCode, type Statement, parseStatement } from '@veritydb/query';

import { RuntimeError } from './error.ts';

/** Longest that the second opinion may take: our own bounds keep honest text far below. */
const DEADLINE_MS = 2000;
/** Longest that its thread may take to load the parser, which is large. */
const START_DEADLINE_MS = 30_000;
const CACHE_SIZE_MAX = 1024;
/** Statements that may wait: beyond it the caller is told to come back. */
const QUEUE_LENGTH_MAX = 1024;

/** What the thread says: that it is ready, and then its answer to each text, in order. */
type WorkerMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'answer';
      readonly refusal: {
        readonly code: QueryErrorCode;
        readonly message: string;
        readonly hint: string | undefined;
      } | null;
    };

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class StatementCache {
  /** Two generations: the young one is filled, and when it is full the old one is dropped whole. */
  #young = new Map<string, Statement>();
  #old = new Map<string, Statement>();
  readonly #start: () => Worker;
  #worker: Worker | undefined;
  #isReady = false;
  readonly #queue: Waiting[] = [];
  /** The one that the thread reads: its deadline is its own, however many wait behind it. */
  #current: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param start makes the thread of the second opinion */
  constructor(start: () => Worker = startWorker) {
    this.#start = start;
  }

  /**
   * Parses a statement and has it confirmed.
   *
   * @throws {QueryError} when either parser refuses, or the two disagree
   */
  async parse(text: string): Promise<Statement> {
    const known = this.#young.get(text) ?? this.#old.get(text);
    if (known !== undefined) return known;
    const statement = parseStatement(text);
    await this.#confirm(text);
    if (this.#young.size >= CACHE_SIZE_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, statement);
    return statement;
  }

  async #confirm(text: string): Promise<void> {
    if (this.#queue.length >= QUEUE_LENGTH_MAX) {
      throw new RuntimeError(
        'unavailable',
        'ERR_RUNTIME_QUEUE_FULL',
        'too many statements are waiting',
        { hint: 'try again shortly', retryAfterMs: 100 },
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#queue.shift();
    if (this.#current === undefined) {
      this.#worker?.unref();
      return;
    }
    const worker = this.#worker ?? this.#open();
    worker.ref();
    this.#await(this.#isReady ? DEADLINE_MS : START_DEADLINE_MS);
    worker.postMessage(this.#current.text);
  }

  #await(timeMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), timeMs);
  }

  #open(): Worker {
    const worker = this.#start();
    this.#worker = worker;
    this.#isReady = false;
    worker.on('message', (message: WorkerMessage) => {
      if (worker === this.#worker) this.#receive(message);
    });
    worker.on('error', () => {
      if (worker !== this.#worker) return;
      const message = 'the second parser fails on this statement';
      this.#abandon(new QueryError('ERR_QUERY_DISAGREEMENT', message));
    });
    return worker;
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      if (this.#current !== undefined) this.#await(DEADLINE_MS);
      return;
    }
    const { refusal } = message;
    if (refusal === null) this.#settle(({ resolve }) => resolve());
    else {
      const { code, hint, message: text } = refusal;
      const error = new QueryError(code, text, hint === undefined ? {} : { hint });
      this.#settle(({ reject }) => reject(error));
    }
  }

  #settle(answer: (waiting: Waiting) => void): void {
    const current = this.#current;
    clearTimeout(this.#timer);
    this.#current = undefined;
    if (current !== undefined) answer(current);
    this.#next();
  }

  #expire(): void {
    this.#abandon(
      new RuntimeError(
        'format',
        'ERR_RUNTIME_SQL_DEADLINE',
        'the statement takes too long to read',
        { hint: 'make it shorter and flatter' },
      ),
    );
  }

  /** Ends the thread with the statement that it reads; those that wait get another thread. */
  #abandon(error: Error): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#settle(({ reject }) => reject(error));
  }

  /** Lets go of every statement that it knows: their texts hold values of rows. */
  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  /** Refuses what waits, and ends the thread. A statement that comes later begins another. */
  close(): void {
    const error = new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'the database is closing', {
      hint: 'open it again',
    });
    for (const { reject } of this.#queue.splice(0)) reject(error);
    this.#abandon(error);
  }
}

/**
 * From sources the worker's file is TypeScript, which a thread of its own reads only through the loader
 * that development brings along; from a build it is plain JavaScript.
 */
function startWorker(): Worker {
  const name = './second-opinion-worker';
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${name}.js`, import.meta.url));
  const url = JSON.stringify(new URL(`${name}.ts`, import.meta.url).href);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `import(${loader}).then(({ tsImport }) => tsImport(${url}, ${url}));`;
  return new Worker(start, { eval: true, execArgv: ['--conditions=veritydb:source'] });
}
