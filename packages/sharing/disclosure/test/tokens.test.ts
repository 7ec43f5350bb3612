/** A token is a right for as long as the log says so, and for nothing beyond its claims and its policy. */

import {
  type SigningKey,
  type TokenClaims,
  createSigningKey,
  issueToken,
  publicKeySet,
} from '@veritydb/access';
import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCodeAsync } from '@veritydb/testkit';
import { utf8Encode } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CALLER, ClinicHouse, PURPOSE, policyText } from './clinic-house.ts';

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

async function refused(token: string, code: string): Promise<void> {
  await expectCodeAsync(async () => clinic.gateway.authenticate(token, CALLER), code);
}

function claimsOf(token: string): TokenClaims {
  const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
  return JSON.parse(text) as TokenClaims;
}

/** The key that the house itself signs tokens with. */
async function houseKey(): Promise<SigningKey> {
  return createSigningKey(nativeCrypto, clinic.tenant.keyFor('token-signature'));
}

/** The claims of a good token with some of them changed, signed by the house's own key. */
async function signed(
  change: Partial<TokenClaims>,
  detail: Partial<TokenClaims['authorization_details'][0]> = {},
): Promise<string> {
  const claims = claimsOf((await clinic.issue()).token);
  const right = { ...claims.authorization_details[0], ...detail };
  return issueToken({
    signingKey: await houseKey(),
    claims: { ...claims, authorization_details: [right], ...change },
  });
}

const encode = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');

describe('a token that is not ours', () => {
  it('is refused with alg none', async () => {
    const [, payload = ''] = (await clinic.issue()).token.split('.');
    await refused(
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      'ERR_ACCESS_TOKEN_MALFORMED',
    );
    const { kid } = publicKeySet(nativeCrypto, [clinic.tenant.keyFor('token-signature')])
      .keys[0] as { kid: string };
    const header = encode({ alg: 'none', kid, typ: 'at+jwt' });
    await refused(`${header}.${payload}.${'A'.repeat(86)}`, 'ERR_ACCESS_TOKEN_MALFORMED');
  });

  it('is refused with HS256 under the public key', async () => {
    const [, payload = ''] = (await clinic.issue()).token.split('.');
    const { kid, x } = publicKeySet(nativeCrypto, [clinic.tenant.keyFor('token-signature')])
      .keys[0] as { kid: string; x: string };
    const text = `${encode({ alg: 'HS256', kid, typ: 'at+jwt' })}.${payload}`;
    const mac = nativeCrypto.hmacSha256(Buffer.from(x, 'base64url'), utf8Encode(text));
    const signature = Buffer.concat([mac, mac]).toString('base64url');
    await refused(`${text}.${signature}`, 'ERR_ACCESS_TOKEN_MALFORMED');
  });

  it('is refused with a key that is not ours', async () => {
    const stranger = await createSigningKey(nativeCrypto, new Uint8Array(32).fill(9));
    const claims = claimsOf((await clinic.issue()).token);
    await refused(await issueToken({ signingKey: stranger, claims }), 'ERR_ACCESS_TOKEN_KEY');
  });

  it('is refused with our key id and the signature of another key', async () => {
    const stranger = await createSigningKey(nativeCrypto, new Uint8Array(32).fill(9));
    const claims = claimsOf((await clinic.issue()).token);
    const forged = { keyId: (await houseKey()).keyId, key: stranger.key };
    await refused(await issueToken({ signingKey: forged, claims }), 'ERR_ACCESS_TOKEN_SIGNATURE');
  });

  it('is refused with one claim changed', async () => {
    const { token } = await clinic.issue();
    const [header, , signature] = token.split('.');
    const claims = { ...claimsOf(token), sub: 'Somebody Else' };
    await refused(`${header}.${encode(claims)}.${signature}`, 'ERR_ACCESS_TOKEN_SIGNATURE');
  });

  it('is refused for another audience, by another issuer, and of another tenant', async () => {
    await refused(await signed({ aud: 'https://other.example' }), 'ERR_ACCESS_TOKEN_AUDIENCE');
    await refused(await signed({ iss: 'https://other.example' }), 'ERR_ACCESS_TOKEN_ISSUER');
    await refused(await signed({}, { tenant: 2 }), 'ERR_ACCESS_TOKEN_TENANT');
  });
});

