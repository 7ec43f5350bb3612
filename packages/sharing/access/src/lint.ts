/**
 * The policy linter: rules of law that a policy promises by its profile, checked before it activates.
 *
 * GEN-*: every policy. HSH-*: `hipaa-safe-harbor`, 45 CFR 164.514(b)(2)(i) and (c) and the guidance of
 * HHS of 26 November 2012. LDS-*, GDPR-*, PCI-*, P2-*, RES-*: see lint-laws.ts. TAB-*: the policy against the tables that it speaks of. Columns that a policy
 * does not list are dropped, so the identifiers of Safe Harbor can only leave by a column that it lists.
 */

import { PrivacyError, planTransform } from '@veritydb/privacy';
import type { TableDefinition } from '@veritydb/types';

import { periodPredicate } from './authorize.ts';
import { AccessError } from './error.ts';
import type { Finding, Remark } from './finding.ts';
import { lintGeneral } from './lint-general.ts';
import { lintLaws } from './lint-laws.ts';
import { lintWhole } from './lint-policy.ts';
import { lintSafeHarbor } from './lint-safe-harbor.ts';
import type { PolicyPlace } from './policy-yaml.ts';
import type { Policy, PolicyTable } from './policy.ts';
import { compileRowPredicate } from './row-predicate.ts';

/**
 * Checks a policy; without the definitions of its tables, by the names and classes of columns alone.
 * Findings stand in the order of the file.
 */
export function lintPolicy(
  policy: Policy,
  definitions: readonly TableDefinition[] = [],
): readonly Finding[] {
  const findings: Finding[] = Array.from(lintWhole(policy), (remark) =>
    toFinding(remark, policy.place, `policy ${policy.name}`),
  );
  for (const table of policy.tables.values()) {
    const definition = definitions.find(({ name }) => name === table.name);
    if (definition === undefined && definitions.length > 0) {
      findings.push(absent(table.place, `there is no table ${table.name}`));
    }
    findings.push(...lintTable(policy, table, definition));
  }
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function lintTable(
  policy: Policy,
  table: PolicyTable,
  definition: TableDefinition | undefined,
): Finding[] {
  const findings: Finding[] = [];
  if (definition !== undefined && table.subject !== null && table.subject !== definition.subject) {
    findings.push({
      code: 'TAB-2',
      severity: 'error',
      ...table.place,
      message: `${table.name}: ${table.subject} is not the table's data subject`,
      hint: 'Name the column that the table declares as DATA SUBJECT, or none.',
    });
  }
  if (definition !== undefined) findings.push(...lintRows(table, definition));
  const safeHarbor = policy.profile === 'hipaa-safe-harbor' && isAboutSomebody(table, definition);
  for (const column of table.columns.values()) {
    const declared = definition?.columns.find(({ name }) => name === column.name);
    const name = `${table.name}.${column.name}`;
    if (definition !== undefined && declared === undefined) {
      findings.push(absent(column.place, `there is no column ${name}`));
    }
    const remarks: Remark[] = [
      ...lintGeneral(column, declared),
      ...Array.from(lintLaws(policy.profile, column, declared)).filter(
        // A model makes it coarser, as far as it must.
        ({ code }) => code !== 'RES-2' || table.release === null,
      ),
    ];
    if (safeHarbor) {
      remarks.push(...lintSafeHarbor(column, declared));
    }
    for (const rule of [column.rule, ...(table.release?.levels.get(column.name) ?? [])]) {
      if (declared === undefined || rule.use === 'drop') continue;
      try {
        planTransform(rule, declared);
      } catch (error) {
        if (!(error instanceof PrivacyError)) throw error;
        remarks.push({ code: 'TAB-2', message: error.message, hint: error.hint ?? '' });
      }
    }
    findings.push(...remarks.map((remark) => toFinding(remark, column.place, name)));
  }
  return findings;
}

/** Conditions and periods that do not fit the table would let nothing out. */
function lintRows(table: PolicyTable, definition: TableDefinition): Finding[] {
  const conditions = [table.rows, table.period === null ? null : periodPredicate(table.period)];
  return conditions.flatMap((condition) => {
    if (condition === null) return [];
    try {
      compileRowPredicate(condition, definition);
      return [];
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      const remark = { code: 'TAB-2', message: error.message, hint: error.hint ?? '' } as const;
      return [toFinding(remark, table.place, table.name)];
    }
  });
}

function toFinding(
  { code, severity = 'error', message, hint }: Remark,
  place: PolicyPlace,
  name: string,
): Finding {
  return { code, severity, ...place, message: `${name}: ${message}`, hint };
}

/** A table with a subject, or with a column that says something of somebody. */
function isAboutSomebody(table: PolicyTable, definition: TableDefinition | undefined): boolean {
  const subject = table.subject ?? definition?.subject ?? null;
  const classes = [
    ...[...table.columns.values()].map(({ dataClass }) => dataClass ?? 'unknown'),
    ...(definition?.columns ?? []).map(({ dataClass }) => dataClass ?? 'non-personal'),
  ];
  return subject !== null || classes.some((dataClass) => dataClass !== 'non-personal');
}

function absent(place: PolicyPlace, message: string): Finding {
  const hint = 'The rule does nothing until there is one; check the spelling.';
  return { code: 'TAB-1', severity: 'warning', ...place, message, hint };
}
