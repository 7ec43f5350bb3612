/** The program as a process: usage errors, help, exit codes. Whatever needs no process stands elsewhere. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Run, runOn } from './captured-terminal.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const FLAGS = ['--conditions=veritydb:source', '--import', 'tsx'];

function runProcess(...args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let error = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? -1, out, error });
    });
  });
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-main-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('verity as a process', () => {
  it('leads its help with examples', async () => {
    const { code, out } = await runProcess('--help');
    expect(code).toBe(0);
    expect(out.startsWith('Examples:\n  $ verity init')).toBe(true);
  });

  it('suggests what may have been meant, and ends with 2', async () => {
    const { code, out, error } = await runProcess('imprt', 'x');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/Did you mean import\?/);
  });

  it('suggests flags too, and tells the exit codes in its help', async () => {
    expect((await runOn(['status', '--jsn'])).error).toMatch(/Did you mean --json\?/);
    expect((await runOn(['--help'])).out).toMatch(/Exit codes: 0 .* 1 .* 2 [^]* 3 /);
  });

  it('ends with 1 and without a stack when it is refused', async () => {
    const { code, out, error } = await runProcess('import', join(folder, 'no.csv'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/^error ERR_CLI_FILE: .*\n→ .*\n$/);
  });

  it('runs the verifier as a process of its own', async () => {
    const args = ['verify', join(folder, 'no.zip'), '--key-file', join(folder, 'no.key')];
    const { code, error } = await runProcess(...args);
    // A key that cannot be read is a usage error of the verifier, told in its own words.
    expect(code).toBe(2);
    expect(error).toMatch(/^verity-verify: /);
  });

  it('tells a bundle that nobody can read from one that does not hold', async () => {
    const bundle = join(folder, 'cut.zip');
    await writeFile(bundle, 'PK');
    const key = join(folder, 'log.key');
    await writeFile(
      key,
      'demo.clinic.example/verity+a87daff9+ATOltHfwu8grXcrZDvk09ki/on5/SWFt10kLG0c/byCy',
    );
    const { code, error } = await runProcess('verify', bundle, '--key-file', key);
    expect(code).toBe(3);
    expect(error).toContain('ERR_BUNDLE_ZIP');
  });
});

const ISSUE = ['token', 'issue', '--recipient', 'R', '--purpose', 'P', '--policy', 'N'];
const REST = ['--allow', 'query', '--table', 'a:*', '--lifetime', '1h', '--out', 'x'];

describe('usage', () => {
  it.each([
    [[]],
    [['token']],
    [['tokn', 'list']],
    [['status', 'extra']],
    [['status', '--jsn']],
    [['import']],
    [['sql']],
    [['audit', '--limit', '0']],
    [['audit', '--before', '-1']],
    [['start', '--port', '65536']],
    [['witness', 'init', 'x']],
    [['witness', 'start', 'x']],
    [['witness', 'start', 'x', '--log', 'y', '--listen', '7430']],
    [['witness', 'start', 'x', '--log', 'y', '--listen', '127.0.0.1:65536']],
    [['token', 'revoke', 'id']],
    [[...ISSUE]],
    [[...ISSUE, ...REST, '--lifetime', '1 hour']],
    [[...ISSUE, ...REST, '--lifetime', '0h']],
    [[...ISSUE, ...REST, '--allow', 'query,drop']],
    [[...ISSUE, ...REST, '--allow', 'query,query']],
    [[...ISSUE, ...REST, '--table', 'a:*']],
    [[...ISSUE, ...REST, '--table', 'b']],
    [[...ISSUE, ...REST, '--table', 'b:']],
    [[...ISSUE, ...REST, '--table', 'b:x,,y']],
    [[...ISSUE, ...REST, '--table', 'b:x,x']],
    [[...ISSUE, ...REST, '--table', 'B:x']],
    [[...ISSUE, ...REST, '--table', 'b:x:y']],
    [[...ISSUE, ...REST, '--max-exports', 'many']],
    [['mcp', 'config', '--token-file', 'x', '--url', 'ftp://x']],
    [['mcp', 'config', '--token-file', 'x', '--url', 'http://example.org']],
    [['mcp', 'config', '--token-file', 'x', '--url', 'https://user@x']],
    [['mcp', 'config', '--token-file', 'x', '--url', 'https://x/path']],
  ])('%j ends with 2 and writes nothing to standard output', async (args) => {
    const { code, out, error } = await runOn(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).not.toBe('');
  });

  it.each([
    'init',
    'start',
    'status',
    'import',
    'sql',
    'policy lint',
    'policy activate',
    'token issue',
    'token list',
    'token revoke',
    'export',
    'verify',
    'audit',
    'log key',
    'log checkpoint',
    'log publish',
    'log check',
    'mcp config',
    'mcp offer',
    'witness init',
    'witness key',
    'witness start',
    'classify',
    'doctor',
    'completion',
    'erase',
  ])('verity %s --help begins with an example of it', async (command) => {
    const { code, out } = await runOn([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/^Examples:\n {2}\$ verity /);
    expect(out.split('Usage:')[0]).toContain(command);
    expect(out).toContain('--json');
  });
});

describe('VERITY_MASTER_KEY', () => {
  it('makes and opens a database whose folder does not hold the key', async () => {
    const data = join(folder, 'elsewhere');
    const environment = { VERITY_MASTER_KEY: '0123456789abcdef'.repeat(4) };
    expect(await runOn(['init', data], { environment })).toMatchObject({ code: 0 });
    expect(await runOn(['--data', data, 'status'], { environment })).toMatchObject({ code: 0 });
    const { code, error } = await runOn(['--data', data, 'status']);
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_RUNTIME_MASTER_KEY: /);
  });
});
