import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client as Client2026 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Transport2026 } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { allowedPlaces } from '@veritydb/http';
import { type McpHandler, buildMcpHandler } from '@veritydb/mcp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type Loopback, serveLoopback } from '../../../packages/protocol/http/test/loopback.ts';
import {
  type MemoryHouse,
  furnishedHouse,
} from '../../../packages/protocol/http/test/memory-house.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const NODE_ARGUMENTS = ['--conditions=veritydb:source', '--import', 'tsx', MAIN];
const ALL = ['schema', 'query', 'export', 'verify', 'audit'] as const;

let house: MemoryHouse;
let loopback: Loopback;
let folder: string;

beforeEach(async () => {
  house = furnishedHouse();
  let handler: McpHandler | null = null;
  loopback = await serveLoopback(async (request) => {
    handler ??= buildMcpHandler({
      gateway: house.gateway,
      publicUrl: loopback.url,
      allowed: allowedPlaces(new URL(loopback.url), loopback.port),
      version: '1.2.3',
      randomId: () => randomBytes(16).toString('hex'),
      nowMs: () => 0,
      onInternalError: () => {},
    });
    return handler(request);
  });
  folder = await mkdtemp(join(tmpdir(), 'verity-mcp-'));
});

afterEach(async () => {
  await loopback.close();
  await rm(folder, { recursive: true });
});

async function tokenFile(token: string, mode = 0o600): Promise<string> {
  const path = join(folder, 'token');
  await writeFile(path, `${token}\n`, { mode });
  return path;
}

async function connect(environment: Record<string, string>): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: NODE_ARGUMENTS,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  const client = new Client({ name: 'test', version: '0' });
  await client.connect(transport);
  return client;
}

interface Run {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program with some input, to its end. */
async function run(environment: Record<string, string>, input = '', more: string[] = []) {
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, ...more], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  return new Promise<Run>((resolve) => {
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

// S055: a client of the SDK, the bridge and a server, as processes.
describe('a client over stdio', () => {
  test('initialize, list, call; in-band errors; a revoked token ends no session', async () => {
    const token = await house.token(ALL);
    const environment = {
      VERITY_URL: loopback.url,
      VERITY_TOKEN_FILE: await tokenFile(token),
    };
    const client = await connect(environment);
    expect(client.getServerVersion()).toMatchObject({ name: 'veritydb' });
    expect((await client.listTools()).tools).toHaveLength(5);
    const given = { name: 'verity_query', arguments: { sql: 'SELECT * FROM people' } };
    expect((await client.callTool(given)).structuredContent).toMatchObject({
      rows: [
        ['1', 'Ada'],
        ['2', 'Grace'],
      ],
    });
    const calls = await Promise.all(Array.from({ length: 5 }, async () => client.callTool(given)));
    expect(calls.map((call) => call.isError)).toEqual(Array(5).fill(undefined));
    expect(house.callers.at(-1)?.client).toBe('verity-mcp/0.1.0');

    await house.administration.revokeToken(house.tokens.get(token)?.id ?? '', 'lost');
    const refused = await client.callTool(given);
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('ERR_HOUSE_TOKEN_REVOKED');
    await expect(client.listTools()).rejects.toMatchObject({
      code: -32_000,
      data: { code: 'ERR_HOUSE_TOKEN_REVOKED', retryable: false },
    });
    await client.close();
  });

  test('answers under way are written before the end, and lines that are no message are skipped', async () => {
    const environment = {
      VERITY_URL: `${loopback.url}/mcp`,
      VERITY_TOKEN: await house.token(ALL),
    };
    const lines = [
      'not json',
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"jsonrpc":"2.0","id":7,"method":"tools/list"}',
    ];
    const { status, out, err } = await run(environment, `${lines.join('\n')}\n`);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: 7, result: {} });
    expect(err).toContain('a message was refused');
    expect(err).not.toContain('not json');
  });
});

