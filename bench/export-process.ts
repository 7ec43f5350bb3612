/** `export-process.ts FOLDER`, with a token on standard input: makes an export, reads it again, says what that took. */

import { readFileSync } from 'node:fs';

import { openDatabase } from '@veritydb/verity';

import type { ExportMeasured } from './export-build.ts';
import { collectGarbage } from './measure.ts';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('name the folder of the log');
const token = readFileSync(0, 'utf8');
const database = await openDatabase(folder);
const { gateway } = database;
const session = await gateway.authenticate(token, { transport: 'http', client: null });
const idle = residentMegabytes();

const build = await measured(async () =>
  gateway.createExport(session, {
    sql: 'SELECT id, birthdate, gender, state, zip FROM patients',
    parameters: [],
    idempotencyId: '00112233445566778899aabbccddeeff',
  }),
);
const read = await measured(async () => gateway.readExport(session, build.answer.exportId));
if (read.answer.sha256 !== build.answer.sha256) throw new Error('the bundle is another one');
database.close();
const result: ExportMeasured = {
  rows: build.answer.rows,
  buildSeconds: build.seconds,
  readSeconds: read.seconds,
  buildMegabytes: build.megabytes,
  readMegabytes: read.megabytes,
};
process.stdout.write(JSON.stringify(result));

async function measured<Answer>(make: () => Promise<Answer>) {
  const begun = process.cpuUsage();
  const answer = await make();
  const { system, user } = process.cpuUsage(begun);
  const megabytes = (process.resourceUsage().maxRSS * 1024) / 1e6 - idle;
  return { answer, seconds: (system + user) / 1e6, megabytes };
}

function residentMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().rss / 1e6;
}
