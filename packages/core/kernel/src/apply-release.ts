/** Releases of tables: the first export fixes what all later ones are of, until the operator closes it. */

import { type Timestamp, canonicalJson } from '@veritydb/types';

import { moved } from './apply-budget.ts';
import type { ReleaseRecord } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

/**
 * Fixes a recipient's release, or finds it fixed to the same.
 *
 * @throws {KernelError} ERR_KERNEL_ANSWER_MOVED when another one was fixed since this one was made
 */
export function fixRelease(
  state: KernelState,
  recipient: string,
  release: ReleaseRecord,
  context: Context,
): readonly RowChange[] {
  const next = {
    policy: release.policy,
    policy_version: release.policyVersion,
    position: BigInt(release.position),
    levels: canonicalJson(release.levels),
    state: 'open',
  };
  const known = readNamed(state, 'verity_releases', [recipient, release.table], context);
  const changed_at = context.timestamp / 1000n;
  if (known === undefined) {
    const row = { recipient, table_name: release.table, ...next, changed_at };
    return [insertInto(state, 'verity_releases', row)];
  }
  if (known['state'] === 'closed') {
    return [updateIn(state, 'verity_releases', known, { ...next, changed_at })];
  }
  const isSame = Object.entries(next).every(([name, value]) => known[name] === value);
  if (!isSame) throw moved();
  return [];
}

/** @throws {KernelError} ERR_KERNEL_RELEASE_UNKNOWN */
export function closeRelease(
  state: KernelState,
  { recipient, table }: { readonly recipient: string; readonly table: string },
  context: Context,
): readonly RowChange[] {
  const known = readNamed(state, 'verity_releases', [recipient, table], context);
  if (known?.['state'] !== 'open') {
    throw new KernelError(
      'expectation',
      'ERR_KERNEL_RELEASE_UNKNOWN',
      'this recipient has no open release of this table',
      { hint: 'list the releases that there are' },
    );
  }
  const changed = { state: 'closed', changed_at: context.timestamp / 1000n };
  return [updateIn(state, 'verity_releases', known, changed)];
}
