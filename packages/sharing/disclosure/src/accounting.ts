/** What left about one data subject: from access records, by their index of subjects. */

import { toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import { formatTimestamp, parseJson } from '@veritydb/types';

import { standingPolicy } from './house.ts';
import type { Accounting, Disclosure, DisclosureSeries } from './report-desk.ts';
import { hasSubject, subjectIndexMac } from './subject-index.ts';

/** 45 CFR 164.528(a)(1): the six years before the request. */
const ACCOUNTED_MICROSECONDS = 6n * 366n * 86_400_000_000n;

/** What the law does not count, by the profile of the policy that it left under. */
const EXEMPT: Readonly<Record<string, string>> = {
  'hipaa-limited-data-set': 'limited data set, 45 CFR 164.528(a)(1)(viii)',
  'hipaa-safe-harbor': 'de-identified, 45 CFR 164.502(d)(2)',
};

export function accountOf(tenant: Tenant, subject: string): Accounting {
  const since = tenant.clock.now() / 1000n - ACCOUNTED_MICROSECONDS;
  const macs = tenant.subjectMacs(subject).map((mac) => subjectIndexMac(tenant, mac));
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_access');
  const disclosures: Disclosure[] = [];
  for (const { values, offset } of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, values);
    const index = row['subjects'];
    const at = row['at'] as bigint;
    if (row['decision'] !== 'allowed' || !(index instanceof Uint8Array) || at < since) continue;
    if (!hasSubject(index, macs)) continue;
    const columns = parseJson(row['columns'] as string) as readonly string[];
    const policy = row['policy'] as string;
    const version = row['policy_version'] as number;
    disclosures.push({
      accessId: row['access_id'] as string,
      at: formatTimestamp(at),
      recipient: row['recipient'] as string,
      description: `${row['action'] as string} of ${row['table_name'] as string}: ${columns.join(', ')}`,
      purpose: row['purpose'] as string,
      policy: `${policy} version ${version}`,
      offset,
      exempt: EXEMPT[standingPolicy(tenant, policy, version).policy.profile] ?? null,
    });
  }
  disclosures.sort((a, b) => a.offset - b.offset);
  return { since: formatTimestamp(since), disclosures, series: seriesOf(disclosures) };
}

function seriesOf(disclosures: readonly Disclosure[]): readonly DisclosureSeries[] {
  const series = new Map<string, DisclosureSeries>();
  for (const { at, recipient, purpose } of disclosures) {
    const name = JSON.stringify([recipient, purpose]);
    const known = series.get(name) ?? { recipient, purpose, count: 0, first: at, last: at };
    series.set(name, { ...known, count: known.count + 1, last: at });
  }
  return [...series.values()];
}
