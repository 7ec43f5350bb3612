/** What goes into a bundle: rows with the openings of their sources, and the proofs of their records. */

import {
  type BundleContent,
  type BundleProofs,
  type ColumnContent,
  type RowContent,
  buildContent,
  statementOf,
} from '@veritydb/bundle';
import type { ReleaseRecord } from '@veritydb/kernel';
import { signEnvelope } from '@veritydb/merkle';
import type { Tenant } from '@veritydb/runtime';
import { type Offset, assert, bytesToHex, hexToBytes, toOffset, utf8Encode } from '@veritydb/types';

import type { OutcomeDetail } from './access-record.ts';
import { DisclosureError } from './error.ts';
import { ExportSources } from './export-sources.ts';
import type { ExportRequest } from './gateway.ts';
import type { House, StandingPolicy } from './house.ts';
import { signedReceipt } from './log-proof.ts';
import { openingOf } from './row-opening.ts';
import type { RowOrigin, ScopedRow } from './row-origin.ts';
import { type ScopedAnswer, scopedQuery } from './scoped-query.ts';
import type { Asker } from './session.ts';

export interface ExportPlan {
  readonly exportId: string;
  readonly request: ExportRequest;
  /** Where an earlier making of the same export read; the newest position for a new one. */
  readonly position?: Offset;
}

export interface ExportContent {
  readonly exportId: string;
  readonly bundle: BundleContent;
  readonly policy: StandingPolicy;
  readonly position: Offset;
  readonly rows: number;
  readonly sources: ExportSources;
  readonly heldTreeSize: number | null;
  readonly outcome: OutcomeDetail;
  /** What the export fixes, where its table is released under a model. */
  readonly release: ReleaseRecord | null;
}

/** Reads what an export is of, through the scoped query, and makes the manifest. */
export async function exportContent(
  house: House,
  asker: Asker,
  { exportId, request, position }: ExportPlan,
): Promise<ExportContent> {
  const { tenant } = house;
  const heldTreeSize = checkHeldTreeSize(tenant, request.heldTreeSize);
  const answer = withoutErased(
    await scopedQuery(house, asker, {
      skip: 0,
      sql: request.sql,
      parameters: request.parameters,
      position,
      rowsMax: Number.MAX_SAFE_INTEGER,
      exportId,
    }),
  );
  const { policy } = answer;
  assert(policy !== null, 'an export is made under a policy');
  const columns = exportColumns(answer);
  const sources = new ExportSources(
    tenant,
    answer.rows.map((row) => originOf(row).offset),
  );
  const bundle = buildContent(tenant.crypto, {
    origin: tenant.origin,
    tenant: tenant.id,
    exportId,
    recipient: asker.recipient,
    purpose: asker.purpose,
    legalBasis: policy.policy.legalBasis,
    tokenId: asker.tokenId,
    statementSha256: answer.fingerprintSha256,
    policy: {
      name: policy.policy.name,
      version: policy.version,
      sha256: policy.sha256,
      document: policy.document,
    },
    position: answer.position,
    heldTreeSize,
    consent: consentNames(tenant, exportId, answer.permitted?.() ?? null),
    tables: [
      {
        schema: answer.table,
        truncated: answer.truncated,
        csv: request.csv ?? false,
        parquet: request.parquet ?? false,
        columns,
        release: answer.released?.report ?? null,
        rows: openRows(answer, sources),
      },
    ],
  });
  return {
    exportId,
    bundle,
    policy,
    position: answer.position,
    rows: answer.rows.length,
    sources,
    heldTreeSize,
    release: answer.released?.record ?? null,
    outcome: outcomeOf(tenant, answer, policy, bundle),
  };
}

const CONSENT_NAME_SIZE = 16;

/**
 * Names of the data subjects who permitted it. They are of this export alone, so that nobody is followed
 * from one to another; who holds the tenant's key can make them again.
 */
function consentNames(
  tenant: Tenant,
  exportId: string,
  permitted: readonly string[] | null,
): readonly string[] | null {
  if (permitted === null) return null;
  const { crypto } = tenant;
  const info = utf8Encode(`veritydb export consent v1 ${exportId}`);
  const key = crypto.hkdfSha256(tenant.keyFor('audit'), new Uint8Array(0), info, 32);
  return permitted
    .map((subject) =>
      bytesToHex(crypto.hmacSha256(key, hexToBytes(subject)).subarray(0, CONSENT_NAME_SIZE)),
    )
    .toSorted();
}

