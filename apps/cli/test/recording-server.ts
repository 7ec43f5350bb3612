/** A real HTTP server on loopback that answers what a test says, and remembers what it was asked. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JsonObject, JsonValue } from '@veritydb/types';

export const OPERATOR_SECRET = 'operator-secret-of-the-test';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** `Range`, where a part was asked for. */
  readonly range: string | undefined;
  readonly body: JsonObject;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: JsonValue | Uint8Array;
  /** Whether the connection ends behind the body, whatever its length was said to be. */
  readonly cut?: boolean;
}

export interface RecordingServer {
  /** Data folder that names the server. */
  readonly folder: string;
  readonly origin: string;
  readonly requests: RecordedRequest[];
  /** Set by the test. */
  answer: (request: RecordedRequest) => Answer;
  close(): Promise<void>;
}

export async function startRecordingServer(): Promise<RecordingServer> {
  const folder = await mkdtemp(join(tmpdir(), 'verity-cli-'));
  const requests: RecordedRequest[] = [];
  const http = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      if (path === '/health') {
        outgoing.end('{"status":"ok"}');
        return;
      }
      const text = Buffer.concat(chunks).toString('utf8');
      const body = (text === '' ? {} : JSON.parse(text)) as JsonObject;
      const { authorization, range } = headers;
      const request = { method, path, authorization, range, body };
      requests.push(request);
      const answer = server.answer(request);
      outgoing.writeHead(answer.status ?? 200, { ...answer.headers });
      if (answer.cut === true) {
        outgoing.write(answer.body, () => setTimeout(() => outgoing.destroy(), 50));
        return;
      }
      outgoing.end(answer.body instanceof Uint8Array ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: RecordingServer = {
    folder,
    origin,
    requests,
    answer: () => ({ status: 404, body: { code: 'ERR_TEST', detail: 'no answer was set' } }),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => {
        http.close(resolve);
      });
      await rm(folder, { recursive: true });
    },
  };
  const pid = process.pid;
  await writeFile(join(folder, 'server.json'), JSON.stringify({ url: origin, pid }));
  await writeFile(join(folder, 'operator.secret'), `${OPERATOR_SECRET}\n`, { mode: 0o600 });
  return server;
}
