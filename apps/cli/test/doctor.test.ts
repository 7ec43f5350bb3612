import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runOn } from './captured-terminal.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const FLAGS = ['--conditions=veritydb:source', '--import', 'tsx'];

/** As a process: the server, which it asks for its settings, is started like it. */
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('VERITY'));
  const env = { ...Object.fromEntries(own), ...environment, NO_COLOR: '1' };
  const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], { env });
  const [out, error] = ['', ''].map(() => [] as string[]) as [string[], string[]];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => error.push(chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: out.join(''), error: error.join('') };
}

let folder: string;
let data: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verity-doctor-'));
  data = join(folder, 'data');
  expect((await runOn(['init', data])).code).toBe(0);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Told {
  readonly name: string;
  readonly state: string;
  readonly detail: string;
  readonly hint: string | null;
}

async function doctor(environment: Record<string, string> = {}) {
  const { code, out } = await run(['--data', data, 'doctor', '--json'], environment);
  const { findings } = JSON.parse(out) as { findings: readonly Told[] };
  return {
    code,
    found: (name: string): Told | undefined => findings.find((one) => one.name === name),
    findings,
  };
}

describe('verity doctor', () => {
  it('finds nothing that must be done in a new folder, and leaves nothing there', async () => {
    const before = await readdir(data);
    const { code, findings } = await doctor();
    expect(code).toBe(0);
    expect(findings.map(({ name, state }) => [name, state === 'failed'])).toEqual(
      [
        'node',
        'folder',
        'permissions',
        'master key',
        'settings',
        'certificate',
        'disk',
        'sync',
        'clock',
        'server',
        'witnesses',
      ].map((name) => [name, false]),
    );
    expect(await readdir(data)).toEqual(before);
    const { error, out } = await run(['--data', data, 'doctor']);
    expect(out).toMatch(/^✓ node {9}Node /);
    expect(error).toBe('Nothing must be done.\n');
  });

  it('says what to do about each thing that is wrong', async () => {
    await chmod(join(data, 'operator.secret'), 0o644);
    await writeFile(join(data, 'verity.json'), '{"prot":1}');
    await rename(join(data, 'master.key'), join(folder, 'elsewhere'));
    const later = new Date(Date.now() + 3_600_000);
    await utimes(join(data, 'verity.json'), later, later);
    await writeFile(join(data, 'server.json'), '{"url":"http://example.org","pid":1}', {
      mode: 0o600,
    });
    const { code, findings, found } = await doctor();
    expect(code).toBe(1);
    expect(found('permissions')?.hint).toMatch(/^Run: chmod 600 .*operator\.secret$/);
    expect(found('settings')).toMatchObject({
      state: 'failed',
      hint: expect.stringContaining('mean port?'),
    });
    expect(found('master key')).toMatchObject({ state: 'failed' });
    expect(found('clock')).toMatchObject({ state: 'failed' });
    expect(found('server')).toMatchObject({ state: 'failed' });
    for (const { hint, state } of findings)
      expect(hint === null).toBe(/^(ok|skipped)$/.test(state));
  });

  it('looks at certificate and witnesses where the settings name them', async () => {
    const settings = {
      format: 'veritydb.dev/folder/v1',
      origin: 'o',
      tls_cert: 'none.pem',
      tls_key: 'none.pem',
    };
    await writeFile(join(data, 'verity.json'), JSON.stringify(settings));
    expect((await doctor()).found('settings')).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('none.pem'),
    });
  });

  it('does not take a folder that is no database for one', async () => {
    const { code, error, out } = await run(['--data', join(folder, 'none'), 'doctor']);
    expect({ code, error }).toEqual({ code: 1, error: '1 of these must be seen to.\n' });
    expect(out).toContain('→ Name another with --data, or: verity init');
  });

  it('takes the master key from the environment, and from one place alone', async () => {
    const key = { VERITY_MASTER_KEY: '0123456789abcdef'.repeat(4) };
    expect((await doctor(key)).found('master key')).toMatchObject({ state: 'failed' });
    await rename(join(data, 'master.key'), join(folder, 'elsewhere'));
    expect((await doctor(key)).found('master key')).toMatchObject({ state: 'ok' });
  });
});
