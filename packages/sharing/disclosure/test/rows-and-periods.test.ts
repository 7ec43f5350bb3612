/** Which rows: conditions and periods of policies and tokens, enforced on whatever is asked. S237, S238, S256. */

import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, policyText } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
  const rules =
    '  patients:\n    subject: id\n' +
    '    rows: { column: city, in: [Wexelford, Ombersley] }\n' +
    "    period: { column: birthdate, from: '1900-01-01', before: '2000-01-01' }\n";
  const text = policyText(1, '  patients:\n    subject: id\n', rules);
  await clinic.administration.activatePolicy(text.replace('name: hipaa-safe-harbor', 'name: part'));
});
afterAll(() => {
  clinic.remove();
});

const IN_POLICY = PATIENTS.filter(({ city }) => city !== 'Tarrowgate').length;

async function count(
  sql: string,
  rest: Parameters<ClinicHouse['session']>[0] = {},
): Promise<number> {
  const session = await clinic.session({ policy: 'part', ...rest });
  return (await clinic.ask(session, sql)).rows.length;
}

describe('rows', () => {
  it('that the policy does not share are not there, whatever is asked', async () => {
    expect(await count('SELECT gender FROM patients')).toBe(IN_POLICY);
    expect(await count('SELECT gender FROM patients WHERE TRUE OR gender IS NULL')).toBe(IN_POLICY);
    const session = await clinic.session({ policy: 'part' });
    const counted = await clinic.ask(session, 'SELECT COUNT(*) FROM patients');
    expect(counted.rows).toEqual([[IN_POLICY]]);
    const idempotencyId = 'cd'.repeat(16);
    const request = { sql: 'SELECT gender FROM patients', parameters: [], idempotencyId };
    expect((await clinic.gateway.createExport(session, request)).rows).toBe(IN_POLICY);
  });

  it('of a token are cut with those of the policy', async () => {
    const rows = { patients: { column: 'city', in: ['Tarrowgate', 'Wexelford'] } };
    const wexelford = PATIENTS.filter(({ city }) => city === 'Wexelford').length;
    expect(await count('SELECT gender FROM patients', { rows })).toBe(wexelford);
    const none = { patients: { column: 'city', equals: 'Tarrowgate' } };
    expect(await count('SELECT gender FROM patients', { rows: none })).toBe(0);
  });

  it('of a condition that does not fit the table do not leave', async () => {
    const rows = { patients: { column: 'gone', equals: 'x' } };
    await expectCodeAsync(
      async () => count('SELECT gender FROM patients', { rows }),
      'ERR_ACCESS_ROWS',
    );
  });
});

describe('a period', () => {
  it('of a token is of the column that the policy names', async () => {
    const period = { from: '1930-01-01', before: '1940-01-01' };
    const thirties = PATIENTS.filter(
      ({ birthdate, city }) => city !== 'Tarrowgate' && birthdate.startsWith('193'),
    ).length;
    expect(thirties).toBeGreaterThan(0);
    expect(await count('SELECT gender FROM patients', { period })).toBe(thirties);
  });

  it('gives nothing of a table without one', async () => {
    const period = { from: '1950-01-01' };
    const session = await clinic.session({ period });
    const ask = async (): Promise<unknown> => clinic.ask(session, 'SELECT gender FROM patients');
    await expectCodeAsync(ask, 'ERR_ACCESS_UNKNOWN_TABLE');
  });
});

describe('a position of a token', () => {
  it('is the only one that it sees', async () => {
    const asOf = clinic.tenant.head;
    const session = await clinic.session({ asOf });
    const sql = "SELECT gender FROM patients WHERE state = 'Maine'";
    await clinic.administration.execute("UPDATE patients SET state = 'Maine'", [], 'moved');
    expect((await clinic.ask(session, sql)).rows).toEqual([]);
    expect((await clinic.ask(session, sql, { position: asOf })).position).toBe(asOf);
    const later = async (): Promise<unknown> => clinic.ask(session, sql, { position: asOf + 1 });
    await expectCodeAsync(later, 'ERR_ACCESS_POSITION');
    const earlier = async (): Promise<unknown> =>
      clinic.ask(session, `SELECT gender FROM patients AS OF POSITION ${asOf - 1}`);
    await expectCodeAsync(earlier, 'ERR_ACCESS_POSITION');
    expect((await clinic.ask(await clinic.session(), sql)).rows).toHaveLength(PATIENTS.length);
  });
});

describe('questions of a token', () => {
  it('are counted, at once and over a restart, and the one too many is on record', async () => {
    const { token, tokenId } = await clinic.issue({ maxQueries: 5 });
    const caller = { transport: 'http', client: null } as const;
    let session = await clinic.gateway.authenticate(token, caller);
    const sql = 'SELECT gender FROM patients LIMIT 1';
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, async () => clinic.ask(session, sql)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    await clinic.restart();
    session = await clinic.gateway.authenticate(token, caller);
    const code = 'ERR_KERNEL_TOKEN_SPENT';
    await expectCodeAsync(async () => clinic.ask(session, sql), code);
    expect(clinic.lastRecord()).toMatchObject({ token_id: tokenId, decision: 'denied', code });
  });
});
