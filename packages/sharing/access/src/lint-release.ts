/** RES-4, RES-5: a table that is released under a model, and what the model does not see. */

import { RELEASE_NODES_MAX } from '@veritydb/privacy';

import type { Remark } from './finding.ts';
import { HIDING } from './lint-general.ts';
import { COARSENING } from './policy-schema.ts';
import type { Policy, PolicyColumn, PolicyRelease, PolicyTable } from './policy.ts';

const HELD: ReadonlySet<string> = new Set(['sensitive', 'special-category', 'non-personal']);

/** Whether a column counts among those by which rows are told apart. */
export function isQuasiIdentifier({ dataClass, rule }: PolicyColumn): boolean {
  return rule.use !== 'drop' && (dataClass === 'quasi-id' || dataClass === null);
}

export function* lintReleaseTable(
  { answers }: Policy,
  { columns, name, release }: PolicyTable,
): Generator<Remark> {
  if (release === null) return;
  const quasi = [...columns.values()].filter(isQuasiIdentifier);
  if (answers === 'aggregate') {
    yield misfit(`${name} is released, and the policy answers statistics only`, 'Choose one.');
  }
  if (quasi.length === 0) {
    yield misfit(`${name} is released without a quasi-identifier`, 'Give columns their class.');
  }
  let nodes = 1;
  for (const column of quasi) {
    const levels = [column.rule, ...(release.levels.get(column.name) ?? [])];
    nodes *= levels.length;
    if (levels.every(({ use }) => COARSENING.some((one) => one === use))) continue;
    yield misfit(
      `${name}.${column.name} has a level that is no coarser value`,
      `Use ${COARSENING.join(', ')}.`,
    );
  }
  if (nodes > RELEASE_NODES_MAX) {
    yield misfit(
      `${name} has ${nodes} combinations of levels`,
      `At most ${RELEASE_NODES_MAX} are searched: leave levels out.`,
    );
  }
  for (const column of release.levels.keys()) {
    if (quasi.some((one) => one.name === column)) continue;
    yield misfit(`${name}.${column} has levels, and is no quasi-identifier`, 'Leave them out.');
  }
  for (const { name: column, dataClass, rule } of columns.values()) {
    if (HIDING.has(rule.use) || dataClass === 'quasi-id' || HELD.has(dataClass ?? '')) continue;
    yield misfit(
      `${name}.${column} tells rows apart whatever is alike in them`,
      'Drop it: a code is one for each row.',
    );
  }
  yield* lintSensitive(name, columns, release);
  if (release.written === 'public') {
    yield {
      code: 'RES-5',
      severity: 'warning',
      message: `${name}: who knows when a row was written finds it, whatever k is`,
      hint: 'Set written to quasi-id, or be sure that nobody knows.',
    };
  }
}

function* lintSensitive(
  table: string,
  columns: PolicyTable['columns'],
  { model, sensitive }: PolicyRelease,
): Generator<Remark> {
  const needed = model.diversity !== undefined || model.closeness !== undefined;
  if (needed !== (sensitive !== null)) {
    yield misfit(
      `${table} names a sensitive column without a model of it, or the other way`,
      'Give sensitive, and diversity or closeness or both.',
    );
  }
  const column = sensitive === null ? undefined : columns.get(sensitive);
  if (sensitive === null) return;
  const isReleased =
    column !== undefined &&
    !HIDING.has(column.rule.use) &&
    COARSENING.includes(column.rule.use) &&
    !isQuasiIdentifier(column);
  if (isReleased) return;
  yield misfit(`${table}.${sensitive} is not released`, 'Use keep or band, with class: sensitive.');
}

function misfit(message: string, hint: string): Remark {
  return { code: 'RES-4', message, hint };
}
