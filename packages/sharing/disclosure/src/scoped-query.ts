/**
 * The only path that reveals rows.
 *
 * SQL over the wire, export and MCP all come through here. A statement is bound against what the
 * authority may see, so a hidden column is an unknown one; it runs at one position over the transformed
 * view; codes that a surrogate needs are minted, durably, before a row that carries them leaves. The
 * caller stands between an intent that is durable and an outcome that will be.
 */

import {
  type AnswerKind,
  type AuthorizedColumn,
  type AuthorizedGuard,
  type AuthorizedRelation,
  type Policy,
  type PolicyNoise,
  type VerifiedToken,
  authorize,
} from '@veritydb/access';
import { type StoredRow, usableToken } from '@veritydb/kernel';
import { type MissingSurrogate, PSEUDONYM_SIZE, formatPseudonym } from '@veritydb/privacy';
import {
  type BoundSelect,
  type ParameterValue,
  QueryError,
  type Relation,
  type ResultSet,
  type SelectStatement,
  bindSelect,
  executeSelect,
  fingerprintSelect,
  planSelect,
  usedColumns,
} from '@veritydb/query';
import { type Snapshot, type Tenant, readSource, readableOf } from '@veritydb/runtime';
import {
  type ColumnType,
  type Hash,
  type JsonValue,
  type Offset,
  type Row,
  type TableSchema,
  bytesToHex,
  utf8Encode,
} from '@veritydb/types';

import { type AnswerEvidence, evidenceOf, sourcesOf } from './answer-evidence.ts';
import { onlySelect, parseSelect, positionAsked, versionsRefused } from './asked-statement.ts';
import { openConsentGate } from './consent-gate.ts';
import { DisclosureError } from './error.ts';
import { type House, type StandingPolicy, standingPolicy } from './house.ts';
import { type NoisyEvidence, noisyAnswer } from './noise-stage.ts';
import { readInOwnOrder } from './own-order.ts';
import {
  type Released,
  checkComplete,
  checkWhole,
  makeRelease,
  releasePosition,
} from './release-stage.ts';
import { type RowOrigin, type ScopedRow, subjectsOf, toOrigin } from './row-origin.ts';
import type { Asker } from './session.ts';
import { blocked, figuresOf, statisticsOnly } from './statistic-gate.ts';
import { type GuardedColumn, guardedColumns, limitText, maskedIn } from './text-guard.ts';

/** Most rows that one answer reads into memory, whatever a policy or a token says. */
export const ANSWER_ROWS_MAX = 100_000;
/** Rounds of minting: one for the codes that are missing, one that finds them all there. */
const ROUNDS_MAX = 3;
const SEED_SIZE = 32;

export interface ScopedRequest {
  readonly sql: string;
  readonly parameters: readonly JsonValue[];
  readonly position: number | undefined;
  readonly rowsMax: number;
  /** Rows that earlier pages had: read again, and neither given nor charged again. */
  readonly skip: number;
  /** The export that is made, perhaps again; null for a query, which is made once. */
  readonly exportId: string | null;
}

export interface ScopedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly transform: string;
  readonly operations: 'all' | 'equality' | 'none';
  /** The visible column that it is, or null for an expression or a count. */
  readonly visible: AuthorizedColumn | null;
}

export interface ScopedAnswer {
  readonly columns: readonly ScopedColumn[];
  readonly rows: readonly ScopedRow[];
  readonly truncated: boolean;
  readonly position: Offset;
  readonly table: TableSchema;
  /** Columns of the table that the answer is made of, whatever it calls them. */
  readonly sources: readonly string[];
  /** Of the bound statement's text without its literals: tells what was asked, not of whom. */
  readonly fingerprintSha256: Hash;
  /** Null for the operator, who reads without one. */
  readonly policy: StandingPolicy | null;
  /** What its record must say beside this. */
  readonly evidence: AnswerEvidence;
  /** Of a table that is released under a model; else null. */
  readonly released: Released | null;
  /** Of a statistic with noise; else null. */
  readonly noise: NoisyEvidence | null;
  /** Pseudonyms of the data subjects whose rows these are, where their consent was asked; else null. */
  readonly permitted: (() => readonly string[]) | null;
  /** Columns in which direct identifiers were masked. */
  readonly guarded: readonly GuardedColumn[];
}

