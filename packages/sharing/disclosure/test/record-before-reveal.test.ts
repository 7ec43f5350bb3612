/** Intent is durable before anything is read, outcome before anything leaves; denials are records too. */

import type { QueryAnswer } from '@veritydb/disclosure';
import { SimDisk } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import { bytesToHex, toOffset } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  CALLER,
  ClinicHouse,
  type House,
  MovableClock,
  PATIENTS,
  SECRETS,
  fillClinic,
  openHouse,
  tokenRequest,
} from './clinic-house.ts';

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

/** Text of a statement's fingerprint on record. */
async function fingerprintOf(sql: string): Promise<unknown> {
  await clinic.ask(await clinic.session(), sql);
  return clinic.lastRecord()['fingerprint'];
}

describe('record before reveal', () => {
  it('has the intent in the log before it reads, and the outcome before it answers', async () => {
    const session = await clinic.session();
    const answer = await clinic.ask(session, 'SELECT gender FROM patients');
    const { entries } = await clinic.gateway.audit(session, { limit: 10 });
    const [outcome, intent] = entries.filter(({ id }) => id === answer.receipt.id);
    expect(intent).toMatchObject({ phase: 'intent', decision: 'pending', code: null, rows: null });
    expect(outcome).toMatchObject({ phase: 'outcome', decision: 'allowed', rows: 36 });
    // The rows are as of a position that holds the intent already.
    expect(answer.position).toBeGreaterThanOrEqual(intent?.offset ?? Infinity);
    expect(outcome?.offset).toBe(answer.receipt.offset);
    expect(answer.receipt.offset).toBeGreaterThan(answer.position);
    const { tree } = clinic.tenant;
    expect(answer.receipt.chainHash).toBe(bytesToHex(tree.leafHash(answer.receipt.offset)));
    expect(answer.root).toBe(bytesToHex(tree.root(answer.receipt.offset + 1)));
  });

  it('counts an intent without an outcome once it is a minute old', async () => {
    const { administration, clock, tenant } = clinic;
    const before = (await administration.auditAll({ limit: 1 })).unanswered;
    await tenant.submit({
      kind: 'record-intent',
      intent: {
        accessId: '00'.repeat(16),
        recipient: 'Northfield University',
        tokenId: 'a call that was cut off',
        purpose: 'dpv:ScientificResearch',
        action: 'query',
        transport: 'http',
        client: null,
        spendsQuery: false,
      },
    });
    clock.advanceSeconds(59);
    expect((await administration.auditAll({ limit: 1 })).unanswered).toBe(before);
    clock.advanceSeconds(2);
    expect((await administration.auditAll({ limit: 1 })).unanswered).toBe(before + 1);
    const own = await clinic.gateway.audit(await clinic.session(), { limit: 1 });
    expect(own.unanswered).toBe(before + 1);
    const other = await clinic.session({ recipient: 'Southmoor Institute' });
    expect((await clinic.gateway.audit(other, { limit: 1 })).unanswered).toBe(0);
  });
});

