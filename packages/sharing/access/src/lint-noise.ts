/** GEN-8: statistics with noise that would hide nobody, or could not be told. */

import type { Remark } from './finding.ts';
import { HIDING } from './lint-general.ts';
import type { Policy, PolicyTable } from './policy.ts';

const BUDGET_MAX = 10_000_000_000n;

export function* lintNoise(
  { answers }: Policy,
  { columns, name, noise, release, subject }: PolicyTable,
): Generator<Remark> {
  if (noise === null) return;
  if (answers !== 'aggregate' || release !== null) {
    yield misfit(
      `${name} has statistics with noise, and rows`,
      'Set output.answers to aggregate, and leave release out.',
    );
  }
  if (subject === null) {
    yield misfit(
      `${name} names no data subject to hide`,
      'Name the column that says whom a row is about.',
    );
  }
  if (noise.cost > noise.budget || noise.cost <= 0n) {
    yield misfit(`${name} has no budget for one figure`, 'Set cost above zero and at most budget.');
  }
  if (noise.budget > BUDGET_MAX) {
    yield misfit(`${name} has a budget that hides nobody`, 'Set budget to 10 or less; 1 is much.');
  }
  const shown = (column: string): boolean => !HIDING.has(columns.get(column)?.rule.use ?? 'drop');
  for (const [column, { lower, upper }] of noise.bounds) {
    if (shown(column) && lower < upper) continue;
    yield misfit(
      `${name}.${column} has bounds, and is not shown or not between them`,
      'Give lower below upper, of a column that a rule shows.',
    );
  }
  for (const column of noise.domains.keys()) {
    if (shown(column)) continue;
    yield misfit(`${name}.${column} has groups, and is not shown`, 'Show it, or leave them out.');
  }
}

function misfit(message: string, hint: string): Remark {
  return { code: 'GEN-8', message, hint };
}
