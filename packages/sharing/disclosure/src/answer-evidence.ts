/** What the record of an answer says beside the answer: consents, data subjects, members, cost. */

import type { AccessOutcome } from '@veritydb/kernel';
import type { ResultSet } from '@veritydb/query';
import type { BoundSelect, Relation } from '@veritydb/query';
import type { Tenant } from '@veritydb/runtime';

import type { ConsentGate } from './consent-gate.ts';
import { type RowOrigin, subjectsOf } from './row-origin.ts';
import type { Right } from './scoped-query.ts';
import { type Figures, checkStatistic } from './statistic-gate.ts';
import { indexSubjects } from './subject-index.ts';

export type AnswerEvidence = Pick<AccessOutcome, 'consent' | 'subjects' | 'members' | 'charge'>;

interface Parts {
  readonly right: Right;
  readonly view: { readonly relation: Relation };
  readonly result: ResultSet<RowOrigin>;
  readonly gate: ConsentGate | null;
  /** The rows behind each figure of a statistic; null where rows are answered. */
  readonly figures: Figures | null;
}

/**
 * The evidence of an answer; a statistic is checked here.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_PRIVACY_BLOCKED
 */
export function evidenceOf(
  tenant: Tenant,
  { right, view, result, gate, figures }: Parts,
): AnswerEvidence {
  // Whoever operates the database discloses nothing to itself.
  if (right.kind === 'operator')
    return { consent: null, subjects: null, members: null, charge: null };
  const { grant, policy } = right;
  const { table } = view.relation;
  const { perHour, subjectsMin } = policy.policy;
  const { recipient } = grant;
  const statistic =
    figures === null ? null : checkStatistic(tenant, { recipient, table, figures, subjectsMin });
  return {
    consent: gate?.evidence() ?? null,
    subjects: figures === null ? indexSubjects(tenant, table, subjectsOf(result)) : null,
    members: statistic?.members ?? null,
    charge: {
      rows: result.rows.length,
      cells: result.rows.length * result.columns.length,
      most: perHour,
      statistics: statistic?.statistics ?? null,
    },
  };
}

/** By the table's own names: an alias is the client's text, and would hide from the record what left. */
export function sourcesOf({ items, relation }: BoundSelect): readonly string[] {
  const indexes = new Set(items.flatMap(({ sources }) => sources));
  return relation.table.definition.columns
    .filter((_column, index) => indexes.has(index))
    .map(({ name }) => name);
}
