/** The gateway: every door's way in, over one house. */

import { AccessError, grantedTables } from '@veritydb/access';
import { formatVerifierKey } from '@veritydb/merkle';
import {
  bytesToHex,
  canonicalJson,
  formatTimestamp,
  utf8Encode,
  valueToJson,
} from '@veritydb/types';

import { recordAccess } from './access-record.ts';
import { readAudit } from './audit.ts';
import { DisclosureError } from './error.ts';
import { createExport, readExport } from './export.ts';
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
import { type ScopedAnswer, authorizeTable, rightOf, scopedQuery } from './scoped-query.ts';
import { type Asker, type TokenSession, fromSession } from './session.ts';
import type { TokenRegistry } from './token-registry.ts';
import { verifyReceipt } from './verify-receipt.ts';

const QUERY_ROWS_DEFAULT = 100;
export const QUERY_ROWS_MAX = 500;

export function openGateway(house: House, tokens: TokenRegistry): Gateway {
  const { tenant } = house;
  return {
    authenticate: async (token, caller) => tokens.authenticate(token, caller),
    schema: async (session, table) => answerSchema(house, allowed(session, 'schema'), table),
    query: async (session, request) => answerQuery(house, allowed(session, 'query').asker, request),
    createExport: async (session, request) =>
      createExport(house, allowed(session, 'export').asker, request),
    readExport: async (session, exportId) =>
      readExport(house, allowed(session, 'export').asker, exportId),
    verify: async (session, request) => {
      const { asker } = allowed(session, 'verify');
      return recordAccess(tenant, asker, 'verify', async (access) => {
        const answer = verifyReceipt(tenant, request, asker.recipient);
        await access.allow({});
        return answer;
      });
    },
    audit: async (session, request) => {
      const { asker } = allowed(session, 'audit');
      return recordAccess(tenant, asker, 'audit', async (access) => {
        const answer = readAudit(tenant, request, asker.recipient);
        await access.allow({ rows: answer.entries.length });
        return answer;
      });
    },
    checkpoint: async () => tenant.signedCheckpoint(),
    logVerifierKey: formatVerifierKey(tenant.crypto, tenant.origin, tenant.publicKey),
    tokenKeys: tokens.keys,
  };
}

/**
 * The session, for what its token allows.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_SCOPE
 */
function allowed(session: Session, action: Action): TokenSession {
  const known = fromSession(session);
  if (!known.actions.has(action)) {
    throw new DisclosureError(
      'denied',
      'ERR_DISCLOSURE_SCOPE',
      `the token does not allow ${action}`,
      {
        hint: `ask for a token with the scope verity:${action}`,
      },
    );
  }
  return known;
}

async function answerSchema(
  house: House,
  session: TokenSession,
  table: string | undefined,
): Promise<SchemaAnswer> {
  const { tenant } = house;
  const { asker } = session;
  return recordAccess(tenant, asker, 'schema', async (access) => {
    const right = rightOf(house, asker);
    if (right.kind !== 'token') throw new AccessError('ERR_ACCESS_UNKNOWN_TABLE', 'no token');
    const snapshot = tenant.snapshot();
    const { policy, grant } = right;
    const names = table === undefined ? grantedTables(grant, policy.policy) : [table];
    const tables = names.flatMap((name) => {
      // A granted table that does not exist yet is left out of the list, and refused by its name.
      if (table === undefined && snapshot.table(name) === undefined) return [];
      const authorized = authorizeTable(tenant, snapshot, name, right);
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
      columns: columns.map(({ name }) => name),
      rows: rows.length,
      fingerprint: bytesToHex(answer.fingerprintSha256),
      policy: answer.policy?.policy.name ?? null,
      policyVersion: answer.policy?.version ?? null,
      position: answer.position,
      resultMac: tenant.crypto.hmacSha256(tenant.keyFor('audit'), utf8Encode(canonicalJson(rows))),
    });
    return {
      columns,
      rows,
      truncated: answer.truncated,
      position: answer.position,
      root: bytesToHex(tenant.tree.root(receipt.offset + 1)),
      receipt,
      notes: notesOf(answer),
    };
  });
}

function notesOf(answer: ScopedAnswer): readonly string[] {
  const changed = answer.columns.filter(
    ({ transform }) => transform !== 'keep' && transform !== 'computed',
  );
  const notes = changed.map(({ name, transform }) => `${name}: ${transform}`);
  if (answer.truncated) notes.push('there are more rows: narrow the question or raise max rows');
  return notes;
}
