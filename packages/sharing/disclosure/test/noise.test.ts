/**
 * Statistics with noise (differential privacy). S268: each test is an attack on what one person adds, on the
 * budget, or on the record that both must leave behind.
 */

import type { QueryAnswer, Session, TokenRequest } from '@veritydb/disclosure';
import type { Command } from '@veritydb/kernel';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterEach, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, NORTHFIELD, SOUTHMOOR } from './clinic-house.ts';

const COUNT = 'SELECT COUNT(*) FROM visits';
const SPENT = 'ERR_KERNEL_PRIVACY_SPENT';
const REFUSED = 'ERR_DISCLOSURE_AGGREGATE';
const ROOMS = ['east', 'west', 'north'];

/** Forty people with three visits each, one of whom costs more than all others together. */
const VISITS = Array.from({ length: 120 }, (_, number) => ({
  id: `v-${number}`,
  person: `p-${number % 40}`,
  room: ROOMS[number % 2] as string,
  diagnosis: number % 40 === 17 ? 'gout' : 'asthma',
  cost: number % 40 === 3 ? '1000000' : '50',
}));

interface Terms {
  readonly budget?: string;
  readonly cost?: string;
  readonly rowsPerSubject?: number;
  readonly groupsPerSubject?: number;
}

function policy(terms: Terms = {}, version = 1, name = 'visits-dp'): string {
  return JSON.stringify({
    apiVersion: 'veritydb.dev/policy/v1',
    kind: 'SharingPolicy',
    metadata: { name, version },
    profile: 'general',
    purpose: ['dpv:ScientificResearch'],
    requires: { token: { maxTtl: 'P7D' } },
    defaults: { unlisted: 'drop', onError: 'raise' },
    keys: { domain: '{recipient}' },
    tables: {
      visits: {
        subject: 'person',
        statistics: {
          model: 'dp',
          budget: '0.1',
          cost: '0.02',
          rowsPerSubject: 1,
          bounds: { cost: { lower: 0, upper: 100 } },
          domains: { room: ROOMS },
          ...terms,
        },
        columns: {
          id: { class: 'direct-id', use: 'token' },
          person: { class: 'direct-id', use: 'drop' },
          room: { class: 'quasi-id', use: 'keep' },
          diagnosis: { class: 'sensitive', use: 'keep' },
          cost: { class: 'sensitive', use: 'keep' },
        },
      },
    },
    output: { maxRows: 1000, answers: 'aggregate' },
  });
}

let clinic: ClinicHouse;
afterEach(() => {
  clinic.remove();
});

async function open(terms: Terms = {}): Promise<void> {
  clinic = await ClinicHouse.open();
  await clinic.administration.execute(
    `CREATE TABLE visits (id TEXT PRIMARY KEY, person TEXT NOT NULL, room TEXT, diagnosis TEXT,
       cost INTEGER, DATA SUBJECT person)`,
    [],
    'set up',
  );
  await write(VISITS);
  await clinic.administration.activatePolicy(policy(terms));
}

async function write(visits: readonly (typeof VISITS)[number][]): Promise<void> {
  const columns = ['id', 'person', 'room', 'diagnosis', 'cost'] as const;
  await clinic.administration.insertRows({
    table: 'visits',
    columns,
    rows: visits.map((visit) => columns.map((name) => visit[name])),
  });
}

async function analyst(rest: Partial<TokenRequest> = {}): Promise<Session> {
  return clinic.session({ policy: 'visits-dp', tables: { visits: '*' }, ...rest });
}

function figure({ rows }: QueryAnswer): number {
  return Number(rows[0]?.[0]);
}

function spent(recipient = NORTHFIELD): bigint {
  const row = clinic
    .reserved('verity_privacy_budgets')
    .find((one) => one['recipient'] === recipient);
  return (row?.['spent'] as bigint | undefined) ?? 0n;
}

/** σ of a count of one row a subject at a ρ. */
const deviationOf = (rho: number): number => Math.sqrt(1 / (2 * rho));

