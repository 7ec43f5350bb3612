/** Codes instead of ids: random, kept in the vault, one for each value and domain, joinable by nobody else. */

import type { QueryAnswer, Session } from '@veritydb/disclosure';
import { bytesToHex } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, PATIENTS, SOUTHMOOR, policyText } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

const SQL = 'SELECT id FROM patients';

function codesOf({ rows }: QueryAnswer): readonly string[] {
  return rows.map(([code]) => code as string);
}

async function codes(session: Session, house = clinic): Promise<readonly string[]> {
  return codesOf(await house.ask(session, SQL));
}

/** Codes that the log ever gave out: one that replaced another counts too. */
function minted(): number {
  let count = 0;
  for (const { header } of clinic.tenant.verifiedRecords()) {
    if (header.kind !== 'data') continue;
    const { event } = clinic.tenant.openRecord(header.offset);
    count += event.changes.filter(
      ({ table }) => table.definition.name === 'verity_surrogates',
    ).length;
  }
  return count;
}

describe('codes', () => {
  it('are not minted for a column that is not asked for', async () => {
    const session = await clinic.session();
    await clinic.ask(
      session,
      "SELECT birthdate FROM patients WHERE state = 'Vermont' ORDER BY zip",
    );
    await clinic.ask(session, 'SELECT COUNT(*) FROM patients');
    expect(clinic.reserved('verity_surrogates')).toHaveLength(0);
  });

  it('are minted once when many ask at once', async () => {
    expect(clinic.reserved('verity_surrogates')).toHaveLength(0);
    const sessions = await Promise.all(Array.from({ length: 12 }, async () => clinic.session()));
    const answers = await Promise.all(sessions.map(async (session) => codes(session)));
    const [first] = answers as [readonly string[]];
    expect(new Set(first).size).toBe(PATIENTS.length);
    for (const answer of answers) expect(answer).toEqual(first);
    expect(clinic.reserved('verity_surrogates')).toHaveLength(PATIENTS.length);
    expect(minted()).toBe(PATIENTS.length);
  });

  it('are the same for one recipient and purpose, whatever the token, over a restart', async () => {
    const before = await codes(await clinic.session());
    await clinic.restart();
    expect(await codes(await clinic.session({ tables: { patients: ['id'] } }))).toEqual(before);
    const session = await clinic.session();
    const { sql, parameters } = { sql: SQL, parameters: [] };
    await clinic.gateway.createExport(session, { sql, parameters, idempotencyId: '4'.repeat(32) });
    expect(clinic.reserved('verity_surrogates')).toHaveLength(PATIENTS.length);
  });

  it('differ between two recipients, every one of them', async () => {
    const ours = new Set(await codes(await clinic.session()));
    const theirs = await codes(await clinic.session({ recipient: SOUTHMOOR }));
    expect(theirs.filter((code) => ours.has(code))).toEqual([]);
  });

  it('of another recipient find nothing', async () => {
    const [theirs] = await codes(await clinic.session({ recipient: SOUTHMOOR }));
    const found = await clinic.ask(await clinic.session(), `${SQL} WHERE id = '${theirs}'`);
    expect(found.rows).toEqual([]);
  });

  it('differ between two purposes of one recipient', async () => {
    const two = await ClinicHouse.open();
    try {
      await two.administration.activatePolicy(
        policyText(
          2,
          'purpose: [dpv:ScientificResearch]',
          'purpose: [dpv:ScientificResearch, dpv:Audit]',
        ),
      );
      const one = new Set(await codes(await two.session(), two));
      const other = await codes(await two.session({ purpose: 'dpv:Audit' }), two);
      expect(other.filter((code) => one.has(code))).toEqual([]);
    } finally {
      two.remove();
    }
  });

  it('are not derived: another house gives the same id another code', async () => {
    const other = await ClinicHouse.open();
    try {
      const ours = new Set(await codes(await clinic.session()));
      const theirs = await codes(await other.session(), other);
      expect(theirs).toHaveLength(PATIENTS.length);
      expect(theirs.filter((code) => ours.has(code))).toEqual([]);
    } finally {
      other.remove();
    }
  });

  it('are found by no hash of an id that has no key', () => {
    const vault = clinic.reserved('verity_surrogates');
    const { crypto } = clinic.tenant;
    const known = new Set(
      vault.flatMap(({ code, source_mac: mac }) => [code, bytesToHex(mac as Uint8Array)]),
    );
    for (const { id } of PATIENTS) {
      for (const spelt of [id, id.toUpperCase(), id.replaceAll('-', '')]) {
        const digest = bytesToHex(crypto.sha256(Buffer.from(spelt)));
        expect(known.has(digest)).toBe(false);
      }
    }
  });

  it('stand in the vault without the value', async () => {
    const vault = clinic.reserved('verity_surrogates');
    expect(vault.length).toBeGreaterThan(0);
    for (const row of vault) {
      expect(Object.keys(row)).toEqual(['domain', 'source_mac', 'code']);
      expect(row['source_mac']).toHaveLength(32);
      expect(row['code']).toMatch(/^[a-z2-7]{26}$/);
      const text = `${row['domain'] as string} ${bytesToHex(row['source_mac'] as Uint8Array)}`;
      for (const { id } of PATIENTS) {
        expect(text).not.toContain(id);
        expect(text).not.toContain(id.replaceAll('-', ''));
      }
    }
  });
});

describe('the order of rows whose key is hidden', () => {
  const asked = 'SELECT birthdate, state, zip FROM patients';

  it('is not that of the key, and is the same each time', async () => {
    const session = await clinic.session();
    const { rows } = await clinic.ask(session, asked);
    expect((await clinic.ask(session, asked)).rows).toEqual(rows);
    const byKey = clinic.tenant.snapshot();
    const table = byKey.table('patients');
    if (table === undefined) throw new Error('there is no table of patients');
    const births = [...byKey.scan(table, { kind: 'scan' })].map(({ values }) => values[1]);
    expect(births).toHaveLength(rows.length);
    const years = births.map((days) => new Date((days as number) * 86_400_000).getUTCFullYear());
    const shown = rows.map(([year]) => Number((year as string).replace('<= ', '')));
    expect(shown).not.toEqual(years);
  });

  it('is another for another recipient, and for rows that ORDER BY leaves equal', async () => {
    const [first, second] = [
      await clinic.session(),
      await clinic.session({ recipient: SOUTHMOOR }),
    ];
    for (const sql of [asked, 'SELECT birthdate, zip FROM patients ORDER BY state']) {
      const [ours, theirs] = [await clinic.ask(first, sql), await clinic.ask(second, sql)];
      const sorted = (answer: QueryAnswer): readonly string[] =>
        answer.rows.map((row) => JSON.stringify(row)).toSorted();
      expect(sorted(ours)).toEqual(sorted(theirs));
      expect(ours.rows).not.toEqual(theirs.rows);
    }
  });
});
