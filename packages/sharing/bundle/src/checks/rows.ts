/**
 * Whether each row is one that its source record committed to, field by field.
 *
 * Together with `inclusion` this proves rows: field digests → row commitment → commitments root in the
 * record's header → leaf → checkpoint.
 */

import { rootFromBatchProof } from '@veritydb/merkle';
import { bytesEqual } from '@veritydb/types';

import { RECORDS, dataName } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import type { ManifestTable } from '../manifest.ts';
import type { ColumnReport, FailureLog, TableReport } from '../report.ts';
import type { SourceLeaf, SourceLeaves } from './inclusion.ts';
import { type SourceRow, type SourceRowIndex, type TableRows, readTableRows } from './row-lines.ts';

/**
 * What the tables hold. Failures go to `failures`; columns count as proved only without any.
 *
 * @throws {BundleError} where the source records cannot be read
 */
export function checkRows(
  evidence: Evidence,
  sources: () => SourceLeaves,
  failures: FailureLog,
): readonly TableReport[] {
  const index: SourceRowIndex = new Map();
  const tables: TableReport[] = [];
  let complete = true;
  for (const table of evidence.manifest.tables) {
    try {
      const rows = readTableRows(evidence, table, index, failures);
      complete &&= rows.complete;
      tables.push(reportTable(table, rows, failures));
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      failures.add(error);
      complete = false;
    }
  }
  for (const source of sources().leaves) {
    const rows = index.get(source.header.offset);
    index.delete(source.header.offset);
    try {
      if (rows !== undefined) checkRecord(evidence, source, rows);
      else if (complete) throw refused(source, 'ERR_BUNDLE_RECORD', 'no row is of this record');
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      failures.add(error);
    }
  }
  for (const [offset, rows] of index) {
    const place = { file: RECORDS, record: `offset ${offset}` };
    const what = `the record of ${describeRows(rows)} is missing`;
    failures.add(new BundleError('ERR_BUNDLE_RECORD', what, place));
  }
  return tables;
}

function refused(
  source: SourceLeaf,
  code: 'ERR_BUNDLE_RECORD' | 'ERR_BUNDLE_DUPLICATE' | 'ERR_BUNDLE_COMMITMENT',
  what: string,
): BundleError {
  return new BundleError(code, what, { file: RECORDS, record: `offset ${source.header.offset}` });
}

/** Whether the rows are those that a record committed to. */
function checkRecord(evidence: Evidence, source: SourceLeaf, unsorted: readonly SourceRow[]): void {
  const { header, rowProof } = source;
  const rows = unsorted.toSorted((a, b) => a.row - b.row);
  const described = describeRows(rows);
  if (header.tenant !== evidence.manifest.tenant || header.kind !== 'data') {
    throw refused(source, 'ERR_BUNDLE_RECORD', 'the record is not data of this tenant');
  }
  if (header.offset > evidence.manifest.position) {
    throw refused(source, 'ERR_BUNDLE_RECORD', 'the record is later than the answer');
  }
  if (rows.some(({ row }, at) => row === rows[at + 1]?.row)) {
    throw refused(source, 'ERR_BUNDLE_DUPLICATE', `one row is there twice: ${described}`);
  }
  if ((rows.at(-1) as SourceRow).row >= header.rowCount) {
    throw refused(source, 'ERR_BUNDLE_COMMITMENT', `the record has fewer rows than ${described}`);
  }
  const leaves = rows.map(({ row, commitment }) => ({ index: row, hash: commitment }));
  const place = { file: RECORDS, record: `offset ${header.offset}` };
  const root = locate('ERR_BUNDLE_COMMITMENT', place, () =>
    rootFromBatchProof(evidence.crypto, { size: header.rowCount, leaves, proof: rowProof }),
  );
  if (!bytesEqual(root, header.commitmentsRoot)) {
    const what = `the record did not commit to what is shown in ${described}`;
    throw refused(source, 'ERR_BUNDLE_COMMITMENT', what);
  }
}

const LINES_COUNT_MAX = 5;

function describeRows(rows: readonly SourceRow[]): string {
  const shown = rows.slice(0, LINES_COUNT_MAX).map(({ file, line }) => `${file} line ${line}`);
  const more = rows.length > shown.length ? ` and ${rows.length - shown.length} more` : '';
  return shown.join(', ') + more;
}

/** The counts of a table, held against what the manifest says of them. */
function reportTable(table: ManifestTable, rows: TableRows, failures: FailureLog): TableReport {
  const columns = table.columns.map((column, index): ColumnReport => {
    const proved = rows.proved[index] as number;
    const attested = rows.rows - proved;
    if (rows.readable && attested !== column.attested) {
      const what = `${column.name} is attested in ${attested} rows, not ${column.attested}`;
      failures.add(new BundleError('ERR_BUNDLE_COUNT', what, { file: dataName(table.name) }));
    }
    const { name, proof, transform } = column;
    return { name, proof, transform, source: sourceOf(table, column.digest), proved, attested };
  });
  return { name: table.name, rows: rows.rows, truncated: table.truncated, columns };
}

function sourceOf(table: ManifestTable, digest: number | null): ColumnReport['source'] {
  if (digest === null) return null;
  for (const { layout } of table.schemas) {
    const shown = layout[digest] ?? null;
    if (shown !== null) return { column: shown.column, level: shown.level };
  }
  return null;
}
