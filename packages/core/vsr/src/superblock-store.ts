/** The superblock of a running replica: one update at a time, written four times, read back, then told. */

import type { Crypto } from '@veritydb/crypto';
import { assert } from '@veritydb/types';

import type { VsrConfig } from './config.ts';
import type { Read, Write } from './ports.ts';
import {
  COPIES_TO_VERIFY,
  type OpenedSuperblock,
  SUPERBLOCK_COPIES,
  SUPERBLOCK_STRIDE,
  SUPERBLOCK_ZONE_SIZE,
  type SuperblockState,
  countCopies,
  encodeSuperblock,
  numberCopy,
  superblockDigest,
} from './superblock.ts';

export type SuperblockChange = Partial<
  Pick<
    SuperblockState,
    'view' | 'logView' | 'commitMax' | 'checkpoint' | 'committedSize' | 'viewHeaders'
  >
>;

export interface SuperblockStoreOptions {
  readonly crypto: Crypto;
  readonly config: VsrConfig;
  readonly read: Read;
  readonly write: Write;
  /** A newer state is durable. */
  readonly onDurable: () => void;
}

export class SuperblockStore {
  readonly #options: SuperblockStoreOptions;
  /** What is on the disk. */
  #durable: SuperblockState;
  #copy: Uint8Array;
  /** What is to be there. */
  #wanted: SuperblockState;
  #isWriting = false;

  constructor(options: SuperblockStoreOptions, opened: OpenedSuperblock) {
    this.#options = options;
    this.#durable = opened.state;
    this.#wanted = opened.state;
    this.#copy = opened.copy;
    if (opened.broken.length > 0) this.#mend(opened.broken, 0);
  }

  /** What would survive a crash now. */
  get durable(): SuperblockState {
    return this.#durable;
  }

  /** Changes the state. Changes that come while one is being written go together into the next. */
  update(change: SuperblockChange): void {
    const before = this.#wanted;
    this.#wanted = { ...before, ...change };
    const now = this.#wanted;
    assert(now.view >= before.view, 'view falls');
    assert(now.logView >= before.logView, 'log view falls');
    assert(now.view >= now.logView, 'log view is above the view');
    assert(now.commitMax >= before.commitMax, 'commit falls');
    assert(now.checkpoint.op >= before.checkpoint.op, 'checkpoint falls');
    this.#start();
  }

  #start(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const state: SuperblockState = {
      ...this.#wanted,
      sequence: this.#durable.sequence + 1,
      previous: superblockDigest(this.#copy),
    };
    this.#wanted = state;
    const copy = encodeSuperblock(this.#options.crypto, this.#options.config.cluster, state);
    this.#writeCopy(copy, 0, () => {
      this.#verify(copy, state);
    });
  }

  /** One after the other: never are two copies impaired at once. */
  #writeCopy(copy: Uint8Array, number: number, then: () => void): void {
    if (number === SUPERBLOCK_COPIES) {
      then();
      return;
    }
    const bytes = numberCopy(copy, number);
    this.#options.write('superblock', number * SUPERBLOCK_STRIDE, bytes, () => {
      this.#writeCopy(copy, number + 1, then);
    });
  }

  #verify(copy: Uint8Array, state: SuperblockState): void {
    this.#options.read('superblock', 0, SUPERBLOCK_ZONE_SIZE, (zone) => {
      assert(countCopies(zone, copy) >= COPIES_TO_VERIFY, 'a superblock does not read back');
      this.#durable = state;
      this.#copy = copy;
      this.#isWriting = false;
      if (this.#wanted !== state) this.#start();
      this.#options.onDurable();
    });
  }

  #mend(broken: readonly number[], index: number): void {
    this.#isWriting = true;
    const number = broken[index];
    if (number === undefined) {
      this.#isWriting = false;
      if (this.#wanted !== this.#durable) this.#start();
      return;
    }
    const bytes = numberCopy(this.#copy, number);
    this.#options.write('superblock', number * SUPERBLOCK_STRIDE, bytes, () => {
      this.#mend(broken, index + 1);
    });
  }
}