describe('a token that is signed by us, and not in the log', () => {
  it('is refused under an id that was never issued', async () => {
    await refused(await signed({ jti: 'f'.repeat(32) }), 'ERR_KERNEL_TOKEN_UNKNOWN');
  });

  it('is refused under the id of another token, with wider claims', async () => {
    await refused(await signed({ scope: 'verity:query' }), 'ERR_ACCESS_TOKEN_CLAIMS');
    await refused(await signed({}, { limits: { max_rows: 999_999 } }), 'ERR_ACCESS_TOKEN_CLAIMS');
  });
});

// S253: tokens end by themselves.
describe('a token ends', () => {
  it('when it expires: first by the log, then by its own claims', async () => {
    const { token, tokenId } = await clinic.issue({ lifetimeSeconds: 60 });
    await clinic.gateway.authenticate(token, CALLER);
    clinic.clock.advanceSeconds(60);
    await refused(token, 'ERR_KERNEL_TOKEN_EXPIRED');
    clinic.clock.advanceSeconds(6);
    await refused(token, 'ERR_ACCESS_TOKEN_EXPIRED');
    const listed = (await clinic.administration.listTokens()).find(
      (one) => one.tokenId === tokenId,
    );
    expect(listed?.state).toBe('expired');
  });

  it('when it is revoked: at the next call, and after a restart', async () => {
    const { token, tokenId } = await clinic.issue();
    await clinic.gateway.authenticate(token, CALLER);
    await clinic.administration.revokeToken(tokenId, 'the study has ended');
    await refused(token, 'ERR_KERNEL_TOKEN_REVOKED');
    await clinic.restart();
    await refused(token, 'ERR_KERNEL_TOKEN_REVOKED');
    // Revoking twice is no error; revoking what never was is.
    await clinic.administration.revokeToken(tokenId, 'once more');
    await expectCodeAsync(
      async () => clinic.administration.revokeToken('f'.repeat(32), 'no such'),
      'ERR_KERNEL_TOKEN_UNKNOWN',
    );
    await refused(token, 'ERR_KERNEL_TOKEN_REVOKED');
  });

  it('when it is revoked between its check and its question', async () => {
    const { token, tokenId } = await clinic.issue();
    const session = await clinic.gateway.authenticate(token, CALLER);
    await clinic.administration.revokeToken(tokenId, 'the study has ended');
    for (const ask of [
      async () => clinic.ask(session, 'SELECT id FROM patients'),
      async () => clinic.gateway.schema(session),
    ]) {
      await expectCodeAsync(ask, 'ERR_KERNEL_TOKEN_REVOKED');
    }
  });

  it('when it is revoked between its check and its export', async () => {
    const { token, tokenId } = await clinic.issue();
    const session = await clinic.gateway.authenticate(token, CALLER);
    await clinic.administration.revokeToken(tokenId, 'the study has ended');
    const request = {
      sql: 'SELECT gender FROM patients',
      parameters: [],
      idempotencyId: '21'.repeat(16),
    };
    await expectCodeAsync(
      async () => clinic.gateway.createExport(session, request),
      'ERR_KERNEL_TOKEN_REVOKED',
    );
  });

  it('goes on over a restart when nothing ended it', async () => {
    const { token } = await clinic.issue();
    await clinic.restart();
    const session = await clinic.gateway.authenticate(token, CALLER);
    expect((await clinic.ask(session, 'SELECT gender FROM patients')).rows).toHaveLength(36);
  });
});

