/** `verityd` as a process that can be killed without warning. */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const PROGRAM = resolve(import.meta.dirname, '../../apps/server/src/main.ts');

export interface ServerProcess {
  readonly url: string;
  /** As the operator. */
  readonly get: (path: string) => Promise<Response>;
  readonly post: (path: string, body: unknown) => Promise<Response>;
  readonly kill: () => Promise<void>;
}

/** The server of a folder, as a process of its own. */
export async function startServerProcess(folder: string): Promise<ServerProcess> {
  const flags = ['--conditions=veritydb:source', '--import', 'tsx'];
  const started = spawn(process.execPath, [...flags, PROGRAM, '--data', folder, '--port', '0']);
  const ended = new Promise<void>((done) => {
    started.on('close', () => {
      done();
    });
  });
  let text = '';
  const url = await new Promise<string>((found, failed) => {
    started.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = /(http:\/\/127\.0\.0\.1:[0-9]+)\/mcp/.exec(text);
      if (match?.[1] !== undefined) found(match[1]);
    });
    started.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    started.once('close', () => {
      failed(new Error(`the server ended: ${text}`));
    });
  });
  const secret = (await readFile(join(folder, 'operator.secret'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  return {
    url,
    get: async (path) => fetch(`${url}${path}`, { headers }),
    post: async (path, body) =>
      fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    kill: async () => {
      started.kill('SIGKILL');
      await ended;
    },
  };
}

export async function answerOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
