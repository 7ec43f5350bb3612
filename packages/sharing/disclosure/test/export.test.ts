/** An export is a bundle that anybody can check with the log's key, and its own recipient can have again. */

import { verifyBundle, parseBundle } from '@veritydb/bundle';
import { portableCrypto } from '@veritydb/crypto';
import type { ExportAnswer, ExportRequest, Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, NORTHFIELD, PURPOSE, SECRETS } from './clinic-house.ts';

const SQL =
  "SELECT id, birthdate, gender, zip AS area, state FROM patients WHERE state = 'Vermont'";

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

let exports = 0;
function request(rest: Partial<ExportRequest> = {}): ExportRequest {
  exports += 1;
  const idempotencyId = exports.toString(16).padStart(32, 'e');
  return { sql: SQL, parameters: [], idempotencyId, ...rest };
}

async function download(session: Session, { exportId }: ExportAnswer): Promise<Uint8Array> {
  const { bytes: pieces, fileName, sha256 } = await clinic.gateway.readExport(session, exportId);
  const bytes = pieces.read(0, pieces.size);
  expect(fileName).toBe(`verity-export-${exportId}.zip`);
  expect(sha256).toBe(Buffer.from(portableCrypto.sha256(bytes)).toString('hex'));
  return bytes;
}

describe('an export', () => {
  // S252, S356: what is exported is recorded in the log, and the bundle proves that and its rows.
  it('verifies offline, with the key of the log alone', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(session, request());
    expect(made.rows).toBe(12);
    const bytes = await download(session, made);
    expect(bytes).toHaveLength(made.size);
    expect(made.sha256).toBe(Buffer.from(portableCrypto.sha256(bytes)).toString('hex'));
    const report = verifyBundle(portableCrypto, bytes, {
      verifierKey: clinic.gateway.logVerifierKey,
    });
    expect(report.checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect(report.holds).toBe(true);
    const verdicts = Object.fromEntries(
      report.checks.map(({ check, verdict }) => [check, verdict]),
    );
    expect(verdicts).toMatchObject({
      signature: 'proved',
      'export record': 'proved',
      integrity: 'proved',
      inclusion: 'proved',
      rows: 'proved',
      policy: 'proved',
      consistency: 'not-claimed',
      completeness: 'not-claimed',
    });
    expect(report.bundle).toMatchObject({
      exportId: made.exportId,
      recipient: NORTHFIELD,
      purpose: PURPOSE,
      position: made.position,
    });
    const counts = report.tables[0]?.columns.map(({ name, attested, proof, proved }) => [
      name,
      proof,
      proved,
      attested,
    ]);
    expect(counts).toMatchObject([
      ['id', 'auditor', 0, 12],
      ['birthdate', 'public', expect.any(Number), expect.any(Number)],
      ['gender', 'public', 12, 0],
      ['area', 'public', 12, 0],
      ['state', 'public', 12, 0],
    ]);
  });

  it('ends the tree that proves it: its record is the last leaf', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(session, request());
    await clinic.ask(session, 'SELECT gender FROM patients LIMIT 1');
    const { checkpoint } = parseBundle(await download(session, made));
    expect(checkpoint.size).toBe(made.receipt.offset + 1);
    const { event } = clinic.tenant.openRecord(made.receipt.offset);
    expect(event.changes.map(({ table }) => table.definition.name)).toEqual([
      'verity_exports',
      'verity_tokens',
      'verity_budgets',
      'verity_access',
    ]);
  });

  it('can be had again, byte for byte, after the log went on and after a restart', async () => {
    const { token } = await clinic.issue();
    let session = await clinic.gateway.authenticate(token, CALLER);
    const move = async (from: string, to: string): Promise<unknown> =>
      clinic.administration.execute(
        'UPDATE patients SET state = $1 WHERE state = $2',
        [to, from],
        'moved',
      );
    const made = await clinic.gateway.createExport(session, request());
    const bytes = await download(session, made);
    await move('Vermont', 'Maine');
    const empty = await clinic.gateway.createExport(session, request());
    expect(empty.rows).toBe(0);
    expect(Buffer.from(await download(session, made)).equals(bytes)).toBe(true);
    await clinic.restart();
    session = await clinic.gateway.authenticate(token, CALLER);
    expect(Buffer.from(await download(session, made)).equals(bytes)).toBe(true);
    await move('Maine', 'Vermont');
    expect(Buffer.from(await download(session, made)).equals(bytes)).toBe(true);
  });

  it('is for the token that made it: to every other it does not exist', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(session, request());
    const others = [
      await clinic.session(),
      await clinic.session({ recipient: 'Southmoor Institute' }),
    ];
    const code = 'ERR_DISCLOSURE_EXPORT_UNKNOWN';
    for (const other of others) {
      const theirs = await expectCodeAsync(
        async () => clinic.gateway.readExport(other, made.exportId),
        code,
      );
      expect(clinic.lastRecord()).toMatchObject({ action: 'download', decision: 'denied', code });
      const nobodys = await expectCodeAsync(
        async () => clinic.gateway.readExport(other, '0'.repeat(32)),
        code,
      );
      expect(theirs.message).toBe(nobodys.message);
      expect(theirs.hint).toBe(nobodys.hint);
    }
  });

  it('is listed, newest first, to the token that made it and to no other', async () => {
    const session = await clinic.session();
    const first = await clinic.gateway.createExport(session, request());
    const second = await clinic.gateway.createExport(session, {
      ...request(),
      idempotencyId: 'ab'.repeat(16),
    });
    const listed = await clinic.gateway.listExports(session);
    expect(listed.map(({ exportId, rows }) => [exportId, rows])).toEqual([
      [second.exportId, 12],
      [first.exportId, 12],
    ]);
    expect(listed[0]?.position).toBe(second.position);
    expect(await clinic.gateway.listExports(await clinic.session())).toEqual([]);
  });

  it('may be of no rows', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(
      session,
      request({ sql: "SELECT gender FROM patients WHERE state = 'Atlantis'" }),
    );
    const { checks, holds } = verifyBundle(portableCrypto, await download(session, made), {
      verifierKey: clinic.gateway.logVerifierKey,
    });
    expect(checks.flatMap(({ failures }) => failures)).toEqual([]);
    expect({ rows: made.rows, holds }).toEqual({ rows: 0, holds: true });
  });

  it('keeps nothing of what must not leave', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(
      session,
      request({ sql: 'SELECT * FROM patients' }),
    );
    // Files of a bundle are stored as they are, not packed: its bytes show all of them.
    const bytes = Buffer.from(await download(session, made));
    expect(bytes.includes('"gender":"F"')).toBe(true);
    for (const secret of SECRETS) {
      expect(bytes.includes(secret), secret).toBe(false);
    }
  });
});

