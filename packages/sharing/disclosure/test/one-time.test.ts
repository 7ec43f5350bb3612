/** A token that may make one export makes one: at once, again, over a restart, and over a kill. */

import type { ExportAnswer, ExportRequest, Session } from '@veritydb/disclosure';
import { SimDisk } from '@veritydb/sim';
import { expectCodeAsync } from '@veritydb/testkit';
import type { VerityError } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  CALLER,
  ClinicHouse,
  MovableClock,
  fillClinic,
  openHouse,
  tokenRequest,
} from './clinic-house.ts';

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
});
afterEach(() => {
  clinic.remove();
});

function request(id: number, sql = 'SELECT id, gender FROM patients'): ExportRequest {
  return { sql, parameters: [], idempotencyId: id.toString(16).padStart(32, '0') };
}

async function bytesOf(session: Session, { exportId }: ExportAnswer): Promise<string> {
  const { bytes, sha256 } = await clinic.gateway.readExport(session, exportId);
  return `${sha256} ${Buffer.from(bytes.read(0, bytes.size)).toString('base64')}`;
}

// S257: one use, whatever happens.
describe('a one-time token', () => {
  it('makes one export; a second one is refused, over a restart too', async () => {
    const { token, tokenId } = await clinic.issue({ maxExports: 1 });
    let session = await clinic.gateway.authenticate(token, CALLER);
    await clinic.gateway.createExport(session, request(1));
    const code = 'ERR_KERNEL_TOKEN_SPENT';
    await expectCodeAsync(async () => clinic.gateway.createExport(session, request(2)), code);
    expect(clinic.lastRecord()).toMatchObject({ action: 'export', decision: 'denied', code });
    await clinic.restart();
    session = await clinic.gateway.authenticate(token, CALLER);
    await expectCodeAsync(async () => clinic.gateway.createExport(session, request(3)), code);
    const [listed] = await clinic.administration.listTokens();
    expect(listed).toMatchObject({ tokenId, state: 'spent', exports: 1 });
  });

  it('makes exactly one export of a hundred that are asked for at once', async () => {
    const session = await clinic.session({ maxExports: 1 });
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, async (_, id) =>
        clinic.gateway.createExport(
          session,
          request(id + 1, 'SELECT gender FROM patients LIMIT 2'),
        ),
      ),
    );
    const made = results.filter(({ status }) => status === 'fulfilled');
    const codes = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as VerityError).code] : [],
    );
    expect(made).toHaveLength(1);
    expect(codes).toHaveLength(99);
    expect(new Set(codes)).toEqual(new Set(['ERR_KERNEL_TOKEN_SPENT']));
    expect(clinic.reserved('verity_exports')).toHaveLength(1);
    const records = clinic.reserved('verity_access');
    expect(records.filter(({ decision }) => decision === 'denied')).toHaveLength(99);
    expect(records.filter(({ phase }) => phase === 'intent')).toHaveLength(100);
  });

  it('gives the same export for the same request: again, at once, and after a restart', async () => {
    const { token } = await clinic.issue({ maxExports: 1 });
    let session = await clinic.gateway.authenticate(token, CALLER);
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => clinic.gateway.createExport(session, request(1))),
    );
    answers.push(await clinic.gateway.createExport(session, request(1)));
    const [first] = answers as [ExportAnswer];
    for (const { exportId, rows, sha256, size, position } of answers) {
      expect({ exportId, rows, sha256, size, position }).toEqual({
        exportId: first.exportId,
        rows: 36,
        sha256: first.sha256,
        size: first.size,
        position: first.position,
      });
    }
    // Each answer is an access of its own.
    expect(new Set(answers.map(({ receipt }) => receipt.id)).size).toBe(answers.length);
    const bytes = await bytesOf(session, first);
    await clinic.restart();
    session = await clinic.gateway.authenticate(token, CALLER);
    const again = await clinic.gateway.createExport(session, request(1));
    expect(again.sha256).toBe(first.sha256);
    expect(await bytesOf(session, again)).toBe(bytes);
    expect(clinic.reserved('verity_exports')).toHaveLength(1);
  });

  it('refuses another request under the same id', async () => {
    const session = await clinic.session();
    const made = await clinic.gateway.createExport(session, request(1));
    const code = 'ERR_DISCLOSURE_EXPORT_REUSED';
    for (const other of [
      request(1, 'SELECT id, state FROM patients'),
      request(1, 'SELECT id, gender FROM patients '),
      { ...request(1), parameters: ['x'] },
      { ...request(1), heldTreeSize: 3 },
    ]) {
      await expectCodeAsync(async () => clinic.gateway.createExport(session, other), code);
    }
    // Under the id of another token it is another export.
    const theirs = await clinic.gateway.createExport(await clinic.session(), request(1));
    expect(theirs.exportId).not.toBe(made.exportId);
  });

  it.each(['', 'x', 'A'.repeat(32), '0'.repeat(31), '0'.repeat(33)])(
    'refuses an idempotency id that is none: %j',
    async (idempotencyId) => {
      const session = await clinic.session({ maxExports: 1 });
      await expectCodeAsync(
        async () => clinic.gateway.createExport(session, { ...request(1), idempotencyId }),
        'ERR_TYPES_ID',
      );
      await clinic.gateway.createExport(session, request(1));
    },
  );
});

describe('a one-time token over a kill', () => {
  it('is spent with the export that stands in the log, or not at all', async () => {
    const disk = new SimDisk();
    const clock = new MovableClock();
    const open = async (): ReturnType<typeof openHouse> => openHouse({ disk, clock });
    const first = await open();
    await fillClinic(first);
    const issued = await first.administration.issueToken(tokenRequest({ maxExports: 1 }));
    first.tenant.close();
    const start = disk.snapshot();
    const seen = new Set<string>();
    for (let calls = 1, made: ExportAnswer | null = null; made === null; calls += 1) {
      disk.restore(start);
      const house = await open();
      disk.failAfter(calls);
      made = await house.gateway
        .authenticate(issued.token, CALLER)
        .then(async (session) => house.gateway.createExport(session, request(1)))
        .catch((error: unknown) => {
          expect(error).toMatchObject({ kind: 'unavailable' });
          return null;
        });
      disk.crash(calls);
      const again = await open();
      const [listed] = await again.administration.listTokens();
      const spent = listed?.exports ?? 0;
      const session = await again.gateway.authenticate(issued.token, CALLER);
      const retried = await again.gateway.createExport(session, request(1));
      if (made !== null) expect(retried.sha256).toBe(made.sha256);
      await expectCodeAsync(
        async () => again.gateway.createExport(session, request(2)),
        'ERR_KERNEL_TOKEN_SPENT',
      );
      expect((await again.administration.listTokens())[0]?.exports).toBe(1);
      seen.add(`${spent} ${made === null ? 'refused' : 'made'}`);
      again.tenant.close();
    }
    expect([...seen]).toEqual(expect.arrayContaining(['0 refused', '1 made']));
  });
});
