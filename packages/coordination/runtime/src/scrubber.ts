/**
 * Reads the whole log again and again in the background, a little at a time, so that rot of the disk is
 * found while there is still a copy to restore from.
 *
 * Always holds: between two steps others have their turn; a damaged record is told of once.
 */

import { type DamagedRecord, LogError, type Scrubbed } from '@veritydb/log';
import { toOffset } from '@veritydb/types';

import type { Tenant } from './tenant.ts';
import type { Timer } from './timer.ts';

/** Two hundred records a second: some milliseconds of its work. */
const STEP_COUNT = 100;
const STEP_DELAY_MS = 500;
/** From the end of one pass to the next. */
const PASS_DELAY_MS: number = 60 * 60 * 1000;

export interface ScrubberOptions {
  readonly tenant: Pick<Tenant, 'head' | 'scrub'>;
  readonly timer: Timer;
  readonly onDamage: (record: DamagedRecord) => void;
}

export class Scrubber {
  readonly #options: ScrubberOptions;
  readonly #told = new Set<number>();
  #next = toOffset(0);
  #cancel: () => void = () => undefined;

  constructor(options: ScrubberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#wait(STEP_DELAY_MS);
  }

  /** Ends it; to be called before the tenant is closed. */
  stop(): void {
    this.#cancel();
  }

  #wait(delayMs: number): void {
    this.#cancel = this.#options.timer.after(delayMs, () => {
      this.#step();
    });
  }

  #step(): void {
    const { onDamage, tenant } = this.#options;
    let scrubbed: Scrubbed;
    try {
      scrubbed = tenant.scrub(this.#next, STEP_COUNT);
    } catch (error) {
      // The log has stopped, which whoever writes is told: there is nothing more to read.
      if (error instanceof LogError) return;
      throw error;
    }
    const { damaged, next } = scrubbed;
    for (const record of damaged) {
      if (!this.#told.has(record.offset)) onDamage(record);
      this.#told.add(record.offset);
    }
    const isPassDone = next > tenant.head;
    this.#next = isPassDone ? toOffset(0) : next;
    this.#wait(isPassDone ? PASS_DELAY_MS : STEP_DELAY_MS);
  }
}
