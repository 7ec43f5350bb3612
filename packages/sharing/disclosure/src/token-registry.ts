/** Tokens: issued as a record and a signed text, checked against the log on every call, revoked at once. */

import {
  AccessError,
  type AuthorizationDetail,
  type Policy,
  type SigningKey,
  type TokenKeySet,
  type VerifiedToken,
  createSigningKey,
  formatScope,
  issueToken,
  publicKeySet,
  verifyToken,
} from '@veritydb/access';
import { constantTimeEqual } from '@veritydb/crypto';
import { toNamedRow, usableToken } from '@veritydb/kernel';
import { type TenantId, bytesToHex, formatTimestamp, utf8Encode } from '@veritydb/types';

import { recordAccess } from './access-record.ts';
import { DisclosureError } from './error.ts';
import type { Caller, IssuedToken, Session, TokenRequest, TokenSummary } from './gateway.ts';
import { type House, standingPolicy } from './house.ts';
import { type Asker, OPERATOR, TokenSession, toSession } from './session.ts';

/** Longest life of any token, whatever a policy allows. */
const LIFETIME_SECONDS_MAX = 30 * 86_400;
const ROWS_MAX_DEFAULT = 10_000;
const BREAK_GLASS_APPROVALS_MIN = 2;
const CACHE_SIZE_MAX = 4096;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

export class TokenRegistry {
  readonly #house: House;
  readonly #signingKey: SigningKey;
  readonly keys: TokenKeySet;
  /**
   * Tokens whose signature and claims were good, by SHA-256 of their text, in two generations. Only that
   * is remembered: whether a token may be used is asked of the log on every call.
   */
  #young = new Map<string, VerifiedToken>();
  #old = new Map<string, VerifiedToken>();

  private constructor(house: House, signingKey: SigningKey, keys: TokenKeySet) {
    this.#house = house;
    this.#signingKey = signingKey;
    this.keys = keys;
  }

  static async open(house: House): Promise<TokenRegistry> {
    const { crypto } = house.tenant;
    const seed = house.tenant.keyFor('token-signature');
    const keys = publicKeySet(crypto, [seed]);
    return new TokenRegistry(house, await createSigningKey(crypto, seed), keys);
  }

  /**
   * Verifies a token and asks the log whether it may be used.
   *
   * @throws {AccessError} ERR_ACCESS_TOKEN_…; {KernelError} ERR_KERNEL_TOKEN_…: that one is recorded
   */
  async authenticate(token: string, caller: Caller): Promise<Session> {
    const { tenant } = this.#house;
    const grant = await this.#verify(token);
    const asker: Asker = {
      authority: { kind: 'token', grant },
      tokenId: grant.tokenId,
      recipient: grant.recipient,
      purpose: grant.purpose,
      caller,
    };
    try {
      this.#assertUsable(grant, token);
    } catch (error) {
      // Whoever holds a token that was good once is somebody: the attempt goes on record.
      return recordAccess(tenant, asker, 'authenticate', () => {
        throw error;
      });
    }
    return toSession(new TokenSession(asker, grant.actions, grant.expiresAtSeconds * 1000));
  }

  async #verify(token: string): Promise<VerifiedToken> {
    const { issuer, tenant } = this.#house;
    const nowSeconds = Number(tenant.clock.now() / NANOSECONDS_PER_SECOND);
    const name = bytesToHex(this.#claimsDigest(token));
    const known = this.#young.get(name) ?? this.#old.get(name);
    if (known !== undefined && known.expiresAtSeconds > nowSeconds) return known;
    const grant = await verifyToken(token, {
      keys: this.keys,
      issuer: issuer.issuer,
      audience: issuer.audience,
      nowSeconds,
      lifetimeSecondsMax: LIFETIME_SECONDS_MAX,
    });
    if (this.#young.size >= CACHE_SIZE_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, grant);
    return grant;
  }

  /** What the log holds of a token: SHA-256 of its text, which is one for its claims and key. */
  #claimsDigest(token: string): Uint8Array {
    return this.#house.tenant.crypto.sha256(utf8Encode(token));
  }

  #assertUsable(grant: VerifiedToken, token: string): void {
    const { tenant } = this.#house;
    if (grant.tenant !== tenant.id) {
      throw new AccessError('ERR_ACCESS_TOKEN_TENANT', 'token is of another tenant');
    }
    const snapshot = tenant.snapshot();
    const row = usableToken(tenant.state, grant.tokenId, {
      timestamp: tenant.clock.now(),
      rows: snapshot,
    });
    if (!constantTimeEqual(row['claims_sha256'] as Uint8Array, this.#claimsDigest(token))) {
      throw new AccessError('ERR_ACCESS_TOKEN_CLAIMS', 'token is not the one that was issued');
    }
  }

