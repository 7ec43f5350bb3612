/** What of a statement can be told with noise, how much noise that is, and what it costs. */

import type { PolicyNoise } from '@veritydb/access';
import {
  type ContributionBound,
  type NoisePlan,
  type Rational,
  type Statistic,
  planStatistic,
  rational,
} from '@veritydb/privacy';
import type { BoundAggregate, BoundSelect } from '@veritydb/query';
import { type ColumnType, type Value, parseValue } from '@veritydb/types';

import { DisclosureError } from './error.ts';

/** ρ is counted in billionths. */
export const BILLION = 1_000_000_000n;
const GROUPS_COUNT_MAX = 1000;

/** One figure of each group: what is computed, of which rows, with how much noise. */
export interface Figure {
  readonly name: string;
  readonly statistic: Statistic;
  readonly bound: ContributionBound;
  readonly plan: NoisePlan;
  readonly decimals: number;
  readonly type: ColumnType;
  readonly argument: BoundAggregate['argument'];
}

export interface NoisyPlan {
  readonly figures: readonly Figure[];
  /** Columns that groups are made by, as the rows show them. */
  readonly keys: readonly { readonly index: number; readonly type: ColumnType }[];
  /** All groups that are told: values of the keys. One without any where nothing is grouped. */
  readonly groups: readonly (readonly Value[])[];
  /** ρ in billionths. */
  readonly cost: bigint;
}

/**
 * What a statement asks for, and what it would cost.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_AGGREGATE where noise cannot hide what is asked for
 */
export function planNoise(noise: PolicyNoise, bound: BoundSelect): NoisyPlan {
  const { distinct, grouping, items, limit, offset, orderBy } = bound;
  if (grouping === null) throw refused('select COUNT, SUM or AVG');
  const isPlain =
    !distinct && limit === null && offset === 0 && orderBy.length === 0 && grouping.having === null;
  if (!isPlain) throw refused('leave out DISTINCT, HAVING, ORDER BY, LIMIT and OFFSET');
  const keys = grouping.members.flatMap((member) => {
    if (member.kind !== 'key') return [];
    const { expression } = member;
    if (expression.kind !== 'column') throw refused('group by columns as they are');
    return [{ index: expression.index, type: expression.type }];
  });
  const groups = groupsOf(noise, bound, keys);
  const isGrouped = keys.length > 0;
  const figures = items.flatMap(({ expression, name, type }) => {
    const member = expression.kind === 'column' ? grouping.members[expression.index] : undefined;
    if (member === undefined) throw refused('select figures as they are: no arithmetic over them');
    if (member.kind === 'key') return [];
    if (isGrouped && member.name !== 'count') throw refused('of groups there is COUNT alone');
    return [figureOf(noise, bound, { member, name, type, groups })];
  });
  if (figures.length === 0) throw refused('select COUNT, SUM or AVG');
  return { figures, keys, groups, cost: noise.cost * BigInt(figures.length) };
}

/** Groups are those of the policy: which there are would tell of the rows. */
function groupsOf(
  { domains }: PolicyNoise,
  { relation }: BoundSelect,
  keys: NoisyPlan['keys'],
): readonly (readonly Value[])[] {
  let groups: readonly (readonly Value[])[] = [[]];
  for (const { index, type } of keys) {
    const domain = domains.get(relation.columns[index]?.name ?? '');
    if (domain === undefined) throw refused('group by columns of which the policy says the groups');
    const values = domain.map((text) => parseValue(type, text));
    groups = groups.flatMap((group) => values.map((value) => group.concat([value])));
    if (groups.length > GROUPS_COUNT_MAX)
      throw refused(`ask for ${GROUPS_COUNT_MAX} groups at most`);
  }
  return groups;
}

interface FigureQuestion {
  readonly member: BoundAggregate;
  readonly name: string;
  readonly type: ColumnType;
  readonly groups: NoisyPlan['groups'];
}

function figureOf(
  noise: PolicyNoise,
  { relation }: BoundSelect,
  { groups, member, name, type }: FigureQuestion,
): Figure {
  const { argument } = member;
  if (member.distinct) throw refused('leave out DISTINCT');
  const isGrouped = groups.length > 1 || (groups[0]?.length ?? 0) > 0;
  const bound = {
    rowsPerSubject: noise.rowsPerSubject,
    keysPerSubject: isGrouped ? Math.min(noise.groupsPerSubject, groups.length) : 1,
  };
  const cost: Rational = rational(noise.cost, BILLION);
  const made = (statistic: Statistic, decimals: number): Figure => {
    const plan = planStatistic(statistic, bound, cost);
    return { name, statistic, bound, plan, decimals, type, argument };
  };
  if (member.name === 'count') {
    const keys = groups.map((_, index) => String(index));
    return made(isGrouped ? { kind: 'histogram', keys } : { kind: 'count' }, 0);
  }
  if (member.name !== 'sum' && member.name !== 'avg') throw refused('there are COUNT, SUM and AVG');
  const column = argument?.kind === 'column' ? relation.columns[argument.index] : undefined;
  const limits = column === undefined ? undefined : noise.bounds.get(column.name);
  if (limits === undefined) throw refused('add up columns of which the policy says the bounds');
  const { decimals, lower, upper } = limits;
  return made({ kind: member.name === 'sum' ? 'sum' : 'average', lower, upper }, decimals);
}

function refused(hint: string): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_AGGREGATE',
    'only statistics may be asked for here, and those with noise',
    { hint },
  );
}