/** Answers one SELECT for an asker. Nothing that it returns has left yet. */
export async function scopedQuery(
  house: House,
  asker: Asker,
  request: ScopedRequest,
): Promise<ScopedAnswer> {
  const { select, isPreview } = await parseSelect(house, request.sql);
  const { tenant } = house;
  const right = rightOf(house, asker);
  if (right.kind === 'token' && select.source.kind !== 'rows') throw versionsRefused();
  const { asked, released, snapshot } = placeOf(tenant, select, request, right);
  const seed = seedOf(tenant, request.exportId);
  const missing = new Map<string, MissingSurrogate>();
  const levels = released?.levels;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    missing.clear();
    const view = viewOf(tenant, { snapshot, select, right, missing, seed, levels });
    const bound = bindSelect(
      select,
      view.relation,
      request.parameters as readonly ParameterValue[],
    );
    if (view.answers === 'aggregate' && bound.grouping === null) throw statisticsOnly();
    if (released !== null) checkWhole(bound);
    if (isPreview && view.noise === null) throw onlySelect();
    const rowsMax = Math.min(request.rowsMax, view.rowsMax, ANSWER_ROWS_MAX);
    const { skip } = request;
    const reading = {
      snapshot,
      asked,
      right,
      view,
      bound,
      released,
      rowsMax,
      skip,
      isPreview,
      missing,
    };
    const answer = readAnswer(tenant, reading);
    if (answer !== null) return answer;
    await mint(tenant, [...missing.values()]);
  }
  throw new DisclosureError('unavailable', 'ERR_DISCLOSURE_ROWS', 'codes could not be made', {
    hint: 'try again',
    retryAfterMs: 100,
  });
}

interface Reading {
  readonly snapshot: Snapshot;
  /** The position that was asked for. */
  readonly asked: number | undefined;
  readonly right: Right;
  readonly view: View;
  readonly bound: BoundSelect;
  readonly released: Released | null;
  readonly rowsMax: number;
  /** Rows at the beginning of the answer that were told before. */
  readonly skip: number;
  readonly isPreview: boolean;
  readonly missing: ReadonlyMap<string, MissingSurrogate>;
}

/** The answer; null where a row needs a code that the vault lacks. */
function readAnswer(tenant: Tenant, reading: Reading): ScopedAnswer | null {
  const { asked, bound, isPreview, missing, released, right, rowsMax, skip, snapshot, view } =
    reading;
  const plan = planSelect(bound);
  const wanted = usedColumns(bound);
  const gate = openConsentGate(tenant, right, view.relation.table);
  const options = {
    view: (row: Row) => view.toVisible(row, wanted),
    baseFilter: (row: Row) =>
      view.passes(row) &&
      (gate === null || gate.admits(row)) &&
      (released === null || released.admits(row)),
    rowsMax: Math.min(rowsMax + skip, ANSWER_ROWS_MAX),
    isAsPlanned: right.kind === 'operator' && bound.source.kind === 'rows',
  };
  const parts = { tenant, snapshot, right, view, bound, released };
  if (right.kind === 'token' && view.noise !== null) {
    const question = { right, noise: view.noise, bound, asked };
    const { noise, result: all } = noisyAnswer(tenant, question, { snapshot, options, isPreview });
    if (missing.size > 0) return null;
    const end = skip + rowsMax;
    const result = { ...all, rows: all.rows.slice(skip, end), truncated: all.rows.length > end };
    const evidence = evidenceOf(tenant, { right, view, result, gate, figures: null });
    // A statistic is in nobody's accounting.
    return toAnswer({ ...parts, result, evidence: { ...evidence, subjects: null }, noise });
  }
  const source =
    right.kind === 'token'
      ? readInOwnOrder(tenant, right.grant, snapshot, plan)
      : readSource(tenant, snapshot, plan);
  const { table } = view.relation;
  const masked = maskedIn(view.guard, bound);
  const keep = (row: StoredRow) => toOrigin(table, row, masked);
  const read = computed(view, () => executeSelect(plan, source, { ...options, keep }));
  const result = { ...read, rows: read.rows.slice(skip) };
  if (released !== null) checkComplete(result.truncated);
  if (missing.size > 0) return null;
  const again = () => snapshot.scan(view.relation.table, plan.access);
  const figures =
    view.answers === 'rows' ? null : computed(view, () => figuresOf(bound, again(), options));
  const evidence = evidenceOf(tenant, { right, view, result, gate, figures });
  const permitted = gate === null ? null : () => gate.permitted(subjectsOf(result));
  return { ...toAnswer({ ...parts, result, evidence, noise: null }), permitted };
}

interface Place {
  /** The position that was asked for; undefined for the newest. */
  readonly asked: number | undefined;
  readonly snapshot: Snapshot;
  readonly released: Released | null;
}