describe('an answer with noise', () => {
  it('is near the truth, says how near, and what it cost', async () => {
    await open();
    const answer = await clinic.ask(await analyst(), COUNT);
    // One row of each of forty people counts.
    expect(Math.abs(figure(answer) - 40)).toBeLessThan(10 * deviationOf(0.02));
    expect(answer.privacy).toMatchObject({
      model: 'dp',
      isRepeated: false,
      rho: { cost: 0.02, spent: 0.02, budget: 0.1, left: 0.08 },
      delta: 1e-6,
      noise: [{ figure: 'count', part: 'count', deviation: 5, reach95: expect.any(Number) }],
    });
    expect(answer.privacy?.epsilon.spent).toBeGreaterThan(0.5);
    expect(clinic.lastRecord()).toMatchObject({
      decision: 'allowed',
      subjects: null,
      members: null,
    });
    expect(clinic.reserved('verity_noisy_answers')).toMatchObject([
      {
        recipient: NORTHFIELD,
        table_name: 'visits',
        cost: 20_000_000n,
        answer: JSON.stringify(answer.rows),
      },
    ]);
  });

  it('counts of each person no more than its policy says, however many rows there are', async () => {
    await open({ budget: '10', cost: '10' });
    const one = await clinic.ask(await analyst(), COUNT);
    expect(Math.abs(figure(one) - 40)).toBeLessThanOrEqual(2);
    await clinic.administration.activatePolicy(
      policy({ budget: '10', cost: '10', rowsPerSubject: 2 }, 2),
    );
    const two = await clinic.ask(await analyst({ recipient: SOUTHMOOR }), COUNT);
    expect(Math.abs(figure(two) - 80)).toBeLessThanOrEqual(4);
  });

  it('of a sum and an average is bounded by what one value may add', async () => {
    await open({ budget: '10', cost: '10' });
    const sum = await clinic.ask(await analyst(), 'SELECT SUM(cost) FROM visits');
    // 39 people at 50, and one whose million counts as 100.
    expect(Math.abs(figure(sum) - 2050)).toBeLessThan(10 * 100 * deviationOf(10));
    const other = await analyst({ recipient: SOUTHMOOR });
    const average = await clinic.ask(other, 'SELECT AVG(cost) FROM visits');
    expect(Math.abs(figure(average) - 51.25)).toBeLessThan(20);
    expect(average.privacy?.noise.map(({ part }) => part)).toEqual(['sum', 'count']);
  });

  it('tells all groups of the policy, empty ones too, and no others', async () => {
    await open({ budget: '10', cost: '10', groupsPerSubject: 2, rowsPerSubject: 3 });
    await write([{ id: 'x', person: 'p-0', room: 'cellar', diagnosis: 'gout', cost: '1' }]);
    const sql = 'SELECT room, COUNT(*) FROM visits GROUP BY room';
    const { privacy, rows } = await clinic.ask(await analyst(), sql);
    expect(rows.map(([room]) => room)).toEqual(ROOMS);
    for (const [at, truth] of [60, 60, 0].entries()) {
      expect(Math.abs(Number(rows[at]?.[1]) - truth)).toBeLessThan(10);
    }
    expect(privacy?.rho.cost).toBe(10);
    // Page by page it is one answer, and costs no more.
    const session = await analyst();
    const first = await clinic.ask(session, sql, { maxRows: 2 });
    const rest = await clinic.ask(session, sql, { maxRows: 2, skip: 2 });
    expect([first.truncated, rest.truncated]).toEqual([true, false]);
    expect([...first.rows, ...rest.rows]).toEqual(rows);
    expect(spent()).toBe(10_000_000_000n);
  });

  it.each([
    'SELECT room FROM visits',
    'SELECT COUNT(DISTINCT room) FROM visits',
    'SELECT MIN(cost) FROM visits',
    'SELECT MAX(cost) FROM visits',
    'SELECT COUNT(*) + 1 FROM visits',
    'SELECT SUM(cost + 1) FROM visits',
    'SELECT diagnosis, COUNT(*) FROM visits GROUP BY diagnosis',
    'SELECT room, SUM(cost) FROM visits GROUP BY room',
    'SELECT room, COUNT(*) FROM visits GROUP BY room HAVING COUNT(*) > 3',
    'SELECT room, COUNT(*) FROM visits GROUP BY room ORDER BY COUNT(*)',
    'SELECT room, COUNT(*) FROM visits GROUP BY room LIMIT 1',
    'SELECT room FROM visits GROUP BY room',
  ])('is not given to what noise does not hide: %s', async (sql) => {
    await open();
    const session = await analyst();
    await expectCodeAsync(async () => clinic.ask(session, sql), REFUSED);
    expect(spent()).toBe(0n);
  });

  it('does not fail by a row: an error would tell of it, and cost nothing', async () => {
    await open({ budget: '10', cost: '10' });
    const session = await analyst();
    const divisor = "(CASE WHEN diagnosis = 'gout' THEN 0 ELSE 1 END)";
    const answer = await clinic.ask(session, `${COUNT} WHERE 1 / ${divisor} = 1`);
    expect(Math.abs(figure(answer) - 39)).toBeLessThanOrEqual(2);
    const south = await analyst({ recipient: SOUTHMOOR });
    const counted = await clinic.ask(south, `SELECT COUNT(1 / ${divisor}) FROM visits`);
    expect(Math.abs(figure(counted) - 39)).toBeLessThanOrEqual(2);
  });
});

