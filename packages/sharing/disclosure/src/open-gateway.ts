/** The gateway: every door's way in, over one house. */

import { AccessError, type AuthorizedRelation, grantedTables } from '@veritydb/access';
import { formatVerifierKey } from '@veritydb/merkle';
import type { Tenant } from '@veritydb/runtime';
import {
  assert,
  bytesToHex,
  canonicalJson,
  formatTimestamp,
  utf8Encode,
  valueToJson,
} from '@veritydb/types';

import { recordAccess } from './access-record.ts';
import { readAudit } from './audit.ts';
import { DisclosureError } from './error.ts';
import { createExport, listExports, readExport, readExportedRow } from './export.ts';
import type {
  Action,
  ColumnAnswer,
  Gateway,
  QueryAnswer,
  QueryRequest,
  SchemaAnswer,
  Session,
} from './gateway.ts';
import type { House } from './house.ts';
import { type ScopedAnswer, authorizeTable, rightOf, scopedQuery, seedOf } from './scoped-query.ts';
import { type Asker, fromSession } from './session.ts';
import type { TokenRegistry } from './token-registry.ts';
import { verifyReceipt } from './verify-receipt.ts';

const QUERY_ROWS_DEFAULT = 100;
export const QUERY_ROWS_MAX = 500;

export function openGateway(house: House, tokens: TokenRegistry): Gateway {
  const { tenant } = house;
  return {
    authenticate: async (token, caller, possession) =>
      tokens.authenticate(token, caller, possession ?? null),
    exchange: async (session, asked) => {
      const { asker } = fromSession(session);
      return recordAccess(tenant, asker, 'exchange', async (access) => {
        const right = rightOf(house, asker);
        assert(right.kind === 'token', 'a session is of a token');
        const issued = await tokens.exchange(right.grant, asked);
        await access.allow({ policy: right.grant.policyName });
        return issued;
      });
    },
    schema: async (session, table) =>
      answerSchema(house, await allowed(tenant, session, 'schema'), table),
    query: async (session, request) =>
      answerQuery(house, await allowed(tenant, session, 'query'), request),
    createExport: async (session, request) =>
      createExport(house, await allowed(tenant, session, 'export'), request),
    listExports: async (session) => listExports(house, await allowed(tenant, session, 'export')),
    readExport: async (session, exportId) =>
      readExport(house, await allowed(tenant, session, 'export'), exportId),
    readExportedRow: async (session, row) =>
      readExportedRow(house, await allowed(tenant, session, 'export'), row),
    verify: async (session, request) => {
      const asker = await allowed(tenant, session, 'verify');
      return recordAccess(tenant, asker, 'verify', async (access) => {
        const answer = verifyReceipt(tenant, request, asker.recipient);
        await access.allow({});
        return answer;
      });
    },
    audit: async (session, request) => {
      const asker = await allowed(tenant, session, 'audit');
      return recordAccess(tenant, asker, 'audit', async (access) => {
        const answer = readAudit(tenant, request, asker.recipient);
        await access.allow({ rows: answer.entries.length });
        return answer;
      });
    },
    readLeaves: async (session, { first, count }) => {
      const asker = await allowed(tenant, session, 'verify');
      return recordAccess(tenant, asker, 'verify', async (access) => {
        const leaves = tenant.leaves(first, count);
        await access.allow({});
        return leaves;
      });
    },
    checkpoint: async () => tenant.signedCheckpoint(),
    logVerifierKey: formatVerifierKey(tenant.crypto, tenant.origin, tenant.publicKey),
    tokenKeys: () => tokens.keys,
  };
}

/**
 * Who asks, where the token allows what is asked. A refusal goes on record like any other.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_SCOPE
 */
async function allowed(tenant: Tenant, session: Session, action: Action): Promise<Asker> {
  const { actions, asker } = fromSession(session);
  if (actions.has(action)) return asker;
  return recordAccess(tenant, asker, action, () => {
    throw new DisclosureError(
      'denied',
      'ERR_DISCLOSURE_SCOPE',
      `the token does not allow ${action}`,
      { hint: `ask for a token with the scope verity:${action}` },
    );
  });
}

