/** Policies as they were activated: every version stays in the log. */

import type { Tenant } from '@veritydb/runtime';
import { bytesToHex, formatTimestamp } from '@veritydb/types';

import type { PolicyVersion } from './gateway.ts';
import { standingPolicy } from './house.ts';

/** Every version of every policy, oldest first. */
export function listPolicies(tenant: Tenant): readonly PolicyVersion[] {
  const snapshot = tenant.snapshot();
  const found: PolicyVersion[] = [];
  for (const stored of snapshot.scan(snapshot.reserved('verity_policies'), { kind: 'scan' })) {
    const [name, version, sha256, , activatedAt] = stored.values;
    found.push({
      name: name as string,
      version: version as number,
      sha256: bytesToHex(sha256 as Uint8Array),
      activatedAt: formatTimestamp(activatedAt as bigint),
      isActive: tenant.state.policies.get(name as string)?.version === version,
      offset: stored.offset,
    });
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}

/**
 * A policy's text as it was activated.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_POLICY_UNKNOWN
 */
export function readPolicy(tenant: Tenant, name: string, version?: number): string {
  return standingPolicy(tenant, name, version).document;
}
