/**
 * Erasure at the doors: the operator names a data subject, and from then on nobody sees anything of it,
 * in an answer, an export, a bundle that is made again, or the past.
 */

import { expectCodeAsync } from '@veritydb/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, PATIENTS } from './clinic-house.ts';

const [ADA, BEA] = PATIENTS as [(typeof PATIENTS)[0], (typeof PATIENTS)[0]];
const ORDER = {
  subject: ADA.id,
  legalBasis: 'GDPR Article 17(1)(b)',
  approvals: ['data protection officer', 'case 2026-118'],
};

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
});
afterEach(() => {
  clinic.remove();
});

async function operatorSees(sql: string): Promise<readonly (readonly unknown[])[]> {
  const { rows, erased } = await clinic.administration.execute(sql, [], 'check');
  return rows.map((row, place) => (erased.includes(place) ? ['erased'] : row));
}

describe('an erasure', () => {
  it('has a receipt, in the log and without personal data', async () => {
    const { erasures } = await clinic.administration.erase(ORDER);
    expect(erasures).toMatchObject([
      { state: 'completed', legalBasis: ORDER.legalBasis, approvals: ORDER.approvals, rows: 1 },
    ]);
    expect((await clinic.administration.listErasures()).erasures).toEqual(erasures);
    const opened = clinic.tenant.openRecord(erasures[0]?.offset as never);
    const receipt = JSON.stringify(opened.openRow(0).fields, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const secret of Object.values(ADA)) {
      if (secret.length > 4) expect(receipt).not.toContain(secret);
    }
    await clinic.administration.checkLog();
    await clinic.restart();
    expect((await clinic.administration.listErasures()).erasures).toEqual(erasures);
    await clinic.administration.checkLog();
  });

  it('leaves no row now, and an erased one in the past', async () => {
    const before = clinic.tenant.head;
    const where = `WHERE state = '${ADA.state}'`;
    const count = `SELECT COUNT(*) FROM patients AS OF POSITION ${before}`;
    expect(await operatorSees(`SELECT first FROM patients ${where}`)).toHaveLength(12);
    await clinic.administration.erase(ORDER);
    expect(await operatorSees(`SELECT first FROM patients ${where}`)).toHaveLength(11);
    expect(await operatorSees('SELECT COUNT(*) FROM patients')).toEqual([[35]]);
    expect(await operatorSees(count)).toEqual([[36]]);
    const past = await operatorSees(`SELECT first FROM patients AS OF POSITION ${before}`);
    expect(past.filter(([first]) => first === 'erased')).toHaveLength(1);
    expect(past.flat()).not.toContain(ADA.first);
    expect(past.flat()).toContain(BEA.first);
    const byKey = `SELECT first FROM patients AS OF POSITION ${before} WHERE id = '${ADA.id}'`;
    expect(await operatorSees(byKey)).toEqual([]);
  });

  it('is seen by recipients as rows of nothing, in an order that tells nothing', async () => {
    const session = await clinic.session();
    const before = clinic.tenant.head;
    await clinic.administration.erase(ORDER);
    const sql = 'SELECT id, birthdate, gender, zip, state FROM patients';
    const answer = await clinic.ask(session, sql, { position: before, maxRows: 100 });
    expect(answer.rows).toHaveLength(36);
    expect(answer.erased).toHaveLength(1);
    const [place] = answer.erased as [number];
    expect(answer.rows[place]).toEqual([null, null, null, null, null]);
    expect((await clinic.ask(session, sql, { maxRows: 100 })).rows).toHaveLength(35);
  });

  it('ends what was exported before, and is not in what is exported after', async () => {
    const session = await clinic.session();
    const sql = 'SELECT id, gender, state FROM patients';
    const before = clinic.tenant.head;
    const request = { sql, parameters: [], idempotencyId: 'a1'.repeat(16) };
    const made = await clinic.gateway.createExport(session, request);
    expect(made.rows).toBe(36);
    await clinic.administration.erase(ORDER);
    await expectCodeAsync(
      async () => clinic.gateway.readExport(session, made.exportId),
      'ERR_DISCLOSURE_EXPORT_CHANGED',
    );
    const again = { sql, parameters: [], idempotencyId: 'a2'.repeat(16) };
    expect((await clinic.gateway.createExport(session, again)).rows).toBe(35);
    const past = {
      sql: `SELECT id, gender, state FROM patients AS OF POSITION ${before}`,
      parameters: [],
      idempotencyId: 'a3'.repeat(16),
    };
    const old = await clinic.gateway.createExport(session, past);
    expect(old.rows).toBe(35);
    await clinic.gateway.readExport(session, old.exportId);
  });

  it('leaves tokens, policies and the audit as they were', async () => {
    const { token, tokenId } = await clinic.issue();
    const audit = await clinic.administration.auditAll({ limit: 50 });
    await clinic.administration.erase(ORDER);
    await clinic.restart();
    expect(await clinic.administration.auditAll({ limit: 50 })).toEqual(audit);
    const session = await clinic.gateway.authenticate(token, CALLER);
    expect(session.tokenId).toBe(tokenId);
  });

  it('is refused for who is not known, and where the record would name somebody', async () => {
    const { administration } = clinic;
    const erase = async (change: Partial<typeof ORDER>): Promise<unknown> =>
      administration.erase({ ...ORDER, ...change });
    await expectCodeAsync(
      async () => erase({ subject: '00000000-0000-4000-8000-000000000000' }),
      'ERR_DISCLOSURE_SUBJECT_UNKNOWN',
    );
    const named = 'ERR_DISCLOSURE_SUBJECT_NAMED';
    await expectCodeAsync(async () => erase({ subject: ' ' }), named);
    await expectCodeAsync(async () => erase({ approvals: [`for ${ADA.id.toUpperCase()}`] }), named);
    await expectCodeAsync(async () => erase({ legalBasis: ADA.id }), named);
    await administration.erase({ ...ORDER, subject: ADA.id.toUpperCase() });
    await expectCodeAsync(async () => erase({}), 'ERR_DISCLOSURE_SUBJECT_UNKNOWN');
  });

  it('waits for every hold, however the id was spelt', async () => {
    const { administration } = clinic;
    const holds = [ADA.id, ADA.id.toUpperCase()].map(async (subject) =>
      administration.placeHold({ subject, reason: 'case 2026-7' }),
    );
    const [first, second] = await Promise.all(holds);
    await expectCodeAsync(async () => administration.erase(ORDER), 'ERR_KERNEL_HELD');
    await administration.releaseHold(first?.holdId ?? '');
    await clinic.restart();
    await expectCodeAsync(async () => clinic.administration.erase(ORDER), 'ERR_KERNEL_HELD');
    await clinic.administration.releaseHold(second?.holdId ?? '');
    expect((await clinic.administration.listHolds()).holds).toMatchObject([
      { state: 'released' },
      { state: 'released' },
    ]);
    await clinic.administration.erase(ORDER);
    await expectCodeAsync(
      async () => clinic.administration.releaseHold('nothing'),
      'ERR_KERNEL_HOLD_UNKNOWN',
    );
    await expectCodeAsync(
      async () => clinic.administration.placeHold({ subject: ADA.id, reason: ADA.id }),
      'ERR_DISCLOSURE_SUBJECT_NAMED',
    );
  });
});
