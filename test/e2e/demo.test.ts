/** The story that the README begins with, as a newcomer runs it. */

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** What the demo must have seen with its own eyes, in order. */
const SEEN = [
  'it finds the tools verity_schema, verity_query, verity_export, verity_verify, verity_audit',
  'rows, with a receipt that anyone can check',
  'ERR_QUERY_UNKNOWN_COLUMN',
  'refused, and the refusal is on record',
  'a second export is refused: the token was for one',
  'accepted: all that is claimed holds',
  'data/patients.ndjson, line 2',
  'refused, by file, record and reason',
  'entries verifies against the log',
  'none is in any answer',
  'the next call fails: ERR_KERNEL_TOKEN_REVOKED',
  'The same by hand',
];

test('the demo does the main job', async () => {
  const flags = ['--conditions=veritydb:source', '--import', 'tsx', 'scripts/demo.ts'];
  const child = spawn(process.execPath, flags, {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise((done) => {
    child.once('close', done);
  });
  expect(code, text).toBe(0);
  let from = 0;
  for (const line of SEEN) {
    const at = text.indexOf(line, from);
    expect(at, `${line} is missing in:\n${text}`).toBeGreaterThan(-1);
    from = at;
  }
});
