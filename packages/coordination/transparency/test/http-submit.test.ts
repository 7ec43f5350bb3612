import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { submitOverHttp } from '../src/index.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/add-checkpoint`;
}

test('posts the body, and returns status and text', async () => {
  const url = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.writeHead(409).end(`${request.method} ${body}`));
  });
  expect(await submitOverHttp(url, 'old 7 — \n')).toEqual({ status: 409, body: 'POST old 7 — \n' });
});

test('rejects where nobody answers, an answer is too long, or leads elsewhere', async () => {
  const endless = await serve((_request, response) => {
    const write = (): void => {
      while (response.write('x'.repeat(10_000)));
    };
    response.on('drain', write);
    write();
  });
  await expect(submitOverHttp(endless, '')).rejects.toThrow('too long');
  const elsewhere = await serve((_request, response) => {
    response.writeHead(307, { location: endless }).end();
  });
  await expect(submitOverHttp(elsewhere, '')).rejects.toThrow('it did not answer');
  const gone = await serve((request) => {
    request.socket.destroy();
  });
  await expect(submitOverHttp(gone, '')).rejects.toThrow('it did not answer');
});

test('does not wait for one that never answers', async () => {
  const silent = await serve(() => {});
  await expect(submitOverHttp(silent, '')).rejects.toThrow('it did not answer');
});
