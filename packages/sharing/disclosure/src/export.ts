/**
 * Exports, forward only: query, transform, digest, record, checkpoint, bundle.
 *
 * A bundle is a function of the log up to its export record, so it is never stored: it is made again,
 * byte for byte, whenever its recipient downloads it. The record holds the request, sealed, and the
 * digest of the manifest that must come out.
 */

import {
  type BytePieces,
  type ExportedRow,
  SALT_SIZE,
  issueRow,
  rowOf,
  sealBundle,
} from '@veritydb/bundle';
import { constantTimeEqual } from '@veritydb/crypto';
import { KernelError, type NamedRow, toNamedRow } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import {
  type Offset,
  bytesEqual,
  bytesToHex,
  concatBytes,
  parseIdempotencyId,
  toOffset,
  utf8Encode,
} from '@veritydb/types';

import { type Access, recordAccess } from './access-record.ts';
import { DisclosureError } from './error.ts';
import { type ExportContent, bundleProofs, exportContent } from './export-content.ts';
import { openRequest, requestMac, sealRequest } from './export-request.ts';
import type { ExportAnswer, ExportBundle, ExportRequest, ExportSummary } from './gateway.ts';
import type { House } from './house.ts';
import type { Asker } from './session.ts';

/** The same token and idempotency id name the same export. */
function exportIdOf(tenant: Tenant, asker: Asker, request: ExportRequest): string {
  const id = parseIdempotencyId(request.idempotencyId);
  const name = utf8Encode(`${asker.tokenId} ${id}`);
  return bytesToHex(tenant.crypto.sha256(concatBytes(utf8Encode('vdb.exp1'), name))).slice(0, 32);
}

/**
 * Makes an export, or finds the one that the same request made before.
 *
 * @throws {KernelError} ERR_KERNEL_TOKEN_SPENT; {DisclosureError} ERR_DISCLOSURE_EXPORT_REUSED,
 *   ERR_DISCLOSURE_EXPORT_SHAPE, ERR_DISCLOSURE_HELD_SIZE
 */
export async function createExport(
  house: House,
  asker: Asker,
  request: ExportRequest,
): Promise<ExportAnswer> {
  const { tenant } = house;
  return recordAccess(tenant, asker, 'export', async (access) => {
    const exportId = exportIdOf(tenant, asker, request);
    const known = findExport(tenant, exportId);
    if (known !== undefined) return repeatExport(house, asker, { access, request, known });
    const content = await exportContent(house, asker, { exportId, request });
    try {
      const receipt = await access.allow(content.outcome, (outcome) => ({
        kind: 'record-export',
        outcome,
        release: content.release,
        exported: {
          exportId,
          accessId: access.accessId,
          tokenId: asker.tokenId,
          policy: content.policy.policy.name,
          policyVersion: content.policy.version,
          position: content.position,
          rows: content.rows,
          requestMac: requestMac(tenant, request),
          requestSealed: sealRequest(tenant, exportId, request),
          manifestSha256: content.bundle.manifestSha256,
        },
      }));
      return toAnswer(tenant, content, receipt.offset, receipt);
    } catch (error) {
      // The same request, sent twice at once: the other one was recorded first.
      const twin = findExport(tenant, exportId);
      if (!isExportExists(error) || twin === undefined) throw error;
      return repeatExport(house, asker, { access, request, known: twin });
    }
  });
}

function isExportExists(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'ERR_KERNEL_EXPORT_EXISTS';
}

interface Repetition {
  readonly access: Access;
  readonly request: ExportRequest;
  readonly known: KnownExport;
}

/** The answer to a request that made its export before: the same export, unless it asks for another. */
async function repeatExport(
  house: House,
  asker: Asker,
  { access, request, known }: Repetition,
): Promise<ExportAnswer> {
  const { tenant } = house;
  if (!constantTimeEqual(known.row['request_mac'] as Uint8Array, requestMac(tenant, request))) {
    throw new DisclosureError(
      'conflict',
      'ERR_DISCLOSURE_EXPORT_REUSED',
      'another export was made under this idempotency id',
      { hint: 'make a new random idempotency id for each new export' },
    );
  }
  const content = await contentAgain(house, asker, known);
  const receipt = await access.allow(again(content));
  return toAnswer(tenant, content, known.offset, receipt);
}

/**
 * The bundle of an export, for the token that made it.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_EXPORT_UNKNOWN, ERR_DISCLOSURE_EXPORT_CHANGED
 */
export async function readExport(
  house: House,
  asker: Asker,
  exportId: string,
): Promise<ExportBundle> {
  const { tenant } = house;
  return recordAccess(tenant, asker, 'download', async (access) => {
    const known = ownExport(tenant, asker, exportId);
    const content = await contentAgain(house, asker, known);
    const bytes = sealed(tenant, content, known.offset);
    await access.allow(again(content));
    return {
      fileName: `verity-export-${exportId}.zip`,
      bytes,
      sha256: sha256Of(tenant, bytes),
    };
  });
}

