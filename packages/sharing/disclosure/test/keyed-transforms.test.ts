/** Codes that can be undone, shifted dates and encrypted cells, through the gateway and in exports. */

import type { ExportRequest, Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { parseDate } from '@veritydb/types';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, PATIENTS } from './clinic-house.ts';

const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
const { x: recipientKey = '' } = await exportJWK(pair.publicKey);

const POLICY = `
apiVersion: veritydb.dev/policy/v1
kind: SharingPolicy
metadata: { name: partners, version: 1 }
profile: general
purpose: [dpv:ScientificResearch]
requires: { token: { maxTtl: PT1H } }
defaults: { unlisted: drop, onError: raise }
keys: { domain: '{recipient}' }
output: { maxRows: 1000 }
tables:
  patients:
    subject: id
    columns:
      id: { class: direct-id, use: surrogate }
      ssn: { class: direct-id, use: deterministic }
      first: { class: direct-id, use: encrypt, to: ${recipientKey} }
      birthdate: { class: quasi-id, use: date-shift, span: P30D }
      city: { class: quasi-id, use: partial-mask, show: 1, side: first }
`;

let clinic: ClinicHouse;
let session: Session;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
  await clinic.administration.activatePolicy(POLICY);
  session = await clinic.session({ policy: 'partners' });
});
afterAll(() => {
  clinic.remove();
});

const SQL = 'SELECT ssn, first, birthdate, city FROM patients';

async function open(cell: unknown): Promise<unknown> {
  const { plaintext } = await compactDecrypt(cell as string, pair.privateKey);
  return JSON.parse(new TextDecoder().decode(plaintext));
}

describe('a recipient with a key', () => {
  // S251: only who holds the key can read the cells.
  it('opens what was encrypted for it; nobody else can tell equal cells', async () => {
    const { rows } = await clinic.ask(session, SQL);
    const opened = await Promise.all(rows.map(async (row) => open(row[1])));
    expect(new Set(opened)).toEqual(new Set(PATIENTS.map(({ first }) => first)));
    expect(new Set(rows.map((row) => row[1])).size).toBe(rows.length);
    const again = await clinic.ask(session, SQL);
    expect(again.rows.map((row) => row[0])).toEqual(rows.map((row) => row[0]));
    expect(again.rows.filter((row, index) => row[1] === rows[index]?.[1])).toEqual([]);
  });

  it('gets an export again to the byte, encrypted cells too', async () => {
    const request: ExportRequest = {
      sql: 'SELECT id, ssn, first, birthdate FROM patients',
      parameters: [],
      idempotencyId: 'ab'.repeat(16),
    };
    const { token } = await clinic.issue({ policy: 'partners' });
    const asker = await clinic.gateway.authenticate(token, CALLER);
    const { exportId } = await clinic.gateway.createExport(asker, request);
    const first = await clinic.gateway.readExport(asker, exportId);
    await clinic.restart();
    const later = await clinic.gateway.authenticate(token, CALLER);
    const second = await clinic.gateway.readExport(later, exportId);
    expect(second.sha256).toBe(first.sha256);
    session = await clinic.session({ policy: 'partners' });
  });

  it('finds by a deterministic code, and not by an encrypted cell', async () => {
    const { rows } = await clinic.ask(session, SQL);
    const [code] = rows[3] as readonly string[];
    const found = await clinic.ask(session, 'SELECT city FROM patients WHERE ssn = $1', {
      parameters: [code as string],
    });
    expect(found.rows).toEqual([[rows[3]?.[3]]]);
    await expectCodeAsync(
      async () =>
        clinic.ask(session, 'SELECT city FROM patients WHERE first = $1', { parameters: ['x'] }),
      'ERR_QUERY_OPERATION',
    );
  });

  it('sees dates moved, each by at most the span', async () => {
    const { rows } = await clinic.ask(session, 'SELECT birthdate FROM patients');
    const moved = rows.map(([date]) => parseDate(date as string)).toSorted((a, b) => a - b);
    const born = PATIENTS.map(({ birthdate }) => parseDate(birthdate)).toSorted((a, b) => a - b);
    for (const [index, day] of moved.entries()) {
      expect(Math.abs(day - (born[index] as number))).toBeLessThanOrEqual(30);
    }
    expect(moved).not.toEqual(born);
  });
});
