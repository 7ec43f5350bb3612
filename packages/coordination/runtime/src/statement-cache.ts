/**
 * Text to statement, with the second opinion. A text is parsed once by our own parser and once, in a
 * worker with a deadline, by node-sql-parser; where the two do not read the same statement, it is
 * refused. What both agree on is kept, bounded, by text.
 */

import { Worker } from 'node:worker_threads';

import { QueryError, type QueryErrorCode, type Statement, parseStatement } from '@veritydb/query';

import { RuntimeError } from './error.ts';

/** Longest that the second opinion may take: our own bounds keep honest text far below. */
const DEADLINE_MS = 2000;
const CACHE_SIZE_MAX = 1024;

interface WorkerAnswer {
  readonly id: number;
  readonly refusal: {
    readonly code: QueryErrorCode;
    readonly message: string;
    readonly hint: string | undefined;
  } | null;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class StatementCache {
  /** Two generations: the young one is filled, and when it is full the old one is dropped whole. */
  #young = new Map<string, Statement>();
  #old = new Map<string, Statement>();
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

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
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(), DEADLINE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      worker.ref();
      worker.postMessage({ id, text });
    });
  }

  #start(): Worker {
    const worker = startWorker();
    worker.unref();
    worker.on('message', (answer: WorkerAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(error));
    this.#worker = worker;
    return worker;
  }

  #settle({ id, refusal }: WorkerAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (refusal === null) waiting.resolve();
    else {
      const { code, message, hint } = refusal;
      waiting.reject(new QueryError(code, message, hint === undefined ? {} : { hint }));
    }
  }

  /** A parser that does not come back is ended with its thread; whoever waits is told. */
  #expire(): void {
    this.#fail(
      new RuntimeError(
        'format',
        'ERR_RUNTIME_SQL_DEADLINE',
        'the statement takes too long to read',
        {
          hint: 'make it shorter and flatter',
        },
      ),
    );
  }

  #fail(error: Error): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(error);
    }
  }

  close(): void {
    this.#fail(
      new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'the database is closing', {
        hint: 'open it again',
      }),
    );
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