describe('consistency with a checkpoint that the recipient holds', () => {
  it('is proved', async () => {
    const session = await clinic.session();
    const heldCheckpoint = await clinic.gateway.checkpoint();
    const heldTreeSize = Number(heldCheckpoint.split('\n')[1]);
    const made = await clinic.gateway.createExport(session, request({ heldTreeSize }));
    const bytes = await download(session, made);
    const verifierKey = clinic.gateway.logVerifierKey;
    const report = verifyBundle(portableCrypto, bytes, { verifierKey, heldCheckpoint });
    expect(report.holds).toBe(true);
    expect(report.checks.find(({ check }) => check === 'consistency')?.verdict).toBe('proved');
  });

  it.each([0, -1, 1.5, 1e12, Number.NaN])('is refused for a size of %d', async (heldTreeSize) => {
    const session = await clinic.session({ maxExports: 1 });
    await expectCodeAsync(
      async () => clinic.gateway.createExport(session, request({ heldTreeSize })),
      'ERR_DISCLOSURE_HELD_SIZE',
    );
    // The refusal has not spent the token.
    await clinic.gateway.createExport(session, request());
  });
});

describe('an export is of rows that can be proven', () => {
  it.each([
    ['a count', 'SELECT COUNT(*) FROM patients'],
    ['a calculation', 'SELECT gender, 1 + 1 AS two FROM patients'],
    ['a comparison', "SELECT state = 'Vermont' AS here FROM patients"],
    ['one name twice', 'SELECT gender, state AS gender FROM patients'],
  ])('refused: %s', async (_name, sql) => {
    const session = await clinic.session({ maxExports: 1 });
    await expectCodeAsync(
      async () => clinic.gateway.createExport(session, request({ sql })),
      'ERR_DISCLOSURE_EXPORT_SHAPE',
    );
    await clinic.gateway.createExport(session, request());
  });
});

describe('a newer version of the policy', () => {
  it('ends the downloads of exports that were made before', async () => {
    const raised = await ClinicHouse.open();
    try {
      const session = await raised.session();
      const before = request();
      const { exportId } = await raised.gateway.createExport(session, before);
      await raised.gateway.readExport(session, exportId);
      await raised.raisePolicy(2);
      const code = 'ERR_DISCLOSURE_EXPORT_CHANGED';
      await expectCodeAsync(async () => raised.gateway.readExport(session, exportId), code);
      await expectCodeAsync(async () => raised.gateway.createExport(session, before), code);
      await raised.raisePolicy(
        3,
        'state: { class: quasi-id, use: keep }',
        'state: { class: quasi-id, use: drop }',
      );
      await expectCodeAsync(
        async () => raised.gateway.readExport(session, exportId),
        'ERR_QUERY_UNKNOWN_COLUMN',
      );
      expect(raised.lastRecord()).toMatchObject({ action: 'download', decision: 'denied' });
    } finally {
      raised.remove();
    }
  });
});
