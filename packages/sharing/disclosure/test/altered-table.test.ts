/**
 * A table that is altered while it is shared: a column that comes is hidden until a policy names it, one that
 * goes is gone for everybody, and what was written before is exported with its proofs.
 */

import { verifyBundle } from '@veritydb/bundle';
import { portableCrypto } from '@veritydb/crypto';
import { expectCode, expectCodeAsync } from '@veritydb/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, policyText } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
});
afterEach(() => {
  clinic.remove();
});

async function execute(sql: string): Promise<unknown> {
  return clinic.administration.execute(sql, [], 'changed');
}

const GENDER = '      gender: { class: quasi-id, use: keep }\n';
const withWing = (version: number): string =>
  policyText(version, GENDER, `${GENDER}      wing: { class: non-personal, use: keep }\n`);

describe('a column that is added', () => {
  it('is hidden until a policy names it, and reads its DEFAULT in what was there', async () => {
    const session = await clinic.session();
    const before = await clinic.ask(session, 'SELECT * FROM patients LIMIT 1');
    await execute(
      "ALTER TABLE patients ADD COLUMN wing TEXT DEFAULT 'north' DATA CLASS non_personal",
    );
    const after = await clinic.ask(session, 'SELECT * FROM patients LIMIT 1');
    expect(after.columns.map(({ name }) => name)).toEqual(before.columns.map(({ name }) => name));
    for (const sql of [
      'SELECT wing FROM patients',
      "SELECT gender FROM patients WHERE wing = 'north'",
      'SELECT gender FROM patients ORDER BY wing',
    ]) {
      await expectCodeAsync(async () => clinic.ask(session, sql), 'ERR_QUERY_UNKNOWN_COLUMN');
    }
    expect(JSON.stringify(await clinic.gateway.schema(session))).not.toContain('wing');
    await clinic.administration.activatePolicy(withWing(2));
    const { rows } = await clinic.ask(session, 'SELECT wing FROM patients');
    expect(rows).toHaveLength(PATIENTS.length);
    expect(new Set(rows.flat())).toEqual(new Set(['north']));
  });
});

describe('a column that is dropped', () => {
  it('is gone for every token, and conditions on it let nothing out', async () => {
    const rules = '  patients:\n    subject: id\n    rows: { column: city, equals: Wexelford }\n';
    const text = policyText(1, '  patients:\n    subject: id\n', rules);
    await clinic.administration.activatePolicy(
      text.replace('name: hipaa-safe-harbor', 'name: part'),
    );
    const session = await clinic.session();
    const part = await clinic.session({ policy: 'part' });
    const narrow = await clinic.session({
      rows: { patients: { column: 'city', equals: 'Ombersley' } },
    });
    const only = await clinic.session({ tables: { patients: ['marital'] } });
    const sql = 'SELECT gender FROM patients';
    expect((await clinic.ask(part, sql)).rows.length).toBeGreaterThan(0);
    await execute('ALTER TABLE patients DROP COLUMN city');
    await execute('ALTER TABLE patients DROP COLUMN marital');
    expect((await clinic.ask(session, sql)).rows).toHaveLength(PATIENTS.length);
    const asked = async (): Promise<unknown> => clinic.ask(session, 'SELECT marital FROM patients');
    await expectCodeAsync(asked, 'ERR_QUERY_UNKNOWN_COLUMN');
    const error = await expectCodeAsync(async () => clinic.ask(part, sql), 'ERR_ACCESS_ROWS');
    expect(error.message).toContain('city');
    expect(error.hint).toContain('activate');
    await expectCodeAsync(async () => clinic.ask(narrow, sql), 'ERR_ACCESS_ROWS');
    await expectCodeAsync(
      async () => clinic.ask(only, 'SELECT * FROM patients'),
      'ERR_ACCESS_UNKNOWN_TABLE',
    );
    // Its name names nothing else, so no policy, token or condition can come to mean another column.
    await expectCodeAsync(
      async () => execute('ALTER TABLE patients ADD COLUMN marital TEXT'),
      'ERR_KERNEL_COLUMN_EXISTS',
    );
    const { warnings } = await clinic.administration.activatePolicy(policyText(9));
    expect(JSON.stringify(warnings)).toContain('patients.marital');
  });
});

describe('an export of an altered table', () => {
  it('proves rows of each definition, and can be had again', async () => {
    const session = await clinic.session();
    await execute('ALTER TABLE patients DROP COLUMN prefix');
    await execute("ALTER TABLE patients ADD COLUMN wing TEXT DEFAULT 'north'");
    await clinic.administration.activatePolicy(withWing(2));
    await execute("UPDATE patients SET wing = 'south' WHERE state = 'Vermont'");
    const sql = 'SELECT gender, zip, state, wing FROM patients';
    const request = { sql, parameters: [], idempotencyId: 'ab'.repeat(16) };
    const made = await clinic.gateway.createExport(session, request);
    const { bytes: pieces } = await clinic.gateway.readExport(session, made.exportId);
    const bytes = pieces.read(0, pieces.size);
    const { logVerifierKey: verifierKey } = clinic.gateway;
    const report = verifyBundle(portableCrypto, bytes, { verifierKey });
    expect(report.checks.flatMap(({ failures }) => failures)).toEqual([]);
    const vermont = PATIENTS.filter(({ state }) => state === 'Vermont').length;
    expect(
      report.tables[0]?.columns.map(({ attested, name, proved }) => [name, proved, attested]),
    ).toEqual([
      ['gender', PATIENTS.length, 0],
      ['zip', PATIENTS.length, 0],
      ['state', PATIENTS.length, 0],
      // The others were written without it: what they read is said by the table, not by their record.
      ['wing', vermont, PATIENTS.length - vermont],
    ]);
    await execute('ALTER TABLE patients DROP COLUMN race');
    const again = await clinic.gateway.readExport(session, made.exportId);
    expect(Buffer.compare(again.bytes.read(0, again.bytes.size), bytes)).toBe(0);
    const [first = 0] = bytes;
    expectCode(
      () => verifyBundle(portableCrypto, bytes.with(0, first ^ 1), { verifierKey }),
      'ERR_BUNDLE_ZIP',
    );
  });
});
