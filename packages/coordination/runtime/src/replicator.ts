/** The port to order and durability, and its degenerate case: one machine. */

import type { Submission } from '@veritydb/kernel';

import type { CommitPath, CommitResult } from './commit.ts';
import { RuntimeError } from './error.ts';
import type { SyncPolicy } from './sync-policy.ts';
import type { Timer } from './timer.ts';

/** Puts commands in one order and answers when they are durable. */
export interface Replicator {
  submit(submission: Submission): Promise<CommitResult>;
  /** Refuses what is still waiting. */
  refuse(error: RuntimeError): void;
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

function queueFull(): RuntimeError {
  return new RuntimeError('unavailable', 'ERR_RUNTIME_QUEUE_FULL', 'too many writes are waiting', {
    hint: 'try again shortly',
    retryAfterMs: 100,
  });
}

interface SingleReplicatorOptions {
  readonly commits: Pick<CommitPath, 'commit'>;
  readonly sync: SyncPolicy;
  readonly timer: Timer;
}

/**
 * Order is the order of arrival, and a batch is one write and one sync. All that arrived before the event
 * loop came round is one batch. Under `group-commit` a batch that is smaller than the last one waits for
 * those who are missing, but not longer than was said: a writer who is alone waits for nobody.
 */
export class SingleReplicator implements Replicator {
  readonly #options: SingleReplicatorOptions;
  readonly #waiting: Waiting[] = [];
  #state: 'idle' | 'scheduled' | 'delayed' = 'idle';
  /** Commands in the last batch: so many writers are under way. */
  #lastLength = 0;
  #cancelDelay: () => void = () => undefined;

  constructor(options: SingleReplicatorOptions) {
    this.#options = options;
  }

  // Not async: that would be a promise and a turn of the queue more a write.
  submit(submission: Submission): Promise<CommitResult> {
    if (this.#waiting.length >= QUEUE_LENGTH_MAX) return Promise.reject(queueFull());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, resolve, reject });
      if (this.#state === 'idle') this.#schedule();
      else if (this.#state === 'delayed' && this.#isComplete()) {
        this.#cancelDelay();
        this.#schedule();
      }
    });
  }

  #schedule(): void {
    this.#state = 'scheduled';
    this.#options.timer.soon(() => {
      this.#comeRound();
    });
  }

  #comeRound(): void {
    const { sync, timer } = this.#options;
    // Closed meanwhile: nobody waits any more.
    if (this.#waiting.length === 0) {
      this.#state = 'idle';
      return;
    }
    if (sync.kind !== 'group-commit' || this.#isComplete()) {
      this.#drain();
      return;
    }
    this.#state = 'delayed';
    this.#cancelDelay = timer.after(sync.maxDelayMs, () => {
      this.#drain();
    });
  }

  /** Whether as many wait as wrote together the last time. */
  #isComplete(): boolean {
    return this.#waiting.length >= this.#lastLength;
  }

  #drain(): void {
    const { commits, sync } = this.#options;
    const batch = this.#waiting.splice(0, sync.kind === 'every-record' ? 1 : BATCH_LENGTH_MAX);
    this.#lastLength = batch.length;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#state = 'idle';
    const results = commits.commit(batch.map(({ submission }) => submission));
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result instanceof Error) reject(result);
      else if (result === undefined) reject(new Error('commit gave no result'));
      else resolve(result);
    }
  }

  refuse(error: RuntimeError): void {
    if (this.#state === 'delayed') {
      this.#cancelDelay();
      this.#state = 'idle';
    }
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
