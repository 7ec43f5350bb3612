/**
 * Reserved tables: what the catalogue and the sharing layer remember, as rows like any others, so that
 * they are chained, replicated, time-travelled, exported and proven for nothing. Only the kernel's own
 * commands write them. Their ids are below {@link USER_TABLE_ID_MIN} and never reused.
 */

import { type Crypto, schemaDigest } from '@veritydb/crypto';
import {
  type ColumnDefinition,
  type ColumnType,
  type TableDefinition,
  type TableSchema,
  toTableId,
  toTableSchema,
} from '@veritydb/types';

export const RESERVED_PREFIX = 'verity_';
export const USER_TABLE_ID_MIN = 1000;

/** `name: type`, with `?` behind a type that may be NULL. */
function columns(
  spec: Readonly<Record<string, ColumnType | `${ColumnType}?`>>,
): ColumnDefinition[] {
  return Object.entries(spec).map(([name, type]) => ({
    name,
    type: type.replace('?', '') as ColumnType,
    notNull: !type.endsWith('?'),
    dataClass: null,
    ladder: null,
  }));
}

function reserved(
  name: string,
  primaryKey: readonly string[],
  spec: Readonly<Record<string, ColumnType | `${ColumnType}?`>>,
): TableDefinition {
  return { name, columns: columns(spec), primaryKey, subject: null };
}

export type ReservedTable =
  | 'verity_tables'
  | 'verity_tokens'
  | 'verity_policies'
  | 'verity_consents'
  | 'verity_access'
  | 'verity_exports'
  | 'verity_surrogates'
  | 'verity_holds'
  | 'verity_erasures'
  | 'verity_budgets'
  | 'verity_rules'
  | 'verity_indexes'
  | 'verity_releases'
  | 'verity_privacy_budgets'
  | 'verity_noisy_answers'
  | 'verity_proofs'
  | 'verity_projections'
  | 'verity_definitions';

