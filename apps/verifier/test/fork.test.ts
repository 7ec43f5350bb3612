/** Two checkpoints held against each other, as a process sees it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { exportPatients } from '../../../packages/sharing/bundle/test/export-fixture.ts';
import { SyntheticLog } from '../../../packages/sharing/bundle/test/synthetic-log.ts';
import { runVerifier } from '../src/verifier.ts';

const folder = mkdtempSync(join(tmpdir(), 'verity-fork-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const { bytes, log, size } = exportPatients();
/** A log of the same name and key, with other records. */
const other = new SyntheticLog(log.origin);
for (let count = 0; count < size; count += 1) other.append([]);

function file(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function fork(...args: readonly string[]): { code: number; out: string } {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const code = runVerifier(['fork', ...args], { out: write, error: write, color: false });
  return { code, out };
}

const bundle = file('bundle.zip', bytes);
const same = file('same', log.checkpoint(size));
const forked = file('forked', other.checkpoint(size));
const shorter = file('shorter', other.checkpoint(size - 1));
const stranger = new SyntheticLog(log.origin, 99);
for (let count = 0; count < size; count += 1) stranger.append([]);
const foreign = file('foreign', stranger.checkpoint(size));
const key = ['--key', log.verifierKey] as const;

describe('verity-verify fork', () => {
  it('proves a fork of one size and two roots, out of bundles and checkpoints', () => {
    const found = fork(bundle, forked, ...key);
    expect(found).toMatchObject({ code: 1, out: expect.stringContaining('A fork is proved') });
    expect(fork(forked, bundle, ...key).code).toBe(1);
  });

  it('shows nothing of the same state, or of two sizes', () => {
    expect(fork(bundle, same, ...key)).toMatchObject({
      code: 0,
      out: expect.stringContaining('they agree'),
    });
    expect(fork(shorter, bundle, ...key)).toMatchObject({
      code: 0,
      out: expect.stringContaining('--held-tree-size'),
    });
  });

  it.each([
    ['that another key signed', foreign],
    ['that is changed', file('changed', other.checkpoint(size).replace('\n', ' \n'))],
    ['that is no text', file('bytes', Uint8Array.of(0xff, 0))],
    ['that is empty', file('empty', '')],
    ['that is a bundle cut short', file('cut.zip', bytes.subarray(0, -1))],
    ['that is not there', join(folder, 'nothing')],
  ])('takes no checkpoint %s for evidence', (_what, path) => {
    expect(fork(bundle, path, ...key).code).toBe(3);
  });

  it('says how it is used', () => {
    expect(fork(bundle, ...key).code).toBe(2);
    expect(fork(bundle, same).code).toBe(2);
    expect(fork(bundle, same, '--key', 'no key').code).toBe(2);
    expect(fork(bundle, same, '--unknown').code).toBe(2);
    expect(fork('--help')).toMatchObject({ code: 0, out: expect.stringContaining('fork A B') });
  });
});