describe('failures', () => {
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
  const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"verity_schema"}}\n';

  test('nothing listens; something else listens', async () => {
    const token = { VERITY_TOKEN: 'a.b.c' };
    const dead = await run({ ...token, VERITY_URL: 'http://127.0.0.1:9' }, ping + call);
    const [failed, result] = dead.out.trim().split('\n');
    expect(JSON.parse(failed ?? '')).toMatchObject({
      error: { data: { code: 'ERR_BRIDGE_UNREACHABLE', retryable: true } },
    });
    expect(JSON.parse(result ?? '')).toMatchObject({ result: { isError: true } });
    const elsewhere = await serveLoopback(async () => new Response('hello'));
    const other = await run({ ...token, VERITY_URL: elsewhere.url }, ping);
    await elsewhere.close();
    expect(JSON.parse(other.out)).toMatchObject({ error: { data: { code: 'ERR_BRIDGE_ANSWER' } } });
  });

  test('settings that cannot be right stop it at once, with a hint and without the token', async () => {
    const token = await house.token(ALL);
    const file = await tokenFile(token);
    const rows: readonly [environment: Record<string, string>, code: string][] = [
      [{}, 'ERR_BRIDGE_TOKEN'],
      [{ VERITY_TOKEN: token, VERITY_TOKEN_FILE: file }, 'ERR_BRIDGE_TOKEN'],
      [{ VERITY_TOKEN: 'two words' }, 'ERR_BRIDGE_TOKEN'],
      [{ VERITY_TOKEN_FILE: join(folder, 'none') }, 'ERR_BRIDGE_TOKEN_FILE'],
      [{ VERITY_TOKEN: token, VERITY_URL: 'http://example.org/mcp' }, 'ERR_BRIDGE_URL'],
      [{ VERITY_TOKEN: token, VERITY_URL: 'https://u:p@example.org/' }, 'ERR_BRIDGE_URL'],
      [{ VERITY_TOKEN: token, VERITY_URL: 'https://example.org/?token=x' }, 'ERR_BRIDGE_URL'],
      [{ VERITY_TOKEN: token, VERITY_URL: 'nowhere' }, 'ERR_BRIDGE_URL'],
    ];
    const runs = await Promise.all(rows.map(async ([environment]) => run(environment)));
    expect(runs.map(({ status }) => status)).toEqual(rows.map(() => 2));
    expect(runs.map(({ err }) => /ERR_\w+/.exec(err)?.[0])).toEqual(rows.map(([, code]) => code));
    expect(JSON.stringify(runs)).not.toContain(token);
  });

  test('a token file that others can read; an argument', async () => {
    const file = await tokenFile(await house.token(ALL), 0o644);
    const open = await run({ VERITY_TOKEN_FILE: file });
    expect([open.status, open.err]).toEqual([2, expect.stringContaining('ERR_BRIDGE_TOKEN_FILE')]);
    const argument = await run({}, '', ['--token=a.b.c']);
    expect([argument.status, argument.err]).toEqual([
      2,
      expect.stringContaining('ERR_BRIDGE_ARGUMENTS'),
    ]);
    expect((await run({}, '', ['--help'])).out).toContain('VERITY_TOKEN_FILE');
  });
});

describe('revision 2026-07-28', () => {
  test('passes through, with the headers that it wants', async () => {
    const transport = new Transport2026({
      command: process.execPath,
      args: NODE_ARGUMENTS,
      env: {
        PATH: process.env['PATH'] ?? '',
        VERITY_URL: loopback.url,
        VERITY_TOKEN_FILE: await tokenFile(await house.token(ALL)),
      },
    });
    const client = new Client2026(
      { name: 'test', version: '0' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(transport);
    expect((await client.listTools()).tools).toHaveLength(5);
    const answer = await client.callTool({
      name: 'verity_query',
      arguments: { sql: 'SELECT * FROM people' },
    });
    expect(answer.isError ?? false).toBe(false);
    const grant = await client.readResource({ uri: 'verity://grant' });
    expect(grant.contents).toHaveLength(1);
    // Not of visible ASCII: told in base64, and refused for what it is.
    await expect(client.readResource({ uri: 'verity://größe' })).rejects.toMatchObject({
      code: -32602,
    });
    await client.close();
  });
});
