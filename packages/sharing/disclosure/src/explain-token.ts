/** What a token would see now: for whoever issued it, before anybody asks. No row leaves. */

import { AccessError, type VerifiedToken, answersOf, grantedTables } from '@veritydb/access';
import { formatTimestamp } from '@veritydb/types';

import { openConsentGate } from './consent-gate.ts';
import type { TokenExplanation } from './gateway.ts';
import { type House, standingPolicy } from './house.ts';
import { type Right, authorizeTable, seedOf } from './scoped-query.ts';

type TokenRight = Extract<Right, { readonly kind: 'token' }>;

/** @throws {DisclosureError} ERR_DISCLOSURE_POLICY_UNKNOWN; {AccessError} when the policy does not serve it */
export function explainToken({ tenant }: House, grant: VerifiedToken): TokenExplanation {
  const policy = standingPolicy(tenant, grant.policyName);
  const right: TokenRight = { kind: 'token', grant, policy };
  return {
    tokenId: grant.tokenId,
    recipient: grant.recipient,
    purpose: grant.purpose,
    policy: { name: policy.policy.name, version: policy.version },
    answers: answersOf(grant, policy.policy),
    expiresAt: formatTimestamp(BigInt(grant.expiresAtSeconds) * 1_000_000n),
    tables: grantedTables(grant, policy.policy).flatMap((name) =>
      explainTable(tenant, name, right),
    ),
  };
}

function explainTable(
  tenant: House['tenant'],
  name: string,
  right: TokenRight,
): TokenExplanation['tables'] {
  const snapshot = tenant.snapshot(right.grant.asOf ?? undefined);
  try {
    const { columns, passes, relation } = authorizeTable(tenant, snapshot, {
      name,
      right,
      seed: seedOf(tenant, null),
    });
    const gate = openConsentGate(tenant, right, relation.table);
    let rows = 0;
    for (const { values } of snapshot.scan(relation.table, { kind: 'scan' })) {
      if (passes(values) && (gate === null || gate.admits(values))) rows += 1;
    }
    return [
      {
        name,
        rows,
        columns: columns.map(({ name: column, type, transform, operations }) => ({
          name: column,
          type,
          transform,
          operations,
        })),
      },
    ];
  } catch (error) {
    if (error instanceof AccessError && error.code === 'ERR_ACCESS_UNKNOWN_TABLE') return [];
    throw error;
  }
}
