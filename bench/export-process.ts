/**
 * `export-process.ts make FOLDER` and `export-process.ts read FOLDER ID`, with a token on standard input:
 * makes an export, or reads one again, and says what that took.
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { openDatabase } from '@veritydb/verity';

import type { ExportMeasured } from './export-build.ts';
import { collectGarbage } from './measure.ts';

const [, , mode, folder, readId] = process.argv;
if (folder === undefined) throw new Error('name the folder of the log');
const token = readFileSync(0, 'utf8');
const database = await openDatabase(folder);
const { gateway } = database;
const session = await gateway.authenticate(token, { transport: 'http', client: null });

collectGarbage();
const idle = process.memoryUsage().rss;
forgetPeak();
const begun = process.cpuUsage();
const made = mode === 'make' ? await make() : await read(readId ?? '');
const { system, user } = process.cpuUsage(begun);
const result: ExportMeasured = {
  exportId: made.exportId,
  sha256: made.sha256,
  seconds: (system + user) / 1e6,
  megabytes: (peak() - idle) / 1e6,
};
database.close();
process.stdout.write(JSON.stringify(result));

async function make() {
  return gateway.createExport(session, {
    sql: 'SELECT id, birthdate, gender, state, zip FROM patients',
    parameters: [],
    idempotencyId: '00112233445566778899aabbccddeeff',
  });
}

async function read(exportId: string) {
  const { sha256 } = await gateway.readExport(session, exportId);
  return { exportId, sha256 };
}

/** The peak of opening is not that of the export (proc_pid_clear_refs(5)); Linux alone can be told so. */
function forgetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

/** Bytes that were resident at most. */
function peak(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const line = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1]) * 1024;
}
