/** Tokens: issued, revoked, and looked at when they are used. Their state is rows in the log. */

import { type Timestamp, assert, canonicalJson } from '@veritydb/types';

import type { TokenGrant } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { type NamedRow, insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

/** A token, and those that it was cut from: each use looks at all of them. */
const CHAIN_LENGTH_MAX = 8;

export function issueToken(
  state: KernelState,
  token: TokenGrant,
  context: Context,
): readonly RowChange[] {
  if (readNamed(state, 'verity_tokens', [token.tokenId], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_TOKEN_EXISTS', 'a token has this id', {
      hint: 'issue it again under a new random id',
    });
  }
  if (!state.policies.has(token.policy)) {
    throw new KernelError('format', 'ERR_KERNEL_POLICY_UNKNOWN', 'no such policy is active', {
      hint: 'activate the policy first, or check its name',
    });
  }
  assert(token.expiresAt > token.issuedAt, 'token expires before it is issued');
  if (token.parent !== null) {
    const [parent] = usableTokens(state, token.parent, context);
    assert(parent !== undefined, 'a usable token is in its own chain');
    assert(token.expiresAt <= (parent['expires_at'] as bigint), 'token outlives its parent');
    if (chainOf(state, token.parent, context).length >= CHAIN_LENGTH_MAX) {
      throw new KernelError('denied', 'ERR_KERNEL_TOKEN_CHAIN', 'the token was cut too often', {
        hint: `a chain has at most ${CHAIN_LENGTH_MAX} tokens: cut from an earlier one`,
      });
    }
  }
  return [
    insertInto(state, 'verity_tokens', {
      token_id: token.tokenId,
      recipient: token.recipient,
      purpose: token.purpose,
      policy: token.policy,
      claims_sha256: token.claimsSha256,
      issued_at: token.issuedAt,
      expires_at: token.expiresAt,
      exports_max: token.exportsMax,
      exports: 0,
      queries_max: token.queriesMax,
      queries: 0,
      parent: token.parent,
      scope: token.scope,
      tables: canonicalJson(token.tables),
      reason: token.reason,
      approvals: canonicalJson(token.approvals),
      state: 'active',
      revoked_because: null,
    }),
  ];
}

/** Revokes a token. A token that is revoked already stays so: nothing changes, and nothing is refused. */
export function revokeToken(
  state: KernelState,
  tokenId: string,
  reason: string,
  context: Context,
): readonly RowChange[] {
  const token = readNamed(state, 'verity_tokens', [tokenId], context);
  if (token === undefined) {
    throw new KernelError('format', 'ERR_KERNEL_TOKEN_UNKNOWN', 'no token has this id', {
      hint: 'list the tokens to find its id',
    });
  }
  if (token['state'] === 'revoked') return [];
  return [updateIn(state, 'verity_tokens', token, { state: 'revoked', revoked_because: reason })];
}

/**
 * The token's row when it may be used now: known, not revoked, not expired by the log's time; and the
 * same of every token that it was cut from.
 *
 * @throws {KernelError} ERR_KERNEL_TOKEN_UNKNOWN, _REVOKED, _EXPIRED
 */
export function usableToken(state: KernelState, tokenId: string, context: Context): NamedRow {
  const [token] = usableTokens(state, tokenId, context);
  assert(token !== undefined, 'a usable token is in its own chain');
  return token;
}

function usableTokens(state: KernelState, tokenId: string, context: Context): readonly NamedRow[] {
  const chain = chainOf(state, tokenId, context);
  for (const token of chain) {
    if (token['state'] !== 'active') {
      throw refused('ERR_KERNEL_TOKEN_REVOKED', 'the token has been revoked');
    }
    if ((token['expires_at'] as bigint) * 1000n <= context.timestamp) {
      throw refused('ERR_KERNEL_TOKEN_EXPIRED', 'the token has expired');
    }
  }
  return chain;
}

/** A token, the one that it was cut from, and so on. */
function chainOf(state: KernelState, tokenId: string, context: Context): readonly NamedRow[] {
  const chain: NamedRow[] = [];
  for (let id: string | null = tokenId; id !== null;) {
    const token = readNamed(state, 'verity_tokens', [id], context);
    if (token === undefined) {
      throw refused('ERR_KERNEL_TOKEN_UNKNOWN', 'the token is unknown here');
    }
    assert(chain.length < CHAIN_LENGTH_MAX, 'a chain of tokens has no end');
    chain.push(token);
    id = token['parent'] as string | null;
  }
  return chain;
}

/**
 * Spends one export or one question of a token, and of every token that it was cut from: the
 * compare-and-set behind one-time use.
 *
 * @throws {KernelError} ERR_KERNEL_TOKEN_SPENT, and those of {@link usableToken}
 */
export function spendToken(
  state: KernelState,
  tokenId: string,
  what: 'exports' | 'queries',
  context: Context,
): readonly RowChange[] {
  return usableTokens(state, tokenId, context).flatMap((token) => {
    const spent = token[what] as number;
    const most = token[`${what}_max`] as number | null;
    if (most !== null && spent >= most) {
      throw refused('ERR_KERNEL_TOKEN_SPENT', `the token has used up its ${what}`);
    }
    // Questions are counted only where they are limited: a record for each would say nothing.
    if (most === null && what === 'queries') return [];
    return [updateIn(state, 'verity_tokens', token, { [what]: spent + 1 })];
  });
}

function refused(
  code:
    | 'ERR_KERNEL_TOKEN_UNKNOWN'
    | 'ERR_KERNEL_TOKEN_REVOKED'
    | 'ERR_KERNEL_TOKEN_EXPIRED'
    | 'ERR_KERNEL_TOKEN_SPENT',
  message: string,
): KernelError {
  return new KernelError('denied', code, message, {
    hint: 'ask whoever issued it for a new token',
  });
}
