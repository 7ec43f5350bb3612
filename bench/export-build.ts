/**
 * What an export of a hundred thousand rows takes of CPU and memory, and what its download, which makes it
 * again: each in a process of its own, whose memory counts from when the log was opened.
 */

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
  readonly exportId: string;
  readonly sha256: string;
  /** CPU, user and system. */
  readonly seconds: number;
  /** Most resident memory, over that of the open log. */
  readonly megabytes: number;
}

/** The line for the report. */
export async function measureExportBuild(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'verity-bench-'));
  try {
    const clinic = await openClinic(folder, ROW_COUNT);
    const token = await clinic.issueToken();
    clinic.database.close();
    const path = join(folder, 'clinic');
    const made = runProcess(token, ['make', path]);
    const read = runProcess(token, ['read', path, made.exportId]);
    if (read.sha256 !== made.sha256) throw new Error('the download is another bundle');
    const isAbove = [made, read].some(
      ({ seconds, megabytes }) => seconds > SECONDS_MOST || megabytes > MEGABYTES_MOST,
    );
    return (
      `${EXPORT_BUILD_NAME}: a hundred thousand rows made in ${describe(made)}, downloaded in ${describe(read)}, ` +
      `${isAbove ? 'ABOVE' : 'below'} ${SECONDS_MOST} s and ${MEGABYTES_MOST} MB`
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe({ seconds, megabytes }: ExportMeasured): string {
  return `${seconds.toFixed(1)} s of CPU and ${megabytes.toFixed(0)} MB`;
}

function runProcess(token: string, parameters: readonly string[]): ExportMeasured {
  const program = join(import.meta.dirname, 'export-process.ts');
  const { status, stdout } = spawnSync(
    process.execPath,
    [...process.execArgv, program, ...parameters],
    { input: token, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`the export ended with ${status}`);
  return JSON.parse(stdout) as ExportMeasured;
}
