import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('serve-memory-house.ts', import.meta.url));

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verityd-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function start(commandLine: readonly string[]) {
  const flags = ['--conditions=veritydb:source', '--import', 'tsx'];
  const child = spawn(process.execPath, [...flags, PROGRAM, ...commandLine]);
  children.push(child);
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const up = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('Stop with Ctrl-C')) resolve(out);
    });
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => {
      resolve({ status, out, err });
    });
  });
  return { child, up, ended };
}

test('it says where its doors are, names itself in the folder, and stops on SIGTERM', async () => {
  const { child, up, ended } = start(['--data', folder, '--port', '0']);
  const text = await up;
  const url = /MCP endpoint {3}(http:\S+)\/mcp/.exec(text)?.[1] ?? '';
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  expect((await fetch(`${url}/docs`)).status).toBe(200);

  const configs = [...text.matchAll(/^\{\n[\s\S]*?^\}$/gm)].map(
    (match) => JSON.parse(match[0]) as unknown,
  );
  expect(configs).toMatchObject([
    { mcpServers: { veritydb: { type: 'http', url: `${url}/mcp` } } },
  ]);
  expect(text).toContain('token issue');

  const file = join(folder, 'server.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ url, pid: child.pid });
  expect((await stat(file)).mode & 0o077).toBe(0);

  child.kill('SIGTERM');
  const { status, err } = await ended;
  expect([status, err]).toEqual([0, expect.stringContaining('database closed')]);
  expect(existsSync(file)).toBe(false);
});

test('it says at /ready that it stops, for as long as it was told, and then ends', async () => {
  const settings = ['--data', folder, '--port', '0', '--drain-seconds', '2'];
  const { child, up, ended } = start(settings);
  const url = /MCP endpoint {3}(http:\S+)\/mcp/.exec(await up)?.[1] ?? '';
  child.kill('SIGTERM');
  await expect.poll(async () => (await fetch(`${url}/ready`)).status).toBe(503);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const { status, err } = await ended;
  expect(status).toBe(0);
  const told = err.split('\n').filter((line) => line.startsWith('{'));
  const messages = told.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect([messages[0], messages.at(-1)]).toEqual(['started', 'stopped']);
  expect(messages).toContain('stopping');
});

test('usage, and a port that is taken', async () => {
  const wrong = await start(['--prot', '1']).ended;
  expect([wrong.status, wrong.err]).toEqual([2, expect.stringContaining('ERR_SERVER_CONFIG')]);
  const help = await start(['--help']).ended;
  expect([help.status, help.out]).toEqual([0, expect.stringContaining('--public-url')]);

  const first = start(['--data', folder, '--port', '0']);
  const port = /127\.0\.0\.1:([0-9]+)\/mcp/.exec(await first.up)?.[1] ?? '';
  const second = await start(['--data', folder, '--port', port]).ended;
  expect(second.status).toBe(1);
  expect(second.err).toContain('ERR_SERVER_LISTEN');
  expect(second.err).toContain('database closed');
  expect(existsSync(join(folder, 'server.json'))).toBe(true);
});
