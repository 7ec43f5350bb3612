/** Downloads that go on where they broke off: into `<file>.part`, which becomes the file once it is whole. */

import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';

import type { Connection } from './connection.ts';
import { CliError } from './error.ts';
import { ProgressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface Download {
  readonly path: string;
  readonly token: string;
  /** Bytes, and their SHA-256 in hexadecimal, as they were announced. */
  readonly size: number;
  readonly sha256: string;
  readonly out: string;
}

/** @throws {CliError} ERR_CLI_EXPORT where what came is not what was announced, ERR_CLI_CONNECTION */
export async function download(
  connection: Connection,
  terminal: Terminal,
  { path, token, size, sha256, out }: Download,
): Promise<void> {
  const partPath = `${out}.part`;
  const part = await open(partPath, 'a+', 0o600);
  const bar = new ProgressBar(terminal, 'Downloading', size);
  try {
    let at = (await part.stat()).size;
    if (at > size) {
      await part.truncate(0);
      at = 0;
    }
    if (at < size) {
      const range = { range: `bytes=${at}-`, 'if-range': `"${sha256}"` };
      const headers = at === 0 ? {} : range;
      const response = await connection.send({
        method: 'GET',
        path,
        credential: { token },
        headers,
      });
      if (response.status !== 206) {
        await part.truncate(0);
        at = 0;
      }
      for await (const piece of piecesOf(response)) {
        await part.appendFile(piece);
        at += piece.length;
        bar.update(at);
      }
    }
    await part.sync();
  } finally {
    bar.clear();
    await part.close();
  }
  const found = createHash('sha256')
    .update(await readFile(partPath))
    .digest('hex');
  if (found !== sha256) {
    await rm(partPath);
    throw new CliError('verification', 'ERR_CLI_EXPORT', 'the bundle is not the one announced', {
      hint: 'Run the same command again: it fetches the same export.',
    });
  }
  await rename(partPath, out);
}

/** What arrives, as it arrives. What was written until a failure is kept. */
async function* piecesOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    yield* response.body as ReadableStream<Uint8Array>;
  } catch (cause) {
    throw new CliError('unavailable', 'ERR_CLI_CONNECTION', 'the download broke off', {
      hint: 'Run the same command again: it goes on where this one stopped.',
      cause,
    });
  }
}
