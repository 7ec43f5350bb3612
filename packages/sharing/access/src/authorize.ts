/**
 * The heart of sharing: from a token, a policy and a table to what one recipient may see.
 *
 * Visible columns = the token's ∩ the policy's that are not dropped. Default deny. The relation that
 * comes out has only visible columns, with the types that the transforms give, so that a statement bound
 * against it cannot name, filter by or sort by anything else; lineage is by column index, never by text.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type CompiledTransform,
  type FieldProof,
  type RowTransform,
  type TransformContext,
  type TransformOperations,
  type TransformRule,
  type VisibleRule,
  buildRowTransform,
  compileGuard,
  compileTransform,
} from '@veritydb/privacy';
import type { Relation, RelationColumn } from '@veritydb/query';
import {
  type ColumnDefinition,
  type ColumnType,
  type Row,
  type TableDefinition,
  type TableSchema,
  assert,
  unreachable,
} from '@veritydb/types';

import { AccessError } from './error.ts';
import type { AnswerKind, PeriodEntry, TextGuard } from './policy-schema.ts';
import type { Policy, PolicyNoise, PolicyRelease, PolicyTable } from './policy.ts';
import { type RowPredicate, compileRowPredicate } from './row-predicate.ts';
import type { VerifiedToken } from './token-claims.ts';

export interface AuthorizeRequest {
  readonly grant: VerifiedToken;
  readonly policy: Policy;
  /** The table as the statement names it. */
  readonly tableName: string;
  /** The table of that name, undefined where there is none: refused with the same text. */
  readonly table: TableSchema | undefined;
  readonly context: AuthorizeContext;
  /** Of a table that is released: the level of each quasi-identifier; the coarsest where none is given. */
  readonly levels?: ReadonlyMap<string, number> | undefined;
}

export interface AuthorizeContext {
  readonly crypto: Crypto;
  /** 32 bytes, of the token's tenant. */
  readonly tokenKey: Uint8Array;
  /** The day at which ages are counted, in days since 1970-01-01. */
  readonly asOfDate: number;
  readonly seed: TransformContext['seed'];
  readonly lookupSurrogate: TransformContext['lookupSurrogate'];
}

export interface AuthorizedColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Index of the base column. */
  readonly source: number;
  /** The rule in words: `keep`, `date-part year`, `surrogate` … */
  readonly transform: string;
  readonly operations: TransformOperations;
  /** Class of the column; a single row may be `auditor` where it is `public`. */
  readonly proof: FieldProof;
  /** Ladder level that holds the value: 0 the value itself; null where none does. */
  readonly ladderLevel: number | null;
}

/** The second look at text that is kept: {@link AuthorizedRelation.transform} has masked it already. */
export interface AuthorizedGuard {
  readonly text: Exclude<TextGuard, 'off'>;
  /** Indexes of the base columns that are looked at. */
  readonly sources: ReadonlySet<number>;
  readonly mask: (text: string) => string;
}

export interface AuthorizedRelation {
  /** What a statement is bound against; its base table is the owner's and never shown. */
  readonly relation: Relation;
  /** From a base row to the visible columns. Where codes are missing, mint them and run again. */
  readonly transform: RowTransform;
  /** In the order of the relation's columns. */
  readonly columns: readonly AuthorizedColumn[];
  /** Whether a base row may be known of at all: conditions and periods of policy and token. */
  readonly passes: (row: Row) => boolean;
  /** Null where no text is looked at. */
  readonly guard: AuthorizedGuard | null;
  readonly answers: AnswerKind;
  readonly rowsMax: number;
  /** How the table is released; null where rows leave one by one. */
  readonly release: PolicyRelease | null;
  /** How statistics of it get noise; null where they are counts over enough data subjects. */
  readonly noise: PolicyNoise | null;
  readonly policy: { readonly name: string; readonly version: number; readonly sha256: string };
}

/**
 * What the token's holder may see of a table under a policy.
 *
 * @throws {AccessError} ERR_ACCESS_PURPOSE, ERR_ACCESS_ONE_TIME or ERR_ACCESS_TOKEN_LIFETIME when the
 *   policy does not serve this token; ERR_ACCESS_UNKNOWN_TABLE when nothing of the table is visible
 * @throws {PrivacyError} ERR_PRIVACY_RULE when a rule does not fit its column
 */
