/** Direct identifiers that stand in text of which the policy says that there are none in it. */

import type { AuthorizedColumn } from '@veritydb/access';
import { verifyBundle } from '@veritydb/bundle';
import { portableCrypto } from '@veritydb/crypto';
import type { ExportRequest, Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { limitText } from '../src/text-guard.ts';
import { CALLER, ClinicHouse } from './clinic-house.ts';

const MAIL = 'zephyrine.holloway@mail.example';
const SSN = '219-09-8765';
const CARD = '4111 1111 1111 1111';
const IBAN = 'DE89 3704 0044 0532 0130 00';
const PHONE = '+44 20 7946 0958';
const HIDDEN = [MAIL, SSN, CARD, IBAN, PHONE];

const TEXTS: readonly (string | null)[] = [
  `Reached by ${MAIL} only`,
  `${SSN}, paid with ${CARD}`,
  `Account ${IBAN}; call ${PHONE}`,
  'Encounter for check up (procedure)',
  null,
  '132281000119108 of http://snomed.info/sct, LOINC 8302-2, version 10.2.0.1',
];

function policyOf(name: string, profile: string, guard = ''): string {
  return `
apiVersion: veritydb.dev/policy/v1
kind: SharingPolicy
metadata: { name: ${name}, version: 1 }
profile: ${profile}
purpose: [dpv:ScientificResearch]
requires: { token: { maxTtl: PT1H } }
defaults: { unlisted: drop, onError: raise }
keys: { domain: '{recipient}' }
${guard}
output: { maxRows: 1000 }
tables:
  encounters:
    subject: patient
    period: { column: description }
    columns:
      id: { class: direct-id, use: surrogate }
      encounterclass: { class: sensitive, use: keep }
      description: { class: sensitive, use: keep }
`;
}

let clinic: ClinicHouse;
let token: string;
let masked: Session;
let refused: Session;
let open: Session;
let mailOnly: Session;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
  const { administration } = clinic;
  await administration.insertRows({
    table: 'encounters',
    columns: ['id', 'patient', 'start', 'encounterclass', 'description'],
    rows: TEXTS.map((text, number) => [
      `00000000-0000-4000-8000-00000000000${number}`,
      `00000000-0000-4000-9000-00000000000${number}`,
      '2020-01-01T00:00:00Z',
      `class-${number}`,
      text,
    ]),
  });
  await administration.activatePolicy(policyOf('masked', 'hipaa-safe-harbor'));
  await administration.activatePolicy(
    policyOf('refused', 'hipaa-safe-harbor', 'guard: { text: refuse }'),
  );
  await administration.activatePolicy(policyOf('open', 'general'));
  await administration.activatePolicy(
    policyOf('mail-only', 'general', 'guard: { text: mask, kinds: [EMAIL_ADDRESS] }'),
  );
  const tables: Record<string, '*'> = { encounters: '*' };
  ({ token } = await clinic.issue({ policy: 'masked', tables }));
  masked = await clinic.gateway.authenticate(token, CALLER);
  refused = await clinic.session({ policy: 'refused', tables });
  open = await clinic.session({ policy: 'open', tables });
  mailOnly = await clinic.session({ policy: 'mail-only', tables });
});
afterAll(() => {
  clinic.remove();
});

const SQL = 'SELECT encounterclass, description FROM encounters ORDER BY encounterclass';

function exportOf(digit: string, sql = SQL): ExportRequest {
  return { sql, parameters: [], idempotencyId: digit.repeat(32) };
}

