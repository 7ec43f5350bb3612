/** What a projection calculates, compiled once: as it refuses what cannot be calculated, and as it takes NULL. */

import {
  type BoundProjection,
  type GroupMember,
  ProjectionJoin,
  compileCell,
} from '@veritydb/query';
import type { Row, Value } from '@veritydb/types';

type Evaluate = (row: Row) => Value;

/** Over joined rows, but for the items of groups. */
export interface ProjectionCells {
  readonly passes: (joined: Row) => boolean;
  readonly items: readonly Evaluate[];
  /** What goes into each member of a group; none where rows are not grouped. */
  readonly members: readonly Evaluate[];
}

export interface ProjectionPlan {
  readonly join: ProjectionJoin;
  readonly strict: ProjectionCells;
  readonly lenient: ProjectionCells;
}

const plans = new WeakMap<BoundProjection, ProjectionPlan>();

export function projectionPlan(bound: BoundProjection): ProjectionPlan {
  let plan = plans.get(bound);
  if (plan === undefined) {
    plan = {
      join: new ProjectionJoin(bound),
      strict: compileCells(bound, false),
      lenient: compileCells(bound, true),
    };
    plans.set(bound, plan);
  }
  return plan;
}

function compileCells(
  { items, members, where }: BoundProjection,
  isLenient: boolean,
): ProjectionCells {
  const holds = where === null ? null : compileCell(where, isLenient);
  return {
    passes: holds === null ? () => true : (row) => holds(row) === true,
    items: items.map((item) => compileCell(item, isLenient)),
    members: (members ?? []).map((member) => compileMember(member, isLenient)),
  };
}

function compileMember(member: GroupMember, isLenient: boolean): Evaluate {
  const expression = member.kind === 'key' ? member.expression : member.argument;
  return expression === null ? () => true : compileCell(expression, isLenient);
}
