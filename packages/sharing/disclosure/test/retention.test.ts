/** Which rows are kept for longer than a policy says: told with the class that says so, and recorded. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, SECRETS } from './clinic-house.ts';

const DAY_SECONDS = 86_400;

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
});
afterEach(() => {
  clinic.remove();
});

async function keep(version: number, classes: string): Promise<void> {
  await clinic.raisePolicy(version, 'requires:', `retentionByClass: ${classes}\nrequires:`);
}

describe('rows past their retention', () => {
  it('are none where no policy says how long, and none before their time', async () => {
    expect(await clinic.administration.reports.dueRows('audit')).toMatchObject({ rows: [] });
    await keep(2, '{ quasi-id: P30D }');
    clinic.clock.advanceSeconds(29 * DAY_SECONDS);
    expect((await clinic.administration.reports.dueRows('audit')).rows).toEqual([]);
  });

  it('are those whose newest version is older, by the class that is kept for the shortest time', async () => {
    await keep(2, '{ quasi-id: P30D, direct-id: P40D, special-category: P1D }');
    clinic.clock.advanceSeconds(20 * DAY_SECONDS);
    await clinic.administration.execute(
      "UPDATE patients SET city = 'Elsewhere' WHERE gender = 'F'",
      [],
      'set up',
    );
    clinic.clock.advanceSeconds(11 * DAY_SECONDS);
    const due = await clinic.administration.reports.dueRows('GDPR Article 5');
    expect(due.truncated).toEqual([]);
    const men = PATIENTS.filter(({ gender }) => gender === 'M').map(({ id }) => id);
    expect(new Set(due.rows.map(({ key }) => key[0]))).toEqual(new Set(men));
    expect(due.rows).toHaveLength(men.length);
    expect(due.rows[0]).toMatchObject({
      table: 'patients',
      dataClass: 'quasi-id',
      keep: 'P30D',
      policy: 'hipaa-safe-harbor',
    });
    expect(clinic.reserved('verity_access')).toContainEqual(
      expect.objectContaining({
        action: 'query',
        phase: 'outcome',
        purpose: 'GDPR Article 5',
        table_name: 'patients',
        rows: due.rows.length,
      }),
    );
    for (const secret of SECRETS) expect(clinic.reservedHeap().includes(secret)).toBe(false);
  });

  it('are no longer told once they are erased', async () => {
    await keep(2, '{ direct-id: P1D }');
    clinic.clock.advanceSeconds(2 * DAY_SECONDS);
    const before = await clinic.administration.reports.dueRows('audit');
    expect(before.rows).toHaveLength(PATIENTS.length);
    const [first] = before.rows;
    await clinic.administration.erase({
      subject: first?.key[0] as string,
      legalBasis: 'eu-gdpr:A17',
      approvals: [],
    });
    const after = await clinic.administration.reports.dueRows('audit');
    expect(after.rows).toHaveLength(PATIENTS.length - 1);
    expect(after.rows.map(({ key }) => key[0])).not.toContain(first?.key[0]);
  });
});