function outcomeOf(
  tenant: Tenant,
  answer: ScopedAnswer,
  { policy, version }: StandingPolicy,
  { manifestBytes }: BundleContent,
): OutcomeDetail {
  return {
    table: answer.table.definition.name,
    columns: answer.sources,
    rows: answer.rows.length,
    fingerprint: bytesToHex(answer.fingerprintSha256),
    policy: policy.name,
    policyVersion: version,
    position: answer.position,
    ...answer.evidence,
    resultMac: tenant.crypto.hmacSha256(tenant.keyFor('audit'), manifestBytes),
  };
}

/** What was erased has nothing left that could be exported or proved. */
function withoutErased(answer: ScopedAnswer): ScopedAnswer {
  return { ...answer, rows: answer.rows.filter(({ origin }) => origin?.erased !== true) };
}

function checkHeldTreeSize(tenant: Tenant, size: number | undefined): number | null {
  if (size === undefined) return null;
  if (Number.isSafeInteger(size) && size >= 1 && size <= tenant.tree.size) return size;
  throw new DisclosureError(
    'expectation',
    'ERR_DISCLOSURE_HELD_SIZE',
    'the held tree size is not one of this log',
    { hint: 'give the size in the second line of a checkpoint of this log' },
  );
}

/** Columns of the data file. Every one must be a plain column, so that it can be traced to its source. */
function exportColumns(answer: ScopedAnswer): readonly ColumnContent[] {
  const names = new Set(answer.columns.map(({ name }) => name));
  if (names.size !== answer.columns.length) throw shape('two columns have one name');
  return answer.columns.map(({ name, type, visible }) => {
    if (visible === null) throw shape(`column ${name} is computed`);
    const base = answer.table.definition.columns[visible.source];
    assert(base !== undefined, 'visible column has no source');
    const { ladderLevel, transform } = visible;
    const source = ladderLevel === null ? null : { column: base.name, level: ladderLevel };
    return { name, type, transform, source };
  });
}

function shape(what: string): DisclosureError {
  return new DisclosureError(
    'format',
    'ERR_DISCLOSURE_EXPORT_SHAPE',
    `the statement cannot be exported: ${what}`,
    { hint: 'select plain columns, each once: an export is of rows that can be proven' },
  );
}

function* openRows(answer: ScopedAnswer, sources: ExportSources): Iterable<RowContent> {
  for (const answered of answer.rows) {
    const { offset, rowIndex } = originOf(answered);
    const opening = sources.openRow(offset, rowIndex);
    yield { values: answered.values, opening, row: rowIndex };
  }
}

function originOf({ origin }: ScopedRow): RowOrigin {
  assert(origin !== null, 'a row of plain columns has a source');
  return origin;
}

/** Proofs of everything in a bundle, at the tree that ends with the export's record. */
export function bundleProofs(
  tenant: Tenant,
  content: ExportContent,
  exportOffset: Offset,
): BundleProofs {
  const size = exportOffset + 1;
  const { crypto, tree } = tenant;
  const { heldTreeSize, policy } = content;
  const { manifest, manifestBytes } = content.bundle;
  const statement = statementOf(crypto, manifest, manifestBytes);
  const exportRecord = tenant.openRecord(exportOffset);
  const exportRow = exportRecord.event.changes.findIndex(
    ({ table }) => table.definition.name === 'verity_exports',
  );
  const policyRecord = tenant.openRecord(toOffset(policy.offset));
  const offsets = content.bundle.sources.map(({ offset }) => offset);
  return {
    checkpoint: tenant.signedCheckpoint(size),
    consistency: heldTreeSize === null ? null : tree.consistencyProof(heldTreeSize, size),
    exportRecord: openingOf(tenant, exportRecord, exportRow, size),
    receipt: signedReceipt(tenant, exportOffset, size),
    policyRecord: openingOf(tenant, policyRecord, policy.row, size),
    statement: tenant.signed((signer) => signEnvelope(crypto, statement, signer)),
    records: {
      records: offsets.map((offset) => content.sources.sourceRecord(offset)),
      // Of no record there is nothing to prove.
      proof: offsets.length === 0 ? [] : tree.batchProof(offsets, size),
    },
  };
}
