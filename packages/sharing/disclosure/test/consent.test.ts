/**
 * Consent for each data subject: a row leaves only by its permit, a withdrawal is in force from its own
 * record on, and the decisions are in the record of the answer. S246, S247, S248, S249.
 */

import { parseBundle, verifyBundle, verifyRowReceipt } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import type { ConsentOrder, Session } from '@veritydb/disclosure';
import { codeOf, expectCodeAsync } from '@veritydb/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ClinicHouse, NORTHFIELD, PATIENTS, PURPOSE, SECRETS, SOUTHMOOR } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
  await clinic.raisePolicy(
    2,
    '  token: { maxTtl: P1D }',
    '  token: { maxTtl: P1D }\n  consent: per-subject',
  );
});
afterEach(() => {
  clinic.remove();
});

function order(number: number, changes: Partial<ConsentOrder> = {}): ConsentOrder {
  return {
    subject: PATIENTS[number]?.id ?? '',
    state: 'given',
    purpose: PURPOSE,
    recipient: NORTHFIELD,
    tables: '*',
    controller: 'The clinic',
    legalBasis: 'eu-gdpr:A6-1-a',
    expression: 'explicit',
    ...changes,
  };
}

async function give(number: number, changes: Partial<ConsentOrder> = {}): Promise<string> {
  const { consentId } = await clinic.administration.consents.record(order(number, changes));
  return consentId;
}

async function countOf(session: Session): Promise<number> {
  return (await clinic.ask(session, 'SELECT gender FROM patients')).rows.length;
}