/**
 * A row of an export as an SD-JWT, for the token that made it: what its bundle shows, under salts that are
 * fresh each time.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_EXPORT_UNKNOWN, ERR_DISCLOSURE_EXPORT_CHANGED
 */
export async function readExportedRow(
  house: House,
  asker: Asker,
  { exportId, line, table }: ExportedRow,
): Promise<string> {
  const { tenant } = house;
  return recordAccess(tenant, asker, 'download', async (access) => {
    const known = ownExport(tenant, asker, exportId);
    const content = await contentAgain(house, asker, known);
    const row = rowOf(content.bundle, table, line);
    if (row === null) throw unknown('the export has no such row', 'count lines from 1');
    const statement = {
      exportId,
      issuedAt: Number(tenant.clock.now() / 1_000_000_000n),
      line,
      manifestSha256: bytesToHex(content.bundle.manifestSha256),
      origin: tenant.origin,
      row,
      table,
    };
    const text = tenant.signed((signer) =>
      issueRow(tenant.crypto, statement, { salt: () => tenant.random.bytes(SALT_SIZE), signer }),
    );
    await access.allow({ ...again(content), rows: 1 });
    return text;
  });
}

/** The exports that the asker's token made, newest first. */
export async function listExports(
  { tenant }: House,
  asker: Asker,
): Promise<readonly ExportSummary[]> {
  return recordAccess(tenant, asker, 'export', async (access) => {
    const snapshot = tenant.snapshot();
    const table = snapshot.reserved('verity_exports');
    const found: ExportSummary[] = [];
    for (const { offset, values } of snapshot.scan(table, { kind: 'scan' })) {
      const row = toNamedRow(table, values);
      if (row['token_id'] !== asker.tokenId) continue;
      found.push({
        exportId: row['export_id'] as string,
        rows: row['rows'] as number,
        policy: row['policy'] as string,
        policyVersion: row['policy_version'] as number,
        position: toOffset(Number(row['position'])),
        offset,
      });
    }
    await access.allow({ rows: found.length });
    return found.toSorted((a, b) => b.offset - a.offset);
  });
}

interface KnownExport {
  readonly exportId: string;
  readonly offset: Offset;
  readonly row: NamedRow;
}

function findExport(tenant: Tenant, exportId: string): KnownExport | undefined {
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_exports');
  const stored = snapshot.get(table, [exportId]);
  if (stored === undefined) return undefined;
  return { exportId, offset: stored.offset, row: toNamedRow(table, stored.values) };
}

/** @throws {DisclosureError} ERR_DISCLOSURE_EXPORT_UNKNOWN */
function ownExport(tenant: Tenant, asker: Asker, exportId: string): KnownExport {
  const known = findExport(tenant, exportId);
  if (known !== undefined && known.row['token_id'] === asker.tokenId) return known;
  const hint = 'use the token that made the export, and the id that it was given';
  throw unknown('this token has made no such export', hint);
}

function unknown(what: string, hint: string): DisclosureError {
  return new DisclosureError('expectation', 'ERR_DISCLOSURE_EXPORT_UNKNOWN', what, { hint });
}

/** The content of an export that was made before: the same, or it does not leave. */
async function contentAgain(
  house: House,
  asker: Asker,
  known: KnownExport,
): Promise<ExportContent> {
  const { tenant } = house;
  const request = openRequest(tenant, known.exportId, known.row['request_sealed'] as Uint8Array);
  const content = await exportContent(house, asker, {
    exportId: known.exportId,
    request,
    position: toOffset(Number(known.row['position'])),
  });
  const { manifestSha256 } = content.bundle;
  if (!bytesEqual(manifestSha256, known.row['manifest_sha256'] as Uint8Array)) {
    throw new DisclosureError(
      'conflict',
      'ERR_DISCLOSURE_EXPORT_CHANGED',
      'the export cannot be made again as it was',
      { hint: 'its policy has a newer version, or its data was erased: make a new export' },
    );
  }
  return content;
}

/** What was told before costs nothing more. */
function again({ outcome }: ExportContent): ExportContent['outcome'] {
  return { ...outcome, charge: null };
}

/** The bundle under the checkpoint that ends with the export's record: the same bytes each time. */
function sealed(tenant: Tenant, content: ExportContent, offset: Offset): BytePieces {
  return sealBundle(content.bundle, bundleProofs(tenant, content, offset));
}

function sha256Of({ crypto }: Tenant, bytes: BytePieces): string {
  const stream = crypto.sha256Stream();
  for (const piece of bytes.between()) stream.update(piece);
  return bytesToHex(stream.digest());
}

/** @param offset of the export's record */
function toAnswer(
  tenant: Tenant,
  content: ExportContent,
  offset: Offset,
  receipt: ExportAnswer['receipt'],
): ExportAnswer {
  const bytes = sealed(tenant, content, offset);
  return {
    exportId: content.exportId,
    rows: content.rows,
    size: bytes.size,
    sha256: sha256Of(tenant, bytes),
    position: content.position,
    receipt,
  };
}
