/** The reports of the log: whom something left to, what is kept about somebody, who may what. */

import { toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import {
  type TableSchema,
  TypesError,
  formatTimestamp,
  parseJson,
  parseValue,
  valueToJson,
} from '@veritydb/types';

import { accountOf } from './accounting.ts';
import { listConsents } from './consents.ts';
import { type House, standingPolicy } from './house.ts';
import { answerQuery } from './open-gateway.ts';
import type {
  Holder,
  ProcessingActivity,
  ReportDesk,
  SubjectAccess,
  SubjectRows,
} from './report-desk.ts';
import { dueRows } from './retention.ts';
import { ANSWER_ROWS_MAX } from './scoped-query.ts';
import { operatorAsker } from './session.ts';
import type { TokenRegistry } from './token-registry.ts';

export function openReportDesk(house: House, tokens: TokenRegistry): ReportDesk {
  const { tenant } = house;
  return {
    accounting: async (subject) => accountOf(tenant, subject),
    subjectAccess: async (subject, purpose) => subjectAccess(house, subject, purpose),
    processing: async () => processingRecords(tenant),
    holders: async () => holders(tenant, tokens),
    dueRows: async (purpose) => dueRows(house, purpose),
  };
}

async function subjectAccess(
  house: House,
  subject: string,
  purpose: string,
): Promise<SubjectAccess> {
  const { tenant } = house;
  const data: SubjectRows[] = [];
  const categories = new Set<string>();
  for (const name of tenant.snapshot().tableNames()) {
    const table = tenant.snapshot().table(name);
    const found = table === undefined ? null : await rowsAbout(house, { table, subject, purpose });
    if (table === undefined || found === null) continue;
    data.push(found);
    for (const { dataClass } of table.definition.columns)
      categories.add(dataClass ?? 'not classified');
  }
  const { series } = accountOf(tenant, subject);
  const activities = processingRecords(tenant);
  return {
    at: formatTimestamp(tenant.clock.now() / 1000n),
    purposes: [...new Set(activities.flatMap(({ purposes }) => purposes))].toSorted(),
    categories: [...categories].toSorted(),
    recipients: series,
    retention: Object.fromEntries(
      activities.flatMap(({ policy, retention }) =>
        retention === null ? [] : [[policy, retention]],
      ),
    ),
    consents: listConsents(tenant, subject),
    data,
  };
}

/** Read as the operator reads anything: by a query that is recorded. */
async function rowsAbout(
  house: House,
  question: { readonly table: TableSchema; readonly subject: string; readonly purpose: string },
): Promise<SubjectRows | null> {
  const { definition, subjectIndex } = question.table;
  const column = subjectIndex === null ? undefined : definition.columns[subjectIndex];
  if (column === undefined) return null;
  let parameter;
  try {
    parameter = valueToJson(column.type, parseValue(column.type, question.subject));
  } catch (error) {
    // An id that is none of this column's type is in none of its rows.
    if (error instanceof TypesError) return null;
    throw error;
  }
  const { columns, rows } = await answerQuery(house, operatorAsker(question.purpose), {
    sql: `SELECT * FROM "${definition.name}" WHERE "${column.name}" = $1`,
    parameters: [parameter],
    maxRows: ANSWER_ROWS_MAX,
    rowsMax: ANSWER_ROWS_MAX,
  });
  if (rows.length === 0) return null;
  return { table: definition.name, columns: columns.map(({ name }) => name), rows };
}

function processingRecords(tenant: Tenant): readonly ProcessingActivity[] {
  const recipients = recipientsByPolicy(tenant);
  return [...tenant.state.policies.keys()].toSorted().map((name) => {
    const { policy, version } = standingPolicy(tenant, name);
    const tables = [...policy.tables.values()];
    const shared = tables.flatMap(({ columns }) =>
      [...columns.values()].filter(({ rule }) => rule.use !== 'drop'),
    );
    return {
      policy: name,
      version,
      controller: policy.controller,
      purposes: policy.purposes,
      legalBasis: policy.legalBasis,
      subjects: tables.flatMap((table) => (table.subject === null ? [] : [table.name])),
      categories: [...new Set(shared.map(({ dataClass }) => dataClass ?? 'unknown'))].toSorted(),
      recipients: [
        ...new Set([...(policy.recipients ?? []), ...(recipients.get(name) ?? [])]),
      ].toSorted(),
      retention: policy.retention,
      measures: [
        ...new Set(shared.map(({ rule }) => rule.use)),
        ...(policy.consent === null ? [] : ['consent of each data subject']),
        ...(policy.proof === null ? [] : ['tokens bound to a key']),
        ...(policy.answers === 'rows' ? [] : ['statistics only']),
        ...(policy.oneTime ? ['one export'] : []),
      ].toSorted(),
    };
  });
}

function recipientsByPolicy(tenant: Tenant): ReadonlyMap<string, ReadonlySet<string>> {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_tokens');
  const recipients = new Map<string, Set<string>>();
  for (const { values } of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, values);
    const policy = row['policy'] as string;
    const known = recipients.get(policy) ?? new Set<string>();
    recipients.set(policy, known.add(row['recipient'] as string));
  }
  return recipients;
}

function holders(tenant: Tenant, tokens: TokenRegistry): readonly Holder[] {
  const snapshot = tenant.snapshot();
  const used = new Map<string, bigint>();
  const access = snapshot.reserved('verity_access');
  for (const { values } of snapshot.scan(access, { kind: 'scan' })) {
    const row = toNamedRow(access, values);
    const [id, at] = [row['token_id'] as string, row['at'] as bigint];
    if (at > (used.get(id) ?? -1n)) used.set(id, at);
  }
  const table = snapshot.reserved('verity_tokens');
  return tokens.list().flatMap((token) => {
    const stored = snapshot.get(table, [token.tokenId]);
    if (stored === undefined) return [];
    const row = toNamedRow(table, stored.values);
    const lastUsed = used.get(token.tokenId);
    return [
      {
        ...token,
        scope: row['scope'] as string,
        tables: parseJson(row['tables'] as string) as Holder['tables'],
        parent: row['parent'] as string | null,
        reason: row['reason'] as string | null,
        approvals: parseJson(row['approvals'] as string) as readonly string[],
        lastUsed: lastUsed === undefined ? null : formatTimestamp(lastUsed),
      },
    ];
  });
}
