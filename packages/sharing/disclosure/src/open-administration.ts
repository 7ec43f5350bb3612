/** What the operator of the data folder does, over the same house and by the same path to rows. */

import { AccessError, lintPolicy, parsePolicy } from '@veritydb/access';
import { decodeRecoveryRecord } from '@veritydb/log';
import {
  type ExplainStatement,
  type ParameterValue,
  bindSelect,
  explainPlan,
  planSelect,
} from '@veritydb/query';
import { executeWrite, readableOf, snapshotOf } from '@veritydb/runtime';
import {
  type Row,
  type TableSchema,
  TypesError,
  type Value,
  bytesToHex,
  hexToBytes,
  parseIdempotencyId,
  parseValue,
  toHash,
  toOffset,
} from '@veritydb/types';

import { readAudit } from './audit.ts';
import { openConsentDesk } from './consents.ts';
import { eraseSubject, listErasures, listHolds, placeHold } from './erasure.ts';
import { DisclosureError } from './error.ts';
import { explainToken } from './explain-token.ts';
import type {
  ActivatedPolicy,
  Administration,
  ChainCheck,
  RowsRequest,
  StatementAnswer,
} from './gateway.ts';
import type { House } from './house.ts';
import { logConsistency, logProof, logReceipt } from './log-proof.ts';
import { answerQuery } from './open-gateway.ts';
import { listPolicies, readPolicy } from './policies.ts';
import { listReleases } from './release-stage.ts';
import { openReportDesk } from './reports.ts';
import { ANSWER_ROWS_MAX } from './scoped-query.ts';
import { operatorAsker } from './session.ts';
import { proveState } from './state-proof.ts';
import type { TokenRegistry } from './token-registry.ts';

const ROWS_PER_CALL_MAX = 1000;

export function openAdministration(house: House, tokens: TokenRegistry): Administration {
  const { tenant } = house;
  return {
    execute: async (sql, parameters, purpose) => executeStatement(house, sql, parameters, purpose),
    insertRows: async (request) => insertRows(house, request),
    activatePolicy: async (yaml) => activatePolicy(house, yaml),
    listPolicies: async () => listPolicies(tenant),
    readPolicy: async (name, version) => readPolicy(tenant, name, version),
    listReleases: async () => listReleases(tenant),
    closeRelease: async (recipient, table) => {
      const { offset } = await tenant.submit({ kind: 'close-release', recipient, table });
      return { offset };
    },
    issueToken: async (request) => tokens.issue(request),
    revokeToken: async (tokenId, reason) => {
      const { offset } = await tenant.submit({ kind: 'revoke-token', tokenId, reason });
      return { offset };
    },
    listTokens: async () => tokens.list(),
    introspectToken: async (token) => tokens.introspect(token),
    explainToken: async (token) => {
      const grant = await tokens.introspect(token);
      if (grant !== null) return explainToken(house, grant);
      throw new AccessError('ERR_ACCESS_TOKEN_CLAIMS', 'the token may not be used');
    },
    renewTokenKey: async (retire) => tokens.renewKey(retire),
    auditAll: async (request) => readAudit(tenant, request, null),
    erase: async (order) => eraseSubject(house, order),
    listErasures: async () => listErasures(tenant),
    placeHold: async (order) => placeHold(house, order),
    releaseHold: async (holdId) => {
      const { offset } = await tenant.submit({ kind: 'release-hold', holdId });
      return { offset };
    },
    listHolds: async () => listHolds(tenant),
    consents: openConsentDesk(house),
    reports: openReportDesk(house, tokens),
    rotateKeys: async () => {
      tenant.rotateKeys();
    },
    readLeaves: async ({ first, count }) => tenant.leaves(first, count),
    checkLog: async () => checkLog(house),
    logProof: async (offset, size) => logProof(tenant, offset, size),
    logReceipt: async (offset, size) => logReceipt(tenant, offset, size),
    proveState: async (name, keys) => proveState(tenant, name, keys),
    logConsistency: async (oldSize, newSize) => logConsistency(tenant, oldSize, newSize),
    backup: async () => tenant.backup(),
    tombstones: async () => tenant.tombstones(),
    status: async () => ({
      tenant: tenant.id,
      position: tenant.head,
      tables: tenant.snapshot().tableNames(),
      projections: tenant.snapshot().projectionNames(),
    }),
  };
}

async function executeStatement(
  house: House,
  sql: string,
  parameters: Parameters<Administration['execute']>[1],
  purpose: string,
): Promise<StatementAnswer> {
  const statement = await house.statements.parse(sql);
  if (statement.kind === 'explain') return explain(house, statement, parameters);
  if (statement.kind !== 'select') {
    if ('returning' in statement && statement.returning !== null) throw returningRefused();
    const { offset, written } = await executeWrite(house.tenant, {
      steps: [{ statement, parameters: parameters as readonly ParameterValue[] }],
      idempotencyId: null,
    });
    return {
      statement: statement.kind,
      columns: [],
      rows: [],
      erased: [],
      changed: written[0]?.changed ?? 0,
      position: offset,
    };
  }
  const answer = await answerQuery(house, operatorAsker(purpose), {
    sql,
    parameters,
    maxRows: ANSWER_ROWS_MAX,
    rowsMax: ANSWER_ROWS_MAX,
  });
  return {
    statement: 'select',
    columns: answer.columns.map(({ name, type }) => ({ name, type })),
    rows: answer.rows,
    erased: answer.erased,
    changed: null,
    position: answer.position,
  };
}

