/**
 * Statistics for a recipient that may have nothing else: enough data subjects, nothing that differs by a
 * few from what was told before, one refusal for all reasons, and budgets that no new token fills up.
 */

import type { Session, TokenRequest } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import type { VerityError } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClinicHouse, SOUTHMOOR } from './clinic-house.ts';

const BLOCKED = 'ERR_DISCLOSURE_PRIVACY_BLOCKED';
const ALL = 'SELECT COUNT(*) FROM patients';

let clinic: ClinicHouse;
afterEach(() => {
  clinic.remove();
});

async function statistics(rest: Partial<TokenRequest> = {}): Promise<Session> {
  return clinic.session({ actions: ['query'], ...rest });
}

async function refused(session: Session, sql: string): Promise<VerityError> {
  let found: VerityError | undefined;
  await expectCodeAsync(async () => {
    try {
      await clinic.ask(session, sql);
    } catch (error) {
      found = error as VerityError;
      throw error;
    }
  }, BLOCKED);
  return found as VerityError;
}

describe('a grant of statistics', () => {
  beforeEach(async () => {
    clinic = await ClinicHouse.open();
    await clinic.raisePolicy(2, 'maxRows: 100000', 'maxRows: 100000\n  answers: aggregate');
  });

  it('answers counts, and no row', async () => {
    const session = await clinic.session();
    expect((await clinic.ask(session, ALL)).rows).toEqual([[36]]);
    const rows = async (): Promise<unknown> => clinic.ask(session, 'SELECT gender FROM patients');
    await expectCodeAsync(rows, 'ERR_DISCLOSURE_AGGREGATE');
    const request = {
      sql: 'SELECT gender FROM patients',
      parameters: [],
      idempotencyId: 'ab'.repeat(16),
    };
    const exported = async (): Promise<unknown> => clinic.gateway.createExport(session, request);
    await expectCodeAsync(exported, 'ERR_DISCLOSURE_AGGREGATE');
  });

  it('cannot be probed by an error that single rows call for', async () => {
    const session = await statistics();
    for (const state of ['Vermont', 'Nowhere']) {
      const divisor = `(CASE WHEN state = '${state}' THEN 0 ELSE 1 END)`;
      const added = `2147483647 + (CASE WHEN state = '${state}' THEN 1 ELSE 0 END)`;
      const none = "gender = 'X'";
      const there = [
        `SELECT COUNT(*) FROM patients WHERE 1 / ${divisor} = 1 AND ${none}`,
        `SELECT COUNT(*) FROM patients WHERE ${added} > 0 AND ${none}`,
      ];
      for (const sql of there) await refused(session, sql);
    }
    // Where no row is asked for, the rows behind the figure are computed all the same.
    const division = "1 / (CASE WHEN state = 'Vermont' THEN 0 ELSE 1 END) = 1";
    await refused(session, `SELECT COUNT(*) FROM patients WHERE ${division} LIMIT 0`);
    const counted =
      "SELECT COUNT(1 / (CASE WHEN state = 'Vermont' THEN 0 ELSE 1 END)) FROM patients";
    await refused(session, counted);
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code: BLOCKED });
  });

  it('refuses small groups, empty ones and differences by one text', async () => {
    const session = await statistics();
    const empty = await refused(session, "SELECT COUNT(*) FROM patients WHERE gender = 'X'");
    const small = await refused(session, "SELECT COUNT(*) FROM patients WHERE zip = '100'");
    await clinic.ask(session, ALL);
    // All but the seven of New York: 29 are enough, the seven that are missing are not.
    const differing = await refused(session, "SELECT COUNT(*) FROM patients WHERE zip <> '100'");
    for (const error of [small, differing]) {
      expect(error.message).toBe(empty.message);
      expect(error.hint).toBe(empty.hint);
    }
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code: BLOCKED, members: null });
  });

  it('answers what differs by enough, and the same again', async () => {
    const session = await statistics();
    const women = "SELECT COUNT(*) FROM patients WHERE gender = 'F'";
    expect((await clinic.ask(session, ALL)).rows).toEqual([[36]]);
    expect((await clinic.ask(session, women)).rows).toEqual([[18]]);
    expect((await clinic.ask(session, women)).rows).toEqual([[18]]);
  });

  it('blocks the individual tracker', async () => {
    const session = await statistics();
    // Who was born in 1980 is one: C, and C without whoever that is.
    await clinic.ask(session, "SELECT COUNT(*) FROM patients WHERE gender = 'F'");
    await refused(
      session,
      "SELECT COUNT(*) FROM patients WHERE gender = 'F' AND birthdate <> '1980'",
    );
  });

  it('blocks the general tracker, which no two answers show', async () => {
    const session = await statistics();
    const of = (where: string): string => `SELECT COUNT(*) FROM patients WHERE ${where}`;
    await clinic.ask(session, of("gender = 'F'"));
    await refused(session, of("gender = 'F' OR birthdate = '1980' OR zip = '100'"));
    await refused(session, of("gender = 'M' OR birthdate = '1980'"));
  });

  it('remembers by grantee: a new token, another purpose or a restart forgets nothing', async () => {
    await clinic.ask(await statistics(), ALL);
    const most = "SELECT COUNT(*) FROM patients WHERE zip <> '100'";
    await refused(await statistics(), most);
    await clinic.restart();
    await refused(await statistics({ lifetimeSeconds: 60 }), most);
    // Somebody else was told nothing yet.
    const other = await statistics({ recipient: SOUTHMOOR });
    expect((await clinic.ask(other, most)).rows).toEqual([[29]]);
  });

  it('answers groups where each has enough, and none where one has not', async () => {
    const session = await statistics();
    const answer = await clinic.ask(
      session,
      'SELECT gender, COUNT(*) FROM patients GROUP BY gender',
    );
    expect(new Map(answer.rows as [string, number][])).toEqual(
      new Map([
        ['F', 18],
        ['M', 18],
      ]),
    );
    // Seven live behind each ZIP code but one.
    await refused(session, 'SELECT zip, COUNT(*) FROM patients GROUP BY zip');
    await refused(
      session,
      "SELECT state, COUNT(*) FROM patients WHERE gender = 'X' GROUP BY state",
    );
    await refused(session, "SELECT gender FROM patients WHERE zip = '100' GROUP BY gender");
    for (const sql of [
      'SELECT id, COUNT(*) FROM patients GROUP BY id',
      'SELECT MAX(zip) FROM patients',
      'SELECT COUNT(DISTINCT gender) FROM patients',
      'SELECT DISTINCT gender FROM patients',
      'SELECT gender, COUNT(*) FROM patients GROUP BY gender HAVING COUNT(*) > 3',
      'SELECT gender, COUNT(*) FROM patients GROUP BY gender ORDER BY COUNT(*)',
      'SELECT COUNT(*) + 1 FROM patients',
    ]) {
      await expectCodeAsync(async () => clinic.ask(session, sql), 'ERR_QUERY_OPERATION');
    }
  });

  it('holds groups against what was told before', async () => {
    const session = await statistics();
    await clinic.ask(session, "SELECT COUNT(*) FROM patients WHERE gender = 'F'");
    // Twelve in Vermont, six of them women: with the count of women, six are told.
    await refused(session, 'SELECT state, COUNT(*) FROM patients GROUP BY state');
  });

  it('checks questions that come at once against each other', async () => {
    const session = await statistics();
    const most = "SELECT COUNT(*) FROM patients WHERE zip <> '100'";
    const results = await Promise.allSettled([clinic.ask(session, ALL), clinic.ask(session, most)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('notices who came in between', async () => {
    const session = await statistics();
    await clinic.ask(session, ALL);
    const add = 'INSERT INTO patients (id, birthdate, gender, state) VALUES ($1, $2, $3, $4)';
    const values = ['4d1f0a99-77aa-4bcd-8e1f-90ab12cd3499', '1990-01-01', 'F', 'Vermont'];
    await clinic.administration.execute(add, values, 'admission');
    await refused(session, ALL);
  });

  it('counts each column over those who have it', async () => {
    const session = await statistics();
    await clinic.administration.execute(
      'UPDATE patients SET state = NULL WHERE id = $1',
      ['4d1f0a10-77aa-4bcd-8e1f-90ab12cd3410'],
      'correction',
    );
    await refused(session, 'SELECT COUNT(*), COUNT(state) FROM patients');
  });
});

describe('budgets', () => {
  it('of an hour are the recipient’s: a re-issued token does not reset them', async () => {
    clinic = await ClinicHouse.open();
    const budget = 'maxRows: 100000\n  perHour: { queries: 3, rows: 50, cells: 200 }';
    await clinic.raisePolicy(2, 'maxRows: 100000', budget);
    const spent = 'ERR_KERNEL_BUDGET_SPENT';
    const one = 'SELECT gender FROM patients LIMIT 1';
    await clinic.ask(await clinic.session(), 'SELECT gender FROM patients');
    const session = await clinic.session({ lifetimeSeconds: 7200 });
    await expectCodeAsync(async () => clinic.ask(session, 'SELECT gender FROM patients'), spent);
    await clinic.ask(session, one);
    await clinic.ask(session, one);
    await expectCodeAsync(async () => clinic.ask(session, one), spent);
    await expectCodeAsync(async () => clinic.ask(await clinic.session(), one), spent);
    // Another recipient, another table and another hour have their own.
    await clinic.ask(await clinic.session({ recipient: SOUTHMOOR }), one);
    clinic.clock.advanceSeconds(3600);
    await clinic.ask(session, one);
  });
});
