/**
 * The only path that reveals rows.
 *
 * SQL over the wire, export and MCP all come through here. A statement is bound against what the
 * authority may see, so a hidden column is an unknown one; it runs at one position over the transformed
 * view; codes that a surrogate needs are minted, durably, before a row that carries them leaves. The
 * caller stands between an intent that is durable and an outcome that will be.
 */

import {
  AccessError,
  type AnswerKind,
  type AuthorizedColumn,
  type AuthorizedRelation,
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
  type ResultRow,
  type ResultSet,
  type SelectStatement,
  bindSelect,
  executeSelect,
  fingerprintSelect,
  planSelect,
  usedColumns,
} from '@veritydb/query';
import { type Snapshot, type Tenant, positionOf, readSource, readableOf } from '@veritydb/runtime';
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

import { type AnswerEvidence, evidenceOf } from './answer-evidence.ts';
import { openConsentGate } from './consent-gate.ts';
import { DisclosureError } from './error.ts';
import { type House, type StandingPolicy, standingPolicy } from './house.ts';
import { inOwnOrder } from './own-order.ts';
import type { Asker } from './session.ts';
import { blocked, figuresOf, statisticsOnly } from './statistic-gate.ts';

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
  /** The export that is made, perhaps again; null for a query, which is made once. */
  readonly exportId: string | null;
}

/** A row on its way out, with the base row that it came from; none for a count. */
export type ScopedRow = ResultRow<StoredRow>;

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
}

/** Answers one SELECT for an asker. Nothing that it returns has left yet. */
export async function scopedQuery(
  house: House,
  asker: Asker,
  request: ScopedRequest,
): Promise<ScopedAnswer> {
  const select = await parseSelect(house, request.sql);
  const { tenant } = house;
  const right = rightOf(house, asker);
  if (right.kind === 'token' && select.source.kind !== 'rows') throw versionsRefused();
  const snapshot = tenant.snapshot(positionAsked(tenant, select, request, right));
  const seed = seedOf(tenant, request.exportId);
  const missing = new Map<string, MissingSurrogate>();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    missing.clear();
    const view = viewOf(tenant, { snapshot, select, right, missing, seed });
    const bound = bindSelect(
      select,
      view.relation,
      request.parameters as readonly ParameterValue[],
    );
    if (view.answers === 'aggregate' && bound.grouping === null) throw statisticsOnly();
    const rowsMax = Math.min(request.rowsMax, view.rowsMax, ANSWER_ROWS_MAX);
    const plan = planSelect(bound);
    const read = readSource(tenant, snapshot, plan);
    const source =
      right.kind === 'token' ? inOwnOrder(tenant, right.grant, view.relation, read) : read;
    const wanted = usedColumns(bound);
    const gate = openConsentGate(tenant, right, view.relation.table);
    const options = {
      view: (row: Row) => view.toVisible(row, wanted),
      baseFilter: (row: Row) => view.passes(row) && (gate === null || gate.admits(row)),
      rowsMax,
      isAsPlanned: right.kind === 'operator' && select.source.kind === 'rows',
    };
    const result = computed(view, () => executeSelect(plan, source, options));
    if (missing.size === 0) {
      const again = () => snapshot.scan(view.relation.table, plan.access);
      const figures =
        view.answers === 'rows' ? null : computed(view, () => figuresOf(bound, again(), options));
      const evidence = evidenceOf(tenant, { right, view, result, gate, figures });
      return toAnswer({ tenant, snapshot, right, view, bound, result, evidence });
    }
    await mint(tenant, [...missing.values()]);
  }
  throw new DisclosureError('unavailable', 'ERR_DISCLOSURE_ROWS', 'codes could not be made', {
    hint: 'try again',
    retryAfterMs: 100,
  });
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

/** Versions and changes of rows are no view that a policy speaks of: they are the operator's. */
function versionsRefused(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_STATEMENT',
    'versions and changes of rows may not be asked here',
    { hint: 'read the table AS OF one position and then as of another' },
  );
}

