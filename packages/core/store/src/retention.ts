/**
 * How far back a store answers.
 *
 * A position below the floor is refused, never answered with what is left: a version that ended there may
 * be gone. Who still reads at a position holds it, and the floor stays at or below what is held.
 */

import { assert } from '@veritydb/types';

import { decodeLeafValue } from './cell.ts';
import { Cursor } from './cursor.ts';
import { StoreError } from './error.ts';
import { discardChain } from './overflow.ts';
import { keyAt, keySizeAt } from './slotted.ts';
import { historyStart } from './versions.ts';
import type { Versions } from './versions.ts';

export class Retention {
  #floor: number;
  readonly #held = new Map<symbol, number>();

  constructor(floor: number) {
    assert(Number.isSafeInteger(floor) && floor >= 0, 'retention floor is no position');
    this.#floor = floor;
  }

  /** The least position that is answered; 0 when nothing was ever let go. */
  get floor(): number {
    return this.#floor;
  }

  /** @throws {StoreError} ERR_STORE_RETENTION when the position is below the floor */
  check(position: number): void {
    // At 0 the state before the first position is known, too: it was empty.
    if (this.#floor === 0 || position >= this.#floor) return;
    throw new StoreError(
      'ERR_STORE_RETENTION',
      `expected a position from the retention floor ${this.#floor} on, got ${position}`,
      { hint: 'ask for a later position, or fold the log up to that one into a store of its own' },
    );
  }

  /** Keeps the floor at or below a position until the function that is returned is called. */
  hold(position: number): () => void {
    this.check(position);
    const name = Symbol('hold');
    this.#held.set(name, position);
    return () => {
      this.#held.delete(name);
    };
  }

  /** Raises the floor to a position, or as far as what is held lets it; returns the floor. */
  raise(position: number): number {
    const highest = Math.max(0, Math.min(position, ...this.#held.values()));
    if (highest > this.#floor) this.#floor = highest;
    return this.#floor;
  }
}

/** Takes ended versions out of the history that no position from a floor on can see. */
export class Pruning {
  readonly #versions: Versions;
  readonly #floor: number;
  /** Key of the history from which to go on. */
  #from: Uint8Array = historyStart(new Uint8Array(0));

  constructor(versions: Versions, floor: number) {
    this.#versions = versions;
    this.#floor = floor;
  }

  /** Looks at so many versions at most; returns whether that were all that there are. */
  step(versionCount: number): boolean {
    const { history } = this.#versions;
    const gone: Uint8Array[] = [];
    const cursor = new Cursor(history);
    cursor.seekAtOrAfter(this.#from);
    for (let count = 0; count < versionCount && cursor.isValid; count += 1) {
      const { bytes, cell } = cursor;
      const start = keyAt(bytes, cell);
      const key = bytes.slice(start, start + keySizeAt(bytes, cell));
      if (decodeLeafValue(bytes, cell).position <= this.#floor) gone.push(key);
      this.#from = key;
      cursor.next();
    }
    const isDone = !cursor.isValid;
    for (const key of gone) {
      history.remove(key, (_, { overflow, payload, valueSize }) => {
        if (overflow) discardChain(this.#versions.pager, payload, valueSize);
      });
    }
    return isDone;
  }
}
