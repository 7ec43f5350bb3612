/**
 * Rounds in turns, A B A B …, after one of each that does not count. Load from elsewhere then falls on
 * both sides alike, and the median over the rounds' ratios is steady where absolute figures are not.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { ClockName, Contest, Side } from './benchmark.ts';

export interface SideRound {
  readonly operations: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export interface Round {
  readonly ours: SideRound;
  readonly peer: SideRound;
}

export interface Summary {
  /** Median of the rounds' ratios, ours ÷ peer, with the least and the greatest. */
  readonly ratio: number;
  readonly ratioLeast: number;
  readonly ratioMost: number;
  /** Medians, operations a second. */
  readonly oursPerSecond: number;
  readonly peerPerSecond: number;
}

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

export async function measure(contest: Contest, roundCount: number): Promise<readonly Round[]> {
  await measureSide(contest.ours);
  await measureSide(contest.peer);
  const rounds: Round[] = [];
  for (let index = 0; index < roundCount; index += 1) {
    const ours = await measureSide(contest.ours);
    const peer = await measureSide(contest.peer);
    rounds.push({ ours, peer });
  }
  return rounds;
}

async function measureSide(side: Side): Promise<SideRound> {
  await side.before?.();
  // What one side leaves behind is not for the other to clear away.
  collectGarbage();
  const cpuStart = process.cpuUsage();
  const wallStart = performance.now();
  const operations = await side.run();
  const wallSeconds = (performance.now() - wallStart) / 1000;
  const { system, user } = process.cpuUsage(cpuStart);
  return { operations, cpuSeconds: (user + system) / 1e6, wallSeconds };
}

export function summarize(rounds: readonly Round[], clock: ClockName): Summary {
  const rates = rounds.map(({ ours, peer }) => ({
    ours: rateOf(ours, clock),
    peer: rateOf(peer, clock),
  }));
  const ratios = rates.map(({ ours, peer }) => ours / peer);
  return {
    ratio: median(ratios),
    ratioLeast: Math.min(...ratios),
    ratioMost: Math.max(...ratios),
    oursPerSecond: median(rates.map(({ ours }) => ours)),
    peerPerSecond: median(rates.map(({ peer }) => peer)),
  };
}

function rateOf({ operations, cpuSeconds, wallSeconds }: SideRound, clock: ClockName): number {
  return operations / (clock === 'cpu' ? cpuSeconds : wallSeconds);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