describe('a policy that demands consent', () => {
  it('lets out the rows of those who gave it, and of nobody else', async () => {
    const session = await clinic.session();
    expect(await countOf(session)).toBe(0);
    await give(0);
    await give(1);
    await give(2, { recipient: SOUTHMOOR });
    await give(3, { purpose: 'dpv:Marketing' });
    await give(4, { tables: ['notes'] });
    await give(5, { state: 'refused' });
    await give(6, { state: 'requested' });
    expect(await countOf(session)).toBe(2);
    expect(await countOf(await clinic.session({ recipient: SOUTHMOOR }))).toBe(1);
    const counted = await clinic.ask(session, 'SELECT COUNT(*) FROM patients');
    expect(counted.rows).toEqual([[2]]);
    const { rows } = await clinic.ask(
      session,
      'SELECT gender FROM patients WHERE zip IS NULL OR TRUE',
    );
    expect(rows).toHaveLength(2);
  });

  it('holds for exports, and a withdrawal ends their download', async () => {
    const id = await give(0);
    const session = await clinic.session();
    const request = {
      sql: 'SELECT gender FROM patients',
      parameters: [],
      idempotencyId: 'ab'.repeat(16),
    };
    const made = await clinic.gateway.createExport(session, request);
    expect(made.rows).toBe(1);
    await clinic.gateway.readExport(session, made.exportId);
    await clinic.administration.consents.change({ consentId: id, state: 'withdrawn' });
    const read = async (): Promise<unknown> => clinic.gateway.readExport(session, made.exportId);
    await expectCodeAsync(read, 'ERR_DISCLOSURE_EXPORT_CHANGED');
  });

  it('says in the bundle who permitted it, and of nobody else that there is anybody', async () => {
    await give(0);
    await give(1);
    await give(2, { state: 'refused' });
    await give(3, { recipient: SOUTHMOOR });
    const session = await clinic.session();
    let count = 0;
    const decisions = async (by: Session, where = ''): Promise<readonly string[]> => {
      count += 1;
      const made = await clinic.gateway.createExport(by, {
        sql: `SELECT gender FROM patients${where}`,
        parameters: [],
        idempotencyId: String(count).padStart(32, 'c'),
      });
      const { bytes } = await clinic.gateway.readExport(by, made.exportId);
      const verifierKey = clinic.gateway.logVerifierKey;
      const report = verifyBundle(nativeCrypto, bytes, { verifierKey });
      expect(report.checks.flatMap(({ failures }) => failures)).toEqual([]);
      const verdict = report.checks.find(({ check }) => check === 'consent')?.verdict;
      expect(verdict).toBe('attested');
      const { entries, manifest } = parseBundle(bytes);
      const source = entries.get('consent.ndjson')?.bytes;
      if (source === undefined) throw new Error('no decisions');
      const text = Buffer.from(source.read(0, source.size)).toString();
      const lines = text.split('\n').slice(0, -1);
      expect(manifest.consent?.permits).toBe(lines.length);
      for (const secret of SECRETS) expect(text).not.toContain(secret);
      return lines.map((line) => (JSON.parse(line) as { subject: string }).subject);
    };
    const first = await decisions(session);
    expect(first).toHaveLength(2);
    // Another export calls the same two by other names, and so does another recipient's.
    const south = await clinic.session({ recipient: SOUTHMOOR });
    const others = [...(await decisions(session)), ...(await decisions(south))];
    expect(others).toHaveLength(3);
    expect(new Set([...first, ...others]).size).toBe(5);
    // Nothing tells who refused from who is not there.
    expect(await decisions(session, " WHERE state = 'Nowhere'")).toEqual([]);
    // All decisions are in the record, for an auditor.
    const records = clinic
      .reserved('verity_access')
      .filter(({ action, phase }) => action === 'export' && phase === 'outcome');
    for (const record of records) {
      expect(record).toMatchObject({
        consent_permits: expect.any(Number),
        consent_denials: expect.any(Number),
      });
      expect(Number(record['consent_denials'])).toBeGreaterThan(30);
    }
  });

  it('asks the ledger as it stands now, also for the past', async () => {
    const session = await clinic.session();
    const id = await give(0);
    const { position } = await clinic.ask(session, 'SELECT gender FROM patients');
    await clinic.administration.consents.change({ consentId: id, state: 'withdrawn' });
    const past = await clinic.ask(session, 'SELECT gender FROM patients', { position });
    expect(past.rows).toEqual([]);
    await give(0);
    expect(await countOf(session)).toBe(1);
  });

  it('lets consent run out by the time of the log', async () => {
    const session = await clinic.session();
    const soon = BigInt(Date.now()) * 1000n + 600_000_000n;
    await give(0, { expiresAt: soon });
    expect(await countOf(session)).toBe(1);
    clinic.clock.advanceSeconds(601);
    expect(await countOf(session)).toBe(0);
    // Nothing was withdrawn: the ledger says what it said.
    const [consent] = await clinic.administration.consents.list(PATIENTS[0]?.id);
    expect(consent).toMatchObject({ state: 'given' });
  });

  it('counts the decisions in the record, and holds their root', async () => {
    await give(0);
    await give(1);
    const session = await clinic.session();
    await clinic.ask(session, 'SELECT gender FROM patients');
    const record = clinic.lastRecord();
    expect(record).toMatchObject({ consent_permits: 2, consent_denials: 34, rows: 2 });
    const root = record['consent_root'] as Uint8Array;
    expect(root).toHaveLength(32);
    await clinic.ask(session, 'SELECT state FROM patients');
    expect(clinic.lastRecord()['consent_root']).toEqual(root);
    await give(2);
    await clinic.ask(session, 'SELECT state FROM patients');
    expect(clinic.lastRecord()['consent_root']).not.toEqual(root);
    const heap = clinic.reservedHeap().toString('latin1');
    for (const secret of SECRETS) expect(heap).not.toContain(secret);
  });

  it('survives a restart: the ledger is in the log', async () => {
    const id = await give(0);
    await give(1);
    await clinic.administration.consents.change({ consentId: id, state: 'withdrawn' });
    const { consentChanges } = clinic.tenant.state;
    await clinic.restart();
    expect(clinic.tenant.state.consentChanges).toBe(consentChanges);
    expect(await countOf(await clinic.session())).toBe(1);
  });
});

