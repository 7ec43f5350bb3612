/** Tokens: issued, revoked, and looked at when they are used. Their state is rows in the log. */

import { type Timestamp, assert } from '@veritydb/types';

import type { TokenGrant } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { type NamedRow, insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

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
 * The token's row when it may be used now: known, not revoked, not expired by the log's time.
 *
 * @throws {KernelError} ERR_KERNEL_TOKEN_UNKNOWN, _REVOKED, _EXPIRED
 */
export function usableToken(state: KernelState, tokenId: string, context: Context): NamedRow {
  const token = readNamed(state, 'verity_tokens', [tokenId], context);
  if (token === undefined) throw refused('ERR_KERNEL_TOKEN_UNKNOWN', 'the token is unknown here');
  if (token['state'] !== 'active') {
    throw refused('ERR_KERNEL_TOKEN_REVOKED', 'the token has been revoked');
  }
  if ((token['expires_at'] as bigint) * 1000n <= context.timestamp) {
    throw refused('ERR_KERNEL_TOKEN_EXPIRED', 'the token has expired');
  }
  return token;
}

/**
 * Spends one export of a token: the compare-and-set behind one-time use.
 *
 * @throws {KernelError} ERR_KERNEL_TOKEN_SPENT, and those of {@link usableToken}
 */
export function spendToken(state: KernelState, tokenId: string, context: Context): RowChange {
  const token = usableToken(state, tokenId, context);
  const exports = token['exports'] as number;
  const most = token['exports_max'] as number | null;
  if (most !== null && exports >= most) {
    throw refused('ERR_KERNEL_TOKEN_SPENT', 'the token has made all its exports');
  }
  return updateIn(state, 'verity_tokens', token, { exports: exports + 1 });
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
