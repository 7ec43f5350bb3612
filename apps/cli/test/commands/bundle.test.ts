import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseZip } from '@veritydb/bundle';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { exportPatients } from '../../../../packages/sharing/bundle/test/export-fixture.ts';
import { runOn } from '../captured-terminal.ts';

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-attach-'));
  const { bytes, log } = exportPatients();
  await writeFile(at('bundle.zip'), bytes);
  await writeFile(at('answer.tsr'), Uint8Array.of(0x30, 0));
  await writeFile(at('old'), log.checkpoint(2));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

it('attaches what belongs to a bundle, to a copy of it', async () => {
  const args = ['bundle', 'attach', at('bundle.zip'), '--time-stamp', at('answer.tsr')];
  expect(await runOn([...args, '--out', at('stamped.zip')])).toMatchObject({ code: 0, error: '' });
  const entries = parseZip(new Uint8Array(await readFile(at('stamped.zip'))));
  expect(entries.map(({ name }) => name)).toContain('timestamp.tsr');
  expect((await runOn([...args, '--out', at('stamped.zip')])).error).toMatch(/ERR_CLI_FILE/);
});

it('asks for a row with a bundle and a token that can be read', async () => {
  const args = ['bundle', 'sd-jwt', at('bundle.zip'), '--table', 'patients', '--out', at('row')];
  expect((await runOn([...args, '--token-file', at('no-token'), '--line', '1'])).code).toBe(1);
  expect((await runOn([...args, '--token-file', at('no-token'), '--line', 'x'])).code).toBe(2);
  expect((await runOn(args)).code).toBe(2);
});

it('refuses what does not', async () => {
  const args = ['bundle', 'attach', at('bundle.zip'), '--out', at('other.zip')];
  expect((await runOn(args)).code).toBe(2);
  expect((await runOn([...args, '--checkpoint', at('old')])).error).toMatch(
    /ERR_BUNDLE_ATTACHMENT/,
  );
  expect((await runOn([...args, '--time-stamp', at('nowhere')])).error).toMatch(/ERR_CLI_FILE/);
});