describe('a denial is a record', () => {
  it.each([
    ['hidden column', 'SELECT ssn FROM patients', 'ERR_QUERY_UNKNOWN_COLUMN'],
    ['ungranted table', 'SELECT id FROM notes', 'ERR_ACCESS_UNKNOWN_TABLE'],
    ['order of codes', 'SELECT id FROM patients ORDER BY id', 'ERR_QUERY_OPERATION'],
    ['a write', 'DELETE FROM patients', 'ERR_DISCLOSURE_STATEMENT'],
    ['no SQL', 'give me everything', 'ERR_QUERY_SYNTAX'],
    ['a join', 'SELECT id FROM patients, notes', 'ERR_QUERY_UNSUPPORTED'],
  ])('%s', async (_name, sql, code) => {
    const session = await clinic.session();
    await expectCodeAsync(async () => clinic.ask(session, sql), code);
    expect(clinic.lastRecord()).toMatchObject({
      phase: 'outcome',
      action: 'query',
      decision: 'denied',
      code,
      token_id: session.tokenId,
      rows: null,
      result_mac: null,
    });
  });

  it.each(['schema', 'query', 'export', 'verify', 'audit'] as const)(
    'an action that the token does not allow: %s',
    async (action) => {
      const others = (['schema', 'query', 'export', 'verify', 'audit'] as const).filter(
        (other) => other !== action,
      );
      const session = await clinic.session({ actions: others });
      const { gateway } = clinic;
      const sql = 'SELECT gender FROM patients';
      const idempotencyId = 'ab'.repeat(16);
      const calls = {
        schema: [async () => gateway.schema(session)],
        query: [async () => gateway.query(session, { sql, parameters: [] })],
        export: [
          async () => gateway.createExport(session, { sql, parameters: [], idempotencyId }),
          async () => gateway.readExport(session, 'cd'.repeat(16)),
          async () =>
            gateway.readExportedRow(session, {
              exportId: 'cd'.repeat(16),
              line: 1,
              table: 'patients',
            }),
        ],
        verify: [
          async () => gateway.verify(session, { receiptId: 'cd'.repeat(16) }),
          async () => gateway.readLeaves(session, { first: toOffset(0), count: 1 }),
        ],
        audit: [async () => gateway.audit(session, { limit: 1 })],
      };
      for (const call of calls[action]) {
        const head = clinic.tenant.head;
        await expectCodeAsync(call, 'ERR_DISCLOSURE_SCOPE');
        expect(clinic.tenant.head).toBe(head + 2);
        expect(clinic.lastRecord()).toMatchObject({
          phase: 'outcome',
          action,
          decision: 'denied',
          code: 'ERR_DISCLOSURE_SCOPE',
        });
      }
    },
  );

  it('a token that has been revoked', async () => {
    const { token, tokenId } = await clinic.issue();
    await clinic.administration.revokeToken(tokenId, 'the study has ended');
    await expectCodeAsync(
      async () => clinic.gateway.authenticate(token, CALLER),
      'ERR_KERNEL_TOKEN_REVOKED',
    );
    expect(clinic.lastRecord()).toMatchObject({
      action: 'authenticate',
      decision: 'denied',
      code: 'ERR_KERNEL_TOKEN_REVOKED',
      token_id: tokenId,
    });
  });
});

