/** One SELECT over one table: every other shape is refused, and words inside texts are only words. */

import type { Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { VerityError } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse } from './clinic-house.ts';

let clinic: ClinicHouse;
let session: Session;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  session = await clinic.session();
});
afterAll(() => {
  clinic.remove();
});

describe('a statement of another shape is refused before anything is read', () => {
  it.each([
    ['CTE', 'WITH p AS (SELECT ssn FROM patients) SELECT * FROM p'],
    ['UNION', 'SELECT gender FROM patients UNION SELECT ssn FROM patients'],
    ['UNION ALL over tabs', 'SELECT gender FROM patients\tUNION\tALL\tSELECT ssn FROM patients'],
    ['INTERSECT', 'SELECT gender FROM patients INTERSECT SELECT ssn FROM patients'],
    ['EXCEPT', 'SELECT gender FROM patients EXCEPT SELECT ssn FROM patients'],
    ['subquery in WHERE', 'SELECT gender FROM patients WHERE zip IN (SELECT ssn FROM patients)'],
    ['scalar subquery', 'SELECT (SELECT ssn FROM patients LIMIT 1) FROM patients'],
    ['EXISTS', 'SELECT gender FROM patients WHERE EXISTS (SELECT 1 FROM notes)'],
    ['subquery in FROM', 'SELECT * FROM (SELECT ssn FROM patients) p'],
    ['JOIN', 'SELECT gender FROM patients JOIN notes ON notes.patient = patients.id'],
    ['second JOIN', 'SELECT 1 FROM patients JOIN patients b ON 1 = 1 JOIN notes ON 1 = 1'],
    ['comma join', 'SELECT gender FROM patients, notes'],
    ['NATURAL JOIN', 'SELECT gender FROM patients NATURAL JOIN notes'],
    ['stacked statement', 'SELECT gender FROM patients; DROP TABLE patients'],
    ['stacked behind a comment', 'SELECT gender FROM patients; -- x\nDELETE FROM patients'],
    ['nested comment', 'SELECT gender FROM patients /* /* */ UNION SELECT ssn FROM patients -- */'],
    ['function', 'SELECT upper(zip) FROM patients'],
    ['CASE', "SELECT CASE WHEN ssn > '5' THEN 1 ELSE 1 / 0 END FROM patients"],
    ['cast', 'SELECT CAST(zip AS INTEGER) FROM patients'],
    ['short cast', 'SELECT zip::integer FROM patients'],
    ['row of everything', 'SELECT patients FROM patients'],
    ['everything of an alias', 'SELECT p.ssn, p.* FROM patients p'],
    ['COPY', "COPY patients TO '/tmp/x'"],
    ['INSERT', 'INSERT INTO patients (id) VALUES (NULL)'],
    ['UPDATE', "UPDATE patients SET last = 'x'"],
    ['DELETE', 'DELETE FROM patients'],
    ['CREATE TABLE', 'CREATE TABLE theirs (id INTEGER PRIMARY KEY)'],
    ['DROP TABLE', 'DROP TABLE patients'],
    ['HISTORY', 'SELECT gender FROM HISTORY OF patients'],
    ['DIFF', 'SELECT gender FROM DIFF OF patients BETWEEN POSITION 1 AND 2'],
    ['RETURNING', 'DELETE FROM patients RETURNING ssn'],
    ['CREATE INDEX', 'CREATE INDEX ON patients (ssn)'],
    ['EXPLAIN', 'EXPLAIN SELECT ssn FROM patients'],
    ['nothing', ''],
    ['a comment', '-- SELECT'],
  ])('%s', async (_name, sql) => {
    const error: unknown = await clinic.ask(session, sql).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VerityError);
    const { code, message } = error as VerityError;
    expect(code).toMatch(
      /^ERR_(?:QUERY_(?:SYNTAX|UNSUPPORTED|UNKNOWN_COLUMN)|DISCLOSURE_STATEMENT)$/,
    );
    expect(message).not.toMatch(/987|Quill/);
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code, rows: null });
    const [row] = (
      await clinic.administration.execute('SELECT COUNT(*) FROM patients', [], 'check')
    ).rows;
    expect(row).toEqual([36]);
  });
});