const DEFINITIONS: readonly TableDefinition[] = [
  reserved('verity_tables', ['table_id'], {
    table_id: 'bigint',
    name: 'text',
    definition: 'json',
    dropped: 'boolean',
  }),
  reserved('verity_tokens', ['token_id'], {
    token_id: 'text',
    recipient: 'text',
    purpose: 'text',
    policy: 'text',
    claims_sha256: 'bytes',
    issued_at: 'timestamp',
    expires_at: 'timestamp',
    exports_max: 'integer?',
    exports: 'integer',
    queries_max: 'integer?',
    queries: 'integer',
    parent: 'text?',
    scope: 'text',
    tables: 'json',
    reason: 'text?',
    approvals: 'json',
    state: 'text',
    revoked_because: 'text?',
  }),
  reserved('verity_policies', ['name', 'version'], {
    name: 'text',
    version: 'integer',
    sha256: 'bytes',
    document: 'text',
    activated_at: 'timestamp',
  }),
  reserved('verity_consents', ['consent_id'], {
    consent_id: 'text',
    revision: 'integer',
    subject_macs: 'bytes',
    controller: 'text',
    recipient: 'text?',
    purpose: 'text',
    tables: 'json',
    legal_basis: 'text',
    jurisdiction: 'text?',
    notice: 'json?',
    expression: 'text',
    method: 'text?',
    state: 'text',
    expires_at: 'timestamp?',
    recorded_at: 'timestamp',
    changed_at: 'timestamp',
  }),
  reserved('verity_access', ['access_id', 'phase'], {
    access_id: 'text',
    phase: 'text',
    at: 'timestamp',
    recipient: 'text',
    token_id: 'text',
    purpose: 'text',
    action: 'text',
    decision: 'text',
    code: 'text?',
    table_name: 'text?',
    columns: 'json',
    rows: 'integer?',
    fingerprint: 'text?',
    policy: 'text?',
    policy_version: 'integer?',
    position: 'bigint?',
    result_mac: 'bytes?',
    consent_permits: 'integer?',
    consent_denials: 'integer?',
    consent_root: 'bytes?',
    subjects: 'bytes?',
    members: 'bytes?',
    transport: 'text',
    client: 'text?',
  }),
  reserved('verity_exports', ['export_id'], {
    export_id: 'text',
    access_id: 'text',
    token_id: 'text',
    recipient: 'text',
    purpose: 'text',
    policy: 'text',
    policy_version: 'integer',
    position: 'bigint',
    rows: 'integer',
    request_mac: 'bytes',
    request_sealed: 'bytes',
    manifest_sha256: 'bytes',
    created_at: 'timestamp',
  }),
  reserved('verity_surrogates', ['domain', 'source_mac'], {
    domain: 'text',
    source_mac: 'bytes',
    code: 'text',
  }),
  reserved('verity_holds', ['hold_id'], {
    hold_id: 'text',
    subject_macs: 'bytes',
    reason: 'text',
    state: 'text',
    changed_at: 'timestamp',
  }),
  // One erasure a key: who comes back has another.
  reserved('verity_erasures', ['key_id'], {
    key_id: 'bigint',
    subject_mac: 'bytes',
    legal_basis: 'text',
    approvals: 'json',
    state: 'text',
    requested_at: 'timestamp',
    completed_at: 'timestamp?',
    records: 'integer?',
    rows: 'integer?',
    first_offset: 'bigint?',
    last_offset: 'bigint?',
    size_before: 'bigint?',
    root_before: 'bytes?',
    size_after: 'bigint?',
    root_after: 'bytes?',
  }),
  // What a grantee has been told of a table: by whichever of its tokens.
  reserved('verity_budgets', ['recipient', 'table_name'], {
    recipient: 'text',
    table_name: 'text',
    hour: 'bigint',
    queries: 'integer',
    rows: 'bigint',
    cells: 'bigint',
    statistics: 'integer',
  }),
  reserved('verity_rules', ['table_id'], {
    table_id: 'bigint',
    rules: 'json',
  }),
  reserved('verity_indexes', ['index_id'], {
    index_id: 'bigint',
    name: 'text',
    table_id: 'bigint',
    columns: 'json',
    is_unique: 'boolean',
    dropped: 'boolean',
  }),
  // To what a grantee's release of a table is fixed, until the operator closes it.
  reserved('verity_releases', ['recipient', 'table_name'], {
    recipient: 'text',
    table_name: 'text',
    policy: 'text',
    policy_version: 'integer',
    position: 'bigint',
    levels: 'json',
    state: 'text',
    changed_at: 'timestamp',
  }),
  // ρ that a grantee has spent on a table, in billionths: never given back.
  reserved('verity_privacy_budgets', ['recipient', 'table_name'], {
    recipient: 'text',
    table_name: 'text',
    spent: 'bigint',
    answers: 'integer',
  }),
  reserved('verity_noisy_answers', ['recipient', 'table_name', 'question'], {
    recipient: 'text',
    table_name: 'text',
    question: 'bytes',
    access_id: 'text',
    policy: 'text',
    policy_version: 'integer',
    position: 'bigint',
    cost: 'bigint',
    answer: 'json',
    answered_at: 'timestamp',
  }),
  reserved('verity_proofs', ['proof'], {
    proof: 'bytes',
    taken_at: 'timestamp',
  }),
  reserved('verity_projections', ['projection_id'], {
    projection_id: 'bigint',
    name: 'text',
    definition: 'text',
    trees: 'integer',
    dropped: 'boolean',
  }),
  // What a table was altered to; `added` is what a new column reads in the rows that were there.
  reserved('verity_definitions', ['definition_id'], {
    definition_id: 'bigint',
    table_id: 'bigint',
    definition: 'json',
    added: 'json?',
  }),
];

/** Schemas of the reserved tables, by name, in the order of their ids (from 1). */
export function reservedSchemas(crypto: Crypto): ReadonlyMap<ReservedTable, TableSchema> {
  return new Map(
    DEFINITIONS.map((definition, index) => [
      definition.name as ReservedTable,
      toTableSchema(toTableId(index + 1), definition, schemaDigest(crypto, definition)),
    ]),
  );
}
