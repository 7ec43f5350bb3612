/** What stands before both doors. */

import type { IncomingMessage } from 'node:http';

import { expect, test } from 'vitest';

import { furnishedHouse } from '../../../packages/protocol/http/test/memory-house.ts';
import { buildDoors } from '../src/doors.ts';
import { ServerLog } from '../src/server-log.ts';

const PUBLIC_URL = 'https://clinic.example';
const BURST = 300;

test('an address without a token is one caller at both doors; this machine is none', async () => {
  const { administration, gateway, publication } = furnishedHouse();
  const answer = buildDoors(
    {
      gateway,
      administration,
      operatorSecret: 'operator-secret',
      publication,
      publish: async () => false,
      version: '1.2.3',
      log: new ServerLog({ write: () => {} }, false),
    },
    { publicUrl: PUBLIC_URL, port: 7420, isStopping: () => false },
  );
  const ask = async (path: string, remoteAddress: string): Promise<Response> => {
    const request = new Request(`${PUBLIC_URL}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer a-guess',
        'x-forwarded-for': '127.0.0.1',
      },
      body: '{}',
    });
    return answer(request, { socket: { remoteAddress } } as unknown as IncomingMessage);
  };
  for (let call = 0; call < BURST; call += 1) {
    const path = call % 2 === 0 ? '/mcp' : '/v1/query';
    expect((await ask(path, '203.0.113.9')).status).toBe(401);
  }
  for (const path of ['/mcp', '/v1/query']) {
    // At ten calls a second one may have come free meanwhile, on a slow machine many.
    const statuses: number[] = [];
    while (!statuses.includes(429)) statuses.push((await ask(path, '203.0.113.9')).status);
    expect((await ask(path, '203.0.113.10')).status).toBe(401);
  }
  for (let call = 0; call < 2 * BURST; call += 1) {
    expect((await ask('/mcp', '::ffff:127.0.0.1')).status).toBe(401);
  }
}, 60_000);
