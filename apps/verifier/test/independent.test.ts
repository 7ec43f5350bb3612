/**
 * The second verifier, in Python and from the document alone, comes to the verdicts of the first on every
 * bundle that the tests of the bundle room verify: honest ones, and each that a thief or an insider made.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import {
  type VerifiedCase,
  exportPatients,
} from '../../../packages/sharing/bundle/test/export-fixture.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const VERIFIER = join(ROOT, 'apps/verifier/independent/verify_bundle.py');
const SUITES = [
  'tamper',
  'insider',
  'damage',
  'csv',
  'parquet',
  'statement',
  'log-receipt',
  'verify',
  'random-tables',
  'release',
  'altered',
  'consent',
];

const hasPython = spawnSync('python3', ['-c', 'import cryptography']).status === 0;
if (!hasPython) {
  process.stdout.write('skipped: the independent verifier, no python3 with cryptography\n');
}

describe.runIf(hasPython)('the independent verifier', () => {
  const folder = mkdtempSync(join(tmpdir(), 'verity-independent-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('agrees on every bundle of the tests', () => {
    const suites = SUITES.map((name) => `packages/sharing/bundle/test/${name}.test.ts`);
    const made = spawnSync('npx', ['vitest', 'run', '--project', 'unit', ...suites], {
      cwd: ROOT,
      env: { ...process.env, KEEP_BUNDLES: folder },
      encoding: 'utf8',
    });
    expect(made.status, made.stdout).toBe(0);
    const cases = readdirSync(folder).filter((name) => name.endsWith('.json'));
    // The suites make hundreds, tampered in each way that they know.
    expect(cases.length).toBeGreaterThan(150);
    const script = join(import.meta.dirname, 'verify-all.py');
    const { status, stderr, stdout } = spawnSync('python3', [script, folder], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect([status, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout) as Record<string, Pick<VerifiedCase, 'verdicts'>>;
    const disagreements = cases.flatMap((name) => {
      const expected = JSON.parse(readFileSync(join(folder, name), 'utf8')) as VerifiedCase;
      const same = JSON.stringify(found[name]?.verdicts) === JSON.stringify(expected.verdicts);
      return same ? [] : [{ name, expected: expected.verdicts, found: found[name] }];
    });
    expect(disagreements).toEqual([]);
  });

  it('is a command with the same exit codes', () => {
    const { bytes, log } = exportPatients();
    const at = (name: string, content: Uint8Array | string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const run = (...args: readonly string[]): number | null =>
      spawnSync('python3', [VERIFIER, ...args]).status;
    const bundle = at('a.zip', bytes);
    const key = at('a.key', log.verifierKey);
    expect(run(bundle, '--key-file', key)).toBe(0);
    expect(run(bundle)).toBe(1);
    expect(run()).toBe(2);
    expect(run(bundle, '--key-file', bundle)).toBe(2);
    expect(run(at('cut.zip', bytes.subarray(1)), '--key-file', key)).toBe(3);
  });
});
