/** Receipts and the audit trail: each recipient sees and checks its own, and knows of no other. */

import type { AuditEntry, Session } from '@veritydb/disclosure';
import { formatVerifierKey, verifyCheckpoint } from '@veritydb/merkle';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse, NORTHFIELD, SOUTHMOOR } from './clinic-house.ts';

let clinic: ClinicHouse;
let north: Session;
let south: Session;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  north = await clinic.session();
  south = await clinic.session({ recipient: SOUTHMOOR });
});
afterAll(() => {
  clinic.remove();
});

async function makeExport(session: Session): Promise<string> {
  const { exportId } = await clinic.gateway.createExport(session, {
    sql: 'SELECT id, gender FROM patients',
    parameters: [],
    idempotencyId: '31'.repeat(16),
  });
  return exportId;
}

describe('verify', () => {
  it('checks the receipt of an answer and the record of an export, from the record to the root', async () => {
    const { receipt } = await clinic.ask(north, 'SELECT gender FROM patients');
    const exportId = await makeExport(north);
    for (const request of [{ receiptId: receipt.id }, { exportId }]) {
      const answer = await clinic.gateway.verify(north, request);
      expect(answer.valid).toBe(true);
      expect(answer.checks.map(({ name, ok }) => [name, ok])).toEqual([
        ['record', true],
        ['chain', true],
        ['signature', true],
        ['inclusion', true],
      ]);
      const { crypto, origin, publicKey, tree } = clinic.tenant;
      const key = formatVerifierKey(crypto, origin, publicKey);
      expect(key).toBe(clinic.gateway.logVerifierKey);
      const checkpoint = verifyCheckpoint(crypto, answer.checkpoint, key);
      expect(checkpoint.root).toEqual(tree.root(checkpoint.size));
    }
  });

  it('checks the receipt of a denial', async () => {
    await clinic.ask(north, 'SELECT ssn FROM patients').catch(() => null);
    const receiptId = clinic.lastRecord()['access_id'] as string;
    expect((await clinic.gateway.verify(north, { receiptId })).valid).toBe(true);
  });

  it('checks for another token of the same recipient, and after a restart', async () => {
    const { receipt } = await clinic.ask(north, 'SELECT gender FROM patients');
    const exportId = await makeExport(await clinic.session());
    await clinic.restart();
    const other = await clinic.session();
    for (const request of [{ receiptId: receipt.id }, { exportId }]) {
      expect((await clinic.gateway.verify(other, request)).valid).toBe(true);
    }
  });

  it('knows nothing of what others did, in the words of what nobody did', async () => {
    const { receipt } = await clinic.ask(north, 'SELECT gender FROM patients');
    await clinic.administration.execute('SELECT COUNT(*) FROM patients', [], 'check');
    const operators = clinic.lastRecord()['access_id'] as string;
    const exportId = await makeExport(north);
    const code = 'ERR_DISCLOSURE_RECEIPT_UNKNOWN';
    const texts = new Set<string>();
    for (const request of [
      { receiptId: receipt.id },
      { receiptId: operators },
      { receiptId: '0'.repeat(32) },
      { receiptId: '' },
      { exportId },
      { exportId: '0'.repeat(32) },
    ]) {
      const error = await expectCodeAsync(async () => clinic.gateway.verify(south, request), code);
      texts.add(`${error.message} ${error.hint}`);
      expect(clinic.lastRecord()).toMatchObject({ action: 'verify', decision: 'denied', code });
    }
    expect(texts.size).toBe(1);
  });

  it.each([{}, { receiptId: '0', exportId: '0' }])('refuses %j', async (request) => {
    await expectCodeAsync(
      async () => clinic.gateway.verify(north, request),
      'ERR_DISCLOSURE_REQUEST',
    );
  });
});

describe('audit', () => {
  it('shows a token what its recipient did, and nothing else', async () => {
    await clinic.ask(south, 'SELECT gender FROM patients');
    await clinic.administration.execute('SELECT COUNT(*) FROM patients', [], 'check');
    for (const [session, recipient] of [
      [north, NORTHFIELD],
      [south, SOUTHMOOR],
    ] as const) {
      const { entries } = await clinic.gateway.audit(session, { limit: 500 });
      expect(new Set(entries.map((entry) => entry.recipient))).toEqual(new Set([recipient]));
      const expected = clinic
        .reserved('verity_access')
        .filter((row) => row['recipient'] === recipient).length;
      // All but the outcome of this very call.
      expect(entries).toHaveLength(expected - 1);
    }
  });

  it('shows the operator everything, and survives a restart', async () => {
    const before = (await clinic.administration.auditAll({ limit: 500 })).entries;
    expect(new Set(before.map(({ recipient }) => recipient))).toEqual(
      new Set([NORTHFIELD, SOUTHMOOR, 'operator']),
    );
    await clinic.restart();
    expect((await clinic.administration.auditAll({ limit: 500 })).entries).toEqual(before);
  });

  it('can be paged through, newest first, each entry once', async () => {
    const all = (await clinic.administration.auditAll({ limit: 500 })).entries;
    const paged: AuditEntry[] = [];
    for (let before: number | undefined; ;) {
      const { entries } = await clinic.administration.auditAll(
        before === undefined ? { limit: 7 } : { limit: 7, before },
      );
      paged.push(...entries);
      before = entries.at(-1)?.offset;
      if (before === undefined) break;
    }
    expect(paged).toEqual(all);
    const offsets = all.map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => b - a));
  });
});
