/** What a run found: the table on the terminal, the file with every round, the baseline. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

import type { Benchmark } from './benchmark.ts';
import { type Round, type Summary, summarize } from './measure.ts';

export const SYNC_POLICY =
  'every acknowledged write is synced: fdatasync here, WAL with synchronous=FULL there';

/** How far below its baseline a ratio may fall. */
const FALL_MAX = 0.15;

export interface Result {
  readonly benchmark: Benchmark;
  readonly rounds: readonly Round[];
  readonly summary: Summary;
}

export function toResult(benchmark: Benchmark, rounds: readonly Round[]): Result {
  return { benchmark, rounds, summary: summarize(rounds, benchmark.clock) };
}

interface Surroundings {
  readonly at: string;
  readonly commit: string | null;
  readonly node: string;
  readonly machine: { readonly cpus: number; readonly model: string; readonly memoryGiB: number };
  readonly syncPolicy: string;
}

export function surroundings(): Surroundings {
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    commit: commitOf(),
    node: process.version,
    machine: {
      cpus: processors.length,
      model: processors[0]?.model ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    syncPolicy: SYNC_POLICY,
  };
}

/** The commit, with a + where files differ from it; none outside of a repository. */
function commitOf(): string | null {
  const git = (...parts: readonly string[]): string =>
    execFileSync('git', [...parts], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`;
  } catch {
    return null;
  }
}

const COLUMNS = ['benchmark', 'ours/s', 'peer/s', 'ratio', 'least–most', 'goal', ''] as const;
const WIDTHS = [28, 9, 9, 8, 15, 16, 0];

export function formatHeading(): string {
  return formatCells(COLUMNS);
}

export function formatResult({ benchmark, summary }: Result): string {
  const { goal } = benchmark;
  const unit = goal.of === 'ratio' ? '×' : '/s';
  return formatCells([
    benchmark.name,
    formatRate(summary.oursPerSecond),
    formatRate(summary.peerPerSecond),
    `${formatRatio(summary.ratio)}×`,
    `${formatRatio(summary.ratioLeast)}–${formatRatio(summary.ratioMost)}`,
    `${formatGoal(goal.floor)} (${formatGoal(goal.stretch)}) ${unit}`,
    verdictOf({ benchmark, summary }),
  ]);
}

function verdictOf({ benchmark, summary }: Pick<Result, 'benchmark' | 'summary'>): string {
  const { of, floor, stretch } = benchmark.goal;
  const reached = of === 'ratio' ? summary.ratio : summary.oursPerSecond;
  if (reached >= stretch) return 'stretch';
  return reached >= floor ? 'floor' : 'BELOW';
}

function formatCells(cells: readonly string[]): string {
  return cells
    .map((cell, index) =>
      index === 0 ? cell.padEnd(WIDTHS[0] as number) : cell.padStart(WIDTHS[index] as number),
    )
    .join(' ');
}

function formatRate(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M`;
  return rate >= 1e4 ? `${(rate / 1e3).toFixed(1)} k` : rate.toFixed(0);
}

function formatRatio(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2);
}

function formatGoal(goal: number): string {
  return goal >= 1000 ? formatRate(goal).replace(/\.0+(?= )/, '') : String(goal);
}

/** Everything that was measured, so that any other statistic can be had later. */
export function writeJson(path: string, results: readonly Result[]): void {
  const benchmarks = results.map(({ benchmark, rounds, summary }) => {
    const { clock, goal, name, ours, peer, unit } = benchmark;
    return { name, ours, peer, unit, clock, goal, ...summary, rounds };
  });
  writeFileSync(path, `${JSON.stringify({ ...surroundings(), benchmarks }, null, 2)}\n`);
}

const BASELINE = new URL('baseline.json', import.meta.url);

interface Baseline extends Surroundings {
  readonly ratios: Readonly<Record<string, number>>;
}

/** Makes the ratios of this run the baseline; those that were not measured stay as they were. */
export function writeBaseline(results: readonly Result[]): void {
  const measured = results.map(({ benchmark, summary }) => [
    benchmark.name,
    Number(summary.ratio.toPrecision(3)),
  ]);
  const ratios = { ...readRatios(), ...Object.fromEntries(measured) };
  writeFileSync(BASELINE, `${JSON.stringify({ ...surroundings(), ratios }, null, 2)}\n`);
}

export function readRatios(): Readonly<Record<string, number>> {
  try {
    return (JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline).ratios;
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ENOENT') return {};
    throw error;
  }
}

/** What a ratio was, where it has fallen by more than it may. */
export function fallenFrom(
  { benchmark, summary }: Result,
  ratios: Readonly<Record<string, number>>,
): number | null {
  const before = ratios[benchmark.name];
  return before !== undefined && summary.ratio < before * (1 - FALL_MAX) ? before : null;
}
