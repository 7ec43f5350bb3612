/**
 * The time on which the replicas agree. Each pings the others; of every answer it knows within what
 * bounds the other's clock must lie of its own. Marzullo's interval that most of them share (Marzullo
 * 1984; RFC 5905 §11.2.1 uses the same) bounds the time that a primary may write. Where no majority
 * agrees it writes nothing: it never guesses.
 */

import type { Core } from './core.ts';
import type { Header } from './message.ts';
import { PING_TICKS } from './timing.ts';

const TOLERANCE_MAX_US = 10_000_000;
const TOLERANCE_MIN_US = 1000;
/** Agreement is looked for so often, and holds for so long. */
const SYNCHRONIZE_TICKS = 200;
const EPOCH_US = 60_000_000;
/** A sample is replaced by a worse one when it is older than that. */
const SAMPLE_US = 20_000_000;

/** Bounds of what another clock shows more than one's own, in microseconds. */
export interface ClockInterval {
  readonly lower: number;
  readonly upper: number;
}

interface Sample {
  readonly offset: number;
  readonly delay: number;
  readonly takenUs: number;
}

export class ClockSync {
  readonly #core: Core;
  readonly #samples: (Sample | undefined)[];
  #agreed: (ClockInterval & { readonly untilUs: number }) | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#samples = Array.from({ length: core.config.replicaCount }, () => undefined);
  }

  tick(): void {
    const core = this.#core;
    if (core.config.replicaCount === 1) return;
    const isFirst = core.tickCount < PING_TICKS && core.tickCount % 10 === 1;
    if (isFirst || core.tickCount % PING_TICKS === 0) {
      const timestampUs = core.ports.clock.monotonicUs();
      const { view } = core.superblock.durable;
      core.broadcast(core.buildAt(view, { command: 'ping', timestampUs, op: core.checkpoint.op }));
    }
    if (core.tickCount % SYNCHRONIZE_TICKS === 0 || this.#agreed === undefined) this.#synchronize();
  }

  onPing({ replica, timestampUs }: Header): void {
    const core = this.#core;
    const { view } = core.superblock.durable;
    const session = core.ports.clock.realtimeUs();
    const fields = { command: 'pong', timestampUs, session, op: core.checkpoint.op } as const;
    core.send(replica, core.buildAt(view, fields));
  }

  onPong({ replica, timestampUs, session }: Header): void {
    const { clock } = this.#core.ports;
    const now = clock.monotonicUs();
    if (timestampUs > now) return;
    const delay = Math.ceil((now - timestampUs) / 2);
    const offset = session + delay - clock.realtimeUs();
    const before = this.#samples[replica];
    const isBetter =
      before === undefined || delay <= before.delay || now - before.takenUs > SAMPLE_US;
    if (isBetter) this.#samples[replica] = { offset, delay, takenUs: now };
  }

  #synchronize(): void {
    const core = this.#core;
    const now = core.ports.clock.monotonicUs();
    const samples = this.#samples.filter(
      (one) => one !== undefined && now - one.takenUs <= EPOCH_US,
    ) as Sample[];
    samples.push({ offset: 0, delay: 0, takenUs: now });
    let agreed: ClockInterval | undefined;
    for (let tolerance = TOLERANCE_MAX_US; tolerance >= TOLERANCE_MIN_US; tolerance /= 2) {
      const widest = samples.map(({ offset, delay }) => ({
        lower: offset - delay - tolerance,
        upper: offset + delay + tolerance,
      }));
      const found = smallestInterval(widest);
      if (found.sources < core.quorums.majority) break;
      agreed = found;
    }
    if (agreed !== undefined) this.#agreed = { ...agreed, untilUs: now + EPOCH_US };
  }

  /** Microseconds since the epoch; undefined where no majority agrees. */
  realtimeUs(): number | undefined {
    const core = this.#core;
    const { clock } = core.ports;
    const own = clock.realtimeUs();
    if (core.config.replicaCount === 1) return own;
    if (this.#agreed === undefined || clock.monotonicUs() > this.#agreed.untilUs) return undefined;
    const { lower, upper } = this.#agreed;
    return Math.floor(own + Math.min(Math.max(0, lower), upper));
  }
}

/** The smallest interval that lies in as many of these as possible. */
export function smallestInterval(
  intervals: readonly ClockInterval[],
): ClockInterval & { readonly sources: number } {
  // Ties: a beginning comes before an end, so that intervals that touch count as one.
  const edges = intervals
    .flatMap(({ lower, upper }) => [
      { at: lower, isLower: true },
      { at: upper, isLower: false },
    ])
    .toSorted((a, b) => a.at - b.at || Number(b.isLower) - Number(a.isLower));
  let count = 0;
  let best = { lower: 0, upper: 0, sources: 0 };
  for (const [index, edge] of edges.entries()) {
    count += edge.isLower ? 1 : -1;
    const next = edges[index + 1];
    if (!edge.isLower || next === undefined) continue;
    const isSmaller = count === best.sources && next.at - edge.at < best.upper - best.lower;
    if (count > best.sources || isSmaller)
      best = { lower: edge.at, upper: next.at, sources: count };
  }
  return best;
}
