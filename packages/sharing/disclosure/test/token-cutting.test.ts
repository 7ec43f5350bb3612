/** Tokens cut from tokens, keys that are renewed, and tokens that are bound to a key. S240, S241, S242. */

import { keyThumbprint } from '@veritydb/access';
import { nativeCrypto } from '@veritydb/crypto/native';
import type { IssuedToken, Possession, Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { encodeBase64Url, utf8Encode } from '@veritydb/types';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, NORTHFIELD, PATIENTS, PURPOSE } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeEach(async () => {
  clinic = await ClinicHouse.open();
});
afterEach(() => {
  clinic.remove();
});

const SQL = 'SELECT gender FROM patients';

async function sessionOf({ token }: IssuedToken): Promise<Session> {
  return clinic.gateway.authenticate(token, CALLER);
}

describe('a token cut from another', () => {
  it('sees what both let it see, and leaves a record', async () => {
    const parent = await clinic.session({
      rows: { patients: { column: 'city', equals: 'Wexelford' } },
    });
    const issued = await clinic.gateway.exchange(parent, {
      tables: { patients: ['gender', 'state'] },
      rows: { patients: { column: 'state', equals: 'Vermont' } },
      actions: ['query'],
    });
    const record = clinic.reserved('verity_access').filter(({ action }) => action === 'exchange');
    expect(new Set(record.map(({ decision }) => decision))).toEqual(
      new Set(['allowed', 'pending']),
    );
    const child = await sessionOf(issued);
    expect(child.recipient).toBe(NORTHFIELD);
    expect(child.purpose).toBe(PURPOSE);
    const both = PATIENTS.filter(({ city, state }) => city === 'Wexelford' && state === 'Vermont');
    expect((await clinic.ask(child, SQL)).rows).toHaveLength(both.length);
    const hidden = async (): Promise<unknown> => clinic.ask(child, 'SELECT zip FROM patients');
    await expectCodeAsync(hidden, 'ERR_QUERY_UNKNOWN_COLUMN');
    await expectCodeAsync(async () => clinic.gateway.schema(child), 'ERR_DISCLOSURE_SCOPE');
    const wider = async (): Promise<unknown> =>
      clinic.gateway.exchange(child, { actions: ['export'] });
    await expectCodeAsync(wider, 'ERR_ACCESS_ATTENUATION');
    expect(clinic.lastRecord()).toMatchObject({ action: 'exchange', decision: 'denied' });
  });

  it('is not cut by what its parent does not show as it is', async () => {
    const parent = await clinic.session({ tables: { patients: ['gender', 'birthdate', 'zip'] } });
    const texts = new Set<string>();
    for (const rows of [
      { column: 'last', equals: 'Moss' },
      { column: 'nosuch', equals: 'Moss' },
      { column: 'state', equals: 'Vermont' },
      { column: 'birthdate', from: '1931-03-02' },
      { column: 'zip', equals: '10001' },
      { all: [{ column: 'gender', equals: 'F' }, { not: { column: 'last', isNull: true } }] },
      {
        any: [
          { column: 'gender', equals: 'F' },
          { column: 'last', in: ['Moss'] },
        ],
      },
    ]) {
      const cut = clinic.gateway.exchange(parent, { rows: { patients: rows } });
      await expectCodeAsync(async () => cut, 'ERR_ACCESS_ATTENUATION');
      texts.add(await cut.then(String, String));
    }
    expect(texts.size).toBe(1);
    await clinic.gateway.exchange(parent, {
      rows: { patients: { column: 'gender', equals: 'F' } },
    });
  });

  it('is not cut by a period of a column that its parent does not show as it is', async () => {
    await clinic.raisePolicy(
      2,
      '  patients:\n',
      '  patients:\n    period: { column: birthdate }\n',
    );
    const parent = await clinic.session();
    for (const period of [{ from: '1931-03-02' }, { before: '1931-03-03' }]) {
      const cut = async (): Promise<unknown> => clinic.gateway.exchange(parent, { period });
      await expectCodeAsync(cut, 'ERR_ACCESS_ATTENUATION');
    }
  });

  it('says nothing any more when a later policy hides what it was cut by', async () => {
    const parent = await clinic.session();
    const byState = await clinic.gateway.exchange(parent, {
      rows: { patients: { column: 'state', equals: 'Vermont' } },
    });
    const child = await sessionOf(byState);
    // Also where what it asks, or what it cuts further, does not show the column.
    const grandchild = await sessionOf(
      await clinic.gateway.exchange(child, { tables: { patients: ['gender'] } }),
    );
    const whole = await sessionOf(await clinic.gateway.exchange(parent, {}));
    for (const session of [child, grandchild]) {
      expect((await clinic.ask(session, SQL)).rows).toHaveLength(12);
    }
    const open = 'state: { class: quasi-id, use: keep }';
    await clinic.raisePolicy(2, open, open.replace('keep', 'mask'));
    for (const session of [child, grandchild]) {
      await expectCodeAsync(async () => clinic.ask(session, SQL), 'ERR_ACCESS_UNKNOWN_TABLE');
    }
    // Nothing was chosen by the recipient: a condition of the operator's may ask of what it does not show.
    expect((await clinic.ask(whole, SQL)).rows).toHaveLength(PATIENTS.length);
    const issued = await clinic.session({
      rows: { patients: { column: 'state', equals: 'Vermont' } },
    });
    expect((await clinic.ask(issued, SQL)).rows).toHaveLength(12);
  });

  it('says nothing any more when the period that it was cut by becomes one of a hidden column', async () => {
    await clinic.administration.execute(
      'CREATE TABLE stays (id INTEGER PRIMARY KEY, entered DATE, born DATE)',
      [],
      'set up',
    );
    const stays = (version: number, column: string): string =>
      JSON.stringify({
        apiVersion: 'veritydb.dev/policy/v1',
        kind: 'SharingPolicy',
        metadata: { name: 'stays', version },
        profile: 'general',
        purpose: [PURPOSE],
        requires: { token: { maxTtl: 'P1D' } },
        defaults: { unlisted: 'drop', onError: 'raise' },
        keys: { domain: '{recipient}' },
        tables: {
          stays: {
            period: { column },
            columns: {
              id: { class: 'non-personal', use: 'keep' },
              entered: { class: 'quasi-id', use: 'keep' },
              born: { class: 'quasi-id', use: 'date-part', part: 'year' },
            },
          },
        },
        output: { maxRows: 100 },
      });
    await clinic.administration.activatePolicy(stays(1, 'entered'));
    const parent = await clinic.session({ policy: 'stays', tables: { stays: '*' } });
    const cut = await clinic.gateway.exchange(parent, { period: { from: '2020-01-01' } });
    const child = await sessionOf(cut);
    await clinic.ask(child, 'SELECT id FROM stays');
    await clinic.administration.activatePolicy(stays(2, 'born'));
    const later = async (): Promise<unknown> => clinic.ask(child, 'SELECT id FROM stays');
    await expectCodeAsync(later, 'ERR_ACCESS_UNKNOWN_TABLE');
    await clinic.ask(parent, 'SELECT id FROM stays');
  });

  it('is refused a period that is none, by that name', async () => {
    const parent = await clinic.session();
    for (const from of ['yesterday', '2026-02-30', '2026-01-01T00:00:00', '']) {
      const cut = clinic.gateway.exchange(parent, { period: { from } });
      await expectCodeAsync(async () => cut, 'ERR_ACCESS_ATTENUATION');
      expect(await cut.then(String, String)).toMatch(/period/);
      const issued = async (): Promise<unknown> => clinic.issue({ period: { from } });
      await expectCodeAsync(issued, 'ERR_DISCLOSURE_REQUEST');
    }
  });

  it('ends with its parent, and spends what its parent has', async () => {
    const root = await clinic.issue({ maxExports: 1, maxQueries: 3 });
    const parent = await sessionOf(root);
    const children = await Promise.all(
      [1, 2].map(async () => sessionOf(await clinic.gateway.exchange(parent, {}))),
    );
    const [first, second] = children as [Session, Session];
    await clinic.ask(first, SQL);
    await clinic.ask(second, SQL);
    await clinic.ask(first, SQL);
    await expectCodeAsync(async () => clinic.ask(second, SQL), 'ERR_KERNEL_TOKEN_SPENT');
    const request = (id: string) => ({ sql: SQL, parameters: [], idempotencyId: id.repeat(16) });
    await clinic.gateway.createExport(first, request('ab'));
    const again = async (): Promise<unknown> => clinic.gateway.createExport(second, request('cd'));
    await expectCodeAsync(again, 'ERR_KERNEL_TOKEN_SPENT');
    await clinic.administration.revokeToken(root.tokenId, 'the study has ended');
    await expectCodeAsync(async () => clinic.ask(first, SQL), 'ERR_KERNEL_TOKEN_REVOKED');
    const more = async (): Promise<unknown> => clinic.gateway.exchange(first, {});
    await expectCodeAsync(more, 'ERR_KERNEL_TOKEN_REVOKED');
  });
});