describe('records hold no literal, no value and no token', () => {
  it('in any row, and in no byte of the folder', async () => {
    const { token } = await clinic.issue();
    const session = await clinic.gateway.authenticate(token, CALLER);
    const literals = ['Hesperides4711', 'Lilliburlero', 'Marzipanic', 'Bergamotte', '271828182'];
    await clinic.ask(session, `SELECT gender FROM patients WHERE state = '${literals[0]}'`);
    await clinic.ask(session, `SELECT 271828182, '${literals[1]}' = state FROM patients LIMIT 1`);
    await clinic.ask(session, `SELECT gender AS ${literals[2]} FROM patients LIMIT 1`);
    await clinic.ask(session, 'SELECT gender FROM patients WHERE state LIKE $1', {
      parameters: [`${literals[3]}%`],
    });
    for (const { id, last, ssn } of PATIENTS.slice(0, 3)) {
      await clinic.ask(session, `SELECT gender FROM patients WHERE id = '${id}'`);
      for (const sql of [
        `SELECT gender FROM patients WHERE ssn = '${ssn}'`,
        `SELECT "${last}" FROM patients`,
        `SELECT gender FROM patients WHERE state = '${last}`,
        `SELECT gender FROM patients WHERE birthdate = DATE '1980-02-03'`,
      ]) {
        await clinic.ask(session, sql).catch(() => null);
      }
    }
    await clinic.gateway.createExport(session, {
      sql: `SELECT gender FROM patients WHERE state <> '${literals[0]}'`,
      parameters: [],
      idempotencyId: '0123456789abcdef0123456789abcdef',
    });
    const rows = clinic.reservedHeap();
    const heap = clinic.heap();
    for (const secret of [...literals, ...SECRETS, token]) {
      for (const spelt of [secret, secret.toLowerCase(), secret.toUpperCase()]) {
        expect(rows.includes(spelt), `a reserved row holds ${spelt}`).toBe(false);
        expect(heap.includes(spelt), `the folder holds ${spelt}`).toBe(false);
      }
    }
  });

  it('names the columns that left, whatever the client calls them', async () => {
    const session = await clinic.session();
    await clinic.ask(session, 'SELECT zip AS harmless, gender = state AS x FROM patients LIMIT 1');
    expect(clinic.lastRecord()['columns']).toBe('["gender","state","zip"]');
    await clinic.ask(session, 'SELECT COUNT(*) AS harmless FROM patients');
    expect(clinic.lastRecord()['columns']).toBe('[]');
  });

  it('gives the same question one fingerprint, whoever it is about', async () => {
    const one = await fingerprintOf("SELECT gender AS a FROM patients WHERE state = 'Vermont'");
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprintOf("select GENDER from patients where state='Maine'")).toBe(one);
    expect(await fingerprintOf("SELECT gender FROM patients WHERE zip = '021'")).not.toBe(one);
  });

  it('keeps of what a client calls itself only short printable text', async () => {
    const { token } = await clinic.issue();
    const client = `curl\u001b[31m\u202e\u0000\n${'x'.repeat(500)}`;
    const session = await clinic.gateway.authenticate(token, { transport: 'mcp-http', client });
    await clinic.ask(session, 'SELECT gender FROM patients LIMIT 1');
    const { client: kept, transport } = clinic.lastRecord();
    expect(transport).toBe('mcp-http');
    expect(kept).toMatch(/^curl\?\[31m\?{3}x{1,}$/);
    expect(kept).toHaveLength(200);
  });
});

describe('a kill at any step', () => {
  const masterKey = new Uint8Array(32).fill(3);
  const clock = new MovableClock();

  async function askOnce(house: House, token: string): Promise<QueryAnswer> {
    const session = await house.gateway.authenticate(token, CALLER);
    return house.gateway.query(session, { sql: 'SELECT id, zip FROM patients', parameters: [] });
  }

  it('never lets an answer out that is not on record, and reports what was cut off', async () => {
    const disk = new SimDisk();
    const first = await openHouse({ disk, clock, masterKey });
    await fillClinic(first);
    const { token, tokenId } = await first.administration.issueToken(tokenRequest());
    first.tenant.close();
    const start = disk.snapshot();
    const seen = new Set<string>();
    for (let calls = 1, answered = false; !answered; calls += 1) {
      disk.restore(start);
      const house = await openHouse({ disk, clock, masterKey });
      disk.failAfter(calls);
      const answer = await askOnce(house, token).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'ERR_RUNTIME_FAILED' });
        return null;
      });
      answered = answer !== null && calls > 40;
      disk.crash(calls);
      const again = await openHouse({ disk, clock, masterKey });
      clock.advanceSeconds(61);
      const { entries, unanswered } = await again.administration.auditAll({ limit: 500 });
      const phases = entries.filter((entry) => entry.tokenId === tokenId).map(({ phase }) => phase);
      if (answer !== null) expect(phases).toEqual(['outcome', 'intent']);
      expect([[], ['intent'], ['outcome', 'intent']]).toContainEqual(phases);
      expect(unanswered).toBe(phases.length === 1 ? 1 : 0);
      seen.add(`${phases.length} ${answer === null ? 'refused' : 'answered'}`);
      again.tenant.close();
    }
    // The kills fell before the intent, between the two, and after the outcome.
    expect([...seen]).toEqual(expect.arrayContaining(['0 refused', '1 refused', '2 answered']));
  });
});