/** What is read, and as of when: of a table that its policy releases under a model, the release. */
function placeOf(
  tenant: Tenant,
  select: SelectStatement,
  request: ScopedRequest,
  right: Right,
): Place {
  const asked = positionAsked(tenant, select, request, right);
  const table = select.from.text;
  const isReleased =
    right.kind === 'token' &&
    right.grant.tables.has(table) &&
    (right.policy.policy.tables.get(table)?.release ?? null) !== null;
  if (!isReleased) return { asked, snapshot: tenant.snapshot(asked), released: null };
  const place = { table, position: asked, isExport: request.exportId !== null };
  const snapshot = tenant.snapshot(releasePosition(tenant, right, place));
  // The release is of the policy's columns, whichever of them this token shows.
  const whole: TokenRight = {
    ...right,
    grant: { ...right.grant, tables: new Map([[table, '*']]) },
  };
  const seed = seedOf(tenant, request.exportId);
  const released = makeRelease(tenant, {
    snapshot,
    right,
    table,
    relationAt: (levels) =>
      authorizeTable(tenant, snapshot, { name: table, right: whole, seed, levels }),
    gateOf: (schema) => openConsentGate(tenant, right, schema),
  });
  return { asked, snapshot, released };
}

/**
 * Where statistics alone are answered, a row that cannot be computed is no answer either: that there is
 * one would tell of it, since a statement may divide by zero for whom it likes.
 */
function computed<Made>({ answers }: View, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (answers === 'aggregate' && error instanceof QueryError) throw blocked();
    throw error;
  }
}

/** By which right rows are read: a token under its policy as it stands now, or the operator's own. */
export type Right =
  | { readonly kind: 'operator' }
  | { readonly kind: 'token'; readonly grant: VerifiedToken; readonly policy: StandingPolicy };

export type TokenRight = Extract<Right, { readonly kind: 'token' }>;

export function rightOf(house: House, { authority }: Asker): Right {
  if (authority.kind === 'operator') return authority;
  const { grant } = authority;
  const { tenant } = house;
  // A session may be older than the revocation of its token: rows are asked for by tokens that stand.
  usableToken(tenant.state, grant.tokenId, {
    timestamp: tenant.clock.now(),
    rows: tenant.snapshot(),
  });
  return { kind: 'token', grant, policy: standingPolicy(tenant, grant.policyName) };
}

/** What may be seen of a table: its relation, and how a base row becomes one of it. */
interface View {
  readonly relation: Relation;
  readonly columns: readonly AuthorizedColumn[] | null;
  readonly rowsMax: number;
  readonly answers: AnswerKind;
  readonly noise: PolicyNoise | null;
  readonly guard: AuthorizedGuard | null;
  /** Whether a base row may be known of at all. */
  readonly passes: (row: Row) => boolean;
  /** Values of the wanted columns; the others are left NULL, and no code is minted for them. */
  readonly toVisible: (row: Row, wanted: ReadonlySet<number>) => Row;
}

interface ViewRequest {
  readonly snapshot: Snapshot;
  readonly select: SelectStatement;
  readonly right: Right;
  readonly seed: () => Uint8Array;
  /** Collects the codes that rows need and the vault lacks. */
  readonly missing: Map<string, MissingSurrogate>;
  readonly levels: ReadonlyMap<string, number> | undefined;
}

function viewOf(tenant: Tenant, request: ViewRequest): View {
  const { snapshot, select, right, missing, seed, levels } = request;
  if (right.kind === 'operator') {
    const { relation, toVisible } = readableOf(snapshot, select);
    return {
      relation,
      columns: null,
      rowsMax: ANSWER_ROWS_MAX,
      answers: 'rows',
      noise: null,
      guard: null,
      passes: () => true,
      toVisible,
    };
  }
  // A recipient's names are those of tables: a projection is nowhere here.
  const { text: name } = select.from;
  const authorized = authorizeTable(tenant, snapshot, { name, right, seed, levels });
  const look = limitText(authorized);
  return {
    relation: authorized.relation,
    columns: authorized.columns,
    rowsMax: authorized.rowsMax,
    answers: authorized.answers,
    noise: authorized.noise,
    guard: authorized.guard,
    passes: authorized.passes,
    toVisible: (row, wanted) => {
      look(row, wanted);
      const visible = authorized.transform(row, wanted);
      for (const one of visible.missing)
        missing.set(`${bytesToHex(one.sourceMac)}${one.domain}`, one);
      return visible.values;
    },
  };
}

export interface TableQuestion {
  readonly name: string;
  readonly right: TokenRight;
  readonly seed: () => Uint8Array;
  /** Of a table that is released; the coarsest where none are given. */
  readonly levels?: ReadonlyMap<string, number> | undefined;
}

