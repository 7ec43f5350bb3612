import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lintPolicy, parsePolicy } from '@veritydb/access';
import { nativeCrypto } from '@veritydb/crypto/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { generateClinic } from '../../../../examples/clinic/src/index.ts';
import { assertNoRejects } from '../../src/import/check-rows.ts';
import { findFiles, findSources } from '../../src/import/find-sources.ts';
import { type ImportPlan, planImport } from '../../src/import/plan.ts';
import { parseSchema, readSchemaFile } from '../../src/import/schema-file.ts';

const CLINIC_SCHEMA = join(import.meta.dirname, '../../../../examples/clinic/schema.sql');
const SAFE_HARBOR = join(import.meta.dirname, '../../../../policies/hipaa-safe-harbor.yaml');
const SHARED = process.env['VERITYDB_SHARED'] ?? join(import.meta.dirname, '../../../../../shared');
const SYNTHEA = join(SHARED, 'data/health-synthea-27');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-plan-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function writeFiles(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const place = await mkdtemp(join(folder, 'files-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(place, name), content);
  return place;
}

async function plan(
  files: Readonly<Record<string, string | Uint8Array>>,
  schema = '',
): Promise<ImportPlan> {
  const declared = await parseSchema(schema, 's.sql');
  const made = await planFolder(await writeFiles(files), declared);
  assertNoRejects(made.rejects, null);
  return made;
}

async function planFolder(
  place: string,
  declared: Awaited<ReturnType<typeof parseSchema>>,
): Promise<ImportPlan> {
  const { sources } = await findSources(await findFiles([place]), null);
  return planImport({ sources, declared, existing: new Map() });
}

describe('findFiles', () => {
  it('takes files as they are and of folders every one that it knows', async () => {
    const place = await writeFiles({ 'b.json': '', 'a.CSV': '', 'c.txt': '' });
    await mkdir(join(place, 'deeper.csv.d'));
    expect(await findFiles([place, join(place, 'c.txt')])).toEqual(
      ['a.CSV', 'b.json', 'c.txt'].map((name) => join(place, name)),
    );
  });

  it('says when there is nothing', async () => {
    const place = await writeFiles({});
    await expect(findFiles([place])).rejects.toMatchObject({ code: 'ERR_CLI_FILE' });
    await expect(findFiles([join(place, 'no.csv')])).rejects.toMatchObject({
      code: 'ERR_CLI_FILE',
    });
  });
});

describe('planImport', () => {
  const schema =
    'CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, zip TEXT);' +
    'CREATE TABLE later (row_id INTEGER PRIMARY KEY, x TEXT)';

  it('creates what is declared and infers what is not', async () => {
    const made = await plan(
      { 'a.csv': 'ID,Name,BORN\n1,x,\n2,y,1980-02-29\n', 'B.csv': 'v\n1\n' },
      schema,
    );
    expect(made.creations.map(({ table }) => table)).toEqual(['a', 'later', 'b']);
    expect(
      made.files.map(({ source: { table }, origin, rowCount }) => [table, origin, rowCount]),
    ).toEqual([
      ['b', 'inferred', 1],
      ['a', 'declared', 2],
    ]);
    expect(made.files[0]?.mappings.map(({ column, source }) => [column.name, source])).toEqual([
      ['row_id', 'row-number'],
      ['v', 0],
    ]);
  });

  it('counts rows where the schema declares row_id and the file lacks it', async () => {
    const made = await plan({ 'later.csv': 'X\n\n\n' }, schema);
    expect(made.files[0]?.mappings.map(({ column, source }) => [column.name, source])).toEqual([
      ['row_id', 'row-number'],
      ['x', 0],
    ]);
    const given = await plan({ 'later.csv': 'x,row_id\na,7\n' }, schema);
    expect(given.files[0]?.mappings.map(({ source }) => source)).toEqual([0, 1]);
  });

  it.each([
    ['an unknown column', 'id,name,shoe\n1,x,y\n', 'ERR_CLI_CSV', /a\.csv:1: .*shoe/],
    ['a missing column', 'id\n1\n', 'ERR_CLI_CSV', /a\.csv:1: .*name/],
    ['a column twice', 'id,name,ID\n1,x,2\n', 'ERR_CLI_CSV', /a\.csv:1: /],
    ['a column without a name', 'id,name,\n1,x,2\n', 'ERR_CLI_CSV', /a\.csv:1: /],
    ['no header', '', 'ERR_CLI_CSV', /a\.csv:1: /],
    [
      'a bad integer',
      'id,name\n1,x\none,y\n',
      'ERR_CLI_ROWS',
      /a\.csv:3: column id: expected integer/,
    ],
    [
      'a bad date',
      'id,name,born\n1,x,1981-02-29\n',
      'ERR_CLI_ROWS',
      /a\.csv:2: column born: expected date/,
    ],
    [
      'a missing value',
      'id,name\n1,\n',
      'ERR_CLI_ROWS',
      /a\.csv:2: column name: a value is missing/,
    ],
    [
      'a key twice',
      'id,name\n1,x\n2,y\n1,z\n',
      'ERR_CLI_ROWS',
      /a\.csv:4: the key is that of a\.csv:2/,
    ],
    ['a ragged row', 'id,name\n1,x\n2\n', 'ERR_CLI_CSV', /a\.csv:3: /],
  ])('refuses %s', async (_, content, code, message) => {
    await expect(plan({ 'a.csv': content }, schema)).rejects.toMatchObject({ code });
    await expect(plan({ 'a.csv': content }, schema)).rejects.toThrow(message);
  });

  it('never tells a value, and tells twenty complaints at most', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `secret${index},x`).join('\n');
    const failure = plan({ 'a.csv': `id,name\n${rows}\n` }, schema);
    await expect(failure).rejects.toThrow(/a\.csv:21: [^]*and 10 more/);
    await expect(failure).rejects.not.toThrow(/secret|a\.csv:22:/);
  });

  it('takes several files for one table, where their rows have keys', async () => {
    const made = await plan(
      { 'a.csv': 'id,name\n1,x\n', 'a.ndjson': '{"id":2,"name":"y"}' },
      schema,
    );
    expect(made.files.map(({ rowCount }) => rowCount)).toEqual([1, 1]);
    const twice = plan({ 'a.csv': 'id,name\n1,x\n', 'a.ndjson': '{"id":1,"name":"y"}' }, schema);
    await expect(twice).rejects.toThrow(/a\.ndjson:1: the key is that of a\.csv:2/);
    const content = 'v\n1\n';
    await expect(plan({ 'a-b.csv': content, 'a_b.csv': content })).rejects.toMatchObject({
      code: 'ERR_CLI_FILE',
    });
    const other = plan({ 'b.csv': 'id\n1\n', 'b.ndjson': '{"id":2,"name":"y"}' });
    await expect(other).rejects.toMatchObject({ code: 'ERR_CLI_SCHEMA' });
  });

  it('drops a byte-order mark and refuses anything but UTF-8', async () => {
    const made = await plan({ 'b.csv': '\uFEFFid,v\n1,é\n' });
    expect(made.files[0]?.mappings.map(({ column }) => column.name)).toEqual(['id', 'v']);
    const latin1 = Uint8Array.from([0x76, 0x0a, 0xe9, 0x0a]);
    await expect(plan({ 'b.csv': latin1 })).rejects.toMatchObject({ code: 'ERR_CLI_CSV' });
    const utf16 = Uint8Array.from([0xff, 0xfe, 0x76, 0x00]);
    await expect(plan({ 'b.csv': utf16 })).rejects.toMatchObject({ code: 'ERR_CLI_CSV' });
    const cut = Uint8Array.from([0x76, 0x0a, 0xc3]);
    await expect(plan({ 'b.csv': cut })).rejects.toMatchObject({ code: 'ERR_CLI_CSV' });
  });
});

