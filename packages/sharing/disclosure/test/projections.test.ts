/**
 * Projections: the operator reads them as tables, on the record; to a token they are nowhere, though its
 * policy and its grant name one, and though they hold what the token may see of a table.
 */

import type { Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { VerityError } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS } from './clinic-house.ts';

let clinic: ClinicHouse;
let session: Session;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  const { administration } = clinic;
  for (const sql of [
    'CREATE PROJECTION stayed AS SELECT id, gender, state FROM patients',
    `CREATE PROJECTION stays AS SELECT p.state, COUNT(*) AS patients, COUNT(e.id) AS encounters
       FROM patients p LEFT JOIN encounters e ON e.patient = p.id GROUP BY p.state`,
  ]) {
    await administration.execute(sql, [], 'set up');
  }
  // The policy says of `stayed` what it says of patients, and the token is of all that it says.
  const [, patients = ''] =
    /^ {2}patients:\n([\s\S]*?)^ {2}encounters:/m.exec(await policyOf()) ?? [];
  await clinic.raisePolicy(2, '  encounters:\n', `  stayed:\n${patients}  encounters:\n`);
  session = await clinic.session({ tables: { patients: '*', stayed: '*', nowhere: '*' } });
});
afterAll(() => {
  clinic.remove();
});

async function policyOf(): Promise<string> {
  return clinic.administration.readPolicy('hipaa-safe-harbor');
}

async function refusalOf(run: Promise<unknown>): Promise<unknown> {
  try {
    await run;
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    const { code, hint, kind, message } = error;
    return { code, message, hint, kind };
  }
  throw new Error('it was answered');
}

describe('the operator', () => {
  it('reads a projection as a table, and it is on the record', async () => {
    const { rows } = await clinic.administration.execute(
      'SELECT state, patients, encounters FROM stays WHERE patients > 1 ORDER BY state',
      [],
      'to look',
    );
    const inVermont = PATIENTS.filter(({ state }) => state === 'Vermont').length;
    expect(rows).toEqual([
      ['Massachusetts', PATIENTS.length - inVermont, 0],
      ['Vermont', inVermont, 0],
    ]);
    expect(clinic.lastRecord()).toMatchObject({
      table_name: 'stays',
      columns: '["state","patients","encounters"]',
      rows: 2,
      decision: 'allowed',
    });
    expect(await clinic.administration.status()).toMatchObject({
      projections: ['stayed', 'stays'],
    });
    const { rows: plan } = await clinic.administration.execute(
      'EXPLAIN SELECT id FROM stayed WHERE id = $1',
      [PATIENTS[0]?.id ?? ''],
      'to look',
    );
    expect(plan[0]).toEqual(['read stayed by its key: 1 key']);
  });

  it('sees versions of a row as they came to be', async () => {
    const { administration } = clinic;
    const { position } = await administration.execute(
      "INSERT INTO encounters (id, start, patient) VALUES ($1, '2024-01-27T00:00:00Z', $1)",
      [PATIENTS[0]?.id ?? ''],
      'to try',
    );
    const { rows } = await administration.execute(
      "SELECT encounters, valid_from FROM HISTORY OF stays WHERE state = 'Vermont' AND valid_to IS NULL",
      [],
      'to look',
    );
    expect(rows).toEqual([[1, position]]);
  });
});

describe('a token', () => {
  it.each([
    ['in a count', 'SELECT COUNT(*) FROM #'],
    ['by columns that it has', 'SELECT id, gender FROM #'],
    ['by columns that are nowhere', 'SELECT zzz FROM # WHERE yyy = 1'],
    ['as a whole', 'SELECT * FROM #'],
    ['in the past', 'SELECT * FROM # AS OF POSITION 20'],
    ['under an alias', 'SELECT x.id FROM # AS x'],
  ])('cannot tell a projection from nothing %s', async (_, sql) => {
    for (const name of ['stayed', 'stays']) {
      const asked = await refusalOf(clinic.ask(session, sql.replace('#', name)));
      const record = clinic.lastRecord();
      const nowhere = await refusalOf(clinic.ask(session, sql.replace('#', 'nowhere')));
      expect(asked).toEqual(nowhere);
      expect(asked).toMatchObject({ code: 'ERR_ACCESS_UNKNOWN_TABLE' });
      const unlike = { access_id: '', at: 0n };
      expect({ ...clinic.lastRecord(), ...unlike }).toEqual({ ...record, ...unlike });
    }
  });

  it('finds none in the schema, and exports none', async () => {
    const { tables } = await clinic.gateway.schema(session);
    expect(tables.map(({ name }) => name)).toEqual(['patients']);
    const nowhere = await refusalOf(clinic.gateway.schema(session, 'nowhere'));
    const idempotencyId = 'a'.repeat(32);
    const exported = async (name: string): Promise<unknown> =>
      refusalOf(
        clinic.gateway.createExport(session, {
          sql: `SELECT id FROM ${name}`,
          parameters: [],
          idempotencyId,
        }),
      );
    for (const name of ['stayed', 'stays']) {
      expect(await refusalOf(clinic.gateway.schema(session, name))).toEqual(nowhere);
      expect(await exported(name)).toEqual(await exported('nowhere'));
    }
  });

  it('neither makes nor drops one', async () => {
    for (const sql of [
      'CREATE PROJECTION mine AS SELECT id FROM patients',
      'DROP PROJECTION stays',
      'DROP PROJECTION nowhere',
    ]) {
      await expectCodeAsync(async () => clinic.ask(session, sql), 'ERR_DISCLOSURE_STATEMENT');
    }
    const { hint } = (await refusalOf(
      clinic.ask(session, 'SELECT p.id FROM patients p JOIN stays s ON s.state = p.state'),
    )) as { readonly hint: string };
    expect(hint).toContain('CREATE PROJECTION');
  });
});
