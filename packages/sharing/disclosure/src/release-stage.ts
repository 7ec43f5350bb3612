/**
 * Tables that are released: under a model (k-anonymity, ℓ-diversity, t-closeness), as a whole, by an
 * export. The first export of a recipient fixes position and levels; every later one is of the same, so
 * that two of them laid side by side give nothing that one does not. A new release is the operator's
 * decision.
 */

import type { AuthorizedRelation, PolicyRelease } from '@veritydb/access';
import { type NamedRow, type ReleaseRecord, type StoredRow, toNamedRow } from '@veritydb/kernel';
import { PrivacyError, type Release, findRelease } from '@veritydb/privacy';
import type { BoundSelect } from '@veritydb/query';
import type { Snapshot, Tenant } from '@veritydb/runtime';
import {
  type ColumnType,
  type JsonValue,
  type Row,
  type TableSchema,
  type Value,
  assert,
  canonicalJson,
  formatTimestamp,
  isJsonObject,
  parseJson,
  toOffset,
  utf8Encode,
  valueToJson,
} from '@veritydb/types';

import type { ConsentGate } from './consent-gate.ts';
import { DisclosureError } from './error.ts';
import type { ReleaseSummary } from './gateway.ts';
import type { TokenRight } from './scoped-query.ts';
import { blocked } from './statistic-gate.ts';

/** What a release comes to: which rows leave, at which levels, and what is said of it. */
export interface Released {
  readonly levels: ReadonlyMap<string, number>;
  readonly admits: (row: Row) => boolean;
  /** For the record of the export, which fixes it. */
  readonly record: ReleaseRecord;
  /** RFC 8785 JSON, for the recipient: levels, what was suppressed, and the risk that is left. */
  readonly report: Uint8Array;
}

/** The release of a table that stands for a recipient, or null. */
function standingRelease(
  tenant: Tenant,
  recipient: string,
  tableName: string,
): ReleaseRecord | null {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_releases');
  const stored = snapshot.get(table, [recipient, tableName]);
  const release = stored === undefined ? undefined : toSummary(toNamedRow(table, stored.values));
  return release?.state === 'open' ? release : null;
}

/** Every release that there is. */
export function listReleases(tenant: Tenant): readonly ReleaseSummary[] {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_releases');
  return Array.from(snapshot.scan(table, { kind: 'scan' }), ({ values }) =>
    toSummary(toNamedRow(table, values)),
  );
}

function toSummary(row: NamedRow): ReleaseSummary {
  const levels = parseJson(row['levels'] as string);
  assert(isJsonObject(levels), 'a release row holds no levels');
  return {
    recipient: row['recipient'] as string,
    table: row['table_name'] as string,
    policy: row['policy'] as string,
    policyVersion: row['policy_version'] as number,
    position: toOffset(Number(row['position'])),
    levels: levels as Readonly<Record<string, number>>,
    state: row['state'] as ReleaseSummary['state'],
    changedAt: formatTimestamp(row['changed_at'] as bigint),
  };
}

/**
 * Where the release of a table must be read: at the position that is fixed, or the one that is asked for.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_STATEMENT for a question that is no export;
 *   ERR_DISCLOSURE_PRIVACY_BLOCKED where the token cuts the table, or another release stands
 */
export function releasePosition(
  tenant: Tenant,
  { grant, policy }: TokenRight,
  { table, position, isExport }: ReleasePlace,
): number | undefined {
  if (!isExport) throw wholeOnly('ask for it by an export');
  const { from, before } = grant.period;
  // Part of a class tells of those who are in it what the whole class does not.
  if (grant.rows.has(table) || from !== null || before !== null) throw blocked();
  if (grant.answers === 'aggregate') throw blocked();
  const standing = standingRelease(tenant, grant.recipient, table);
  if (standing === null) return position;
  const isSame =
    standing.policy === policy.policy.name && standing.policyVersion === policy.version;
  if (!isSame || (position ?? standing.position) !== standing.position) throw blocked();
  return standing.position;
}

export interface ReleasePlace {
  readonly table: string;
  readonly position: number | undefined;
  readonly isExport: boolean;
}

function wholeOnly(hint: string): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_STATEMENT',
    'the table is released as a whole, or not at all',
    { hint },
  );
}

/** @throws {DisclosureError} ERR_DISCLOSURE_STATEMENT */
export function checkWhole(bound: BoundSelect): void {
  const { distinct, grouping, items, limit, offset, relation, where } = bound;
  const isWhole =
    where === null && grouping === null && !distinct && limit === null && offset === 0;
  // By their own names, so that who has the file can count its classes again.
  const isPlain = items.every(
    ({ column, name }) => column !== null && relation.columns[column]?.name === name,
  );
  if (isWhole && isPlain) return;
  throw wholeOnly('select columns by their own names, without WHERE, GROUP BY, DISTINCT or LIMIT');
}

/** @throws {DisclosureError} ERR_DISCLOSURE_ROWS */
export function checkComplete(truncated: boolean): void {
  if (!truncated) return;
  throw new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_ROWS',
    'the release has more rows than may leave at once',
    { hint: 'ask for a token, or a policy, that allows more rows' },
  );
}

export interface ReleaseQuestion {
  readonly snapshot: Snapshot;
  readonly right: TokenRight;
  readonly table: string;
  /** The table under the policy alone, with its quasi-identifiers at the levels that are given. */
  readonly relationAt: (levels: ReadonlyMap<string, number>) => AuthorizedRelation;
  readonly gateOf: (table: TableSchema) => ConsentGate | null;
}

/**
 * Searches the release, or makes the standing one again.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_PRIVACY_BLOCKED where the model cannot be kept
 */
