import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseStatement } from '@veritydb/query';
import {
  type JsonValue,
  type TableDefinition,
  formatTableDefinition,
  parseValue,
} from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { generateClinic } from '../../../../examples/clinic/src/index.ts';
import { BATCH_LENGTH_MAX, BATCH_ROWS_MAX } from '../../src/import/load.ts';
import { type Run, runOn } from '../captured-terminal.ts';
import {
  type Answer,
  type RecordedRequest,
  type RecordingServer,
  startRecordingServer,
} from '../recording-server.ts';

const SCHEMA = join(import.meta.dirname, '../../../../examples/clinic/schema.sql');

/** What an import needs of a database: a catalogue, rows, and batches that count once. */
class SmallDatabase {
  readonly tables = new Map<
    string,
    { id: number; definition: TableDefinition; rows: JsonValue[][] }
  >();
  /** What tables were altered to. */
  readonly altered = new Map<number, TableDefinition>();
  readonly batches = new Set<JsonValue | undefined>();
  #nextId = 1000;
  /** Batches that are still taken before the server fails. */
  batchesLeft = Number.POSITIVE_INFINITY;

  answer(request: RecordedRequest): Answer {
    const { body, path } = request;
    if (path === '/admin/v1/rows') return this.#insert(body);
    const sql = body['sql'] as string;
    if (sql.startsWith('CREATE')) {
      const statement = parseStatement(sql);
      if (statement.kind !== 'create-table') throw new Error('not a CREATE TABLE');
      const { definition } = statement;
      this.#nextId += 1;
      this.tables.set(definition.name, { id: this.#nextId, definition, rows: [] });
      return { body: { columns: [], rows: [], changed: 0, position: 1 } };
    }
    if (sql.includes('verity_definitions')) {
      const rows = [...this.altered].map(([id, definition]) => [
        id,
        formatTableDefinition(definition),
      ]);
      return { body: { columns: [], rows, changed: null, position: 1 } };
    }
    const rows = [...this.tables.values()].map(({ id, definition }) => [
      id,
      formatTableDefinition(definition),
      false,
    ]);
    rows.push([1, '{"not":"read, for it was dropped"}', true]);
    return { body: { columns: [], rows, changed: null, position: 1 } };
  }

  #insert(body: RecordedRequest['body']): Answer {
    if (this.batchesLeft === 0) return { status: 503, body: { code: 'ERR_FULL', detail: 'full' } };
    this.batchesLeft -= 1;
    const table = this.tables.get(body['table'] as string);
    const rows = body['rows'] as (string | null)[][];
    const columns = body['columns'] as string[];
    if (table === undefined) throw new Error('unknown table');
    if (!this.batches.has(body['idempotency_id'])) {
      for (const row of rows) {
        for (const [index, text] of row.entries()) {
          const column = table.definition.columns.find(({ name }) => name === columns[index]);
          if (column === undefined) throw new Error('unknown column');
          if (text !== null) parseValue(column.type, text);
        }
      }
      table.rows.push(...rows);
      this.batches.add(body['idempotency_id']);
    }
    return { status: 201, body: { position: this.batches.size, rows: rows.length } };
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.tables].map(([name, { rows }]) => [name, rows.length]));
  }
}

let server: RecordingServer;
let database: SmallDatabase;
let data = '';
beforeEach(async () => {
  server = await startRecordingServer();
  database = new SmallDatabase();
  server.answer = (request) => database.answer(request);
  data = join(server.folder, 'csv');
  await mkdir(data);
});
afterEach(async () => {
  await server.close();
});

const run = (...args: string[]): Promise<Run> =>
  runOn(['--data', server.folder, 'import', data, ...args]);