describe('a policy that lets nobody be named', () => {
  it('masks what is found, and says in which column and how often, never what', async () => {
    const answer = await clinic.ask(masked, SQL);
    expect(answer.rows.map(([, text]) => text)).toEqual([
      'Reached by [EMAIL_ADDRESS] only',
      '[US_SSN], paid with [CREDIT_CARD]',
      'Account [IBAN_CODE]; call [PHONE_NUMBER]',
      ...TEXTS.slice(3),
    ]);
    expect(answer.notes).toEqual(['description: guarded: 3']);
    for (const value of HIDDEN) expect(JSON.stringify(answer)).not.toContain(value);
    const heap = clinic.reservedHeap();
    for (const value of HIDDEN) expect(heap.includes(value)).toBe(false);
  });

  it.each([
    `SELECT COUNT(*) AS n FROM encounters WHERE description LIKE '%${MAIL}%'`,
    `SELECT COUNT(*) AS n FROM encounters WHERE description = 'Reached by ${MAIL} only'`,
    `SELECT COUNT(*) AS n FROM encounters WHERE description >= 'Reached by z' AND description < 'Reached by zf'`,
  ])('tells no condition of what it masked: %s', async (sql) => {
    expect((await clinic.ask(masked, sql)).rows).toEqual([[0]]);
    expect((await clinic.ask(open, sql)).rows).toEqual([[1]]);
  });

  it('answers conditions on what it shows', async () => {
    const sql = `SELECT encounterclass FROM encounters WHERE description LIKE '%[US_SSN]%'`;
    expect((await clinic.ask(masked, sql)).rows).toEqual([['class-1']]);
  });

  it('masks what a statement computes, and counts it', async () => {
    const answer = await clinic.ask(
      masked,
      "SELECT COALESCE(description, 'none') AS told FROM encounters",
    );
    const text = JSON.stringify(answer);
    for (const value of HIDDEN) expect(text).not.toContain(value);
    expect(answer.notes).toEqual(['told: guarded: 3']);
  });

  it('lets a recipient cut no token by what is masked', async () => {
    const narrow = await clinic.gateway.exchange(masked, {
      rows: {
        encounters: { column: 'description', from: 'Reached by z', before: 'Reached by zf' },
      },
    });
    const cut = await clinic.gateway.authenticate(narrow.token, CALLER);
    const { rows } = await clinic.ask(cut, 'SELECT COUNT(*) AS n FROM encounters');
    expect(rows).toEqual([[0]]);

    // Between these days stands, letter by letter, what begins with 219-.
    const period = { from: '2180-12-31', before: '2190-01-01' };
    const timed = await clinic.gateway.exchange(masked, { period });
    const times = await clinic.gateway.authenticate(timed.token, CALLER);
    expect((await clinic.ask(times, 'SELECT COUNT(*) AS n FROM encounters')).rows).toEqual([[0]]);
    const shown = await clinic.gateway.exchange(masked, {
      rows: { encounters: { column: 'encounterclass', equals: 'class-1' } },
    });
    const kept = await clinic.gateway.authenticate(shown.token, CALLER);
    expect((await clinic.ask(kept, 'SELECT COUNT(*) AS n FROM encounters')).rows).toEqual([[1]]);
  });
});

describe('an export', () => {
  it('proves no masked field as committed, and is made again to the byte', async () => {
    const made = await clinic.gateway.createExport(masked, exportOf('a'));
    const read = await clinic.gateway.readExport(masked, made.exportId);
    const bytes = read.bytes.read(0, read.bytes.size);
    const report = verifyBundle(portableCrypto, bytes, {
      verifierKey: clinic.gateway.logVerifierKey,
    });
    expect(report.checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.holds).toBe(true);
    expect(report.tables[0]?.columns).toMatchObject([
      { name: 'encounterclass', proof: 'public', proved: 6, attested: 0 },
      { name: 'description', proof: 'public', proved: 3, attested: 3 },
    ]);
    const heap = Buffer.from(bytes);
    for (const value of HIDDEN) expect(heap.includes(value)).toBe(false);
    await clinic.restart();
    masked = await clinic.gateway.authenticate(token, CALLER);
    const again = await clinic.gateway.readExport(masked, made.exportId);
    expect(again.sha256).toBe(made.sha256);
  });
});

describe('a policy that refuses', () => {
  it('answers nothing that was found in, by a code of its own, in rows and in exports', async () => {
    const code = 'ERR_DISCLOSURE_TEXT_GUARDED';
    await expectCodeAsync(async () => clinic.ask(refused, SQL), code);
    await expectCodeAsync(async () => clinic.gateway.createExport(refused, exportOf('b')), code);
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code });
    const { rows } = await clinic.ask(
      refused,
      SQL.replace('ORDER BY', "WHERE encounterclass = 'class-3' ORDER BY"),
    );
    expect(rows).toEqual([['class-3', TEXTS[3]]]);
  });
});

describe('the switch', () => {
  it('is off where the profile promises nothing, and looks for the kinds that are named', async () => {
    expect((await clinic.ask(open, SQL)).rows.map(([, text]) => text)).toEqual(TEXTS);
    const answer = await clinic.ask(mailOnly, SQL);
    expect(answer.rows.map(([, text]) => text)).toEqual([
      'Reached by [EMAIL_ADDRESS] only',
      ...TEXTS.slice(1),
    ]);
  });
});

describe('the work for one answer', () => {
  it('ends at a length of text, of which codes and columns that nobody wants are no part', async () => {
    const columns = [0, 1, 2].map((source): AuthorizedColumn => ({
      name: `c${source}`,
      type: 'text',
      source,
      transform: 'keep',
      operations: 'all',
      proof: 'public',
      ladderLevel: 0,
    }));
    const mask = (text: string): string => text;
    const guard = { text: 'mask', sources: new Set([1, 2]), mask } as const;
    const look = limitText({ guard, columns }, 250);
    const row = ['x'.repeat(1000), 'y'.repeat(64), 'z'.repeat(100)];
    for (let times = 0; times < 100; times += 1) look(row, new Set([0, 1]));
    look(row, new Set([2]));
    look(row, new Set([0, 2]));
    await expectCodeAsync(async () => {
      look(row, new Set([2]));
    }, 'ERR_DISCLOSURE_TEXT_LENGTH');
  });
});