describe('keys that sign tokens', () => {
  it('are renewed: tokens before hold, unless their keys are retired', async () => {
    const before = await clinic.issue();
    const [old] = keyIds(clinic.gateway.tokenKeys());
    await clinic.administration.renewTokenKey(false);
    const after = await clinic.issue();
    const [fresh, ...others] = keyIds(clinic.gateway.tokenKeys());
    expect(others).toEqual([old]);
    expect(fresh).not.toBe(old);
    for (const issued of [before, after]) await sessionOf(issued);
    await clinic.restart();
    expect(keyIds(clinic.gateway.tokenKeys())).toEqual([fresh, old]);
    for (const issued of [before, after]) await sessionOf(issued);
    await clinic.administration.renewTokenKey(true);
    for (const issued of [before, after]) {
      await expectCodeAsync(async () => sessionOf(issued), 'ERR_ACCESS_TOKEN_KEY');
    }
    await clinic.restart();
    await expectCodeAsync(async () => sessionOf(before), 'ERR_ACCESS_TOKEN_KEY');
    await sessionOf(await clinic.issue());
    expect(keyIds(clinic.gateway.tokenKeys())).toHaveLength(1);
  });

  function keyIds(keys: unknown): readonly string[] {
    return (keys as { readonly keys: readonly { readonly kid: string }[] }).keys.map(
      ({ kid }) => kid,
    );
  }
});

