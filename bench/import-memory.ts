/** What an import of a million rows takes: `verity import` of a CSV file in a process of its own, watched to its end. */

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const IMPORT_MEMORY_NAME = 'import-memory';
const ROW_COUNT = 1_000_000;
const ROWS_PER_WRITE = 10_000;
const MEGABYTES_MOST = 1000;

/** Written by the process when it ends: its most resident memory, bytes. */
const WATCH =
  "import { writeFileSync } from 'node:fs';" +
  "process.on('exit', () => writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS * 1024)));";

const SCHEMA = `CREATE TABLE visits (
  id INTEGER PRIMARY KEY, patient INTEGER NOT NULL, day DATE, note TEXT DATA CLASS free_text, cost NUMERIC,
  DATA SUBJECT patient
)`;

/** The line for the report; it fails the run when more is taken than may be. Progress is on the terminal. */
export function measureImportMemory(): string {
  const folder = mkdtempSync(join(tmpdir(), 'verity-bench-'));
  try {
    const csv = join(folder, 'visits.csv');
    const schema = join(folder, 'schema.sql');
    const data = join(folder, 'data');
    writeVisits(csv);
    writeText(schema, SCHEMA);
    verity(folder, ['init', data]);
    const begun = process.hrtime.bigint();
    const peak = verity(folder, ['--data', data, 'import', csv, '--schema', schema]);
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    const megabytes = peak / 1e6;
    if (megabytes > MEGABYTES_MOST) process.exitCode = 1;
    const verdict = megabytes > MEGABYTES_MOST ? 'ABOVE' : 'below';
    return `${IMPORT_MEMORY_NAME}: ${megabytes.toFixed(0)} MB at most and ${seconds.toFixed(0)} s for a million rows, ${verdict} ${MEGABYTES_MOST} MB`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the command line; returns the most memory that it had, bytes. */
function verity(folder: string, parameters: readonly string[]): number {
  const peak = join(folder, 'peak');
  const main = join(import.meta.dirname, '../apps/cli/src/main.ts');
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, '--import', watch, main, ...parameters],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, BENCH_PEAK: peak } },
  );
  if (status !== 0) throw new Error(`verity ${parameters.join(' ')} ended with ${status}`);
  return Number(readFileSync(peak, 'utf8'));
}

function writeVisits(path: string): void {
  const file = openSync(path, 'w');
  writeSync(file, 'id,patient,day,note,cost\n');
  for (let from = 0; from < ROW_COUNT; from += ROWS_PER_WRITE) {
    const rows = Array.from({ length: ROWS_PER_WRITE }, (_, index) => {
      const id = from + index;
      return `${id},${id % 50_000},20${(id % 20) + 10}-0${(id % 9) + 1}-1${id % 9},note number ${id},${id % 1000}.50\n`;
    });
    writeSync(file, rows.join(''));
  }
  closeSync(file);
}

function writeText(path: string, text: string): void {
  const file = openSync(path, 'w');
  writeSync(file, text);
  closeSync(file);
}
