/** What the sharing layer stands on: one tenant, its statements, its policies, its tokens' issuer. */

import { type Policy, parsePolicy } from '@veritydb/access';
import type { StatementCache, Tenant } from '@veritydb/runtime';
import { assert } from '@veritydb/types';

import { DisclosureError } from './error.ts';

export interface TokenIssuer {
  /** `iss` of every token: the database's origin as an https URL, wherever it is served. */
  readonly issuer: string;
  /** `aud` of every token: the same, because the database is what tokens are for. */
  readonly audience: string;
}

export interface House {
  readonly tenant: Tenant;
  readonly statements: StatementCache;
  readonly issuer: TokenIssuer;
}

/** A policy as it stands in the log. */
export interface StandingPolicy {
  readonly policy: Policy;
  /** The YAML as it was activated. */
  readonly document: string;
  readonly version: number;
  readonly sha256: Uint8Array;
  /** Where its activation stands in the log. */
  readonly offset: number;
  readonly row: number;
}

/**
 * A policy as activated: the newest version, or the one that is named.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_POLICY_UNKNOWN
 */
export function standingPolicy(tenant: Tenant, name: string, version?: number): StandingPolicy {
  const wanted = version ?? tenant.state.policies.get(name)?.version;
  if (wanted === undefined) throw unknownPolicy();
  const known = standing.get(tenant) ?? new Map<string, StandingPolicy>();
  standing.set(tenant, known);
  const named = `${name} ${wanted}`;
  const found = known.get(named) ?? readPolicy(tenant, name, wanted);
  if (known.size >= KNOWN_COUNT_MAX) known.clear();
  known.set(named, found);
  return found;
}

const KNOWN_COUNT_MAX = 32;
/** Policies of each tenant by name and version: they never change, and are asked for on every call. */
const standing = new WeakMap<Tenant, Map<string, StandingPolicy>>();

function readPolicy(tenant: Tenant, name: string, version: number): StandingPolicy {
  const snapshot = tenant.snapshot();
  const stored = snapshot.get(snapshot.reserved('verity_policies'), [name, version]);
  if (stored === undefined) throw unknownPolicy();
  const [, , sha256, document] = stored.values;
  assert(typeof document === 'string', 'policy row holds no document');
  return {
    policy: parsePolicy(tenant.crypto, document),
    document,
    version,
    sha256: sha256 as Uint8Array,
    offset: stored.offset,
    row: stored.rowIndex,
  };
}

function unknownPolicy(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_POLICY_UNKNOWN',
    'the policy is not active',
    { hint: 'activate it, or ask for a token under one that is' },
  );
}
