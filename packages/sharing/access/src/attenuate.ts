/**
 * A token cut from a token (RFC 8693): the child may do a part of what its parent may, to the same
 * recipient, for the same purpose, under the same policy. What is asked beyond the parent is refused and
 * not quietly left out; conditions on rows are joined by AND.
 *
 * Conditions and periods are tests of the table's own values. Whoever cuts a token chooses them and counts
 * what passes, so they may ask only of columns that the parent shows as they are: any other would be read
 * out, one guess after the other.
 */

import { parseTimestamp } from '@veritydb/types';

import { AccessError } from './error.ts';
import type { Policy } from './policy.ts';
import { type RowPredicate, predicateColumns } from './row-predicate.ts';
import type { AuthorizationDetail, TokenAction, VerifiedToken } from './token-claims.ts';
import { isMoment } from './vocabulary.ts';

type Columns = readonly string[] | '*';

/** What the child is to be; what is absent stays as the parent has it. */
export interface Attenuation {
  readonly actions?: readonly TokenAction[] | undefined;
  readonly tables?: Readonly<Record<string, Columns>> | undefined;
  readonly rows?: Readonly<Record<string, RowPredicate>> | undefined;
  readonly period?:
    | { readonly from?: string | undefined; readonly before?: string | undefined }
    | undefined;
  readonly asOf?: number | undefined;
  readonly aggregateOnly?: boolean | undefined;
  readonly maxRows?: number | undefined;
  readonly maxExports?: number | undefined;
  readonly maxQueries?: number | undefined;
  readonly expiresAtSeconds?: number | undefined;
  /** Another key to be bound to; a bound token has no child that is not. */
  readonly keyThumbprint?: string | undefined;
}

export interface AttenuatedRight {
  readonly actions: readonly TokenAction[];
  readonly right: AuthorizationDetail;
  readonly expiresAtSeconds: number;
  readonly keyThumbprint: string | null;
}

/**
 * The right of a child.
 *
 * @throws {AccessError} ERR_ACCESS_ATTENUATION
 */
export function attenuate(
  parent: VerifiedToken,
  policy: Policy,
  asked: Attenuation,
): AttenuatedRight {
  checkPeriod(asked);
  checkConditions(parent, policy, asked);
  const tables = narrowTables(parent, asked.tables);
  const rows = narrowRows(parent, asked.rows ?? {}, tables);
  const period = narrowPeriod(parent, asked.period ?? {});
  const asOf = asked.asOf ?? parent.asOf;
  if (parent.asOf !== null && asOf !== parent.asOf) throw beyond('position');
  const isAggregate = parent.answers === 'aggregate' || asked.aggregateOnly === true;
  const maxExports = narrowCount('exports', parent.exportsMax, asked.maxExports);
  const maxQueries = narrowCount('questions', parent.queriesMax, asked.maxQueries);
  const actions = asked.actions ?? [...parent.actions];
  if (actions.some((action) => !parent.actions.has(action))) throw beyond('tools');
  const expiresAtSeconds = asked.expiresAtSeconds ?? parent.expiresAtSeconds;
  if (expiresAtSeconds > parent.expiresAtSeconds) throw beyond('time');
  return {
    actions,
    expiresAtSeconds,
    keyThumbprint: asked.keyThumbprint ?? parent.keyThumbprint,
    right: {
      type: 'veritydb_access',
      tenant: parent.tenant,
      tables,
      purpose: parent.purpose,
      policy: { name: parent.policyName },
      ...(Object.keys(rows).length === 0 ? {} : { rows }),
      ...(Object.keys(period).length === 0 ? {} : { period }),
      ...cutOf(parent, asked, tables),
      ...(asOf === null ? {} : { as_of: asOf }),
      ...(isAggregate ? { answers: 'aggregate' as const } : {}),
      limits: {
        max_rows: narrowCount('rows', parent.rowsMax, asked.maxRows) ?? parent.rowsMax,
        ...(maxExports === null ? {} : { max_exports: maxExports }),
        ...(maxQueries === null ? {} : { max_queries: maxQueries }),
      },
    },
  };
}

