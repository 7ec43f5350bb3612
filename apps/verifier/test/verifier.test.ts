/** The command as a process sees it: arguments in, text and an exit code out. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Report } from '@veritydb/bundle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportPatients } from '../../../packages/sharing/bundle/test/export-fixture.ts';
import { SyntheticLog } from '../../../packages/sharing/bundle/test/synthetic-log.ts';
import { runVerifier } from '../src/verifier.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'verity-verify-'));
const bundle = join(folder, 'bundle.zip');
const keyFile = join(folder, 'log.key');
const heldFile = join(folder, 'held');
const exported = exportPatients({ heldTreeSize: 3 });
/** A log of the same name that is another's. */
const stranger = new SyntheticLog(exported.log.origin, 99);
const key = exported.log.verifierKey;

function run(...args: readonly string[]): { code: number; out: string; error: string } {
  let out = '';
  let error = '';
  const code = runVerifier(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    color: false,
  });
  return { code, out, error };
}

/** The bundle with one bit changed in what stands after the first character of a text. */
function damaged(text: string): Uint8Array {
  const copy = Buffer.from(exported.bytes);
  const at = copy.indexOf(text) + 1;
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

beforeAll(() => {
  writeFileSync(bundle, exported.bytes);
  writeFileSync(keyFile, `${key}\n`);
  writeFileSync(heldFile, exported.log.checkpoint(3));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('verity-verify', () => {
  it('says that a good bundle holds, and exits with 0', () => {
    const { code, error, out } = run(bundle, '--key', key, '--held-checkpoint', heldFile);
    expect([code, error]).toEqual([0, '']);
    expect(out).toContain('✓ consistency');
    expect(out).not.toContain('\u{1b}');
  });

  it('reads the key from a file, and reports as JSON', () => {
    const { code, out } = run(bundle, '--key-file', keyFile, '--json');
    const report = JSON.parse(out) as Report;
    expect([code, report.holds, report.bundle.exportId]).toEqual([0, true, 'exp_01']);
  });

  it('exits with 1 without a key, and with another', () => {
    expect(run(bundle).code).toBe(1);
    const { code, out } = run(bundle, '--key', stranger.verifierKey);
    expect(code).toBe(1);
    expect(out).toContain('✗ signature');
  });

  it('exits with 2 on usage', () => {
    expect(run().code).toBe(2);
    expect(run(bundle, bundle).code).toBe(2);
    expect(run(bundle, '--frobnicate').code).toBe(2);
    expect(run(bundle, '--key', key, '--key-file', keyFile).code).toBe(2);
    expect(run(bundle, '--key', 'nonsense').code).toBe(2);
    expect(run(bundle, '--key-file', join(folder, 'nowhere')).code).toBe(2);
  });

  it('exits with 3 on what it cannot read', () => {
    expect(run(join(folder, 'nowhere'), '--key', key).code).toBe(3);
    expect(run(folder, '--key', key).code).toBe(3);
    const cut = join(folder, 'cut.zip');
    writeFileSync(cut, exported.bytes.subarray(0, -1));
    const { code, error } = run(cut, '--key', key);
    expect(code).toBe(3);
    expect(error).toContain('ERR_BUNDLE_ZIP');
    writeFileSync(cut, damaged('"origin":"'));
    expect(run(cut, '--key', key)).toMatchObject({ code: 3, out: '' });
  });

  it('exits with 1 on a byte damaged on its way, and names file and line', () => {
    const path = join(folder, 'damaged.zip');
    writeFileSync(path, damaged('"70.00"'));
    const { code, error, out } = run(path, '--key', key);
    expect([code, error]).toEqual([1, '']);
    expect(out).toMatch(/ data\/patients\.ndjson: .*\(ERR_BUNDLE_CRC\)/);
    expect(out).toMatch(/ data\/patients\.ndjson, line 3: .*\(ERR_BUNDLE_COMMITMENT\)/);
    expect(out).toContain('✓ signature');
  });

  it('helps', () => {
    expect(run('--help')).toMatchObject({ code: 0, error: '' });
  });

  it('is a process of its own', () => {
    const flags = ['--conditions=veritydb:source', '--import', 'tsx'];
    const { status, stdout } = spawnSync(
      process.execPath,
      [...flags, MAIN, bundle, '--key-file', keyFile],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('../../..', import.meta.url)) },
    );
    expect([status, stdout.includes('All that is claimed holds.')]).toEqual([0, true]);
  });
});
