/**
 * The server, killed without warning while many ask over MCP. Whatever answer arrived has its record in the
 * log when the server is started again: nothing left that nobody can be held to.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { SimRandom } from '@veritydb/sim';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type ServerProcess, answerOf, startServerProcess } from '../server-process.ts';
import { POLICY, SCHEMA } from './real-house.ts';

const ROUNDS = 3;
const CLIENTS = 4;
/** Below what one token may ask at once. */
const CALLS_PER_TOKEN = 18;

let folder = '';
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verity-mcp-kill-'));
  server = await startServerProcess(folder);
  await answerOf(await server.post('/admin/v1/sql', { sql: SCHEMA, purpose: 'test' }));
  const rows = Array.from({ length: 40 }, (_, id) => [String(id), 'Rye', '30']);
  const columns = ['id', 'city', 'age'];
  await answerOf(await server.post('/admin/v1/rows', { table: 'people', columns, rows }));
  await answerOf(await server.post('/admin/v1/policies', { yaml: POLICY }));
});

afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});

async function issueToken(): Promise<string> {
  const issued = await answerOf(
    await server.post('/admin/v1/tokens', {
      recipient: 'Northfield University',
      purpose: 'dpv:ScientificResearch',
      policy: 'study',
      actions: ['query'],
      tables: { people: '*' },
      lifetime_seconds: 3600,
    }),
  );
  return issued['token'] as string;
}

interface Received {
  readonly id: string;
  readonly offset: number;
}

/** Asks until the server is gone, and keeps the receipt of every answer that arrived whole. */
async function ask(tokens: readonly string[], received: Received[]): Promise<void> {
  for (const token of tokens) {
    for (let call = 0; call < CALLS_PER_TOKEN; call += 1) {
      let text: string;
      try {
        const response = await fetch(`${server.url}/mcp`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify({
            jsonrpc: '2.0',
            id: call,
            method: 'tools/call',
            params: { name: 'verity_query', arguments: { sql: 'SELECT id, city FROM people' } },
          }),
        });
        text = await response.text();
      } catch {
        // Killed: what this call did is the log's to say.
        return;
      }
      const { result } = JSON.parse(text) as {
        result: { structuredContent: { rows: unknown[]; receipt: Received } };
      };
      expect(result.structuredContent.rows).toHaveLength(40);
      received.push(result.structuredContent.receipt);
    }
  }
}

/** All outcomes that the log has, by id. */
async function recordedOutcomes(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  let before: number | undefined;
  for (;;) {
    const page = before === undefined ? '' : `&before=${before}`;
    const { entries } = (await answerOf(await server.get(`/admin/v1/audit?limit=100${page}`))) as {
      entries: { id: string; offset: number; phase: string; decision: string }[];
    };
    for (const { id, offset, phase, decision } of entries) {
      if (phase === 'outcome' && decision === 'allowed') found.set(id, offset);
    }
    const last = entries.at(-1);
    if (last === undefined) return found;
    before = last.offset;
  }
}

// S270
test('killed at any moment, it has the record of every answer that left', async () => {
  const seed = Number(process.env['VERITYDB_SEED'] ?? Date.now() % 1_000_000);
  const random = new SimRandom(seed);
  const received: Received[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const tokens: string[] = [];
    for (let count = 0; count < CLIENTS * 3; count += 1) tokens.push(await issueToken());
    const before = received.length;
    const clients = Array.from({ length: CLIENTS }, async (_, index) =>
      ask(tokens.slice(index * 3, index * 3 + 3), received),
    );
    while (received.length < before + CLIENTS) await sleep(5);
    await sleep(random.below(300));
    await server.kill();
    await Promise.all(clients);

    server = await startServerProcess(folder);
    const recorded = await recordedOutcomes();
    const lost = received.filter(({ id, offset }) => recorded.get(id) !== offset);
    expect(lost, `seed ${seed}`).toEqual([]);
    await answerOf(await server.post('/admin/v1/log/check', {}));
  }
  expect(received.length).toBeGreaterThanOrEqual(ROUNDS * CLIENTS);
});
