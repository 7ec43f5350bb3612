/**
 * The server, killed without warning while it is written to by many. Every row that was answered for
 * is there when it is started again, and the log proves itself.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { SimRandom } from '@veritydb/sim';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type ServerProcess, answerOf, startServerProcess } from './server-process.ts';

const ROUNDS = 5;
const CLIENTS = 4;
const ROWS_PER_CALL = 3;

let folder: string;
let running: ServerProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-kill-'));
});

afterAll(async () => {
  await running?.kill();
  await rm(folder, { recursive: true });
});

async function execute(server: ServerProcess, sql: string): Promise<Record<string, unknown>> {
  return answerOf(await server.post('/admin/v1/sql', { sql, purpose: 'test' }));
}

/** Writes rows, some a call, until the server is gone; keeps the ids that it answered for. */
async function write(
  server: ServerProcess,
  nextId: () => number,
  acknowledged: Set<number>,
): Promise<void> {
  for (;;) {
    const ids = Array.from({ length: ROWS_PER_CALL }, nextId);
    // A data subject for each: every call makes keys as well.
    const rows = ids.map((id) => [String(id), `subject ${id}`]);
    let response: Response;
    try {
      response = await server.post('/admin/v1/rows', {
        table: 'people',
        columns: ['id', 'name'],
        rows,
      });
      await answerOf(response);
    } catch (error) {
      // The connection broke: what this call wrote may be there or not.
      if (error instanceof TypeError) return;
      throw error;
    }
    for (const id of ids) acknowledged.add(id);
  }
}

/** Ids that are there, of those up to one. */
async function readIds(server: ServerProcess, last: number): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let from = 0; from <= last; from += 500) {
    const sql = `SELECT id FROM people WHERE id >= ${from} AND id < ${from + 500}`;
    const { rows } = (await execute(server, sql)) as { readonly rows: readonly number[][] };
    for (const [id = -1] of rows) found.add(id);
  }
  return found;
}

test('killed at any moment, it has every row that it answered for', async () => {
  const seed = Number(process.env['VERITYDB_SEED'] ?? Date.now() % 1_000_000);
  const random = new SimRandom(seed);
  const acknowledged = new Set<number>();
  let id = 0;
  const nextId = (): number => (id += 1);
  let server = await startServerProcess(folder);
  running = server;
  await execute(
    server,
    'CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, DATA SUBJECT name)',
  );
  for (let round = 1; round <= ROUNDS; round += 1) {
    const before = acknowledged.size;
    const killed = server;
    const clients = Array.from({ length: CLIENTS }, async () =>
      write(killed, nextId, acknowledged),
    );
    while (acknowledged.size === before) await sleep(5);
    await sleep(random.below(400));
    await killed.kill();
    await Promise.all(clients);

    server = await startServerProcess(folder);
    running = server;
    const found = await readIds(server, id);
    const lost = [...acknowledged].filter((each) => !found.has(each));
    expect(lost, `seed ${seed}`).toEqual([]);
    // All rows of a call or none: a call takes the ids that follow each other.
    for (const each of found) {
      const first = each - ((each - 1) % ROWS_PER_CALL);
      expect(found.has(first) && found.has(first + ROWS_PER_CALL - 1)).toBe(true);
    }
    const check = await answerOf(await server.post('/admin/v1/log/check', {}));
    expect(check['recoveries']).toHaveLength(round);
  }
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
});
