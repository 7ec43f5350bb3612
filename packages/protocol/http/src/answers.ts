/**
 * The gateway's answers as JSON with snake_case members, each with the schema that documents it. Every
 * door that speaks JSON uses these, so that one answer has one spelling.
 */

import type {
  AuditAnswer,
  ColumnAnswer,
  ExportAnswer,
  ExportSummary,
  PrivacyAnswer,
  QueryAnswer,
  Receipt,
  SchemaAnswer,
  VerifyAnswer,
} from '@veritydb/disclosure';
import type { JsonObject, JsonValue } from '@veritydb/types';
import { z } from 'zod';

const offset = z.int().min(0);
const text = z.string();

const receipt = z.strictObject({ id: text, offset, chain_hash: text });

const column = z.strictObject({
  name: text,
  type: text,
  transform: text,
  operations: z.enum(['all', 'equality', 'none']),
});

export const schemaAnswerShape: z.ZodObject = z.strictObject({
  tables: z.array(z.strictObject({ name: text, columns: z.array(column) })),
  purpose: text,
  policy: z.strictObject({ name: text, version: z.int().min(0), sha256: text }),
  limits: z.strictObject({ max_rows: z.int().min(0), token_expires_at: text }),
  position: offset,
  receipt,
});

/** What an answer with noise costs of a privacy budget, and how far its figures may be off. */
const privacy = z.strictObject({
  model: z.literal('dp'),
  repeated: z.boolean(),
  rho: z.strictObject({
    cost: z.number(),
    spent: z.number(),
    left: z.number(),
    budget: z.number(),
  }),
  epsilon: z.strictObject({ cost: z.number(), spent: z.number(), budget: z.number() }),
  delta: z.number(),
  noise: z.array(
    z.strictObject({ figure: text, part: text, deviation: z.number(), reach95: z.number() }),
  ),
});

export const queryAnswerShape: z.ZodObject = z.strictObject({
  columns: z.array(column),
  rows: z.array(z.array(z.unknown())),
  erased: z.array(z.int().min(0)),
  truncated: z.boolean(),
  position: offset,
  root: text,
  receipt,
  notes: z.array(text),
  privacy: privacy.optional(),
});

export const exportAnswerShape: z.ZodObject = z.strictObject({
  export_id: text,
  rows: z.int().min(0),
  size: z.int().min(0),
  sha256: text,
  position: offset,
  receipt,
  download_path: text,
});

export const exportListShape: z.ZodObject = z.strictObject({
  exports: z.array(
    z.strictObject({
      export_id: text,
      rows: z.int().min(0),
      policy: text,
      policy_version: z.int().min(0),
      position: offset,
      offset,
      download_path: text,
    }),
  ),
});

export const verifyAnswerShape: z.ZodObject = z.strictObject({
  valid: z.boolean(),
  checks: z.array(z.strictObject({ name: text, ok: z.boolean(), detail: text })),
  checkpoint: text,
});

export const auditAnswerShape: z.ZodObject = z.strictObject({
  entries: z.array(
    z.strictObject({
      id: text,
      at: text,
      offset,
      phase: z.enum(['intent', 'outcome']),
      recipient: text,
      token_id: text,
      purpose: text,
      action: text,
      decision: z.enum(['pending', 'allowed', 'denied', 'failed']),
      code: text.nullable(),
      table: text.nullable(),
      columns: z.array(text),
      rows: z.int().min(0).nullable(),
      statement_fingerprint: text.nullable(),
    }),
  ),
  unanswered: z.int().min(0),
});

function receiptJson(value: Receipt): JsonObject {
  return { id: value.id, offset: value.offset, chain_hash: value.chainHash };
}

export function columnJson(value: ColumnAnswer): JsonObject {
  return {
    name: value.name,
    type: value.type,
    transform: value.transform,
    operations: value.operations,
  };
}

export function schemaAnswerJson(answer: SchemaAnswer): JsonObject {
  const { policy, limits } = answer;
  return {
    tables: answer.tables.map((table) => ({
      name: table.name,
      columns: table.columns.map(columnJson),
    })),
    purpose: answer.purpose,
    policy: { name: policy.name, version: policy.version, sha256: policy.sha256 },
    limits: { max_rows: limits.maxRows, token_expires_at: limits.tokenExpiresAt },
    position: answer.position,
    receipt: receiptJson(answer.receipt),
  };
}

export function queryAnswerJson(answer: QueryAnswer): JsonObject & {
  readonly rows: readonly (readonly JsonValue[])[];
} {
  return {
    columns: answer.columns.map(columnJson),
    rows: answer.rows,
    erased: answer.erased,
    truncated: answer.truncated,
    position: answer.position,
    root: answer.root,
    receipt: receiptJson(answer.receipt),
    notes: answer.notes,
    ...(answer.privacy === null ? {} : { privacy: privacyJson(answer.privacy) }),
  };
}

function privacyJson({ isRepeated, ...rest }: PrivacyAnswer): JsonObject {
  return {
    model: rest.model,
    repeated: isRepeated,
    rho: { ...rest.rho },
    epsilon: { ...rest.epsilon },
    delta: rest.delta,
    noise: rest.noise.map((figure) => ({ ...figure })),
  };
}

export function exportAnswerJson(answer: ExportAnswer): JsonObject {
  return {
    export_id: answer.exportId,
    rows: answer.rows,
    size: answer.size,
    sha256: answer.sha256,
    position: answer.position,
    receipt: receiptJson(answer.receipt),
    download_path: downloadPath(answer.exportId),
  };
}

export function exportListJson(exports: readonly ExportSummary[]): JsonObject {
  return {
    exports: exports.map((made) => ({
      export_id: made.exportId,
      rows: made.rows,
      policy: made.policy,
      policy_version: made.policyVersion,
      position: made.position,
      offset: made.offset,
      download_path: downloadPath(made.exportId),
    })),
  };
}

function downloadPath(exportId: string): string {
  return `/v1/exports/${encodeURIComponent(exportId)}/bundle`;
}

export function verifyAnswerJson(answer: VerifyAnswer): JsonObject {
  return {
    valid: answer.valid,
    checks: answer.checks.map(({ name, ok, detail }) => ({ name, ok, detail })),
    checkpoint: answer.checkpoint,
  };
}

export function auditAnswerJson(answer: AuditAnswer): JsonObject {
  return {
    entries: answer.entries.map((entry) => ({
      id: entry.id,
      at: entry.at,
      offset: entry.offset,
      phase: entry.phase,
      recipient: entry.recipient,
      token_id: entry.tokenId,
      purpose: entry.purpose,
      action: entry.action,
      decision: entry.decision,
      code: entry.code,
      table: entry.table,
      columns: entry.columns,
      rows: entry.rows,
      statement_fingerprint: entry.statementFingerprint,
    })),
    unanswered: answer.unanswered,
  };
}
