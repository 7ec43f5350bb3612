/**
 * `npm run bench`: the project against its peers, in one run (S057, S149).
 *
 *   --only NAME        one benchmark
 *   --slow             21 rounds instead of 7, an import of a million rows and an export of 10^5
 *   --json FILE        every round, with commit, Node and machine
 *   --check            fails where a ratio fell by more than 15 % against bench/baseline.json
 *   --write-baseline   makes this run the baseline
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Benchmark } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks/index.ts';
import { EXPORT_BUILD_NAME, measureExportBuild } from './export-build.ts';
import { IMPORT_MEMORY_NAME, measureImportMemory } from './import-memory.ts';
import { LATENCY_NAME, measureLatency } from './latency.ts';
import { LOG_MEMORY_NAME, measureLogMemory } from './log-memory.ts';
import { measure } from './measure.ts';
import {
  type Result,
  SYNC_POLICY,
  fallenFrom,
  formatHeading,
  formatResult,
  readRatios,
  surroundings,
  toResult,
  writeBaseline,
  writeJson,
} from './report.ts';
import { SQLITE_INSTALLATION, hasSqlite } from './sqlite.ts';

const ROUNDS = 7;
const ROUNDS_SLOW = 21;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    slow: { type: 'boolean', default: false },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
    'write-baseline': { type: 'boolean', default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosen(): readonly Benchmark[] {
  const { only } = flags;
  if (only === undefined) return BENCHMARKS;
  const found = BENCHMARKS.filter(({ name }) => name === only);
  const alone = [LOG_MEMORY_NAME, LATENCY_NAME, IMPORT_MEMORY_NAME, EXPORT_BUILD_NAME];
  if (found.length > 0 || alone.includes(only)) return found;
  const names = [...BENCHMARKS.map(({ name }) => name), ...alone];
  throw new Error(`no benchmark is named ${only}: ${names.join(', ')}`);
}

async function run(benchmark: Benchmark, roundCount: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'verity-bench-'));
  try {
    const contest = await benchmark.open(folder);
    try {
      return toResult(benchmark, await measure(contest, roundCount));
    } finally {
      await contest.close?.();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(): Promise<readonly Result[]> {
  const sqlite = hasSqlite();
  const results: Result[] = [];
  say(formatHeading());
  for (const benchmark of chosen()) {
    if (benchmark.needsSqlite === true && !sqlite) {
      say(`${benchmark.name}: skipped, its peer is not installed: ${SQLITE_INSTALLATION}`);
      continue;
    }
    const result = await run(benchmark, flags.slow ? ROUNDS_SLOW : ROUNDS);
    say(formatResult(result));
    results.push(result);
  }
  return results;
}

/** A ratio that has fallen is measured once more, for longer, before it counts: the machine has moods. */
async function check(results: readonly Result[]): Promise<void> {
  const ratios = readRatios();
  for (const result of results) {
    if (fallenFrom(result, ratios) === null) continue;
    const again = await run(result.benchmark, ROUNDS_SLOW);
    const before = fallenFrom(again, ratios);
    if (before === null) continue;
    say(`${result.benchmark.name} fell from ${before} to ${again.summary.ratio.toPrecision(3)}`);
    process.exitCode = 1;
  }
  if (process.exitCode !== 1) say('No ratio fell by more than 15 %.');
}

const { commit, machine, node } = surroundings();
say(`commit ${commit ?? 'unknown'}, Node ${node}, ${machine.cpus} × ${machine.model}`);
say(`${SYNC_POLICY}; medians over rounds in turns\n`);
const results = await runAll();
if (flags.only === undefined || flags.only === LOG_MEMORY_NAME) say(measureLogMemory());
if (flags.only === undefined || flags.only === LATENCY_NAME) say(measureLatency());
if (flags.only === IMPORT_MEMORY_NAME || (flags.only === undefined && flags.slow)) {
  say(measureImportMemory());
}
if (flags.only === EXPORT_BUILD_NAME || (flags.only === undefined && flags.slow)) {
  say(await measureExportBuild());
}
if (flags.json !== undefined) writeJson(flags.json, results);
if (flags['write-baseline']) writeBaseline(results);
if (flags.check) await check(results);