describe('the policy has the last word', () => {
  it.each([
    ['a purpose that it does not serve', { purpose: 'dpv:Marketing' }, 'ERR_DISCLOSURE_REQUEST'],
    ['a life longer than it allows', { lifetimeSeconds: 86_401 }, 'ERR_DISCLOSURE_REQUEST'],
    ['a life of no time', { lifetimeSeconds: 0 }, 'ERR_ACCESS_TOKEN_CLAIMS'],
    ['a policy that is not active', { policy: 'nobody-s' }, 'ERR_DISCLOSURE_POLICY_UNKNOWN'],
    ['the name of the operator', { recipient: 'operator' }, 'ERR_DISCLOSURE_REQUEST'],
    ['no action', { actions: [] }, 'ERR_ACCESS_TOKEN_CLAIMS'],
  ])('issues no token for %s', async (_name, request, code) => {
    const before = clinic.reserved('verity_tokens').length;
    await expectCodeAsync(async () => clinic.issue(request), code);
    expect(clinic.reserved('verity_tokens')).toHaveLength(before);
  });

  it('shows what token and policy both let out', async () => {
    const session = await clinic.session({ tables: { patients: ['gender', 'ssn', 'zip'] } });
    const { columns } = await clinic.ask(session, 'SELECT * FROM patients LIMIT 1');
    expect(columns.map(({ name }) => name)).toEqual(['gender', 'zip']);
    await expectCodeAsync(
      async () => clinic.ask(session, 'SELECT state FROM patients'),
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
  });
});

/** Each in a house of its own: a policy is raised for good. */
describe('a newer version of the policy rules the next call of an old token', () => {
  async function withRaised(
    from: string,
    to: string,
    check: (token: string, raise: () => Promise<void>, raised: ClinicHouse) => Promise<void>,
  ): Promise<void> {
    const raised = await ClinicHouse.open();
    try {
      const { token } = await raised.issue();
      await check(token, async () => raised.raisePolicy(2, from, to), raised);
    } finally {
      raised.remove();
    }
  }

  const ASK = 'SELECT gender, state FROM patients';

  it('which drops a column', async () => {
    const keep = 'state: { class: quasi-id, use: keep }';
    const drop = 'state: { class: quasi-id, use: drop }';
    await withRaised(keep, drop, async (token, raise, raised) => {
      const session = await raised.gateway.authenticate(token, CALLER);
      expect((await raised.ask(session, ASK)).rows).toHaveLength(36);
      await raise();
      const code = 'ERR_QUERY_UNKNOWN_COLUMN';
      await expectCodeAsync(async () => raised.ask(session, ASK), code);
      await raised.restart();
      const again = await raised.gateway.authenticate(token, CALLER);
      await expectCodeAsync(async () => raised.ask(again, ASK), code);
      const { policy } = await raised.gateway.schema(again);
      expect(policy.version).toBe(2);
    });
  });

  it.each([
    [
      'serves another purpose',
      `purpose: [${PURPOSE}]`,
      'purpose: [dpv:Audit]',
      'ERR_ACCESS_PURPOSE',
    ],
    ['allows a shorter life', 'maxTtl: P1D', 'maxTtl: PT10M', 'ERR_ACCESS_TOKEN_LIFETIME'],
    ['asks for one-time tokens', 'P1D }', 'P1D }\n  oneTime: true', 'ERR_ACCESS_ONE_TIME'],
  ])('which %s', async (_name, from, to, code) => {
    await withRaised(from, to, async (token, raise, raised) => {
      const session = await raised.gateway.authenticate(token, CALLER);
      await raised.ask(session, ASK);
      await raise();
      await expectCodeAsync(async () => raised.ask(session, ASK), code);
      await expectCodeAsync(async () => raised.gateway.schema(session), code);
      await expectCodeAsync(
        async () =>
          raised.gateway.createExport(session, {
            sql: ASK,
            parameters: [],
            idempotencyId: '22'.repeat(16),
          }),
        code,
      );
    });
  });

  it('which is not an older one again', async () => {
    await expectCodeAsync(
      async () => clinic.administration.activatePolicy(policyText(1, 'maxTtl: P1D', 'maxTtl: P2D')),
      'ERR_KERNEL_POLICY_VERSION',
    );
  });
});