  /**
   * Issues a token under a policy that is active: recorded first, and handed out then.
   *
   * @throws {DisclosureError} ERR_DISCLOSURE_REQUEST, ERR_DISCLOSURE_POLICY_UNKNOWN
   */
  async issue(request: TokenRequest): Promise<IssuedToken> {
    const { tenant } = this.#house;
    const { policy } = standingPolicy(tenant, request.policy);
    checkRequest(request, policy);
    const issuedAt = Number(tenant.clock.now() / NANOSECONDS_PER_SECOND);
    return this.#sign({
      recipient: request.recipient,
      scope: formatScope(request.actions),
      issuedAt,
      expiresAt: issuedAt + request.lifetimeSeconds,
      keyThumbprint: request.keyThumbprint ?? null,
      right: toRight(tenant.id, request, policy),
      parent: null,
      reason: request.reason ?? null,
      approvals: request.approvals ?? [],
    });
  }

  async #sign(token: TokenToSign): Promise<IssuedToken> {
    const { issuer, tenant } = this.#house;
    const { recipient, scope, right, issuedAt, expiresAt, keyThumbprint } = token;
    const tokenId = bytesToHex(tenant.random.bytes(16));
    const text = await issueToken({
      signingKey: this.#signingKey,
      claims: {
        iss: issuer.issuer,
        aud: issuer.audience,
        sub: recipient,
        client_id: recipient,
        iat: issuedAt,
        nbf: issuedAt,
        exp: expiresAt,
        jti: tokenId,
        scope,
        ...(keyThumbprint === null ? {} : { cnf: { jkt: keyThumbprint } }),
        authorization_details: [right],
      },
    });
    const expiresAtMicroseconds = BigInt(expiresAt) * 1_000_000n;
    const committed = await tenant.submit({
      kind: 'issue-token',
      token: {
        tokenId,
        recipient,
        purpose: right.purpose,
        policy: right.policy.name,
        claimsSha256: tenant.crypto.sha256(utf8Encode(text)),
        issuedAt: BigInt(issuedAt) * 1_000_000n,
        expiresAt: expiresAtMicroseconds,
        exportsMax: right.limits.max_exports ?? null,
        queriesMax: right.limits.max_queries ?? null,
        parent: token.parent,
        scope,
        tables: right.tables,
        reason: token.reason,
        approvals: token.approvals,
      },
    });
    return {
      tokenId,
      token: text,
      expiresAt: formatTimestamp(expiresAtMicroseconds),
      offset: committed.offset,
    };
  }

  /** Every token that was ever issued, by id. */
  list(): readonly TokenSummary[] {
    const { tenant } = this.#house;
    const snapshot = tenant.snapshot();
    const table = snapshot.reserved('verity_tokens');
    const now = tenant.clock.now() / 1000n;
    const tokens: TokenSummary[] = [];
    for (const stored of snapshot.scan(table, { kind: 'scan' })) {
      const row = toNamedRow(table, stored.values);
      const exports = row['exports'] as number;
      const most = row['exports_max'] as number | null;
      const expiresAt = row['expires_at'] as bigint;
      tokens.push({
        tokenId: row['token_id'] as string,
        recipient: row['recipient'] as string,
        purpose: row['purpose'] as string,
        policy: row['policy'] as string,
        state:
          row['state'] === 'revoked'
            ? 'revoked'
            : expiresAt <= now
              ? 'expired'
              : most !== null && exports >= most
                ? 'spent'
                : 'active',
        expiresAt: formatTimestamp(expiresAt),
        exports,
      });
    }
    return tokens;
  }
}

interface TokenToSign {
  readonly recipient: string;
  readonly scope: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly keyThumbprint: string | null;
  readonly right: AuthorizationDetail;
  readonly parent: string | null;
  readonly reason: string | null;
  readonly approvals: readonly string[];
}

/** @throws {DisclosureError} ERR_DISCLOSURE_REQUEST */
function checkRequest(request: TokenRequest, policy: Policy): void {
  if (request.recipient === OPERATOR) {
    throw refused('the name is taken by whoever operates the database');
  }
  if (policy.recipients !== null && !policy.recipients.includes(request.recipient)) {
    throw refused('the policy serves other recipients');
  }
  const lifetimeMax = Math.min(LIFETIME_SECONDS_MAX, policy.tokenLifetimeSecondsMax);
  if (request.lifetimeSeconds > lifetimeMax) {
    throw refused(`a token under this policy lives ${lifetimeMax} seconds at the most`);
  }
  if (!policy.purposes.includes(request.purpose)) {
    throw refused(`the policy serves these purposes: ${policy.purposes.join(', ')}`);
  }
  if (policy.oneTime && request.maxExports !== 1) {
    throw refused('the policy asks for one-time tokens: allow exactly one export');
  }
  if (policy.proof === 'dpop' && request.keyThumbprint === undefined) {
    throw refused('the policy asks for tokens bound to a key: give its thumbprint');
  }
  if (policy.breakGlass) checkBreakGlass(request);
}

/** An emergency has a reason and a second pair of eyes, and neither is the recipient's. */
function checkBreakGlass({ reason = '', approvals = [], recipient }: TokenRequest): void {
  const others = new Set(approvals.map((name) => name.trim().toLowerCase()));
  others.delete(recipient.trim().toLowerCase());
  others.delete('');
  if (reason.trim() === '') throw refused('the policy breaks the glass: say why');
  if (others.size < BREAK_GLASS_APPROVALS_MIN) {
    throw refused('the policy breaks the glass: two others than the recipient must approve');
  }
}

function toRight(tenant: TenantId, request: TokenRequest, policy: Policy): AuthorizationDetail {
  const { rows, period, asOf, maxExports, maxQueries } = request;
  return {
    type: 'veritydb_access',
    tenant,
    tables: request.tables,
    purpose: request.purpose,
    policy: { name: request.policy },
    ...(rows === undefined ? {} : { rows }),
    ...(period === undefined ? {} : { period }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
    ...(request.aggregateOnly === true ? { answers: 'aggregate' } : {}),
    limits: {
      max_rows: Math.min(request.maxRows ?? ROWS_MAX_DEFAULT, policy.rowsMax),
      ...(maxExports === undefined ? {} : { max_exports: maxExports }),
      ...(maxQueries === undefined ? {} : { max_queries: maxQueries }),
    },
  };
}

function refused(what: string): DisclosureError {
  return new DisclosureError('format', 'ERR_DISCLOSURE_REQUEST', 'the token cannot be issued', {
    hint: what,
  });
}
