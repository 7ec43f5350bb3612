/** The way in for language models: configurations and offers, against a server that writes down what it is asked. */

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Run, runOn } from '../captured-terminal.ts';
import { type RecordingServer, startRecordingServer } from '../recording-server.ts';

let server: RecordingServer;
beforeEach(async () => {
  server = await startRecordingServer();
});
afterEach(async () => {
  await server.close();
});

const run = (...args: string[]): Promise<Run> => runOn(['--data', server.folder, ...args]);

async function writeToken(): Promise<string> {
  const path = join(server.folder, 'token.jwt');
  await writeFile(path, 'aaa.bbb.ccc\n', { mode: 0o600 });
  return path;
}

describe('verity mcp', () => {
  it('prints both configurations, and the token in neither', async () => {
    const token = await writeToken();
    const { code, out } = await run('mcp', 'config', '--token-file', token, '--json');
    expect(code).toBe(0);
    expect(out).not.toContain('aaa.bbb.ccc');
    const { stdio, http } = JSON.parse(out) as Record<string, Record<string, unknown>>;
    expect(stdio?.['mcpServers']).toMatchObject({
      veritydb: { env: { VERITY_URL: server.origin, VERITY_TOKEN_FILE: token } },
    });
    expect(http?.['mcpServers']).toMatchObject({
      veritydb: { type: 'http', url: `${server.origin}/mcp` },
    });
    const url = 'https://verity.example.org';
    const remote = await run('mcp', 'config', '--token-file', token, '--url', url);
    expect(remote.out).toContain(`"url": "${url}/mcp"`);
  });

  it('prints for one client what its configuration takes', async () => {
    const token = await writeToken();
    const { code, out, error } = await run(
      'mcp',
      'config',
      '--token-file',
      token,
      '--client',
      'vscode',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toHaveProperty('servers.veritydb.url', `${server.origin}/mcp`);
    expect(error).toContain('.vscode/mcp.json');
  });

  it('offers a token, and prints the one-time code alone', async () => {
    server.answer = () => ({ status: 201, body: { code: 'AAAA-BBBB-CCCC-DDDD', expires_in: 600 } });
    const { code, out } = await run('mcp', 'offer', '--token-file', await writeToken());
    expect(code).toBe(0);
    expect(out).toBe('AAAA-BBBB-CCCC-DDDD\n');
  });

  it('refuses a token file that the client could not use', async () => {
    const token = await writeToken();
    await chmod(token, 0o640);
    expect((await run('mcp', 'config', '--token-file', token)).error).toMatch(
      /^error ERR_CLI_SECRET_FILE: /,
    );
    await writeFile(token, 'two words\n', { mode: 0o600 });
    await chmod(token, 0o600);
    expect((await run('mcp', 'config', '--token-file', token)).error).toMatch(
      /^error ERR_CLI_SECRET_FILE: /,
    );
  });
});
