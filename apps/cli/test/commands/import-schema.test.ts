import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runOn } from '../captured-terminal.ts';

let folder: string;
let dump: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-schema-'));
  dump = join(folder, 'dump.sql');
  await writeFile(
    dump,
    'CREATE TABLE t (id INTEGER PRIMARY KEY, at TIME);\nCREATE TABLE u (a INT);\n',
  );
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const MADE =
  'CREATE TABLE "t" (\n  "id" INTEGER NOT NULL,\n  "at" TEXT,\n  PRIMARY KEY ("id")\n);\n';

describe('verity import schema', () => {
  it('prints statements, and says what has no place here', async () => {
    const { code, error, out } = await runOn(['import', 'schema', dump, '--dialect', 'sqlite']);
    expect({ code, out }).toEqual({ code: 0, out: MADE });
    expect(error).toBe('t: at: TIME becomes TEXT\nu: left out, it has no primary key\n1 table.\n');
  });

  it('writes them into a new file, and answers in JSON', async () => {
    const out = join(folder, 'schema.sql');
    const first = ['import', 'schema', dump, '--dialect', 'sqlite', '--out', out];
    expect((await runOn(first)).code).toBe(0);
    expect(await readFile(out, 'utf8')).toBe(MADE);
    expect((await runOn(first)).code).not.toBe(0);
    const json = await runOn(['import', 'schema', dump, '--dialect', 'sqlite', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ notes: [{}, {}].map(() => expect.any(String)) });
  });

  it('refuses a file that is not there, and a dialect that it does not read', async () => {
    const missing = await runOn(['import', 'schema', join(folder, 'none'), '--dialect', 'mysql']);
    expect(missing.error).toContain('ERR_CLI_FILE');
    expect((await runOn(['import', 'schema', dump, '--dialect', 'oracle'])).code).toBe(2);
  });
});