/**
 * What a token sees of a table under its policy.
 *
 * @throws {AccessError} ERR_ACCESS_UNKNOWN_TABLE where it sees nothing, whether there is such a table or not
 */
export function authorizeTable(
  tenant: Tenant,
  snapshot: Snapshot,
  { name, right, seed, levels }: TableQuestion,
): AuthorizedRelation {
  const { grant } = right;
  const { policy } = right.policy;
  const table = snapshot.table(name);
  const asOfDate = dateOf(tenant, snapshot.position);
  const known = authorizedRelations.get(grant);
  if (
    known !== undefined &&
    known.relation.relation.table === table &&
    known.policy === policy &&
    known.asOfDate === asOfDate
  )
    return known.relation;
  const relation = authorize({
    grant,
    policy,
    tableName: name,
    table,
    levels,
    context: {
      crypto: tenant.crypto,
      asOfDate,
      tokenKey: tenant.keyFor('domain'),
      seed,
      lookupSurrogate: (domain, sourceMac) => {
        const vault = tenant.snapshot();
        const stored = vault.get(vault.reserved('verity_surrogates'), [domain, sourceMac]);
        return stored === undefined ? undefined : (stored.values[2] as string);
      },
    },
  });
  // What is encrypted starts from chance or an export's own seed, and so anew each time; what is released
  // is at other levels each time.
  const rules = policy.tables.get(name)?.columns.values() ?? [];
  const isSeeded = Array.from(rules).some(({ rule }) => rule.use === 'encrypt');
  if (!isSeeded && relation.release === null)
    authorizedRelations.set(grant, { policy, asOfDate, relation });
  return relation;
}

/** Of each token the relation that it asked of last: for the same table, policy and day it is the same. */
const authorizedRelations = new WeakMap<
  VerifiedToken,
  { readonly policy: Policy; readonly asOfDate: number; readonly relation: AuthorizedRelation }
>();

/** What encrypted columns start from: chance for a query, the export's own for one that is made again. */
export function seedOf(tenant: Tenant, exportId: string | null): () => Uint8Array {
  const { crypto, random } = tenant;
  return () => {
    if (exportId === null) return random.bytes(SEED_SIZE);
    const info = utf8Encode(`veritydb export seed v1 ${exportId}`);
    return crypto.hkdfSha256(tenant.keyFor('domain'), new Uint8Array(0), info, SEED_SIZE);
  };
}

/** The day of a position, by the log's time: ages are as of the data, not as of the clock. */
function dateOf(tenant: Tenant, position: Offset): number {
  return Number(tenant.timestampOf(position) / 86_400_000_000_000n);
}

async function mint(tenant: Tenant, missing: readonly MissingSurrogate[]): Promise<void> {
  const batchSize = 5000;
  for (let at = 0; at < missing.length; at += batchSize) {
    await tenant.submit({
      kind: 'mint-surrogates',
      surrogates: missing.slice(at, at + batchSize).map(({ domain, sourceMac }) => ({
        domain,
        sourceMac,
        code: formatPseudonym(tenant.random.bytes(PSEUDONYM_SIZE)),
      })),
    });
  }
}

function toAnswer(parts: {
  readonly tenant: Tenant;
  readonly snapshot: Snapshot;
  readonly right: Right;
  readonly view: View;
  readonly bound: BoundSelect;
  readonly result: ResultSet<RowOrigin>;
  readonly evidence: AnswerEvidence;
  readonly released: Released | null;
  readonly noise: NoisyEvidence | null;
}): ScopedAnswer {
  const { tenant, snapshot, right, view, bound, result, evidence, released, noise } = parts;
  const fingerprint = fingerprintSelect(bound);
  return {
    columns:
      noise?.columns ??
      bound.items.map((item): ScopedColumn => {
        const visible = item.column === null ? null : (view.columns?.[item.column] ?? null);
        return {
          name: item.name,
          type: item.type,
          transform: item.column === null ? 'computed' : (visible?.transform ?? 'keep'),
          operations:
            item.column === null
              ? 'all'
              : (bound.relation.columns[item.column]?.operations ?? 'none'),
          visible,
        };
      }),
    rows: result.rows,
    truncated: result.truncated,
    position: noise?.position ?? snapshot.position,
    table: bound.relation.table,
    sources: sourcesOf(bound),
    fingerprintSha256: tenant.crypto.sha256(utf8Encode(fingerprint)),
    policy: right.kind === 'token' ? right.policy : null,
    evidence,
    released,
    noise,
    guarded: guardedColumns(view.guard, bound, result.rows),
    permitted: null,
  };
}
