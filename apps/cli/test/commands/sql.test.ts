/** `verity sql`: rows as a table, or what was done. */

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

describe('verity sql', () => {
  it('marks rows that were erased', async () => {
    const columns = [{ name: 'id', type: 'text' }];
    server.answer = () => ({
      body: { columns, rows: [['p-1'], [null]], erased: [1], changed: null, position: 3 },
    });
    expect((await run('sql', 'SELECT id FROM p')).out).toMatch(/p-1\s+erased/);
  });

  it('shows rows as a table in which nothing is hidden', async () => {
    server.answer = () => ({
      body: {
        columns: [
          { name: 'n', type: 'integer' },
          { name: 'text', type: 'text' },
        ],
        rows: [
          [1, 'a\nb\u001b[31m'],
          [20, null],
        ],
        erased: [],
        changed: null,
        position: 7,
      },
    });
    const { code, out, error } = await run('sql', 'SELECT n, text FROM t', '--purpose', 'care');
    expect(code).toBe(0);
    expect(out).toBe(' n  text\n──  ──────────────\n 1  a\\nb\\u{1b}[31m\n20\n');
    expect(error).toBe('2 rows as of position 7.\n');
    expect(server.requests[0]?.body).toEqual({
      sql: 'SELECT n, text FROM t',
      parameters: [],
      purpose: 'care',
    });
  });

  it('says what was done, or how many rows were written', async () => {
    server.answer = () => ({
      body: { statement: 'create-index', columns: [], rows: [], changed: 0, position: 7 },
    });
    expect(await run('sql', 'CREATE INDEX i ON t (a)')).toMatchObject({
      error: 'Index created, position 7.\n',
    });
    server.answer = () => ({ body: { columns: [], rows: [], changed: 1, position: 8 } });
    expect(await run('sql', 'DELETE FROM t WHERE id = 1')).toEqual({
      code: 0,
      out: '',
      error: '1 row written, position 8.\n',
    });
  });
});
