/** Tokens: issued as a record and a signed text, checked against the log on every call, revoked at once. */

import {
  AccessError,
  type Attenuation,
  type AuthorizationDetail,
  type SigningKey,
  type TokenKeySet,
  type VerifiedToken,
  attenuate,
  createSigningKey,
  formatScope,
  issueToken,
  publicKeySet,
  verifyDpopProof,
  verifyToken,
} from '@veritydb/access';
import { constantTimeEqual } from '@veritydb/crypto';
import { toNamedRow, usableToken } from '@veritydb/kernel';
import {
  type Hash,
  VerityError,
  assert,
  bytesToHex,
  formatTimestamp,
  utf8Encode,
} from '@veritydb/types';

import { recordAccess } from './access-record.ts';
import type {
  Caller,
  IssuedToken,
  Possession,
  Session,
  TokenRequest,
  TokenSummary,
} from './gateway.ts';
import { type House, standingPolicy } from './house.ts';
import { type Asker, TokenSession, toSession } from './session.ts';
import { takeProof } from './taken-proof.ts';
import { LIFETIME_SECONDS_MAX, checkTokenRequest, refusedToken, toRight } from './token-request.ts';

const CACHE_SIZE_MAX = 4096;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

export class TokenRegistry {
  readonly #house: House;
  #signingKey: SigningKey;
  #keys: TokenKeySet;
  /**
   * Tokens whose signature and claims were good, by SHA-256 of their text, in two generations. Only that
   * is remembered: whether a token may be used is asked of the log on every call.
   */
  #young = new Map<string, VerifiedToken>();
  #old = new Map<string, VerifiedToken>();

  private constructor(house: House, signingKey: SigningKey, keys: TokenKeySet) {
    this.#house = house;
    this.#signingKey = signingKey;
    this.#keys = keys;
  }

  static async open(house: House): Promise<TokenRegistry> {
    const { signingKey, keys } = await keysOf(house);
    return new TokenRegistry(house, signingKey, keys);
  }

  /** Public keys, newest first: what tokens in force are signed with (RFC 7517). */
  get keys(): TokenKeySet {
    return this.#keys;
  }

  /** Signs with a new key from now on. Retiring the ones before ends every token under them. */
  async renewKey(retire: boolean): Promise<TokenKeySet> {
    this.#house.tenant.renewTokenKey({ retire });
    const { signingKey, keys } = await keysOf(this.#house);
    this.#signingKey = signingKey;
    this.#keys = keys;
    // A signature that was good under a key that is retired is good no more.
    this.#young = new Map();
    this.#old = new Map();
    return keys;
  }

  /**
   * Verifies a token and asks the log whether it may be used.
   *
   * @throws {AccessError} ERR_ACCESS_TOKEN_…; {KernelError} ERR_KERNEL_TOKEN_…, {AccessError}
   *   ERR_ACCESS_PROOF: those are recorded
   */
  async authenticate(
    token: string,
    caller: Caller,
    possession: Possession | null,
  ): Promise<Session> {
    const { tenant } = this.#house;
    const { grant, digest } = await this.#verify(token);
    const asker: Asker = {
      authority: { kind: 'token', grant },
      tokenId: grant.tokenId,
      recipient: grant.recipient,
      purpose: grant.purpose,
      caller,
    };
    try {
      this.#assertUsable(grant, digest);
      await this.#assertPossessed(grant, token, possession);
    } catch (error) {
      // Whoever holds a token that was good once is somebody: the attempt goes on record.
      return recordAccess(tenant, asker, 'authenticate', () => {
        throw error;
      });
    }
    return toSession(new TokenSession(asker, grant.actions, grant.expiresAtSeconds * 1000));
  }

  /** A token that is bound to a key is taken with a fresh proof of that key, once (RFC 9449 §7). */
  async #assertPossessed(
    { keyThumbprint }: VerifiedToken,
    token: string,
    possession: Possession | null,
  ): Promise<void> {
    if (keyThumbprint === null) return;
    if (possession === null) {
      throw new AccessError('ERR_ACCESS_PROOF', 'the token is bound to a key, and no proof came');
    }
    const { tenant } = this.#house;
    const { crypto, clock } = tenant;
    const { method, proof, url } = possession;
    const nowSeconds = Number(clock.now() / NANOSECONDS_PER_SECOND);
    const id = await verifyDpopProof(crypto, proof, {
      method,
      url,
      token,
      keyThumbprint,
      nowSeconds,
    });
    await takeProof(tenant, `${keyThumbprint} ${id}`);
  }