describe('the clinic', () => {
  it('fits its schema', async () => {
    const place = await writeFiles(Object.fromEntries(generateClinic({ seed: 5, patients: 60 })));
    const declared = await readSchemaFile(CLINIC_SCHEMA);
    const made = await planFolder(place, declared);
    expect(made.rejects).toEqual([]);
    expect(made.creations.map(({ table }) => table)).toEqual([
      'patients',
      'encounters',
      'observations',
      'notes',
    ]);
    expect(made.files.every(({ origin }) => origin === 'declared')).toBe(true);
    for (const { definition } of declared.values()) {
      expect(definition.columns.filter(({ dataClass }) => dataClass === null)).toEqual([]);
    }
  });

  it('has a schema that the Safe Harbor policy agrees with', async () => {
    const declared = await readSchemaFile(CLINIC_SCHEMA);
    const definitions = [...declared.values()].map(({ definition }) => definition);
    const policy = parsePolicy(nativeCrypto, await readFile(SAFE_HARBOR, 'utf8'));
    expect(lintPolicy(policy, definitions)).toEqual([]);
  });

  it.skipIf(!existsSync(SYNTHEA))('has a schema that fits the files of Synthea', async () => {
    const made = await planFolder(SYNTHEA, await readSchemaFile(CLINIC_SCHEMA));
    expect(made.rejects).toEqual([]);
    const facts = new Map(made.files.map((file) => [file.source.table, file]));
    expect(facts.get('patients')).toMatchObject({ origin: 'declared', rowCount: 27 });
    expect(facts.get('encounters')).toMatchObject({ origin: 'declared' });
    expect(facts.get('observations')).toMatchObject({ origin: 'declared', rowCount: 990 });
    const statementOf = (table: string): string | undefined =>
      made.creations.find((creation) => creation.table === table)?.statement;
    // Key, codes with leading zeros and NaN as text, sums as decimals, times as times.
    expect(statementOf('organizations')).toMatch(
      /"id" UUID NOT NULL.*"zip" TEXT.*PRIMARY KEY \("id"\)/,
    );
    expect(statementOf('payers')).toMatch(/"qols_avg" TEXT/);
    expect(statementOf('conditions')).toMatch(/"row_id" INTEGER NOT NULL, "start" DATE/);
    expect(statementOf('payer_transitions')).toMatch(/"start_year" TIMESTAMP/);
  });

  if (!existsSync(SYNTHEA)) console.log(`skipped: Synthea's files are not in ${SYNTHEA}`);
});
