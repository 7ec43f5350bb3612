/** Attacks by many small questions: what a mask, a code or a count gives away, which is nothing. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { bytesToHex, utf8Encode } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, SOUTHMOOR } from './clinic-house.ts';

let clinic: ClinicHouse;
let session: Session;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
  await clinic.raisePolicy(
    2,
    'ssn: { class: direct-id, use: drop }',
    'ssn: { class: direct-id, use: mask }',
  );
  session = await clinic.session();
});
afterEach(() => {
  clinic.remove();
});

describe('a masked column', () => {
  it.each([
    "ssn LIKE '987%'",
    "ssn NOT LIKE '987%'",
    "ssn IN ('987-65-4310')",
    "ssn = '987-65-4310'",
    "ssn <> '****'",
    "ssn > '5'",
    "ssn BETWEEN '0' AND '9'",
    "state = 'Vermont' AND ssn LIKE '9%'",
    "(CASE WHEN ssn LIKE '9%' THEN 1 ELSE 0 END) = 1",
    "COALESCE(ssn, 'x') = 'x'",
  ])('cannot be probed by %s', async (where) => {
    const ask = async (): Promise<unknown> =>
      clinic.ask(session, `SELECT gender FROM patients WHERE ${where}`);
    await expectCodeAsync(ask, 'ERR_QUERY_OPERATION');
  });

  it('cannot be ordered by, nor counted by', async () => {
    for (const sql of [
      'SELECT gender FROM patients ORDER BY ssn',
      'SELECT COUNT(ssn) FROM patients',
    ]) {
      await expectCodeAsync(async () => clinic.ask(session, sql), 'ERR_QUERY_OPERATION');
    }
  });
});

describe('a sweep', () => {
  it('of codes, one question each, ends with the budget of the hour', async () => {
    await clinic.raisePolicy(3, 'maxRows: 100000', 'maxRows: 100000\n  perHour: { queries: 20 }');
    const { rows } = await clinic.ask(session, 'SELECT id FROM patients');
    let answered = 0;
    for (const [code] of rows) {
      const sql = 'SELECT gender, state, zip FROM patients WHERE id = $1';
      try {
        await clinic.ask(session, sql, { parameters: [code ?? null] });
        answered += 1;
      } catch (error) {
        expect((error as { readonly code: string }).code).toBe('ERR_KERNEL_BUDGET_SPENT');
      }
    }
    expect(answered).toBe(19);
  });

  it('of counts, one for each person, is answered for nobody', async () => {
    const codes = (await clinic.ask(session, 'SELECT id FROM patients')).rows.flat();
    await clinic.raisePolicy(3, 'maxRows: 100000', 'maxRows: 100000\n  answers: aggregate');
    for (const code of codes.slice(0, 12)) {
      const ask = async (): Promise<unknown> =>
        clinic.ask(session, 'SELECT COUNT(*) FROM patients WHERE id = $1', {
          parameters: [code ?? null],
        });
      await expectCodeAsync(ask, 'ERR_DISCLOSURE_PRIVACY_BLOCKED');
    }
  });
});

describe('codes', () => {
  it('are in no dictionary of hashes of every id', async () => {
    const codes = new Set((await clinic.ask(session, 'SELECT id FROM patients')).rows.flat());
    for (const { id } of PATIENTS) {
      for (const guess of [id, `patient:${id}`, `patients.id:${id}`]) {
        const digest = nativeCrypto.sha256(utf8Encode(guess));
        expect(codes.has(bytesToHex(digest))).toBe(false);
        expect(codes.has(bytesToHex(digest).slice(0, 26))).toBe(false);
      }
    }
  });

  it('of two recipients have none in common, whatever is laid side by side', async () => {
    const other = await clinic.session({ recipient: SOUTHMOOR });
    const sql = 'SELECT id, gender, state, zip FROM patients';
    const [mine, theirs] = [await clinic.ask(session, sql), await clinic.ask(other, sql)];
    const codes = new Set(mine.rows.map(([code]) => code));
    expect(theirs.rows.some(([code]) => codes.has(code ?? null))).toBe(false);
    // Nor does the order tell: it is each recipient's own.
    const rest = (rows: typeof mine.rows): string =>
      JSON.stringify(rows.map((row) => row.slice(1)));
    expect(rest(mine.rows)).not.toBe(rest(theirs.rows));
  });
});
