/**
 * A network that delays, loses, doubles, reorders, clogs and parts: says of each message when its copies
 * arrive, if they do. Links are directed, so that a partition may be of one way only.
 *
 * What happens to the k-th message of a link depends on the seed, the link and k alone.
 */

import { assert } from '@veritydb/types';

import { drawBits, drawChance, drawExponential } from './draw.ts';

export interface NetworkOptions {
  readonly seed: number;
  /** Nodes are numbers from 0 to `nodeCount − 1`. */
  readonly nodeCount: number;
  readonly delayMinUs: number;
  /** Mean of what comes on top of the least delay; it reorders. */
  readonly delayMeanUs: number;
  readonly lossPermille: number;
  readonly duplicatePermille: number;
}

export class SimNetwork {
  readonly #options: NetworkOptions;
  /** Messages so far, per link. */
  readonly #counts: Float64Array;
  /** Per link: how many partitions cut it now. */
  readonly #cuts: Uint32Array;
  /** Per link: nothing arrives before this time. */
  readonly #clogs: Float64Array;
  #isCalm = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const links = options.nodeCount ** 2;
    this.#counts = new Float64Array(links);
    this.#cuts = new Uint32Array(links);
    this.#clogs = new Float64Array(links);
  }

  #link(from: number, to: number): number {
    assert(from < this.#options.nodeCount && to < this.#options.nodeCount, 'no such node');
    return from * this.#options.nodeCount + to;
  }

  /** When the copies of a message arrive that is sent now: none, one or two times. */
  route(from: number, to: number, nowUs: number): readonly number[] {
    const link = this.#link(from, to);
    const { seed, delayMinUs, delayMeanUs, lossPermille, duplicatePermille } = this.#options;
    const count = this.#counts[link] as number;
    this.#counts[link] = count + 1;
    if ((this.#cuts[link] as number) > 0) return [];
    const bits = (purpose: number): number => drawBits(seed, link, count * 4 + purpose);
    if (!this.#isCalm && drawChance(bits(0), lossPermille)) return [];
    const start = Math.max(nowUs, this.#clogs[link] as number);
    const mean = this.#isCalm ? Math.min(delayMeanUs, 1000) : delayMeanUs;
    const first = start + delayMinUs + drawExponential(bits(1), mean);
    if (this.#isCalm || !drawChance(bits(2), duplicatePermille)) return [first];
    return [first, first + drawExponential(bits(3), 4 * mean + 1)];
  }

  /** Cuts one direction; to be mended as often as it was cut. */
  cut(from: number, to: number): void {
    const link = this.#link(from, to);
    this.#cuts[link] = (this.#cuts[link] as number) + 1;
  }

  mend(from: number, to: number): void {
    const link = this.#link(from, to);
    assert((this.#cuts[link] as number) > 0, 'a link is mended that nobody cut');
    this.#cuts[link] = (this.#cuts[link] as number) - 1;
  }

  isCut(from: number, to: number): boolean {
    return (this.#cuts[this.#link(from, to)] as number) > 0;
  }

  /** Holds everything back that is sent over a link, until then. */
  clog(from: number, to: number, untilUs: number): void {
    const link = this.#link(from, to);
    this.#clogs[link] = Math.max(this.#clogs[link] as number, untilUs);
  }

  /** Ends clogs, loss and doubling, and all but a short delay: the healthy network of a liveness check. */
  calm(): void {
    this.#isCalm = true;
    this.#clogs.fill(0);
    this.#cuts.fill(0);
  }
}
