/**
 * Everything that comes out of the house, one heap of bytes: answers, refusals, hints, schemas, audit
 * entries, verdicts, bundles, checkpoints, and the files at rest. No name, number, address, city, id or
 * full date of birth of any patient is in it.
 */

import type { QueryRequest, Session } from '@veritydb/disclosure';
import { VerityError, toOffset, utf8Encode } from '@veritydb/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, PATIENTS, SECRETS, policyText } from './clinic-house.ts';

let clinic: ClinicHouse;
const heap: Uint8Array[] = [];

beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

/** Runs a call and keeps what came out, be it an answer or a refusal. */
async function keep(call: () => Promise<unknown>): Promise<unknown> {
  let out: unknown;
  try {
    out = await call();
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    expect(error.kind, `${error.code} ${error.message}`).not.toBe('assertion');
    const { code, hint, kind, message, stack } = error;
    out = { code, hint, kind, message, stack };
  }
  heap.push(utf8Encode(JSON.stringify(out)));
  return out;
}

function expectNothingIn(bytes: Buffer, what: string): void {
  for (const secret of SECRETS) {
    for (const spelt of [secret, secret.toLowerCase(), secret.toUpperCase()]) {
      expect(bytes.includes(spelt), `${what} holds ${spelt}`).toBe(false);
    }
  }
}

const NAMES = [
  'id',
  'birthdate',
  'gender',
  'zip',
  'state',
  'ssn',
  'first',
  'last',
  'address',
  'zzz',
];
const name = fc.constantFrom(...NAMES, '"ssn"', 'SSN', 'patients.ssn', 'p.last', '*', 'COUNT(ssn)');
/** Literals that are nobody's: what a refusal may not repeat is what it would have had to read. */
const literal = fc.constantFrom(
  "'x'",
  "'9%'",
  '0',
  "DATE '1970-01-01'",
  'NULL',
  '$1',
  "'021'",
  "'1980'",
);
const predicate = fc
  .tuple(name, fc.constantFrom('=', '<>', '<', '>=', 'LIKE', 'IS', 'IN', 'BETWEEN'), literal)
  .map(([column, operator, value]) =>
    operator === 'IN'
      ? `${column} IN (${value}, ${value})`
      : operator === 'BETWEEN'
        ? `${column} BETWEEN ${value} AND ${value}`
        : `${column} ${operator} ${value}`,
  );
const statement = fc
  .record({
    items: fc.array(name, { minLength: 1, maxLength: 3 }),
    from: fc.constantFrom(
      'patients',
      'patients p',
      'notes',
      'verity_access',
      'patients, notes',
      '"Patients"',
    ),
    where: fc.option(fc.tuple(predicate, fc.constantFrom(' AND ', ' OR ', ' AND NOT '), predicate)),
    order: fc.option(name),
    rest: fc.constantFrom(
      '',
      ' LIMIT 3',
      ' AS OF POSITION 5',
      '; SELECT 1',
      ' UNION SELECT ssn FROM patients',
    ),
  })
  .map(({ items, from, where, order, rest }) =>
    [
      `SELECT ${items.join(', ')} FROM ${from}`,
      where === null ? '' : ` WHERE ${where.join('')}`,
      order === null ? '' : ` ORDER BY ${order}`,
      rest,
    ].join(''),
  );

async function askAllWays(session: Session): Promise<void> {
  const { gateway } = clinic;
  const request = { sql: 'SELECT * FROM patients', parameters: [], idempotencyId: '51'.repeat(16) };
  await keep(async () => gateway.schema(session));
  await keep(async () => gateway.schema(session, 'notes'));
  await keep(async () => gateway.query(session, { ...request, maxRows: 500 }));
  const made = (await keep(async () => gateway.createExport(session, request))) as {
    readonly exportId?: string;
  };
  const exportId = made.exportId ?? '';
  await keep(async () => gateway.verify(session, { exportId }));
  await keep(async () => gateway.audit(session, { limit: 500 }));
  await keep(async () => {
    const { bytes } = await gateway.readExport(session, exportId);
    heap.push(bytes.read(0, bytes.size));
    return null;
  });
  await keep(async () => {
    const { head } = clinic.tenant;
    heap.push(...(await gateway.readLeaves(session, { first: toOffset(0), count: head })));
    return null;
  });
  await keep(async () => gateway.checkpoint());
}

describe('nothing of a patient comes out', () => {
  it('by any statement that a recipient may think of', async () => {
    const session = await clinic.session();
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(statement, async (sql) => {
        const request: QueryRequest = { sql, parameters: sql.includes('$1') ? ['x'] : [] };
        const out = (await keep(async () => clinic.gateway.query(session, request))) as object;
        if ('rows' in out) answered += 1;
      }),
      { numRuns: 250, seed: 20_260_727 },
    );
    // Most are refused; that some are answered shows that the attacks reach the rows.
    expect(answered).toBeGreaterThan(0);
    expectNothingIn(Buffer.concat(heap), 'what came out');
  });

  it('by any door of the gateway, before and after a restart, revoked or under another policy', async () => {
    const { token, tokenId } = await clinic.issue();
    const authenticate = async (): Promise<Session> => clinic.gateway.authenticate(token, CALLER);
    await askAllWays(await authenticate());
    await clinic.restart();
    await askAllWays(await authenticate());
    await clinic.administration.activatePolicy(policyText(2, 'use: zip3', 'use: zip3'));
    await askAllWays(await authenticate());
    await clinic.administration.revokeToken(tokenId, 'the study has ended');
    await keep(authenticate);
    for (const patient of PATIENTS.slice(0, 2)) {
      // Rows that are refused: a key that exists, and a value of another type.
      const { id, last } = patient;
      await keep(async () =>
        clinic.administration.insertRows({
          table: 'patients',
          columns: ['id', 'birthdate'],
          rows: [[id, '1980-02-03']],
        }),
      );
      const sql = `INSERT INTO patients (id, birthdate, last) VALUES (UUID '${id}', 7, '${last}')`;
      await keep(async () => clinic.administration.execute(sql, [], 'a typing error'));
    }
    await keep(async () => clinic.administration.auditAll({ limit: 500 }));
    await keep(async () => clinic.administration.checkLog());
    await keep(async () => clinic.administration.listTokens());
    expectNothingIn(Buffer.concat(heap), 'what came out');
  });

  it('from the rows that the calls left behind, and from the files at rest, open or closed', async () => {
    expectNothingIn(clinic.reservedHeap(), 'a reserved row');
    expectNothingIn(clinic.heap(), 'the open folder');
    await clinic.restart();
    expectNothingIn(clinic.heap(), 'the folder after a restart');
    clinic.close();
    expectNothingIn(clinic.heap(), 'the closed folder');
  });

  it('though the search finds what is there', () => {
    // A canary: the same search over what the operator wrote must fail.
    const written = Buffer.from(JSON.stringify(PATIENTS));
    expect(() => expectNothingIn(written, 'the sample')).toThrow(/the sample holds/);
  });
});
