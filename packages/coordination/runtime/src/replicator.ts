/** The port to order and durability, and its degenerate case: one machine. */

import type { Submission } from '@veritydb/kernel';

import type { CommitPath, CommitResult } from './commit.ts';
import { RuntimeError } from './error.ts';

/** Puts commands in one order and answers when they are durable. */
export interface Replicator {
  submit(submission: Submission): Promise<CommitResult>;
  /** Refuses what is still waiting. */
  close(): void;
}

/** Commands that may wait: beyond it the caller is told to come back. */
const QUEUE_LENGTH_MAX = 16_384;
/** Commands that share one sync. */
const BATCH_LENGTH_MAX = 1024;

interface Waiting {
  readonly submission: Submission;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Order is the order of arrival; all that arrived before the event loop came round is one batch, and
 * one batch is one write and one sync (group commit without a timer).
 */
export class SingleReplicator implements Replicator {
  readonly #commits: CommitPath;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(commits: CommitPath) {
    this.#commits = commits;
  }

  async submit(submission: Submission): Promise<CommitResult> {
    if (this.#waiting.length >= QUEUE_LENGTH_MAX) {
      throw new RuntimeError(
        'unavailable',
        'ERR_RUNTIME_QUEUE_FULL',
        'too many writes are waiting',
        {
          hint: 'try again shortly',
          retryAfterMs: 100,
        },
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#drain());
    });
  }

  #drain(): void {
    const batch = this.#waiting.splice(0, BATCH_LENGTH_MAX);
    if (this.#waiting.length > 0) setImmediate(() => this.#drain());
    else this.#scheduled = false;
    const results = this.#commits.commit(batch.map(({ submission }) => submission));
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result instanceof Error) reject(result);
      else if (result === undefined) reject(new Error('commit gave no result'));
      else resolve(result);
    }
  }

  close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) {
      reject(
        new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'the database is closing', {
          hint: 'the write was not made: try again when it is open',
        }),
      );
    }
  }
}
