/**
 * What a grantee may be told of a table in an hour of the log's time. The budget is the recipient's:
 * another token does not fill it up again.
 */

import type { Timestamp } from '@veritydb/types';

import type { AccessOutcome } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { type NamedRow, insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

const NANOSECONDS_PER_HOUR = 3_600_000_000_000n;

/**
 * Takes an answer's cost from the budget of who asked.
 *
 * @throws {KernelError} ERR_KERNEL_BUDGET_SPENT; ERR_KERNEL_ANSWER_MOVED when another statistic of the
 *   same table was told since this one was checked
 */
export function chargeBudget(
  state: KernelState,
  { charge, table }: AccessOutcome,
  intent: NamedRow,
  context: { readonly timestamp: Timestamp; readonly rows: RowReader },
): readonly RowChange[] {
  if (charge === null || table === null) return [];
  const recipient = intent['recipient'] as string;
  const known = readNamed(state, 'verity_budgets', [recipient, table], context);
  const statistics = (known?.['statistics'] as number | undefined) ?? 0;
  if (charge.statistics !== null && charge.statistics !== statistics) throw moved();
  const hour = context.timestamp / NANOSECONDS_PER_HOUR;
  const current = known?.['hour'] === hour ? known : undefined;
  const used = (name: 'rows' | 'cells'): bigint => (current?.[name] as bigint | undefined) ?? 0n;
  const next = {
    hour,
    queries: ((current?.['queries'] as number | undefined) ?? 0) + 1,
    rows: used('rows') + BigInt(charge.rows),
    cells: used('cells') + BigInt(charge.cells),
    statistics: charge.statistics === null ? statistics : statistics + 1,
  };
  const { most } = charge;
  if (next.queries > most.queries || next.rows > most.rows || next.cells > most.cells) {
    throw new KernelError('denied', 'ERR_KERNEL_BUDGET_SPENT', 'the budget of this hour is spent', {
      hint: 'ask again in the next hour, or for less',
    });
  }
  if (known !== undefined) return [updateIn(state, 'verity_budgets', known, next)];
  return [insertInto(state, 'verity_budgets', { recipient, table_name: table, ...next })];
}

/** What the answer was decided by is not so any more: it must be made again before anything leaves. */
export function moved(): KernelError {
  return new KernelError('conflict', 'ERR_KERNEL_ANSWER_MOVED', 'the answer was overtaken', {
    hint: 'ask again',
  });
}