describe('a consent withdrawn between intent and answer', () => {
  it('does not leave: the answer is decided again', async () => {
    const id = await give(0);
    await give(1);
    const session = await clinic.session();
    // The withdrawal is submitted while the answer is made: it is in the log before the outcome is.
    const { tenant } = clinic;
    const submit = tenant.submit.bind(tenant);
    let withdrawn = false;
    tenant.submit = async (command, idempotencyId) => {
      if (command.kind === 'record-outcome' && !withdrawn) {
        withdrawn = true;
        await submit({
          kind: 'change-consent',
          consentId: id,
          state: 'withdrawn',
          expiresAt: null,
        });
      }
      return submit(command, idempotencyId);
    };
    const answer = await clinic.ask(session, 'SELECT gender FROM patients');
    expect(withdrawn).toBe(true);
    expect(answer.rows).toHaveLength(1);
    expect(clinic.lastRecord()).toMatchObject({ consent_permits: 1, rows: 1, decision: 'allowed' });
  });

  it('is refused where consents never come to rest', async () => {
    const session = await clinic.session();
    const { tenant } = clinic;
    const submit = tenant.submit.bind(tenant);
    let number = 0;
    tenant.submit = async (command, idempotencyId) => {
      if (command.kind === 'record-outcome' && command.outcome.decision === 'allowed') {
        number += 1;
        await give(number);
      }
      return submit(command, idempotencyId);
    };
    const ask = async (): Promise<unknown> => clinic.ask(session, 'SELECT gender FROM patients');
    await expectCodeAsync(ask, 'ERR_KERNEL_ANSWER_MOVED');
    expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', rows: null });
  });
});

describe('a receipt of a consent', () => {
  it('holds with the key of the log alone, and says what is in force', async () => {
    const consentId = await give(0, { method: 'paper form C-7', jurisdiction: 'EU' });
    const receipt = await clinic.administration.consents.receipt(consentId);
    const verified = verifyRowReceipt(nativeCrypto, receipt, clinic.gateway.logVerifierKey);
    expect(verified.table).toBe('verity_consents');
    expect(Object.fromEntries(verified.values)).toMatchObject({
      consent_id: consentId,
      state: 'given',
      recipient: NORTHFIELD,
      purpose: PURPOSE,
      method: 'paper form C-7',
    });
    expect(receipt).not.toContain(PATIENTS[0]?.id);
    await clinic.administration.consents.change({ consentId, state: 'withdrawn' });
    const second = await clinic.administration.consents.receipt(consentId);
    const withdrawn = verifyRowReceipt(nativeCrypto, second, clinic.gateway.logVerifierKey);
    expect(withdrawn.values.get('state')).toBe('withdrawn');
    expect(withdrawn.header.offset).toBeGreaterThan(verified.header.offset);
  });

  it('does not hold once a byte of it is another, or under another key', async () => {
    const receipt = await clinic.administration.consents.receipt(await give(0));
    const key = clinic.gateway.logVerifierKey;
    const forged = receipt.replace('"given"', '"renewed"');
    expect(forged).not.toBe(receipt);
    expect(codeOf(() => verifyRowReceipt(nativeCrypto, forged, key))).toBe('ERR_BUNDLE_COMMITMENT');
    for (let at = 0; at < receipt.length; at += 97) {
      const other = receipt[at] === 'A' ? 'B' : 'A';
      const changed = `${receipt.slice(0, at)}${other}${receipt.slice(at + 1)}`;
      expect(codeOf(() => verifyRowReceipt(nativeCrypto, changed, key))).toMatch(/^ERR_/);
    }
  });

  it('is refused for what is not there, and a record that would name its subject', async () => {
    const { administration } = clinic;
    await expectCodeAsync(
      async () => administration.consents.receipt('00'.repeat(16)),
      'ERR_DISCLOSURE_CONSENT_UNKNOWN',
    );
    const named = order(0, { method: `told us: ${PATIENTS[0]?.id ?? ''}` });
    await expectCodeAsync(
      async () => administration.consents.record(named),
      'ERR_DISCLOSURE_SUBJECT_NAMED',
    );
  });
});