/** A token of one position sees that one; anybody else the one that is asked for, or the newest. */
function positionAsked(
  tenant: Tenant,
  { asOf: said, source }: SelectStatement,
  request: ScopedRequest,
  right: Right,
): number | undefined {
  const stated =
    source.kind === 'diff' ? source.to : said === null ? undefined : positionOf(tenant, said);
  const { position = stated } = request;
  if (stated !== undefined && position !== stated) {
    throw new DisclosureError('format', 'ERR_DISCLOSURE_REQUEST', 'two positions are asked for', {
      hint: 'give the position in the request or in the statement',
    });
  }
  const asOf = right.kind === 'token' ? right.grant.asOf : null;
  if (asOf === null) return position;
  if (position !== undefined && position !== asOf) {
    throw new AccessError('ERR_ACCESS_POSITION', 'the token sees the data as of another position');
  }
  return asOf;
}

async function parseSelect(house: House, sql: string): Promise<SelectStatement> {
  const statement = await house.statements.parse(sql);
  if (statement.kind !== 'select') {
    throw new DisclosureError(
      'denied',
      'ERR_DISCLOSURE_STATEMENT',
      'only SELECT may be asked here',
      {
        hint: 'write one SELECT over one table',
      },
    );
  }
  return statement;
}

/** By which right rows are read: a token under its policy as it stands now, or the operator's own. */
export type Right =
  | { readonly kind: 'operator' }
  | { readonly kind: 'token'; readonly grant: VerifiedToken; readonly policy: StandingPolicy };

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
}

function viewOf(tenant: Tenant, { snapshot, select, right, missing, seed }: ViewRequest): View {
  if (right.kind === 'operator') {
    const { relation, toVisible } = readableOf(snapshot, select);
    return {
      relation,
      columns: null,
      rowsMax: ANSWER_ROWS_MAX,
      answers: 'rows',
      passes: () => true,
      toVisible,
    };
  }
  // A recipient's names are those of tables: a projection is nowhere here.
  const authorized = authorizeTable(tenant, snapshot, { name: select.from.text, right, seed });
  return {
    relation: authorized.relation,
    columns: authorized.columns,
    rowsMax: authorized.rowsMax,
    answers: authorized.answers,
    passes: authorized.passes,
    toVisible: (row, wanted) => {
      const visible = authorized.transform(row, wanted);
      for (const one of visible.missing)
        missing.set(`${bytesToHex(one.sourceMac)}${one.domain}`, one);
      return visible.values;
    },
  };
}

export interface TableQuestion {
  readonly name: string;
  readonly right: Extract<Right, { readonly kind: 'token' }>;
  readonly seed: () => Uint8Array;
}

/**
 * What a token sees of a table under its policy.
 *
 * @throws {AccessError} ERR_ACCESS_UNKNOWN_TABLE where it sees nothing, whether there is such a table or not
 */
export function authorizeTable(
  tenant: Tenant,
  snapshot: Snapshot,
  { name, right, seed }: TableQuestion,
): AuthorizedRelation {
  const vault = tenant.snapshot();
  const surrogates = vault.reserved('verity_surrogates');
  return authorize({
    grant: right.grant,
    policy: right.policy.policy,
    tableName: name,
    table: snapshot.table(name),
    context: {
      crypto: tenant.crypto,
      asOfDate: dateOf(tenant, snapshot.position),
      tokenKey: tenant.keyFor('domain'),
      seed,
      lookupSurrogate: (domain, sourceMac) => {
        const stored = vault.get(surrogates, [domain, sourceMac]);
        return stored === undefined ? undefined : (stored.values[2] as string);
      },
    },
  });
}

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
  readonly result: ResultSet<StoredRow>;
  readonly evidence: AnswerEvidence;
}): ScopedAnswer {
  const { tenant, snapshot, right, view, bound, result, evidence } = parts;
  const fingerprint = fingerprintSelect(bound);
  return {
    columns: bound.items.map((item): ScopedColumn => {
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
    position: snapshot.position,
    table: bound.relation.table,
    sources: sourcesOf(bound),
    fingerprintSha256: tenant.crypto.sha256(utf8Encode(fingerprint)),
    policy: right.kind === 'token' ? right.policy : null,
    evidence,
  };
}

/** By the table's own names: an alias is the client's text, and would hide from the record what left. */
function sourcesOf({ items, relation }: BoundSelect): readonly string[] {
  const indexes = new Set(items.flatMap(({ sources }) => sources));
  return relation.table.definition.columns
    .filter((_column, index) => indexes.has(index))
    .map(({ name }) => name);
}
