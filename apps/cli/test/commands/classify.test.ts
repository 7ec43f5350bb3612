import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runOn } from '../captured-terminal.ts';
import { startRecordingServer } from '../recording-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'classify-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('verity classify', () => {
  it('suggests classes for a file, without a database', async () => {
    const path = join(folder, 'people.csv');
    const lines = [
      'id,mail,born,note,units',
      '1,anna@example.com,1980-02-03,,mg',
      '2,bo@example.com,,,kg',
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    const { code, out } = await runOn(['classify', path]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'table   column  class         use            sure   because',
        '──────  ──────  ────────────  ─────────────  ─────  ────────────────────────────────',
        'people  id      direct-id     surrogate      70 %   its name: key',
        'people  mail    direct-id     token          100 %  EMAIL_ADDRESS',
        'people  born    quasi-id      date-part      70 %   its name: date of birth or death',
        'people  note    free-text     detect-redact  70 %   its name: free text',
        'people  units   non-personal  keep           0 %    nothing speaks against it',
        '',
      ].join('\n'),
    );
  });

  it('asks the database for a table, with a purpose', async () => {
    const server = await startRecordingServer();
    server.answer = () => ({
      body: {
        columns: [{ name: 'pan' }, { name: 'n' }],
        rows: [['4111111111111111', 7]],
        erased: [],
        changed: null,
        position: 9,
      },
    });
    const { out } = await runOn(['--data', server.folder, 'classify', 'payments', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      columns: [
        { column: 'pan', class: 'chd', use: 'truncate-pan', confidence: 1 },
        { column: 'n', class: 'non-personal' },
      ],
    });
    expect(server.requests[0]?.body).toMatchObject({
      sql: 'SELECT * FROM payments LIMIT 200',
      purpose: 'classification',
    });
    await server.close();
  });

  it('refuses a file without a header', async () => {
    const path = join(folder, 'empty.csv');
    await writeFile(path, '');
    const { code, error } = await runOn(['classify', path]);
    expect(code).toBe(1);
    expect(error).toContain('ERR_CLI_CSV');
  });
});