async function answerSchema(
  house: House,
  asker: Asker,
  table: string | undefined,
): Promise<SchemaAnswer> {
  const { tenant } = house;
  return recordAccess(tenant, asker, 'schema', async (access) => {
    const right = rightOf(house, asker);
    if (right.kind !== 'token') throw new AccessError('ERR_ACCESS_UNKNOWN_TABLE', 'no token');
    const snapshot = tenant.snapshot();
    const { policy, grant } = right;
    const seed = seedOf(tenant, null);
    const names = table === undefined ? grantedTables(grant, policy.policy) : [table];
    const tables = names.flatMap((name) => {
      const authorized =
        table === undefined
          ? listedTable(tenant, snapshot, { name, right, seed })
          : authorizeTable(tenant, snapshot, { name, right, seed });
      if (authorized === null) return [];
      const columns = authorized.columns.map(
        ({ name: column, type, transform, operations }): ColumnAnswer => ({
          name: column,
          type,
          transform,
          operations,
        }),
      );
      return [{ name, columns }];
    });
    const receipt = await access.allow({
      policy: policy.policy.name,
      policyVersion: policy.version,
      position: snapshot.position,
    });
    return {
      tables,
      purpose: asker.purpose,
      policy: {
        name: policy.policy.name,
        version: policy.version,
        sha256: bytesToHex(policy.sha256),
      },
      limits: {
        maxRows: Math.min(grant.rowsMax, policy.policy.rowsMax),
        tokenExpiresAt: formatTimestamp(BigInt(grant.expiresAtSeconds) * 1_000_000n),
      },
      position: snapshot.position,
      receipt,
    };
  });
}

/** A granted table of which nothing can be seen is left out of the list, and refused by its name. */
function listedTable(...question: Parameters<typeof authorizeTable>): AuthorizedRelation | null {
  try {
    return authorizeTable(...question);
  } catch (error) {
    if (error instanceof AccessError && error.code === 'ERR_ACCESS_UNKNOWN_TABLE') return null;
    throw error;
  }
}

/** Answers a query between intent and outcome. The same for recipients and for the operator. */
export async function answerQuery(
  house: House,
  asker: Asker,
  request: QueryRequest & { readonly rowsMax?: number },
): Promise<QueryAnswer> {
  const { tenant } = house;
  return recordAccess(tenant, asker, 'query', async (access) => {
    const most = request.rowsMax ?? QUERY_ROWS_MAX;
    const answer = await scopedQuery(house, asker, {
      sql: request.sql,
      parameters: request.parameters,
      position: request.position,
      rowsMax: Math.min(Math.max(request.maxRows ?? QUERY_ROWS_DEFAULT, 1), most),
      skip: request.skip ?? 0,
      exportId: null,
    });
    const rows = answer.rows.map(({ values }) =>
      answer.columns.map(({ type }, index) => valueToJson(type, values[index] ?? null)),
    );
    const columns = answer.columns.map(({ name, type, transform, operations }): ColumnAnswer => ({
      name,
      type,
      transform,
      operations,
    }));
    const receipt = await access.allow({
      table: answer.table.definition.name,
      columns: answer.sources,
      rows: rows.length,
      fingerprint: bytesToHex(answer.fingerprintSha256),
      policy: answer.policy?.policy.name ?? null,
      policyVersion: answer.policy?.version ?? null,
      position: answer.position,
      ...answer.evidence,
      noise: answer.noise?.record ?? null,
      resultMac: tenant.crypto.hmacSha256(tenant.keyFor('audit'), utf8Encode(canonicalJson(rows))),
    });
    return {
      columns,
      rows,
      erased: answer.rows.flatMap(({ origin }, place) => (origin?.erased === true ? [place] : [])),
      truncated: answer.truncated,
      position: answer.position,
      root: bytesToHex(tenant.tree.root(receipt.offset + 1)),
      receipt,
      notes: notesOf(answer),
      privacy: answer.noise?.told ?? null,
    };
  });
}

function notesOf(answer: ScopedAnswer): readonly string[] {
  const changed = answer.columns.filter(
    ({ transform }) => transform !== 'keep' && transform !== 'computed',
  );
  const notes = changed.map(({ name, transform }) => `${name}: ${transform}`);
  for (const { column, cells } of answer.guarded) notes.push(`${column}: guarded: ${cells}`);
  if (answer.truncated) notes.push('there are more rows: narrow the question or raise max rows');
  return notes;
}