/** How a SELECT of the operator would be answered. No row is read. */
function explain(
  { tenant }: House,
  { select }: ExplainStatement,
  parameters: Parameters<Administration['execute']>[1],
): StatementAnswer {
  const snapshot = snapshotOf(tenant, select);
  const { relation } = readableOf(snapshot, select);
  const bound = bindSelect(select, relation, parameters as readonly ParameterValue[]);
  return {
    statement: 'explain',
    columns: [{ name: 'plan', type: 'text' }],
    rows: explainPlan(planSelect(bound)).map((line) => [line]),
    erased: [],
    changed: null,
    position: snapshot.position,
  };
}

/** Rows are revealed on one path only, and no access record stands for those that RETURNING would show. */
function returningRefused(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_STATEMENT',
    'RETURNING would show rows that nobody recorded',
    { hint: 'write without it, then SELECT what you want to see' },
  );
}

async function insertRows(
  house: House,
  request: RowsRequest,
): Promise<{ readonly position: StatementAnswer['position']; readonly rows: number }> {
  const { tenant } = house;
  if (request.rows.length < 1 || request.rows.length > ROWS_PER_CALL_MAX) {
    throw refused(`give 1 to ${ROWS_PER_CALL_MAX} rows a call`);
  }
  const table = tenant.snapshot().table(request.table);
  if (table === undefined) throw refused('there is no such table: create it first');
  const indexes = request.columns.map((name) => {
    const index = table.definition.columns.findIndex((column) => column.name === name);
    if (index < 0) throw refused(`the table has no column ${name.slice(0, 63)}`);
    return index;
  });
  if (new Set(indexes).size !== indexes.length) throw refused('a column is named twice');
  const writes = request.rows.map((row, number) => ({
    event: 'insert' as const,
    table: table.definitionId,
    values: toRow(table, indexes, row, number),
  }));
  const id = request.idempotencyId;
  const committed = await tenant.submit(
    { kind: 'write', writes },
    id === undefined ? null : parseIdempotencyId(id),
  );
  return { position: committed.offset, rows: request.rows.length };
}

function toRow(
  table: TableSchema,
  indexes: readonly number[],
  cells: readonly (string | null)[],
  number: number,
): Row {
  if (cells.length !== indexes.length) throw refused(`row ${number} has another number of values`);
  const values: Value[] = [...table.rules.defaults];
  for (const [place, index] of indexes.entries()) {
    const column = table.definition.columns[index];
    const cell = cells[place] ?? null;
    if (column === undefined) continue;
    values[index] = null;
    if (cell === null) continue;
    try {
      values[index] = parseValue(column.type, cell);
    } catch (error) {
      if (!(error instanceof TypesError)) throw error;
      throw refused(`row ${number}, column ${column.name}: expected ${column.type}`);
    }
  }
  return values;
}

async function activatePolicy(house: House, yaml: string): Promise<ActivatedPolicy> {
  const { tenant } = house;
  const policy = parsePolicy(tenant.crypto, yaml);
  const snapshot = tenant.snapshot();
  const definitions = [...policy.tables.keys()].flatMap((name) => {
    const table = snapshot.table(name);
    return table === undefined ? [] : [table.definition];
  });
  const findings = lintPolicy(policy, definitions);
  const error = findings.find(({ severity }) => severity === 'error');
  if (error !== undefined) {
    throw new DisclosureError(
      'format',
      'ERR_DISCLOSURE_POLICY',
      `policy is refused: ${error.code} at ${error.line}:${error.column}: ${error.message}`,
      { hint: error.hint },
    );
  }
  const committed = await tenant.submit({
    kind: 'activate-policy',
    name: policy.name,
    version: policy.version,
    sha256: toHash(hexToBytes(policy.sha256)),
    document: yaml,
  });
  return {
    name: policy.name,
    version: policy.version,
    sha256: policy.sha256,
    offset: committed.offset,
    warnings: findings.map(
      ({ code, line, column, message }) => `${code} ${line}:${column} ${message}`,
    ),
  };
}

/** Reads the whole log again: CRC and digests of every record, and every leaf against the tree. */
async function checkLog({ tenant }: House): Promise<ChainCheck> {
  const count = tenant.head + 1;
  const { damaged } = tenant.scrub(toOffset(0), count);
  const recoveries: ChainCheck['recoveries'][number][] = [];
  // Where a record is damaged the walk would end at it.
  for (const record of damaged.length === 0 ? tenant.verifiedRecords() : []) {
    if (record.header.kind !== 'recovery') continue;
    const { discardedBytes, reason } = decodeRecoveryRecord(record.payload);
    recoveries.push({ offset: toOffset(record.header.offset), reason, discardedBytes });
  }
  return {
    records: count,
    root: bytesToHex(tenant.tree.root()),
    checkpoint: tenant.signedCheckpoint(),
    recoveries,
    damaged,
  };
}

function refused(what: string): DisclosureError {
  return new DisclosureError('format', 'ERR_DISCLOSURE_REQUEST', 'the rows are refused', {
    hint: what,
  });
}