describe('verity import', () => {
  it('loads a clinic, and loads nothing twice', async () => {
    const files = generateClinic({ seed: 11, patients: 250 });
    for (const [name, text] of files) await writeFile(join(data, name), text);
    const { code, out, error } = await run('--schema', SCHEMA);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(error).toContain('Created table patients.\n');
    expect(error).toContain('patients: 250 rows of patients.csv.\n');
    const counts = database.counts();
    expect(counts['patients']).toBe(250);
    expect(counts['observations']).toBeGreaterThan(2 * BATCH_ROWS_MAX);
    expect(database.tables.get('observations')?.rows.at(-1)?.[0]).toBe(
      String(counts['observations']),
    );

    const again = await run('--schema', SCHEMA, '--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ created: [] });
    expect(database.counts()).toEqual(counts);
  });

  it('goes on where it was interrupted', async () => {
    const rows = Array.from({ length: 1234 }, (_, index) => `${index},x`);
    await writeFile(join(data, 't.csv'), `id,name\n${rows.join('\n')}\n`);
    database.batchesLeft = 2;
    const first = await run();
    expect(first).toMatchObject({ code: 1 });
    expect(first.error).toContain('error ERR_FULL: t.csv, rows 1001 to 1234: full\n');
    expect(database.counts()).toEqual({ t: 1000 });
    database.batchesLeft = Number.POSITIVE_INFINITY;
    expect((await run()).code).toBe(0);
    expect(database.counts()).toEqual({ t: 1234 });
    const ids = database.tables.get('t')?.rows.map(([id]) => id);
    expect(ids).toEqual(rows.map((row) => row.split(',')[0]));
  });

  it('sends nothing of any file when one row of one file is bad', async () => {
    await writeFile(join(data, 'a.csv'), 'id\n1\n');
    await writeFile(join(data, 'b.csv'), 'id,name\n1,x\n2\n');
    expect(await run()).toMatchObject({ code: 1 });
    expect(server.requests.map(({ path }) => path)).toEqual(['/admin/v1/sql', '/admin/v1/sql']);
    expect(database.tables.size).toBe(0);
  });

  it('keeps batches below 500 rows and a megabyte', async () => {
    const row = `${'x'.repeat(300_000)}\n`;
    await writeFile(join(data, 't.csv'), `text\n${row.repeat(10)}`);
    expect((await run()).code).toBe(0);
    const batches = server.requests.filter(({ path }) => path === '/admin/v1/rows');
    expect(batches.map(({ body }) => (body['rows'] as unknown[]).length)).toEqual([3, 3, 3, 1]);
    for (const { body } of batches) {
      expect(JSON.stringify(body).length).toBeLessThan(BATCH_LENGTH_MAX * 1.1);
    }
    expect(batches.map(({ body }) => (body['rows'] as string[][])[0]?.[0])).toEqual([
      '1',
      '4',
      '7',
      '10',
    ]);
  });

  it('knows a table as it was altered', async () => {
    await writeFile(join(data, 't.csv'), 'id\n1\n');
    await run();
    const table = database.tables.get('t');
    if (table === undefined) throw new Error('no table');
    const note = {
      name: 'note',
      type: 'text',
      notNull: false,
      dataClass: null,
      ladder: null,
    } as const;
    const definition = { ...table.definition, columns: [...table.definition.columns, note] };
    database.altered.set(table.id, definition);
    database.tables.set('t', { ...table, definition });
    await writeFile(join(data, 't.csv'), 'id,note\n2,x\n');
    expect((await run()).code).toBe(0);
    expect(table.rows).toEqual([['1'], ['2', 'x']]);
  });

  it('loads a file again into a table that was dropped and made anew', async () => {
    await writeFile(join(data, 't.csv'), 'id\n1\n');
    await run();
    database.tables.delete('t');
    await run();
    expect(database.counts()).toEqual({ t: 1 });
  });

  it('sends NULL for what is empty', async () => {
    await writeFile(join(data, 't.csv'), 'id,a,b\n1,,""\n2,x,"y, z"\n');
    await run();
    expect(database.tables.get('t')?.rows).toEqual([
      ['1', null, null],
      ['2', 'x', 'y, z'],
    ]);
  });

  it('draws a bar for a person only', async () => {
    await writeFile(join(data, 't.csv'), 'id\n1\n');
    expect((await run()).error).not.toContain('█');
    const args = ['--data', server.folder, 'import', data];
    const { error } = await runOn(args, { isInteractive: true });
    expect(error).toContain('\rt ████████████████████████ 100 %');
    expect(error).toContain('\r\u001b[2K');
  });
});