/** What the recipient chose so far: a later policy may hide it, and the token must say nothing then. */
function cutOf(
  { cut }: VerifiedToken,
  { period, rows = {} }: Attenuation,
  tables: Readonly<Record<string, Columns>>,
): Pick<AuthorizationDetail, 'cut'> {
  const columns: Record<string, readonly string[]> = {};
  for (const table of Object.keys(tables)) {
    const asked = rows[table] === undefined ? [] : predicateColumns(rows[table]);
    const chosen = new Set([...(cut.columns.get(table) ?? []), ...asked]);
    if (chosen.size > 0) columns[table] = [...chosen].toSorted();
  }
  const hasPeriod = cut.period || period?.from !== undefined || period?.before !== undefined;
  if (Object.keys(columns).length === 0 && !hasPeriod) return {};
  return {
    cut: {
      ...(Object.keys(columns).length === 0 ? {} : { columns }),
      ...(hasPeriod ? { period: true } : {}),
    },
  };
}

/** One text whether a column is hidden, transformed or not there at all. */
function checkConditions(parent: VerifiedToken, policy: Policy, asked: Attenuation): void {
  const shown = (table: string, column: string): boolean => {
    const granted = parent.tables.get(table);
    if (granted === undefined || (granted !== '*' && !granted.includes(column))) return false;
    return policy.tables.get(table)?.columns.get(column)?.rule.use === 'keep';
  };
  for (const [table, predicate] of Object.entries(asked.rows ?? {})) {
    if (!predicateColumns(predicate).every((column) => shown(table, column))) throw hidden();
  }
  const { from, before } = asked.period ?? {};
  if (from === undefined && before === undefined) return;
  for (const table of parent.tables.keys()) {
    const column = policy.tables.get(table)?.period?.column;
    if (column !== undefined && !shown(table, column)) throw hidden();
  }
}

function checkPeriod({ period }: Attenuation): void {
  const ends = [period?.from, period?.before].flatMap((end) => end ?? []);
  if (ends.every(isMoment)) return;
  throw new AccessError(
    'ERR_ACCESS_ATTENUATION',
    'the period does not begin or end with a day or a time',
    { hint: 'Give from and before as 2026-01-31 or 2026-01-31T12:00:00Z.' },
  );
}

function hidden(): AccessError {
  return new AccessError(
    'ERR_ACCESS_ATTENUATION',
    'a token is cut by conditions and periods of columns alone that it shows as they are',
    { hint: 'Ask for the schema, and name columns whose transform is keep.' },
  );
}

function narrowTables(
  parent: VerifiedToken,
  asked: Readonly<Record<string, Columns>> | undefined,
): Readonly<Record<string, Columns>> {
  if (asked === undefined) return Object.fromEntries(parent.tables);
  for (const [name, columns] of Object.entries(asked)) {
    const granted = parent.tables.get(name);
    if (granted === undefined) throw beyond('tables');
    if (granted === '*') continue;
    if (columns === '*' || columns.some((column) => !granted.includes(column))) {
      throw beyond('columns');
    }
  }
  return asked;
}

function narrowRows(
  parent: VerifiedToken,
  asked: Readonly<Record<string, RowPredicate>>,
  tables: Readonly<Record<string, Columns>>,
): Readonly<Record<string, RowPredicate>> {
  const rows: Record<string, RowPredicate> = {};
  for (const name of Object.keys(tables)) {
    const both = [parent.rows.get(name), asked[name]].flatMap((one) => one ?? []);
    const [only] = both;
    if (only !== undefined) rows[name] = both.length === 1 ? only : { all: both };
  }
  if (Object.keys(asked).some((name) => !Object.hasOwn(tables, name))) throw beyond('tables');
  return rows;
}

/** The later beginning and the earlier end; a day stands for its first moment. */
function narrowPeriod(
  { period }: VerifiedToken,
  asked: { readonly from?: string | undefined; readonly before?: string | undefined },
): { readonly from?: string; readonly before?: string } {
  const from = [period.from, asked.from ?? null].flatMap((one) => one ?? []);
  const before = [period.before, asked.before ?? null].flatMap((one) => one ?? []);
  const latest = from.toSorted(compareMoments).at(-1);
  const earliest = before.toSorted(compareMoments)[0];
  return {
    ...(latest === undefined ? {} : { from: latest }),
    ...(earliest === undefined ? {} : { before: earliest }),
  };
}

function compareMoments(a: string, b: string): number {
  const [left, right] = [momentOf(a), momentOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Microseconds since the epoch. */
function momentOf(text: string): bigint {
  return parseTimestamp(text.includes('T') ? text : `${text}T00:00:00Z`);
}

function narrowCount(what: string, most: number | null, asked: number | undefined): number | null {
  if (asked === undefined) return most;
  if (most !== null && asked > most) throw beyond(what);
  return asked;
}

function beyond(what: string): AccessError {
  return new AccessError('ERR_ACCESS_ATTENUATION', `a token cannot be cut to more ${what}`);
}