export function makeRelease(tenant: Tenant, question: ReleaseQuestion): Released {
  const { right, snapshot, table: name, relationAt, gateOf } = question;
  const rules = right.policy.policy.tables.get(name);
  assert(rules !== undefined && rules.release !== null, 'a table without a model is no release');
  const { release } = rules;
  const quasi = [...rules.columns.values()].flatMap(({ dataClass, name: column, rule }) => {
    const isQuasi = rule.use !== 'drop' && (dataClass === 'quasi-id' || dataClass === null);
    return isQuasi ? [column] : [];
  });
  const coarsest = relationAt(new Map());
  const { table } = coarsest.relation;
  const gate = gateOf(table);
  const rows: StoredRow[] = [];
  for (const row of snapshot.scan(table, { kind: 'scan' })) {
    if (row.erased || !coarsest.passes(row.values) || gate?.admits(row.values) === false) continue;
    rows.push(row);
  }
  if (rows.length === 0) throw blocked();
  checkSubjects(table, rows);
  const columns = quasi.map((column) => ({
    name: column,
    levels: spellingsOf(column, 1 + (release.levels.get(column)?.length ?? 0), relationAt, rows),
  }));
  const written = {
    name: 'record',
    levels: [rows.map(({ offset }) => (release.written === 'quasi-id' ? String(offset) : ''))],
  };
  const standing = standingRelease(tenant, right.grant.recipient, name);
  const { sensitive } = release;
  const found = decided(() =>
    findRelease({
      columns: [...columns, written],
      sensitive: sensitive === null ? null : spelled(sensitive, coarsest, rows),
      model: release.model,
      levels:
        standing === null ? null : [...quasi.map((column) => standing.levels[column] ?? 0), 0],
    }),
  );
  const levels = new Map(quasi.map((column, index) => [column, found.levels[index] as number]));
  const kept = new Set(
    rows.flatMap(({ values }, index) =>
      found.suppressed[index] === 0 ? [keyText(table, values)] : [],
    ),
  );
  const record: ReleaseRecord = {
    table: name,
    policy: right.policy.policy.name,
    policyVersion: right.policy.version,
    position: snapshot.position,
    levels: Object.fromEntries(levels),
  };
  return {
    levels,
    admits: (row) => kept.has(keyText(table, row)),
    record,
    report: reportOf({ found, record, release, relation: relationAt(levels), quasi }),
  };
}

/** A model that is not kept and a table that it does not fit look the same from outside. */
function decided(find: () => Release | null): Release {
  try {
    const found = find();
    if (found === null) throw blocked();
    return found;
  } catch (error) {
    if (error instanceof PrivacyError) throw blocked();
    throw error;
  }
}

/** Rows are counted, so each must be of somebody else: eleven rows of one person are no eleven people. */
function checkSubjects(table: TableSchema, rows: readonly StoredRow[]): void {
  const column = table.definition.columns[table.subjectIndex ?? -1];
  if (column === undefined) return;
  const subjects = rows.flatMap(({ values }) => {
    const subject = values[table.subjectIndex ?? -1] ?? null;
    return subject === null ? [] : [textOf(column.type, subject)];
  });
  if (new Set(subjects).size !== subjects.length) throw blocked();
}

/** A column's values by level, then by row. */
function spellingsOf(
  name: string,
  levelCount: number,
  relationAt: ReleaseQuestion['relationAt'],
  rows: readonly StoredRow[],
): readonly (readonly string[])[] {
  return Array.from({ length: levelCount }, (_, level) =>
    spelled(name, relationAt(new Map([[name, level]])), rows),
  );
}

function spelled(
  name: string,
  { columns, transform }: AuthorizedRelation,
  rows: readonly StoredRow[],
): readonly string[] {
  const index = columns.findIndex((column) => column.name === name);
  const type = columns[index]?.type;
  if (type === undefined) throw blocked();
  const wanted = new Set([index]);
  return rows.map(({ values }) => {
    const visible = transform(values, wanted);
    assert(visible.missing.length === 0, 'a level of a release needs a code');
    return textOf(type, visible.values[index] ?? null);
  });
}

function textOf(type: ColumnType, value: Value): string {
  return canonicalJson(valueToJson(type, value));
}

function keyText({ definition, keyIndexes }: TableSchema, row: Row): string {
  return canonicalJson(
    keyIndexes.map((index) => {
      const column = definition.columns[index];
      assert(column !== undefined, 'key column is not a column');
      return valueToJson(column.type, row[index] as Value);
    }),
  );
}

interface Reported {
  readonly found: Release;
  readonly record: ReleaseRecord;
  readonly release: PolicyRelease;
  readonly relation: AuthorizedRelation;
  readonly quasi: readonly string[];
}

function reportOf({ found, record, release, relation, quasi }: Reported): Uint8Array {
  const { model, sensitive, written } = release;
  const { risk, suppressedCount } = found;
  const report: JsonValue = {
    table: record.table,
    position: record.position,
    model: {
      k: model.k,
      suppressionLimit: model.suppressionLimit,
      ...(sensitive === null ? {} : { sensitive }),
      ...(model.diversity === undefined ? {} : { diversity: { ...model.diversity } }),
      ...(model.closeness === undefined ? {} : { closeness: { ...model.closeness } }),
      written,
    },
    columns: quasi.map((name) => ({
      name,
      level: record.levels[name] ?? 0,
      levels: 1 + (release.levels.get(name)?.length ?? 0),
      transform: relation.columns.find((column) => column.name === name)?.transform ?? 'drop',
    })),
    records: risk.recordCount,
    suppressed: suppressedCount,
    risk: risk as unknown as JsonValue,
  };
  return utf8Encode(canonicalJson(report));
}
