/**
 * Privacy budgets: what a grantee has spent of a table, and each answer that was drawn for it. One record
 * holds both, so that no crash and no other question at the same time spends without an answer, or
 * answers without spending. The budget is the recipient's: another token does not fill it up again.
 */

import type { Timestamp } from '@veritydb/types';
import { assert } from '@veritydb/types';

import { moved } from './apply-budget.ts';
import type { AccessOutcome } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { type NamedRow, insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

/**
 * Spends what a noisy answer costs, and keeps the answer.
 *
 * @throws {KernelError} ERR_KERNEL_PRIVACY_SPENT; ERR_KERNEL_ANSWER_MOVED when the same question has been
 *   answered since: its answer is then told again
 */
export function spendPrivacy(
  state: KernelState,
  outcome: AccessOutcome,
  intent: NamedRow,
  context: { readonly timestamp: Timestamp; readonly rows: RowReader },
): readonly RowChange[] {
  const { accessId, noise, policy, policyVersion, position, table } = outcome;
  if (noise === null) return [];
  assert(table !== null && policy !== null, 'a noisy answer is of a table under a policy');
  assert(policyVersion !== null && position !== null, 'a noisy answer is of one position');
  assert(noise.cost > 0n, 'a noisy answer costs something');
  const recipient = intent['recipient'] as string;
  const key = { recipient, table_name: table };
  const { answer, budget, cost, question } = noise;
  const twin = readNamed(state, 'verity_noisy_answers', [recipient, table, question], context);
  if (twin !== undefined) throw moved();
  const known = readNamed(state, 'verity_privacy_budgets', [recipient, table], context);
  const next = {
    spent: ((known?.['spent'] as bigint | undefined) ?? 0n) + cost,
    answers: ((known?.['answers'] as number | undefined) ?? 0) + 1,
  };
  if (next.spent > budget) {
    throw new KernelError('denied', 'ERR_KERNEL_PRIVACY_SPENT', 'the privacy budget is spent', {
      hint: 'ask again what was answered before: that costs nothing; nothing else is told of this table',
    });
  }
  return [
    known === undefined
      ? insertInto(state, 'verity_privacy_budgets', { ...key, ...next })
      : updateIn(state, 'verity_privacy_budgets', known, next),
    insertInto(state, 'verity_noisy_answers', {
      ...key,
      question,
      access_id: accessId,
      policy,
      policy_version: policyVersion,
      position: BigInt(position),
      cost,
      answer,
      answered_at: context.timestamp / 1000n,
    }),
  ];
}
