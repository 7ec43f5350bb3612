/** What laws ask, from the log in one call: accounting, access, processing, who holds what. S246, S252. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  ClinicHouse,
  NORTHFIELD,
  PATIENTS,
  PURPOSE,
  SOUTHMOOR,
  policyText,
} from './clinic-house.ts';

const [ADA, OTHER] = PATIENTS;
let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
  const general = policyText(1)
    .replace('name: hipaa-safe-harbor', 'name: treatment')
    .replace(
      'profile: hipaa-safe-harbor',
      'profile: general\ncontroller: The clinic\nretention: P30D',
    );
  await clinic.administration.activatePolicy(general);
});
afterAll(() => {
  clinic.remove();
});

describe('the accounting of disclosures', () => {
  it('has what left about somebody, whom to and why, and what did not leave is not in it', async () => {
    const treatment = await clinic.session({ policy: 'treatment', recipient: SOUTHMOOR });
    const vermont = "SELECT gender, state FROM patients WHERE state = 'Vermont'";
    await clinic.ask(treatment, vermont);
    await clinic.ask(treatment, vermont);
    const idempotencyId = 'ab'.repeat(16);
    const deidentified = await clinic.session();
    const request = { sql: vermont, parameters: [], idempotencyId };
    await clinic.gateway.createExport(deidentified, request);
    // Neither a refusal, nor the others' rows, nor the operator's own reading is a disclosure.
    await clinic.ask(treatment, 'SELECT ssn FROM patients').catch(() => undefined);
    await clinic.ask(treatment, "SELECT gender FROM patients WHERE state = 'Massachusetts'");
    await clinic.administration.execute('SELECT * FROM patients', [], 'check');
    const { disclosures, series } = await clinic.administration.reports.accounting(ADA?.id ?? '');
    expect(disclosures).toMatchObject([
      { recipient: SOUTHMOOR, description: 'query of patients: gender, state', exempt: null },
      { recipient: SOUTHMOOR, purpose: PURPOSE, policy: 'treatment version 1', exempt: null },
      { recipient: NORTHFIELD, description: 'export of patients: gender, state' },
    ]);
    expect(disclosures[2]?.exempt).toContain('de-identified');
    expect(series).toMatchObject([
      { recipient: SOUTHMOOR, count: 2 },
      { recipient: NORTHFIELD, count: 1 },
    ]);
    const nobody = await clinic.administration.reports.accounting('nobody of this name');
    expect(nobody.disclosures).toEqual([]);
    const others = await clinic.administration.reports.accounting(OTHER?.id ?? '');
    expect(others.disclosures).toMatchObject([{ description: 'query of patients: gender' }]);
  });

  it('is the same after a restart, and does not name anybody in the log', async () => {
    const before = await clinic.administration.reports.accounting(ADA?.id ?? '');
    await clinic.restart();
    const after = await clinic.administration.reports.accounting(ADA?.id ?? '');
    expect(after.disclosures).toEqual(before.disclosures);
    expect(clinic.heap().includes(ADA?.id ?? '')).toBe(false);
  });
});

it('access has the rows about somebody, and is on record itself', async () => {
  const report = await clinic.administration.reports.subjectAccess(
    ADA?.id ?? '',
    'GDPR Article 15',
  );
  expect(report.data.map(({ table, rows }) => [table, rows.length])).toEqual([['patients', 1]]);
  expect(JSON.stringify(report.data)).toContain(ADA?.ssn);
  expect(JSON.stringify(report)).not.toContain(OTHER?.id);
  expect(report.recipients.map(({ recipient }) => recipient)).toContain(SOUTHMOOR);
  expect(report.retention).toEqual({ treatment: 'P30D' });
  expect(report.purposes).toEqual([PURPOSE]);
  expect(clinic.lastRecord()).toMatchObject({ purpose: 'GDPR Article 15', action: 'query' });
});

it('records of processing are the policies in force', async () => {
  const activities = await clinic.administration.reports.processing();
  expect(activities).toMatchObject([
    { policy: 'hipaa-safe-harbor', controller: null, recipients: [NORTHFIELD] },
    { policy: 'treatment', controller: 'The clinic', retention: 'P30D', recipients: [SOUTHMOOR] },
  ]);
  expect(activities[1]?.measures).toContain('surrogate');
});

it('the register says who holds what until when, and nothing of conditions on rows', async () => {
  const rows = { patients: { column: 'id', equals: ADA?.id ?? '' } };
  const { tokenId } = await clinic.issue({ rows, tables: { patients: ['gender'] } });
  const holders = await clinic.administration.reports.holders();
  const found = holders.find((holder) => holder.tokenId === tokenId);
  expect(found).toMatchObject({
    recipient: NORTHFIELD,
    state: 'active',
    tables: { patients: ['gender'] },
    lastUsed: null,
  });
  expect(JSON.stringify(holders)).not.toContain(ADA?.id);
  expect(holders.some(({ lastUsed }) => lastUsed !== null)).toBe(true);
});