describe('a question that is asked again', () => {
  it('has the answer that it had, at no cost: whichever token asks, after a restart and a write', async () => {
    await open();
    const session = await analyst();
    const first = await clinic.ask(session, COUNT);
    const again = await clinic.ask(session, 'select  count(*) AS another from visits');
    expect(again.rows).toEqual(first.rows);
    expect(again.position).toBe(first.position);
    expect(again.privacy).toMatchObject({ isRepeated: true, rho: { cost: 0, spent: 0.02 } });
    const other = await analyst({ actions: ['query'] });
    expect((await clinic.ask(other, COUNT)).rows).toEqual(first.rows);
    await write([{ id: 'y', person: 'p-99', room: 'east', diagnosis: 'gout', cost: '1' }]);
    await clinic.restart();
    const { token } = await clinic.issue({ policy: 'visits-dp', tables: { visits: '*' } });
    const later = await clinic.gateway.authenticate(token, CALLER);
    expect((await clinic.ask(later, COUNT)).rows).toEqual(first.rows);
    expect(spent()).toBe(20_000_000n);
    // Another position is another question, and has its price.
    const now = `${COUNT} AS OF POSITION ${clinic.tenant.head}`;
    const fresh = await clinic.ask(later, now);
    expect(fresh.privacy).toMatchObject({ isRepeated: false, rho: { spent: 0.04 } });
    expect((await clinic.ask(later, now)).rows).toEqual(fresh.rows);
    expect(spent()).toBe(40_000_000n);
  });

  it('with another literal is another question', async () => {
    await open();
    const session = await analyst();
    await clinic.ask(session, `${COUNT} WHERE diagnosis = 'gout'`);
    await clinic.ask(session, `${COUNT} WHERE diagnosis = 'asthma'`);
    await clinic.gateway.query(session, {
      sql: `${COUNT} WHERE diagnosis = $1`,
      parameters: ['gout'],
    });
    expect(spent()).toBe(40_000_000n);
  });

  it('many times in other words averages away no more than the budget lets through', async () => {
    await open();
    const session = await analyst();
    const draws: number[] = [];
    for (let number = 0; number < 12; number += 1) {
      try {
        draws.push(figure(await clinic.ask(session, `${COUNT} WHERE ${number} = ${number}`)));
      } catch (error) {
        expect(error).toMatchObject({ code: SPENT, kind: 'denied' });
      }
    }
    expect(draws).toHaveLength(5);
    expect(spent()).toBe(100_000_000n);
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code: SPENT });
    // What was told is told on.
    expect(figure(await clinic.ask(session, `${COUNT} WHERE 0 = 0`))).toBe(draws[0]);
  });
});

describe('one person', () => {
  it('is not found by the difference of two answers', async () => {
    await open();
    // Each round is a recipient of its own, with a budget of its own: more than anybody has.
    let right = 0;
    const rounds = 120;
    for (let round = 0; round < rounds; round += 1) {
      const session = await analyst({ recipient: `Analyst ${round}` });
      const all = figure(await clinic.ask(session, COUNT));
      const without = figure(await clinic.ask(session, `${COUNT} WHERE diagnosis <> 'gout'`));
      if (all - without >= 1) right += 1;
    }
    // σ of the difference is seven: guessing is right half the time, and half of that is five deviations away.
    expect(right / rounds).toBeGreaterThan(0.25);
    expect(right / rounds).toBeLessThan(0.75);
  });
});

