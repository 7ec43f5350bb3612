/** A policy in words: what it asks of tokens, and what leaves of each column. */

import type { Policy, PolicyColumn, PolicyTable } from '@veritydb/access';

export interface PolicyExplanation {
  readonly facts: Readonly<Record<string, string>>;
  /** Table, column, class, and what leaves. */
  readonly rows: readonly (readonly string[])[];
}

export function explainPolicy(policy: Policy): PolicyExplanation {
  const { perHour } = policy;
  return {
    facts: {
      policy: `${policy.name} version ${policy.version}`,
      profile: policy.profile,
      purposes: policy.purposes.join(', '),
      basis: policy.legalBasis ?? 'none named',
      recipients: policy.recipients?.join(', ') ?? 'whoever gets a token',
      consent: policy.consent === null ? 'not asked' : 'of each data subject',
      tokens: tokensOf(policy),
      answers:
        policy.answers === 'rows'
          ? `rows, ${policy.rowsMax} at most`
          : `counts over ${policy.subjectsMin} data subjects at least`,
      hour: `${perHour.queries} answers, ${perHour.rows} rows, ${perHour.cells} cells`,
      retention: policy.retention ?? 'not said',
    },
    rows: [...policy.tables.values()].flatMap(explainTable),
  };
}

function tokensOf({ tokenLifetimeSecondsMax, oneTime, proof, breakGlass }: Policy): string {
  return [
    `${tokenLifetimeSecondsMax} seconds at most`,
    ...(oneTime ? ['one export'] : []),
    ...(proof === null ? [] : ['bound to a key']),
    ...(breakGlass ? ['with a reason and two approvals'] : []),
  ].join(', ');
}

function explainTable({
  name,
  rows,
  period,
  columns,
}: PolicyTable): readonly (readonly string[])[] {
  const shown: string[][] = [];
  if (rows !== null) shown.push([name, '(rows)', '', `only ${spelled(rows)}`]);
  if (period !== null) shown.push([name, '(period)', '', spelled(period)]);
  for (const column of columns.values()) {
    shown.push([name, column.name, column.dataClass ?? '?', leavesAs(column)]);
  }
  return shown;
}

function leavesAs({ rule }: PolicyColumn): string {
  const { use, ...parameters } = rule;
  if (use === 'drop') return 'does not leave';
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name} ${spelled(value)}`)
    .join(', ');
  return text === '' ? use : `${use}: ${text}`;
}

/** Members of a policy file are JSON. */
function spelled(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
