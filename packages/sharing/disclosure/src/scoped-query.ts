/**
 * The only path that reveals rows.
 *
 * SQL over the wire, export and MCP all come through here. A statement is bound against what the
 * authority may see, so a hidden column is an unknown one; it runs at one position over the transformed
 * view; codes that a surrogate needs are minted, durably, before a row that carries them leaves. The
 * caller stands between an intent that is durable and an outcome that will be.
 */

import { type AuthorizedColumn, type AuthorizedRelation, authorize } from '@veritydb/access';
import type { StoredRow } from '@veritydb/kernel';
import { type MissingSurrogate, formatPseudonym } from '@veritydb/privacy';
import {
  type BoundSelect,
  type ParameterValue,
  type ResultSet,
  type SelectStatement,
  bindSelect,
  executeSelect,
  fingerprintSelect,
  planSelect,
  relationOf,
  unknownTable,
} from '@veritydb/query';
import type { Snapshot, Tenant } from '@veritydb/runtime';
import {
  type JsonValue,
  type Offset,
  type Row,
  type TableSchema,
  assert,
  bytesToHex,
  utf8Encode,
} from '@veritydb/types';

import { DisclosureError } from './error.ts';
import { type House, type StandingPolicy, standingPolicy } from './house.ts';
import type { Asker } from './session.ts';

/** Most rows that one answer reads into memory, whatever a policy or a token says. */
export const ANSWER_ROWS_MAX = 100_000;
/** Rounds of minting: one for the codes that are missing, one that finds them all there. */
const ROUNDS_MAX = 3;

export interface ScopedRequest {
  readonly sql: string;
  readonly parameters: readonly JsonValue[];
  readonly position: number | undefined;
  readonly rowsMax: number;
}

/** A row on its way out, with what it came from. */
export interface ScopedRow {
  readonly values: Row;
  /** The base row, or null for an aggregate. */
  readonly origin: StoredRow | null;
}

export interface ScopedColumn {
  readonly name: string;
  readonly type: AuthorizedColumn['type'];
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
  /** Text of the bound statement without its literals: tells what was asked, not of whom. */
  readonly fingerprint: string;
  readonly fingerprintSha256: string;
  /** Null for the operator, who reads without one. */
  readonly policy: StandingPolicy | null;
}

/** Answers one SELECT for an asker. Nothing that it returns has left yet. */
export async function scopedQuery(
  house: House,
  asker: Asker,
  request: ScopedRequest,
): Promise<ScopedAnswer> {
  const select = await parseSelect(house, request.sql);
  const { tenant } = house;
  const snapshot = tenant.snapshot(request.position ?? select.asOf ?? undefined);
  const table = snapshot.table(select.from.text);
  if (table === undefined) throw unknownTable(select.from);
  const policy = asker.authority.kind === 'token' ? policyOf(house, asker) : null;
  const missing = new Map<string, MissingSurrogate>();
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    missing.clear();
    const view = authorizedView(house, asker, { snapshot, table, policy }, missing);
    const bound = bindSelect(
      select,
      view.relation,
      request.parameters as readonly ParameterValue[],
    );
    const rowsMax = Math.min(request.rowsMax, view.rowsMax, ANSWER_ROWS_MAX);
    const result = run(snapshot, bound, view, rowsMax);
    if (missing.size === 0)
      return toAnswer({ tenant, snapshot, table, policy, view, bound, result });
    await mint(tenant, [...missing.values()]);
  }
  throw new DisclosureError('unavailable', 'ERR_DISCLOSURE_ROWS', 'codes could not be made', {
    hint: 'try again',
    retryAfterMs: 100,
  });
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

function policyOf(house: House, asker: Asker): StandingPolicy {
  assert(asker.authority.kind === 'token', 'only a token names a policy');
  return standingPolicy(house.tenant, asker.authority.grant.policy);
}

/** What the asker may see of the table: its relation, and how a base row becomes one of it. */
interface View {
  readonly relation: BoundSelect['relation'];
  readonly columns: readonly AuthorizedColumn[] | null;
  readonly rowsMax: number;
  readonly toVisible: (row: Row) => Row;
}

