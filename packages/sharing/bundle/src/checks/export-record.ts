/** Whether the log holds the record of this very export, and ends with it at the checkpoint. */

import { type RecordHeader, type Value, bytesEqual } from '@veritydb/types';

import { openingName } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import { verifyRecordOpening } from '../record-opening.ts';

const TABLE = 'verity_exports';

/**
 * The header of the export record.
 *
 * @throws {BundleError} ERR_BUNDLE_EXPORT_RECORD and the codes of {@link verifyRecordOpening}
 */
export function checkExportRecord(evidence: Evidence): RecordHeader {
  const { checkpoint, crypto, manifest, manifestBytes } = evidence;
  const { header, values } = verifyRecordOpening(evidence, 'export', TABLE);
  const place = { file: openingName('export'), record: `offset ${header.offset}` };
  const refused = (what: string): BundleError =>
    new BundleError('ERR_BUNDLE_EXPORT_RECORD', what, place);
  const digest = values.get('manifest_sha256');
  const manifestDigest = crypto.sha256(manifestBytes);
  if (!(digest instanceof Uint8Array) || !bytesEqual(digest, manifestDigest)) {
    throw refused('the export record is about another manifest');
  }
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  const expected: Readonly<Record<string, Value>> = {
    export_id: manifest.exportId,
    position: BigInt(manifest.position),
    purpose: manifest.purpose,
    recipient: manifest.recipient,
    rows,
    token_id: manifest.tokenId,
  };
  for (const [column, value] of Object.entries(expected)) {
    if (values.get(column) !== value) throw refused(`the manifest has another ${column}`);
  }
  if (header.offset !== checkpoint.size - 1) {
    throw refused('the checkpoint does not end with the export record');
  }
  if (manifest.position > header.offset) throw refused('the answer is of a later position');
  return header;
}