describe('the budget', () => {
  it('is the recipient’s: no new token, policy, version or purpose fills it up again', async () => {
    await open({ budget: '0.02' });
    await clinic.ask(await analyst(), COUNT);
    const other = `${COUNT} WHERE cost > 1`;
    const renewed = await analyst();
    await expectCodeAsync(async () => clinic.ask(renewed, other), SPENT);
    await clinic.administration.activatePolicy(policy({ budget: '0.02' }, 2));
    await expectCodeAsync(async () => clinic.ask(renewed, other), SPENT);
    await clinic.administration.activatePolicy(policy({ budget: '0.02' }, 1, 'another-dp'));
    const elsewhere = await analyst({ policy: 'another-dp' });
    await expectCodeAsync(async () => clinic.ask(elsewhere, COUNT), SPENT);
    await clinic.restart();
    const { token } = await clinic.issue({ policy: 'visits-dp', tables: { visits: '*' } });
    const later = await clinic.gateway.authenticate(token, CALLER);
    await expectCodeAsync(async () => clinic.ask(later, other), SPENT);
    // Whoever else has one of its own.
    const south = await analyst({ recipient: SOUTHMOOR });
    expect((await clinic.ask(south, other)).privacy?.rho.spent).toBe(0.02);
  });

  it('is not overdrawn by questions at once, and one question at once is drawn once', async () => {
    await open();
    const session = await analyst();
    const asked = await Promise.allSettled(
      Array.from({ length: 12 }, async (_, number) =>
        clinic.ask(session, `${COUNT} WHERE cost > ${number}`),
      ),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(spent()).toBe(100_000_000n);
    const south = await analyst({ recipient: SOUTHMOOR });
    const same = await Promise.all(Array.from({ length: 4 }, async () => clinic.ask(south, COUNT)));
    expect(new Set(same.map(figure)).size).toBe(1);
    expect(spent(SOUTHMOOR)).toBe(20_000_000n);
  });

  it('is spent with the answer or not at all, whenever the process is killed', async () => {
    await open();
    const session = await analyst();
    const submit = clinic.tenant.submit.bind(clinic.tenant);
    const killed = (isCommitted: boolean): void => {
      clinic.tenant.submit = async (command: Command, ...rest) => {
        const isAnswer = command.kind === 'record-outcome' && command.outcome.noise !== null;
        if (isAnswer && !isCommitted) throw new Error('killed');
        const done = await submit(command, ...rest);
        if (isAnswer) throw new Error('killed');
        return done;
      };
    };
    killed(false);
    await expect(clinic.ask(session, COUNT)).rejects.toThrow('killed');
    expect(spent()).toBe(0n);
    expect(clinic.reserved('verity_noisy_answers')).toEqual([]);
    killed(true);
    await expect(clinic.ask(session, COUNT)).rejects.toThrow();
    const [kept] = clinic.reserved('verity_noisy_answers');
    await clinic.restart();
    const { token } = await clinic.issue({ policy: 'visits-dp', tables: { visits: '*' } });
    const later = await clinic.gateway.authenticate(token, CALLER);
    const answer = await clinic.ask(later, COUNT);
    expect(JSON.stringify(answer.rows)).toBe(kept?.['answer']);
    expect(answer.privacy?.isRepeated).toBe(true);
    expect(spent()).toBe(20_000_000n);
  });

  it('is looked at by EXPLAIN, which spends nothing and reads no row', async () => {
    await open();
    const session = await analyst();
    const sql = 'SELECT COUNT(*), AVG(cost) FROM visits';
    const preview = await clinic.ask(session, `EXPLAIN ${sql}`);
    expect(preview.columns.map(({ name }) => name)).toEqual([
      'figure',
      'part',
      'deviation',
      'reach95',
    ]);
    expect(preview.rows).toEqual([
      ['count', 'count', '5.000', '9.800'],
      ['avg', 'sum', '707.107', '1385.904'],
      ['avg', 'count', '7.071', '13.859'],
    ]);
    expect(preview.privacy).toMatchObject({ rho: { cost: 0.04, spent: 0.04 }, isRepeated: false });
    expect(spent()).toBe(0n);
    const answer = await clinic.ask(session, sql);
    expect(answer.privacy).toEqual(preview.privacy);
    expect((await clinic.ask(session, `EXPLAIN ${sql}`)).privacy?.rho.cost).toBe(0);
    // Of anything else there is nothing to explain.
    const rows = await clinic.session();
    const plan = async (): Promise<unknown> =>
      clinic.ask(rows, 'EXPLAIN SELECT gender FROM patients');
    await expectCodeAsync(plan, 'ERR_DISCLOSURE_STATEMENT');
  });

  it('is no way around: what gets noise leaves by no export', async () => {
    await open();
    const session = await analyst();
    for (const sql of ['SELECT room FROM visits', COUNT]) {
      const request = { sql, parameters: [], idempotencyId: 'ab'.repeat(16) };
      await expect(clinic.gateway.createExport(session, request)).rejects.toThrow();
    }
    expect(clinic.reserved('verity_exports')).toEqual([]);
    expect(spent()).toBe(0n);
  });
});
