/** What an export of a hundred thousand rows takes: made, and read again, in a process of its own. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openClinic } from './clinic.ts';

export const EXPORT_BUILD_NAME = 'export-build';
const ROW_COUNT = 100_000;
const SECONDS_MOST = 20;
const MEGABYTES_MOST = 300;

/** What `export-process.ts` writes when it has done. */
export interface ExportMeasured {
  readonly rows: number;
  /** CPU of the process, user and system. */
  readonly buildSeconds: number;
  readonly readSeconds: number;
  /** Most resident memory, over what the process had when it had opened the log. */
  readonly buildMegabytes: number;
  readonly readMegabytes: number;
}

/** The line for the report; it fails the run when more is taken than may be. */
export async function measureExportBuild(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'verity-bench-'));
  try {
    const clinic = await openClinic(folder, ROW_COUNT);
    const token = await clinic.issueToken();
    clinic.database.close();
    const made = exportOf(folder, token);
    if (made.rows !== ROW_COUNT) throw new Error(`the export has ${made.rows} rows`);
    const seconds = Math.max(made.buildSeconds, made.readSeconds);
    const megabytes = Math.max(made.buildMegabytes, made.readMegabytes);
    const isAbove = seconds > SECONDS_MOST || megabytes > MEGABYTES_MOST;
    if (isAbove) process.exitCode = 1;
    return (
      `${EXPORT_BUILD_NAME}: a hundred thousand rows made in ${made.buildSeconds.toFixed(1)} s of CPU and ` +
      `${made.buildMegabytes.toFixed(0)} MB, read again in ${made.readSeconds.toFixed(1)} s and ` +
      `${made.readMegabytes.toFixed(0)} MB, ${isAbove ? 'ABOVE' : 'below'} ${SECONDS_MOST} s and ${MEGABYTES_MOST} MB`
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function exportOf(folder: string, token: string): ExportMeasured {
  const program = join(import.meta.dirname, 'export-process.ts');
  const { status, stdout } = spawnSync(
    process.execPath,
    [...process.execArgv, program, join(folder, 'clinic')],
    { input: token, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`the export ended with ${status}`);
  return JSON.parse(stdout) as ExportMeasured;
}