function authorizedView(
  house: House,
  asker: Asker,
  at: {
    readonly snapshot: Snapshot;
    readonly table: TableSchema;
    readonly policy: StandingPolicy | null;
  },
  missing: Map<string, MissingSurrogate>,
): View {
  const { table, policy } = at;
  if (asker.authority.kind === 'operator' || policy === null) {
    assert(asker.authority.kind === 'operator', 'a token is never without a policy');
    return {
      relation: relationOf(table),
      columns: null,
      rowsMax: ANSWER_ROWS_MAX,
      toVisible: (row) => row,
    };
  }
  const authorized = authorizeTable(house.tenant, asker, at.snapshot, table, policy);
  return {
    relation: authorized.relation,
    columns: authorized.columns,
    rowsMax: authorized.rowsMax,
    toVisible: (row) => {
      const visible = authorized.transform(row);
      for (const one of visible.missing) missing.set(bytesToHex(one.sourceMac) + one.domain, one);
      return visible.values;
    },
  };
}

function authorizeTable(
  tenant: Tenant,
  asker: Asker,
  snapshot: Snapshot,
  table: TableSchema,
  policy: StandingPolicy,
): AuthorizedRelation {
  assert(asker.authority.kind === 'token', 'only a token is authorized');
  const vault = tenant.snapshot();
  const surrogates = vault.reserved('verity_surrogates');
  return authorize({
    grant: asker.authority.grant,
    policy: policy.policy,
    table,
    context: {
      crypto: tenant.crypto,
      tenant: tenant.id,
      asOfDate: dateOf(tenant, snapshot.position),
      tokenKey: tenant.keyFor('domain'),
      lookupSurrogate: (domain, sourceMac) => {
        const stored = vault.get(surrogates, [domain, sourceMac]);
        return stored === undefined ? undefined : (stored.values[2] as string);
      },
    },
  });
}

/** The day of a position, by the log's time: ages are as of the data, not as of the clock. */
function dateOf(tenant: Tenant, position: Offset): number {
  return Number(tenant.timestampOf(position) / 86_400_000_000_000n);
}

function run(
  snapshot: Snapshot,
  bound: BoundSelect,
  view: View,
  rowsMax: number,
): ResultSet<StoredBase> {
  const plan = planSelect(bound);
  const source = toBaseRows(snapshot.scan(bound.relation.table, plan.access));
  return executeSelect(plan, source, { view: view.toVisible, rowsMax });
}

interface StoredBase {
  readonly row: Row;
  readonly stored: StoredRow;
}

function* toBaseRows(rows: Iterable<StoredRow>): Iterable<StoredBase> {
  for (const stored of rows) yield { row: stored.values, stored };
}

async function mint(tenant: Tenant, missing: readonly MissingSurrogate[]): Promise<void> {
  const batchSize = 5000;
  for (let at = 0; at < missing.length; at += batchSize) {
    await tenant.submit({
      kind: 'mint-surrogates',
      surrogates: missing.slice(at, at + batchSize).map(({ domain, sourceMac }) => ({
        domain,
        sourceMac,
        code: formatPseudonym(tenant.random.bytes(16)),
      })),
    });
  }
}

function toAnswer(parts: {
  readonly tenant: Tenant;
  readonly snapshot: Snapshot;
  readonly table: TableSchema;
  readonly policy: StandingPolicy | null;
  readonly view: View;
  readonly bound: BoundSelect;
  readonly result: ResultSet<StoredBase>;
}): ScopedAnswer {
  const { tenant, snapshot, table, policy, view, bound, result } = parts;
  const fingerprint = fingerprintSelect(bound);
  return {
    columns: bound.items.map((item) => {
      const relationColumn = item.column === null ? null : bound.relation.columns[item.column];
      const visible = item.column === null ? null : (view.columns?.[item.column] ?? null);
      return {
        name: item.name,
        type: item.type,
        transform: visible?.transform ?? (item.column === null ? 'computed' : 'keep'),
        operations: relationColumn?.operations ?? 'none',
        visible,
      };
    }),
    rows: result.rows.map(({ values, origin }) => ({ values, origin: origin?.stored ?? null })),
    truncated: result.truncated,
    position: snapshot.position,
    table,
    fingerprint,
    fingerprintSha256: bytesToHex(tenant.crypto.sha256(utf8Encode(fingerprint))),
    policy,
  };
}
