/** What an operator may ask a token to be: checked against the policy before anything is signed. */

import { type AuthorizationDetail, type Policy, isMoment } from '@veritydb/access';
import type { TenantId } from '@veritydb/types';

import { DisclosureError } from './error.ts';
import type { TokenRequest } from './gateway.ts';
import { OPERATOR } from './session.ts';

/** Longest life of any token, whatever a policy allows. */
export const LIFETIME_SECONDS_MAX: number = 30 * 86_400;
const ROWS_MAX_DEFAULT = 10_000;
const BREAK_GLASS_APPROVALS_MIN = 2;

/** @throws {DisclosureError} ERR_DISCLOSURE_REQUEST */
export function checkTokenRequest(request: TokenRequest, policy: Policy): void {
  if (request.recipient === OPERATOR) {
    throw refusedToken('the name is taken by whoever operates the database');
  }
  if (policy.recipients !== null && !policy.recipients.includes(request.recipient)) {
    throw refusedToken('the policy serves other recipients');
  }
  const lifetimeMax = Math.min(LIFETIME_SECONDS_MAX, policy.tokenLifetimeSecondsMax);
  if (request.lifetimeSeconds > lifetimeMax) {
    throw refusedToken(`a token under this policy lives ${lifetimeMax} seconds at the most`);
  }
  if (!policy.purposes.includes(request.purpose)) {
    throw refusedToken(`the policy serves these purposes: ${policy.purposes.join(', ')}`);
  }
  if (policy.oneTime && request.maxExports !== 1) {
    throw refusedToken('the policy asks for one-time tokens: allow exactly one export');
  }
  if (policy.proof === 'dpop' && request.keyThumbprint === undefined) {
    throw refusedToken('the policy asks for tokens bound to a key: give its thumbprint');
  }
  const ends = [request.period?.from, request.period?.before].flatMap((end) => end ?? []);
  if (!ends.every(isMoment)) {
    throw refusedToken('the period begins and ends with 2026-01-31 or 2026-01-31T12:00:00Z');
  }
  if (policy.breakGlass) checkBreakGlass(request);
}

/** An emergency has a reason and a second pair of eyes, and neither is the recipient's. */
function checkBreakGlass({ reason = '', approvals = [], recipient }: TokenRequest): void {
  const others = new Set(approvals.map((name) => name.trim().toLowerCase()));
  others.delete(recipient.trim().toLowerCase());
  others.delete('');
  if (reason.trim() === '') throw refusedToken('the policy breaks the glass: say why');
  if (others.size < BREAK_GLASS_APPROVALS_MIN) {
    throw refusedToken('the policy breaks the glass: two others than the recipient must approve');
  }
}

export function toRight(
  tenant: TenantId,
  request: TokenRequest,
  policy: Policy,
): AuthorizationDetail {
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

export function refusedToken(what: string): DisclosureError {
  return new DisclosureError('format', 'ERR_DISCLOSURE_REQUEST', 'the token cannot be issued', {
    hint: what,
  });
}