describe('statistics are the operator’s: of many rows a recipient learns how many they are', () => {
  it.each([
    'SELECT COUNT(*) FROM patients GROUP BY ssn',
    'SELECT gender, COUNT(*) FROM patients GROUP BY gender',
    "SELECT COUNT(*) FROM patients HAVING MAX(ssn) > '5'",
    'SELECT MAX(zip) FROM patients',
    'SELECT COUNT(DISTINCT gender) FROM patients',
    'SELECT DISTINCT gender FROM patients',
    'SELECT COUNT(*) * 2 FROM patients',
    'SELECT MIN(gender) FROM patients ORDER BY COUNT(*)',
  ])('%s', async (sql) => {
    await expectCodeAsync(async () => clinic.ask(session, sql), 'ERR_QUERY_OPERATION');
    expect(clinic.lastRecord()).toMatchObject({
      decision: 'denied',
      code: 'ERR_QUERY_OPERATION',
      rows: null,
    });
    await expect(clinic.administration.execute(sql, [], 'check')).resolves.toBeDefined();
  });

  it('still counts', async () => {
    const { rows } = await clinic.ask(session, 'SELECT COUNT(*), COUNT(gender) FROM patients');
    expect(rows).toEqual([[36, 36]]);
  });
});

describe('a word inside a text is only a word', () => {
  it.each([
    'UNION SELECT ssn FROM patients',
    'DROP TABLE patients; --',
    'insert, update, delete, join',
    "O''Brien; SELECT",
    '/* verity_tokens */',
  ])('%s', async (text) => {
    const { rows } = await clinic.ask(
      session,
      `SELECT gender FROM patients WHERE state = '${text}' OR zip = '100' LIMIT 1`,
    );
    expect(rows).toHaveLength(1);
  });
});

describe('the past is seen under the policy of now', () => {
  it('applies the policy to a position before there was one', async () => {
    const policies = clinic.reserved('verity_policies');
    expect(policies).toHaveLength(1);
    const { position } = await clinic.administration.execute(
      'SELECT COUNT(*) FROM patients',
      [],
      'check',
    );
    // Records: the first checkpoint, four tables, the patients, the policy.
    const beforePolicy = 5;
    expect(beforePolicy).toBeLessThan(position);
    const sql = `SELECT * FROM patients AS OF POSITION ${beforePolicy} WHERE zip = '100' LIMIT 1`;
    const asOf = await clinic.ask(session, sql);
    expect(asOf.position).toBe(beforePolicy);
    expect(asOf.columns.map(({ name }) => name)).not.toContain('ssn');
    expect(asOf.rows[0]?.[0]).toMatch(/^[a-z2-7]{26}$/);
    const byRequest = await clinic.ask(
      session,
      "SELECT * FROM patients WHERE zip = '100' LIMIT 1",
      { position: beforePolicy },
    );
    expect(byRequest.rows).toEqual(asOf.rows);
    await expectCodeAsync(
      async () => clinic.ask(session, `SELECT ssn FROM patients AS OF POSITION ${beforePolicy}`),
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
  });

  it('does not know a table before it was made, in the words of any unknown table', async () => {
    await expectCodeAsync(
      async () => clinic.ask(session, 'SELECT gender FROM patients AS OF POSITION 0'),
      'ERR_ACCESS_UNKNOWN_TABLE',
    );
  });

  it.each([-1, 1.5, 1e9, Number.NaN])('refuses position %d', async (position) => {
    await expectCodeAsync(
      async () => clinic.ask(session, 'SELECT gender FROM patients', { position }),
      'ERR_RUNTIME_POSITION',
    );
  });
});
