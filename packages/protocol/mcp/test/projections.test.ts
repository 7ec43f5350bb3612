/** To a client of MCP a projection is a table that is not there: over the real gateway. */

import { randomBytes } from 'node:crypto';

import { allowedPlaces } from '@veritydb/http';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ClinicHouse } from '../../../sharing/disclosure/test/clinic-house.ts';
import { type McpHandler, buildMcpHandler } from '../src/index.ts';

const PUBLIC_URL = 'http://127.0.0.1:7420';

let clinic: ClinicHouse;
let handler: McpHandler;
let token: string;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  const sql = 'CREATE PROJECTION stays AS SELECT id, gender FROM patients';
  await clinic.administration.execute(sql, [], 'set up');
  ({ token } = await clinic.issue({ tables: { patients: '*', stays: '*', nowhere: '*' } }));
  handler = buildMcpHandler({
    gateway: clinic.gateway,
    publicUrl: PUBLIC_URL,
    allowed: allowedPlaces(new URL(PUBLIC_URL), 7420),
    version: '1.2.3',
    randomId: () => randomBytes(16).toString('hex'),
    nowMs: () => 0,
    onInternalError: (error) => {
      throw error;
    },
  });
});
afterAll(() => {
  clinic.remove();
});

async function call(name: string, given: unknown): Promise<string> {
  const response = await handler(
    new Request(`${PUBLIC_URL}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: given },
      }),
    }),
  );
  return response.text();
}

it('S258: tools answer of a projection what they answer of nothing', async () => {
  expect(await call('verity_schema', {})).toContain('patients');
  expect(await call('verity_schema', {})).not.toContain('stays');
  const idempotencyId = '00112233445566778899aabbccddeeff';
  for (const [name, given] of [
    ['verity_query', { sql: 'SELECT id FROM #' }],
    ['verity_query', { sql: 'SELECT COUNT(*) FROM #' }],
    ['verity_schema', { table: '#' }],
    ['verity_export', { sql: 'SELECT id FROM #', idempotencyId }],
  ] as const) {
    const asked = async (table: string): Promise<string> =>
      call(name, JSON.parse(JSON.stringify(given).replace('#', table)));
    const nowhere = await asked('nowhere');
    expect(nowhere).toContain('ERR_');
    expect(await asked('stays')).toBe(nowhere.replaceAll('nowhere', 'stays'));
  }
});
