/** The operator reads everything, by the same path, and is recorded like anybody. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, SECRETS } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

describe('the operator', () => {
  it('reads in clear, with intent and outcome on record, and a purpose', async () => {
    const { rows } = await clinic.administration.execute(
      "SELECT last, ssn FROM patients WHERE birthdate = DATE '1980-02-03'",
      [],
      'answer a request of the patient',
    );
    expect(rows).toEqual([[PATIENTS[0]?.last, PATIENTS[0]?.ssn]]);
    const { entries } = await clinic.administration.auditAll({ limit: 2 });
    expect(entries.map(({ phase }) => phase)).toEqual(['outcome', 'intent']);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        recipient: 'operator',
        tokenId: 'operator',
        purpose: 'answer a request of the patient',
        action: 'query',
      });
    }
    expect(entries[0]).toMatchObject({
      decision: 'allowed',
      table: 'patients',
      columns: ['ssn', 'last'],
      rows: 1,
    });
  });

  it('asks statistics, versions and plans, and none of them writes', async () => {
    const ask = async (sql: string) => clinic.administration.execute(sql, [], 'a report');
    const grouped = await ask('SELECT gender, COUNT(*) FROM patients GROUP BY gender ORDER BY 1');
    expect(grouped.rows.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(36);
    expect(clinic.lastRecord()).toMatchObject({ decision: 'allowed', table_name: 'patients' });
    const history = await ask('SELECT COUNT(*) FROM HISTORY OF patients WHERE valid_to IS NULL');
    expect(history.rows).toEqual([[36]]);
    const plan = await ask("EXPLAIN SELECT ssn FROM patients WHERE last = 'Quill'");
    expect(plan.rows).toEqual([['read patients whole'], ['filter by WHERE']]);
    await expectCodeAsync(
      async () => ask('DELETE FROM patients RETURNING ssn'),
      'ERR_DISCLOSURE_STATEMENT',
    );
    expect((await ask('SELECT COUNT(*) FROM patients')).rows).toEqual([[36]]);
  });

  it('is recorded when refused', async () => {
    const ask = async (sql: string): Promise<unknown> =>
      clinic.administration.execute(sql, [], 'a typing error');
    await expectCodeAsync(
      async () => ask('SELECT nowhere FROM patients'),
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
    expect(clinic.lastRecord()).toMatchObject({ recipient: 'operator', decision: 'denied' });
    await expectCodeAsync(async () => ask('SELECT id FROM nowhere'), 'ERR_QUERY_UNKNOWN_TABLE');
    expect(clinic.lastRecord()).toMatchObject({ recipient: 'operator', decision: 'denied' });
  });

  it.each([
    "INSERT INTO verity_access (access_id) VALUES ('x')",
    "UPDATE verity_tokens SET state = 'active'",
    'DELETE FROM verity_access',
    'DROP TABLE verity_access',
    'CREATE TABLE verity_theirs (id INTEGER PRIMARY KEY)',
  ])('cannot write the records of the house: %s', async (sql) => {
    const head = clinic.tenant.head;
    await expect(clinic.administration.execute(sql, [], 'tidy up')).rejects.toMatchObject({
      kind: expect.stringMatching(/^(?:format|denied)$/),
    });
    expect(clinic.tenant.head).toBe(head);
  });

  it('gets no value back in the refusal of rows', async () => {
    const error = await clinic.administration
      .insertRows({
        table: 'patients',
        columns: ['id', 'birthdate'],
        rows: [[PATIENTS[0]?.id ?? '', 'Quillfeather10 on 1980-02-03']],
      })
      .catch((thrown: unknown) => thrown);
    const { code, hint, message } = error as { code: string; hint: string; message: string };
    expect(code).toBe('ERR_DISCLOSURE_REQUEST');
    for (const secret of SECRETS) expect(`${message} ${hint}`).not.toContain(secret);
  });

  it('checks the whole log, whose records are those of the tree', async () => {
    const check = await clinic.administration.checkLog();
    expect(check.records).toBe(clinic.tenant.tree.size);
    expect(check).toMatchObject({ recoveries: [], damaged: [] });
  });

  it('names every record that the disk does not give as it was written', async () => {
    const path = join(clinic.folder, 'log/00000000000000000000.vlog');
    const bytes = readFileSync(path);
    const places = damageAt(path, bytes, [2, 5]);
    const { damaged } = await clinic.administration.checkLog();
    expect(damaged).toEqual(
      places.map(({ offset, position }) => {
        return { file: 'log/00000000000000000000.vlog', offset, position };
      }),
    );
    writeFileSync(path, bytes);
    expect((await clinic.administration.checkLog()).damaged).toEqual([]);
  });
});

/** Flips a bit in the payload of records, and returns where they begin. */
function damageAt(
  path: string,
  bytes: Buffer,
  offsets: readonly number[],
): readonly { readonly offset: number; readonly position: number }[] {
  const changed = Buffer.from(bytes);
  const places: { offset: number; position: number }[] = [];
  let position = 64;
  for (let offset = 0; places.length < offsets.length; offset += 1) {
    if (offsets.includes(offset)) {
      changed.writeUInt8(changed.readUInt8(position + 170) ^ 1, position + 170);
      places.push({ offset, position });
    }
    position += 168 + changed.readUInt32LE(position + 4) + 4;
  }
  writeFileSync(path, changed);
  return places;
}
