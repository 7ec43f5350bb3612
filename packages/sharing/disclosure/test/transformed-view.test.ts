/** Every predicate and order sees what the recipient may see, and nothing else. */

import type { QueryAnswer, Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { compareText } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS } from './clinic-house.ts';

let clinic: ClinicHouse;
let session: Session;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  session = await clinic.session();
});
afterAll(() => {
  clinic.remove();
});

async function rowsOf(
  sql: string,
  parameters: readonly string[] = [],
): Promise<QueryAnswer['rows']> {
  const { rows } = await clinic.ask(session, sql, { parameters });
  return rows;
}

async function refused(
  sql: string,
  code: string,
  parameters: readonly string[] = [],
): Promise<void> {
  await expectCodeAsync(async () => rowsOf(sql, parameters), code);
}

describe('a birth date is a year', () => {
  it.each([
    "birthdate = DATE '1980-02-03'",
    "birthdate >= DATE '1980-02-03'",
    "birthdate BETWEEN DATE '1980-02-01' AND DATE '1980-02-28'",
    "birthdate IN (DATE '1980-02-03')",
  ])('refuses WHERE %s', async (where) => {
    await refused(`SELECT id FROM patients WHERE ${where}`, 'ERR_QUERY_TYPE');
  });

  it.each(["birthdate = '1980-02-03'", "birthdate LIKE '1980-02%'", "birthdate LIKE '%-02-03'"])(
    'finds nothing by WHERE %s',
    async (where) => {
      expect(await rowsOf(`SELECT id FROM patients WHERE ${where}`)).toEqual([]);
    },
  );

  it('finds by year, exactly those of the year', async () => {
    expect(await rowsOf("SELECT birthdate FROM patients WHERE birthdate = '1980'")).toEqual([
      ['1980'],
    ]);
    expect(await rowsOf('SELECT birthdate FROM patients WHERE birthdate = $1', ['1980'])).toEqual([
      ['1980'],
    ]);
  });

  it('orders and counts by year; who is over 89 is in one group', async () => {
    const years = (await rowsOf('SELECT birthdate FROM patients ORDER BY birthdate')).map(
      ([year]) => year as string,
    );
    expect(years).toEqual(years.toSorted(compareText));
    expect(years.every((year) => /^(?:19[0-9]{2}|<= 19[0-9]{2})$/.test(year))).toBe(true);
    const old = years.filter((year) => year.startsWith('<='));
    expect(old.length).toBeGreaterThan(1);
    expect(new Set(old).size).toBe(1);
    expect(await rowsOf("SELECT COUNT(*) FROM patients WHERE birthdate = '1921'")).toEqual([[0]]);
  });
});

describe('a ZIP code is three digits', () => {
  it.each(["zip = '02139'", "zip LIKE '0213%'", "zip LIKE '%9'", "zip > '0210' AND zip < '0219'"])(
    'finds nothing by WHERE %s',
    async (where) => {
      expect(await rowsOf(`SELECT id FROM patients WHERE ${where}`)).toEqual([]);
    },
  );

  it('filters on the three digits, and on 000 where too few people live', async () => {
    const count = (...zips: readonly string[]): number =>
      PATIENTS.filter(({ zip }) => zips.includes(zip)).length;
    const found = await rowsOf("SELECT zip FROM patients WHERE zip = '021'");
    expect(found).toEqual(Array.from({ length: count('02139', '02155') }, () => ['021']));
    expect(await rowsOf("SELECT zip FROM patients WHERE zip IN ('036', '059')")).toEqual([]);
    expect(await rowsOf("SELECT COUNT(*) FROM patients WHERE zip = '000'")).toEqual([
      [count('03601', '05901')],
    ]);
  });
});

describe('an id is a code', () => {
  const raw = PATIENTS[5]?.id ?? '';

  it('finds by the code that was handed out', async () => {
    const [row] = await rowsOf("SELECT id, gender FROM patients WHERE state = 'Vermont' LIMIT 1");
    const code = row?.[0] as string;
    expect(code).toMatch(/^[a-z2-7]{26}$/);
    expect(await rowsOf(`SELECT id, gender FROM patients WHERE id = '${code}'`)).toEqual([row]);
    expect(await rowsOf('SELECT id, gender FROM patients WHERE id IN ($1)', [code])).toEqual([row]);
    const others = await rowsOf('SELECT COUNT(*) FROM patients WHERE id <> $1', [code]);
    expect(others).toEqual([[35]]);
  });

  it.each([
    ['as text', `id = '${raw}'`],
    ['in upper case', `id = '${raw.toUpperCase()}'`],
    ['in a list', `id IN ('${raw}', 'x')`],
  ])('finds nothing by the raw id %s', async (_name, where) => {
    expect(await rowsOf(`SELECT gender FROM patients WHERE ${where}`)).toEqual([]);
  });

  it('finds nothing by the raw id as a parameter', async () => {
    expect(await rowsOf('SELECT gender FROM patients WHERE id = $1', [raw])).toEqual([]);
  });

  it('refuses a raw id by its type', async () => {
    await refused(`SELECT gender FROM patients WHERE id = UUID '${raw}'`, 'ERR_QUERY_TYPE');
  });

  it.each([
    'SELECT id FROM patients ORDER BY id',
    'SELECT id AS x FROM patients ORDER BY x',
    'SELECT gender FROM patients ORDER BY id DESC',
    "SELECT gender FROM patients WHERE id > 'm'",
    "SELECT gender FROM patients WHERE id BETWEEN 'a' AND 'm'",
    "SELECT gender FROM patients WHERE id LIKE 'a%'",
    "SELECT gender FROM patients WHERE NOT (id < 'a')",
    "SELECT id = 'x' FROM patients",
    'SELECT COUNT(id) FROM patients',
    "SELECT gender FROM patients ORDER BY id = 'x'",
  ])('refuses to probe it: %s', async (sql) => {
    await refused(sql, 'ERR_QUERY_OPERATION');
  });
});

describe('limits are statistics too', () => {
  it('cuts at the rows of the token and of the policy, whatever is asked', async () => {
    const small = await clinic.session({ maxRows: 3 });
    const { rows, truncated } = await clinic.ask(small, 'SELECT gender FROM patients', {
      maxRows: 500,
    });
    expect({ rows: rows.length, truncated }).toEqual({ rows: 3, truncated: true });
    const exported = await clinic.gateway.createExport(small, {
      sql: 'SELECT gender FROM patients LIMIT 30',
      parameters: [],
      idempotencyId: '11'.repeat(16),
    });
    expect(exported.rows).toBe(3);
  });
});

describe('one position', () => {
  it('is named in the request or in the statement, and not two', async () => {
    const { position } = await clinic.ask(session, 'SELECT id FROM patients');
    const sql = `SELECT id FROM patients AS OF POSITION ${position}`;
    expect((await clinic.ask(session, sql, { position })).position).toBe(position);
    await expectCodeAsync(
      async () => clinic.ask(session, sql, { position: position - 1 }),
      'ERR_DISCLOSURE_REQUEST',
    );
  });
});
