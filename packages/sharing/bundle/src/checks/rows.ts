/**
 * Whether each row is one that its source record committed to, field by field.
 *
 * Together with `inclusion` this proves rows: field digests → row commitment → commitments root in the
 * record's header → leaf → checkpoint.
 */

import { rootFromPackedBatch } from '@veritydb/merkle';
import { HASH_SIZE, bytesEqual } from '@veritydb/types';

import { RECORDS, dataName } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import { type ManifestTable, shownDigests } from '../manifest.ts';
import type { ColumnReport, FailureLog, TableReport } from '../report.ts';
import { type TableRows, readTableRows } from './row-lines.ts';
import { COMMITMENTS_ROOT_AT, type SourceLeaf } from './source-leaves.ts';
import { SourceRows } from './source-rows.ts';

export interface ReadRows {
  readonly tables: readonly TableReport[];
  readonly rows: SourceRows;
  /** Whether all rows of the bundle are known. */
  readonly complete: boolean;
}

/** What the tables hold. Failures go to `failures`; columns count as proved only without any. */
export function readRows(evidence: Evidence, failures: FailureLog): ReadRows {
  const rows = new SourceRows();
  const tables: TableReport[] = [];
  let complete = true;
  for (const table of evidence.manifest.tables) {
    try {
      const found = readTableRows(evidence, table, rows, failures);
      complete &&= found.complete;
      tables.push(reportTable(table, found, failures));
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      failures.add(error);
      complete = false;
    }
  }
  rows.sort();
  return { tables, rows, complete };
}

/** Holds the rows against their records, which come one by one in the order of their offsets. */
export class RecordMatch {
  readonly #evidence: Evidence;
  readonly #read: ReadRows;
  readonly #failures: FailureLog;
  /** Place of the first row that no record was shown for yet. */
  #next = 0;

  constructor(evidence: Evidence, read: ReadRows, failures: FailureLog) {
    this.#evidence = evidence;
    this.#read = read;
    this.#failures = failures;
  }

  visit(source: SourceLeaf): void {
    const { complete, rows } = this.#read;
    this.#missBefore(source.offset);
    const first = this.#next;
    while (this.#next < rows.count && rows.offset(this.#next) === source.offset) this.#next += 1;
    try {
      if (this.#next > first) this.#check(source, first, this.#next);
      else if (complete) throw refused(source, 'ERR_BUNDLE_RECORD', 'no row is of this record');
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      this.#failures.add(error);
    }
  }

  /** After the last record. */
  end(): void {
    this.#missBefore(Number.POSITIVE_INFINITY);
  }

  /** Names the records that rows are of and that are not there. */
  #missBefore(offset: number): void {
    const { rows } = this.#read;
    while (this.#next < rows.count && rows.offset(this.#next) < offset) {
      const first = this.#next;
      const missing = rows.offset(first);
      while (this.#next < rows.count && rows.offset(this.#next) === missing) this.#next += 1;
      const place = { file: RECORDS, record: `offset ${missing}` };
      const what = `the record of ${describeRows(rows, first, this.#next)} is missing`;
      this.#failures.add(new BundleError('ERR_BUNDLE_RECORD', what, place));
    }
  }

  /** Whether the rows from one place up to another are those that a record committed to. */
  #check(source: SourceLeaf, first: number, end: number): void {
    const { crypto, manifest } = this.#evidence;
    const { rows } = this.#read;
    if (source.tenant !== manifest.tenant || !source.isData) {
      throw refused(source, 'ERR_BUNDLE_RECORD', 'the record is not data of this tenant');
    }
    if (source.offset > manifest.position) {
      throw refused(source, 'ERR_BUNDLE_RECORD', 'the record is later than the answer');
    }
    // The common case, a record of one row: its commitment is the root.
    if (end === first + 1 && source.rowCount === 1 && rows.row(first) === 0) {
      const { at, view, end: recordEnd, proofAt } = source.stored;
      const isRoot = rows.isCommitment(first, view, at + COMMITMENTS_ROOT_AT);
      if (isRoot && proofAt === recordEnd) return;
    }
    const indices: number[] = [];
    const hashes = new Uint8Array((end - first) * HASH_SIZE);
    for (let place = first; place < end; place += 1) {
      const row = rows.row(place);
      if (row === indices.at(-1)) {
        const what = `one row is there twice: ${describeRows(rows, first, end)}`;
        throw refused(source, 'ERR_BUNDLE_DUPLICATE', what);
      }
      indices.push(row);
      hashes.set(rows.commitment(place), (place - first) * HASH_SIZE);
    }
    if ((indices.at(-1) as number) >= source.rowCount) {
      const what = `the record has fewer rows than ${describeRows(rows, first, end)}`;
      throw refused(source, 'ERR_BUNDLE_COMMITMENT', what);
    }
    const at = { file: RECORDS, record: `offset ${source.offset}` };
    const root = locate('ERR_BUNDLE_COMMITMENT', at, () =>
      rootFromPackedBatch(crypto, {
        size: source.rowCount,
        indices,
        hashes,
        proof: source.stored.bytes.subarray(source.stored.proofAt, source.stored.end),
      }),
    );
    const rootAt = source.stored.at + COMMITMENTS_ROOT_AT;
    if (!bytesEqual(root, source.stored.bytes.subarray(rootAt, rootAt + HASH_SIZE))) {
      const what = `the record did not commit to what is shown in ${describeRows(rows, first, end)}`;
      throw refused(source, 'ERR_BUNDLE_COMMITMENT', what);
    }
  }
}

function refused(
  source: SourceLeaf,
  code: 'ERR_BUNDLE_RECORD' | 'ERR_BUNDLE_DUPLICATE' | 'ERR_BUNDLE_COMMITMENT',
  what: string,
): BundleError {
  return new BundleError(code, what, { file: RECORDS, record: `offset ${source.offset}` });
}

const LINES_COUNT_MAX = 5;

function describeRows(rows: SourceRows, first: number, end: number): string {
  const shown: string[] = [];
  for (let place = first; place < end && shown.length < LINES_COUNT_MAX; place += 1) {
    const { file, line } = rows.place(place);
    shown.push(`${file} line ${line}`);
  }
  const more = end - first - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
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
    return { name, proof, transform, source: sourceOf(table, index), proved, attested };
  });
  return { name: table.name, rows: rows.rows, truncated: table.truncated, columns };
}

function sourceOf(table: ManifestTable, column: number): ColumnReport['source'] {
  for (const schema of table.schemas) {
    const place = shownDigests(table, schema)[column] ?? null;
    const shown = place === null ? null : (schema.layout[place] ?? null);
    if (shown !== null) return { column: shown.column, level: shown.level };
  }
  return null;
}
