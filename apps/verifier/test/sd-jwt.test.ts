/** An exported row as an SD-JWT, as a process sees it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { issueRow } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { afterAll, expect, it } from 'vitest';

import { SyntheticLog } from '../../../packages/sharing/bundle/test/synthetic-log.ts';
import { runVerifier } from '../src/verifier.ts';

const folder = mkdtempSync(join(tmpdir(), 'verity-sd-jwt-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const log = new SyntheticLog();
const text = issueRow(
  nativeCrypto,
  {
    exportId: 'exp_1',
    issuedAt: 1_700_000_000,
    line: 1,
    manifestSha256: '0'.repeat(64),
    origin: log.origin,
    row: { state: 'NY', zip: '100**' },
    table: 'patients',
  },
  {
    salt: () => new Uint8Array(16).fill(7),
    signer: { name: log.origin, seed: log.seed },
  },
);

function run(...args: readonly string[]): { code: number; out: string } {
  let out = '';
  const write = (piece: string): void => {
    out += piece;
  };
  const code = runVerifier(['sd-jwt', ...args], { out: write, error: write, color: false });
  return { code, out };
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const key = ['--key', log.verifierKey] as const;

it('shows what is disclosed, and who signed it', () => {
  const whole = run(file('whole', `${text}\n`), ...key);
  expect(whole.code).toBe(0);
  expect(whole.out).toContain(log.origin);
  expect(whole.out).toContain('2023-11-14T22:13:20Z');
  expect(whole.out).toContain('{"state":"NY","zip":"100**"}');
  const part = text.split('~').toSpliced(1, 1).join('~');
  expect(run(file('part', part), ...key).out).toContain('\n{"zip":"100**"}\n');
});

it('refuses what the key has not signed', () => {
  const changed = file('changed', text.replace('.', '.a'));
  expect(run(changed, ...key)).toMatchObject({
    code: 1,
    out: expect.stringContaining('ERR_BUNDLE_SIGNATURE'),
  });
  const stranger = new SyntheticLog(log.origin, 99);
  expect(run(file('whole', text), '--key', stranger.verifierKey).code).toBe(1);
});

it('says how it is used', () => {
  const path = file('whole', text);
  expect(run(...key).code).toBe(2);
  expect(run(path).code).toBe(2);
  expect(run(path, '--key', 'no key').code).toBe(2);
  expect(run(join(folder, 'nothing'), ...key).code).toBe(2);
  expect(run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('RFC 9901') });
});