export function authorize(request: AuthorizeRequest): AuthorizedRelation {
  const { grant, policy, tableName, table, context } = request;
  checkPolicy(grant, policy);
  const rules = policy.tables.get(tableName);
  const granted = grant.tables.get(tableName);
  if (table === undefined || rules === undefined || granted === undefined) throw unknownTable();
  checkCut(grant, rules);
  const { columns, subject } = table.definition;
  assert(table.definition.name === tableName, 'the table handed in has another name');
  const subjectIndex = columns.findIndex((column) => column.name === subject);
  const transformContext: TransformContext = {
    ...context,
    tenant: grant.tenant,
    table: tableName,
    domain: keyDomainOf(grant, policy),
    subject: columns[subjectIndex] ?? null,
  };
  const seen = visibleColumns(columns, rules, granted, request.levels);
  const guard = guardOf(policy, rules, columns);
  const visible = seen.map(({ column, source, rule }) => {
    const transform = compileTransform(rule, column, transformContext);
    const isGuarded = guard?.sources.has(source) === true && rule.use === 'keep';
    return {
      name: column.name,
      source,
      transform: isGuarded ? guarded(transform, guard.mask) : transform,
    };
  });
  if (visible.length === 0) throw unknownTable();
  // Of a table whose statistics get noise there is nothing else.
  const answers = rules.noise === null ? answersOf(grant, policy) : 'aggregate';
  return {
    relation: {
      name: tableName,
      // Of many rows a recipient may know how many they are: statistics could tell of a single one.
      statistics: rules.noise !== null ? 'all' : answers === 'aggregate' ? 'group-count' : 'count',
      columns: visible.map(({ name, source, transform }): RelationColumn => {
        const { type, notNull, exact, operations } = transform;
        return { name, type, notNull, source, exact, operations };
      }),
      table,
    },
    transform: buildRowTransform(visible, columns.length, subjectIndex < 0 ? null : subjectIndex),
    columns: visible.map(({ name, source, transform }): AuthorizedColumn => {
      const { type, operations, proof, ladderLevel, describe } = transform;
      return { name, type, source, transform: describe, operations, proof, ladderLevel };
    }),
    passes: rowTest(table.definition, { rules, grant, guard }),
    guard,
    answers,
    rowsMax: Math.min(policy.rowsMax, grant.rowsMax),
    release: rules.release,
    noise: rules.noise,
    policy: { name: policy.name, version: policy.version, sha256: policy.sha256 },
  };
}

/** Names of the tables of which a token may see something, as far as token and policy say. */
export function grantedTables(grant: VerifiedToken, policy: Policy): readonly string[] {
  return [...grant.tables.keys()].filter((name) => policy.tables.has(name)).toSorted();
}

/** Statistics only, where either of both says so. */
export function answersOf(grant: VerifiedToken, policy: Policy): AnswerKind {
  return grant.answers === 'aggregate' ? 'aggregate' : policy.answers;
}

/** Text that its policy keeps, of a class that has no direct identifier in it. */
function guardOf(
  { guard }: Policy,
  rules: PolicyTable,
  columns: readonly ColumnDefinition[],
): AuthorizedGuard | null {
  const { kinds, text } = guard;
  if (text === 'off') return null;
  const sources = columns.flatMap(({ name, type }, index) => {
    const column = rules.columns.get(name);
    const isKept = column?.rule.use === 'keep' && column.dataClass !== 'direct-id';
    return type === 'text' && isKept ? [index] : [];
  });
  if (sources.length === 0) return null;
  return { text, sources: new Set(sources), mask: compileGuard(kinds) };
}

/**
 * Masked before anything is compared, sorted or counted, so that no condition tells of what is hidden;
 * not `exact`, so that no index of the base values is asked either.
 */
function guarded(transform: CompiledTransform, mask: (text: string) => string): CompiledTransform {
  return {
    ...transform,
    exact: false,
    apply: (value, row) => {
      const given = transform.apply(value, row);
      if (typeof given.value !== 'string') return given;
      const masked = mask(given.value);
      return masked === given.value ? given : { value: masked, proof: 'auditor' };
    },
  };
}

interface RowTestParts {
  readonly rules: PolicyTable;
  readonly grant: VerifiedToken;
  readonly guard: AuthorizedGuard | null;
}

/**
 * Conditions are on the table's own values: rows that fail them are as if they were not there. Those of
 * whoever cut the token are on what it was shown.
 */
function rowTest(
  table: TableDefinition,
  { rules, grant, guard }: RowTestParts,
): (row: Row) => boolean {
  const test = (rows: RowPredicate | null, period: PeriodEntry | null): ((row: Row) => boolean) => {
    const within = period === null ? null : periodPredicate(period);
    const tests = [rows, within].flatMap((one) =>
      one === null ? [] : [compileRowPredicate(one, table)],
    );
    return (row) => tests.every((passes) => passes(row));
  };
  const ofPolicy = test(rules.rows, rules.period);
  const ofToken = test(grant.rows.get(rules.name) ?? null, tokenPeriod(rules, grant));
  const isCut = grant.cut.period || (grant.cut.columns.get(rules.name) ?? []).length > 0;
  if (guard === null || !isCut) return (row) => ofPolicy(row) && ofToken(row);
  const shown = (row: Row): Row =>
    row.map((value, index) =>
      typeof value === 'string' && guard.sources.has(index) ? guard.mask(value) : value,
    );
  return (row) => ofPolicy(row) && ofToken(shown(row));
}