describe('a token that is bound to a key', () => {
  const URL_ASKED = 'https://clinic.example/v1/query';

  async function holder() {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', {
      extractable: true,
      crv: 'Ed25519',
    });
    const jwk = await exportJWK(publicKey);
    let count = 0;
    return {
      thumbprint: keyThumbprint(nativeCrypto, jwk),
      async prove(token: string): Promise<Possession> {
        count += 1;
        const claims = {
          jti: String(count).padStart(16, '0'),
          htm: 'POST',
          htu: URL_ASKED,
          iat: Math.floor(Number(clinic.clock.now() / 1_000_000_000n)),
          ath: encodeBase64Url(nativeCrypto.sha256(utf8Encode(token))),
        };
        const proof = await new CompactSign(utf8Encode(JSON.stringify(claims)))
          .setProtectedHeader({ alg: 'EdDSA', typ: 'dpop+jwt', jwk })
          .sign(privateKey);
        return { proof, method: 'POST', url: URL_ASKED };
      },
    };
  }

  it('is of use with a fresh proof of that key, once', async () => {
    const owner = await holder();
    const { token } = await clinic.issue({ keyThumbprint: owner.thumbprint });
    const possession = await owner.prove(token);
    const session = await clinic.gateway.authenticate(token, CALLER, possession);
    expect((await clinic.ask(session, SQL)).rows.length).toBeGreaterThan(0);
    const replay = async (): Promise<unknown> =>
      clinic.gateway.authenticate(token, CALLER, possession);
    await expectCodeAsync(replay, 'ERR_ACCESS_PROOF');
    expect(clinic.lastRecord()).toMatchObject({ action: 'authenticate', decision: 'denied' });
    await clinic.gateway.authenticate(token, CALLER, await owner.prove(token));
    // Not after a restart either, nor twice at once.
    await clinic.restart();
    await expectCodeAsync(replay, 'ERR_ACCESS_PROOF');
    const fresh = await owner.prove(token);
    const both = await Promise.allSettled(
      [1, 2].map(async () => clinic.gateway.authenticate(token, CALLER, fresh)),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('is of no use to a thief', async () => {
    const [owner, thief] = [await holder(), await holder()];
    const { token } = await clinic.issue({ keyThumbprint: owner.thumbprint });
    const stolen = async (): Promise<unknown> => clinic.gateway.authenticate(token, CALLER);
    await expectCodeAsync(stolen, 'ERR_ACCESS_PROOF');
    const forged = async (): Promise<unknown> =>
      clinic.gateway.authenticate(token, CALLER, await thief.prove(token));
    await expectCodeAsync(forged, 'ERR_ACCESS_PROOF');
    const old = await owner.prove(token);
    clinic.clock.advanceSeconds(61);
    const late = async (): Promise<unknown> => clinic.gateway.authenticate(token, CALLER, old);
    await expectCodeAsync(late, 'ERR_ACCESS_PROOF');
  });

  it('is asked for where the policy says so', async () => {
    await clinic.raisePolicy(
      2,
      '  token: { maxTtl: P1D }',
      '  token: { maxTtl: P1D }\n  proof: dpop',
    );
    await expectCodeAsync(async () => clinic.issue(), 'ERR_DISCLOSURE_REQUEST');
    const owner = await holder();
    const { token } = await clinic.issue({ keyThumbprint: owner.thumbprint });
    const session = await clinic.gateway.authenticate(token, CALLER, await owner.prove(token));
    await clinic.ask(session, SQL);
  });
});

describe('what a token says and sees', () => {
  it('is told to the operator, and nothing of one that may not be used', async () => {
    const { administration } = clinic;
    const issued = await clinic.issue({
      rows: { patients: { column: 'city', equals: 'Wexelford' } },
      tables: { patients: ['gender', 'zip'], notes: '*' },
    });
    const grant = await administration.introspectToken(issued.token);
    expect(grant).toMatchObject({ tokenId: issued.tokenId, recipient: NORTHFIELD });
    const seen = await administration.explainToken(issued.token);
    expect(seen).toMatchObject({ answers: 'rows', purpose: PURPOSE });
    expect(seen.tables.map(({ name, rows, columns }) => [name, rows, columns.length])).toEqual([
      ['notes', 0, 4],
      ['patients', 12, 2],
    ]);
    await administration.revokeToken(issued.tokenId, 'ended');
    expect(await administration.introspectToken(issued.token)).toBeNull();
    expect(await administration.introspectToken('no token')).toBeNull();
    const explain = async (): Promise<unknown> => administration.explainToken(issued.token);
    await expectCodeAsync(explain, 'ERR_ACCESS_TOKEN_CLAIMS');
  });
});

describe('breaking the glass', () => {
  it('takes a reason and two others who approve, for four hours at most, and is on record', async () => {
    await clinic.raisePolicy(
      2,
      '  token: { maxTtl: P1D }',
      '  token: { maxTtl: PT4H }\n  breakGlass: true',
    );
    const refused = async (request: Parameters<ClinicHouse['issue']>[0]): Promise<unknown> =>
      expectCodeAsync(async () => clinic.issue(request), 'ERR_DISCLOSURE_REQUEST');
    await refused({});
    await refused({ reason: 'unconscious in the emergency room' });
    await refused({ reason: 'emergency', approvals: ['chief physician'] });
    await refused({ reason: 'emergency', approvals: ['chief physician', ' Chief Physician'] });
    await refused({ reason: 'emergency', approvals: ['chief physician', NORTHFIELD] });
    await refused({ reason: ' ', approvals: ['chief physician', 'privacy officer'] });
    const approvals = ['chief physician', 'privacy officer'];
    await refused({ reason: 'emergency', approvals, lifetimeSeconds: 4 * 3600 + 1 });
    const { tokenId } = await clinic.issue({ reason: 'emergency', approvals });
    const row = clinic.reserved('verity_tokens').find((each) => each['token_id'] === tokenId);
    expect(row).toMatchObject({ reason: 'emergency', approvals: JSON.stringify(approvals) });
  });
});