  /** What a token says, and SHA-256 of its text: what the log holds of it, one for its claims and key. */
  async #verify(token: string): Promise<{ readonly grant: VerifiedToken; readonly digest: Hash }> {
    const { issuer, tenant } = this.#house;
    const nowSeconds = Number(tenant.clock.now() / NANOSECONDS_PER_SECOND);
    const digest = tenant.crypto.sha256(utf8Encode(token));
    const name = bytesToHex(digest);
    const known = this.#young.get(name) ?? this.#old.get(name);
    if (known !== undefined && known.expiresAtSeconds > nowSeconds) return { grant: known, digest };
    const grant = await verifyToken(token, {
      keys: this.#keys,
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
    return { grant, digest };
  }

  #assertUsable(grant: VerifiedToken, digest: Hash): void {
    const { tenant } = this.#house;
    if (grant.tenant !== tenant.id) {
      throw new AccessError('ERR_ACCESS_TOKEN_TENANT', 'token is of another tenant');
    }
    const snapshot = tenant.snapshot();
    const row = usableToken(tenant.state, grant.tokenId, {
      timestamp: tenant.clock.now(),
      rows: snapshot,
    });
    if (!constantTimeEqual(row['claims_sha256'] as Uint8Array, digest)) {
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
    checkTokenRequest(request, policy);
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
      type: keyThumbprint === null ? 'Bearer' : 'DPoP',
      token: text,
      expiresAt: formatTimestamp(expiresAtMicroseconds),
      offset: committed.offset,
    };
  }

  /**
   * Cuts a token from one that is in use: recorded first, and handed out then.
   *
   * @throws {AccessError} ERR_ACCESS_ATTENUATION; {KernelError} ERR_KERNEL_TOKEN_…
   */
  async exchange(parent: VerifiedToken, asked: Attenuation): Promise<IssuedToken> {
    const { tenant } = this.#house;
    const { actions, right, expiresAtSeconds, keyThumbprint } = attenuate(
      parent,
      standingPolicy(tenant, parent.policyName).policy,
      asked,
    );
    const now = Number(tenant.clock.now() / NANOSECONDS_PER_SECOND);
    if (expiresAtSeconds <= now) throw refusedToken('the token would have expired');
    return this.#sign({
      recipient: parent.recipient,
      scope: formatScope(actions),
      issuedAt: now,
      expiresAt: expiresAtSeconds,
      keyThumbprint,
      right,
      parent: parent.tokenId,
      reason: null,
      approvals: [],
    });
  }

  /** What a token says, where it may be used now; null for any other text (RFC 7662 §2.2). */
  async introspect(token: string): Promise<VerifiedToken | null> {
    try {
      const { grant, digest } = await this.#verify(token);
      this.#assertUsable(grant, digest);
      return grant;
    } catch (error) {
      if (error instanceof VerityError && error.kind === 'denied') return null;
      throw error;
    }
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

async function keysOf({
  tenant,
}: House): Promise<{ readonly signingKey: SigningKey; readonly keys: TokenKeySet }> {
  const seeds = tenant.tokenSeeds();
  const [newest] = seeds;
  assert(newest !== undefined, 'there is no key to sign tokens with');
  return {
    signingKey: await createSigningKey(tenant.crypto, newest),
    keys: publicKeySet(tenant.crypto, seeds),
  };
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