/** A period as a condition; null where it has neither beginning nor end. */
export function periodPredicate({ column, from, before }: PeriodEntry): RowPredicate | null {
  return from === undefined && before === undefined ? null : { column, from, before };
}

/** A token's period is of the column that the policy names; without one nothing of the table is of it. */
function tokenPeriod(rules: PolicyTable, { period }: VerifiedToken): PeriodEntry | null {
  const { from, before } = period;
  if (from === null && before === null) return null;
  if (rules.period === null) throw unknownTable();
  return {
    column: rules.period.column,
    ...(from === null ? {} : { from }),
    ...(before === null ? {} : { before }),
  };
}

/**
 * Whoever cut the token chose conditions on columns that it saw as they are. A policy that shows them no
 * more would let it go on reading them, one token after the other: nothing is answered by those it has.
 */
function checkCut({ cut }: VerifiedToken, { columns, name, period }: PolicyTable): void {
  const shown = (column: string): boolean => columns.get(column)?.rule.use === 'keep';
  const chosen = cut.columns.get(name) ?? [];
  const ofPeriod = cut.period && period !== null ? [period.column] : [];
  if (![...chosen, ...ofPeriod].every(shown)) throw unknownTable();
}

function checkPolicy(grant: VerifiedToken, policy: Policy): void {
  assert(grant.policyName === policy.name, 'the policy is not the one that the token names');
  if (!policy.purposes.includes(grant.purpose)) {
    throw new AccessError('ERR_ACCESS_PURPOSE', 'the policy does not serve this purpose');
  }
  if (policy.recipients !== null && !policy.recipients.includes(grant.recipient)) {
    throw new AccessError('ERR_ACCESS_RECIPIENT', 'the policy does not serve this recipient');
  }
  if (policy.proof === 'dpop' && grant.keyThumbprint === null) {
    throw new AccessError('ERR_ACCESS_PROOF', 'the policy asks for a token that is bound to a key');
  }
  if (grant.expiresAtSeconds - grant.issuedAtSeconds > policy.tokenLifetimeSecondsMax) {
    throw new AccessError('ERR_ACCESS_TOKEN_LIFETIME', 'token lives longer than its policy allows');
  }
  if (policy.oneTime && grant.exportsMax !== 1) {
    throw new AccessError('ERR_ACCESS_ONE_TIME', 'the policy asks for a one-time token');
  }
}

interface VisibleColumn {
  readonly column: ColumnDefinition;
  readonly source: number;
  readonly rule: VisibleRule;
}

function visibleColumns(
  columns: readonly ColumnDefinition[],
  rules: PolicyTable,
  granted: readonly string[] | '*',
  levels: ReadonlyMap<string, number> | undefined,
): VisibleColumn[] {
  return columns.flatMap((column, source) => {
    const rule = ruleAt(rules, column.name, levels?.get(column.name));
    if (rule === undefined || rule.use === 'drop') return [];
    if (granted !== '*' && !granted.includes(column.name)) return [];
    return [{ column, source, rule }];
  });
}

/** A column's rule, or the coarser one that the level of a release puts in its place. */
function ruleAt(
  { columns, release }: PolicyTable,
  name: string,
  level: number | undefined,
): TransformRule | undefined {
  const own = columns.get(name)?.rule;
  const coarser = release?.levels.get(name) ?? [];
  if (own === undefined || own.use === 'drop' || coarser.length === 0) return own;
  const last = coarser.length;
  return [own, ...coarser][Math.min(level ?? last, last)];
}

/** Escaped, so that no recipient's name can be made to look like another's domain. */
function keyDomainOf({ recipient, purpose }: VerifiedToken, { keyDomain }: Policy): string {
  const byRecipient = `recipient=${encodeURIComponent(recipient)}`;
  const byPurpose = `purpose=${encodeURIComponent(purpose)}`;
  switch (keyDomain) {
    case '{recipient}':
      return byRecipient;
    case '{purpose}':
      return byPurpose;
    case '{recipient}/{purpose}':
      return `${byRecipient}/${byPurpose}`;
    default:
      return unreachable(keyDomain);
  }
}

function unknownTable(): AccessError {
  return new AccessError('ERR_ACCESS_UNKNOWN_TABLE', 'there is no such table for this token');
}
