import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bindSelect, executeSelect, parseStatement, planSelect, relationOf } from '@veritydb/query';
import { parseIdempotencyId } from '@veritydb/types';
import { Verity } from '@veritydb/verity';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function filesOf(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const child = join(path, name);
    return statSync(child).isDirectory() ? filesOf(child) : [child];
  });
}

async function openWithPatients(): Promise<Verity> {
  Verity.create(folder, 'clinic.example/verity');
  const verity = Verity.open(folder);
  await verity
    .tenant(1)
    .execute(
      'CREATE TABLE patients (id TEXT NOT NULL PRIMARY KEY, name TEXT, age INTEGER, DATA SUBJECT id)',
    );
  return verity;
}

describe('Verity', () => {
  // S226, S230, S231, S320, S321
  it('inserts with parameters, asks, and asks the past', async () => {
    const verity = await openWithPatients();
    const tenant = verity.tenant(1);
    const { position } = await tenant.execute('INSERT INTO patients VALUES (?, ?, ?)', [
      'p1',
      'Ada Lovelace',
      36,
    ]);
    await tenant.execute('UPDATE patients SET age = age + 1 WHERE id = $1', ['p1']);
    expect(await tenant.query('SELECT * FROM patients WHERE id = ?', ['p1'])).toEqual([
      { id: 'p1', name: 'Ada Lovelace', age: 37 },
    ]);
    expect(await tenant.queryAt(position, 'SELECT age FROM patients')).toEqual([{ age: 36 }]);
    await tenant.execute('DELETE FROM patients');
    expect(await tenant.query('SELECT COUNT(*) AS n FROM patients')).toEqual([{ n: 0n }]);
    expect(await tenant.queryAt(position, 'SELECT COUNT(*) AS n FROM patients')).toEqual([
      { n: 1n },
    ]);
    verity.close();
  });

  it('answers from the columns that it reads as it would from all', async () => {
    const verity = await openWithPatients();
    const tenant = verity.tenant(1);
    for (const [id, name, age] of [
      ['p1', 'Ada', 36],
      ['p2', 'Bob', null],
      ['p3', 'Ada', 20],
      ['p4', null, 61],
    ] as const) {
      await tenant.execute('INSERT INTO patients VALUES ($1, $2, $3)', [id, name, age]);
    }
    const snapshot = tenant.runtime.snapshot();
    const table = snapshot.table('patients');
    for (const sql of [
      'SELECT * FROM patients',
      'SELECT COUNT(*) AS n FROM patients',
      'SELECT COUNT(name) AS n FROM patients WHERE age > 30',
      'SELECT age FROM patients ORDER BY name, id DESC',
      'SELECT id FROM patients WHERE name IS NULL OR age + 1 = 21',
      'SELECT name, COUNT(*) AS n FROM patients GROUP BY name ORDER BY n, name',
      "SELECT name FROM patients WHERE id > 'p1' AND id < 'p4'",
    ]) {
      const statement = parseStatement(sql);
      if (table === undefined || statement.kind !== 'select') throw new Error(sql);
      const plan = planSelect(bindSelect(statement, relationOf(table), []));
      const { columns, rows } = executeSelect(plan, snapshot.scan(table, plan.access), {
        rowsMax: 100,
      });
      const due = rows.map(({ values }) => columns.map(({ name }, at) => [name, values[at]]));
      expect((await tenant.query(sql)).map((row) => Object.entries(row))).toEqual(due);
    }
    verity.close();
  });

  it('gives a value the name that it was asked for, whatever that name is', async () => {
    const verity = await openWithPatients();
    const tenant = verity.tenant(1);
    await tenant.execute("INSERT INTO patients VALUES ('p1', 'Ada', 36)");
    const [row] = await tenant.query(
      'SELECT age AS "__proto__", name AS "constructor" FROM patients',
    );
    expect(Object.getOwnPropertyNames(row)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.values(row ?? {})).toEqual([36, 'Ada']);
    verity.close();
  });

  // S001, S005, S010, S228, S229: what is not the log is made again from the log.
  it('keeps everything over a restart, and over the loss of its store', async () => {
    const verity = await openWithPatients();
    for (let index = 0; index < 50; index += 1) {
      await verity
        .tenant(1)
        .execute('INSERT INTO patients VALUES (?, ?, ?)', [`p${index}`, 'Grace Hopper', index]);
    }
    const before = await verity.tenant(1).query('SELECT * FROM patients');
    verity.close();
    const again = Verity.open(folder);
    expect(await again.tenant(1).query('SELECT * FROM patients')).toEqual(before);
    again.close();
    rmSync(join(folder, 'tenants', '1', 'store.vdb'));
    const rebuilt = Verity.open(folder);
    expect(await rebuilt.tenant(1).query('SELECT * FROM patients')).toEqual(before);
    rebuilt.close();
  });

  it('writes no value in clear anywhere in its folder', async () => {
    const verity = await openWithPatients();
    await verity
      .tenant(1)
      .execute('INSERT INTO patients VALUES (?, ?, ?)', ['subject-4711', 'Rosalind Franklin', 37]);
    verity.close();
    for (const file of filesOf(folder)) {
      const bytes = readFileSync(file).toString('latin1');
      expect(bytes.includes('Rosalind Franklin'), file).toBe(false);
      expect(bytes.includes('subject-4711'), file).toBe(false);
    }
  });

  it('applies a command once for an idempotency id, over a restart too', async () => {
    const verity = await openWithPatients();
    const id = parseIdempotencyId('00112233445566778899aabbccddeeff');
    const insert = ['INSERT INTO patients VALUES (?, ?, ?)', ['p1', 'Ada', 36]] as const;
    const first = await verity.tenant(1).execute(...insert, id);
    expect(await verity.tenant(1).execute(...insert, id)).toEqual(first);
    verity.close();
    const again = Verity.open(folder);
    expect(await again.tenant(1).execute(...insert, id)).toEqual(first);
    await expect(
      again.tenant(1).execute('INSERT INTO patients VALUES (?, ?, ?)', ['p2', 'Eve', 1], id),
    ).rejects.toMatchObject({ code: 'ERR_KERNEL_IDEMPOTENCY' });
    again.close();
  });

  it('refuses a second process, a missing folder and a second creation', async () => {
    const verity = await openWithPatients();
    expect(() => Verity.open(folder)).toThrow(
      expect.objectContaining({ code: 'ERR_RUNTIME_LOCKED' }),
    );
    verity.close();
    expect(() => Verity.create(folder, 'clinic.example/verity')).toThrow(
      expect.objectContaining({ code: 'ERR_VERITY_FOLDER_EXISTS' }),
    );
    expect(() => Verity.open(join(folder, 'nothing'))).toThrow(
      expect.objectContaining({ code: 'ERR_VERITY_FOLDER_MISSING' }),
    );
  });

  it('refuses a taken key and changes nothing', async () => {
    const verity = await openWithPatients();
    const tenant = verity.tenant(1);
    await tenant.execute("INSERT INTO patients VALUES ('p1', 'Ada', 36)");
    await expect(
      tenant.execute("INSERT INTO patients VALUES ('p2', 'Eve', 1), ('p1', 'Eve', 1)"),
    ).rejects.toMatchObject({ code: 'ERR_KERNEL_KEY_EXISTS' });
    expect(await tenant.query('SELECT id FROM patients')).toEqual([{ id: 'p1' }]);
    verity.close();
    tenant.runtime.close();
  });
});
