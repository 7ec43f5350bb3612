/**
 * Reads data and disclosures of a table side by side, line by line, and checks that each row opens the
 * commitment that its source record must hold.
 */

import { type RowHeader, SALT_SIZE, fieldDigest, rowCommitment } from '@veritydb/crypto';
import {
  type Hash,
  type Value,
  bytesEqual,
  hexToBytes,
  toHash,
  valueToJson,
} from '@veritydb/types';

import { DataLineCodec } from '../data-line.ts';
import { type Disclosure, FieldBuffer, parseDisclosure } from '../disclosure-line.ts';
import { dataName, disclosuresName } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';
import { LineReader } from '../line-reader.ts';
import type { ManifestSchema, ManifestTable } from '../manifest.ts';
import type { FailureLog } from '../report.ts';

/** A row of the bundle as its source record must hold it. */
export interface SourceRow {
  /** Index in its record. */
  readonly row: number;
  /** As its line of disclosures has it. */
  readonly commitment: Hash;
  readonly file: string;
  readonly line: number;
}

/** Rows of the bundle by the offset of their source record. */
export type SourceRowIndex = Map<number, SourceRow[]>;

export interface TableRows {
  readonly rows: number;
  /** For each column how many values the commitments prove. */
  readonly proved: readonly number[];
  /** Whether each line of disclosures could be read, so that all source rows are known. */
  readonly complete: boolean;
  /** Whether each line of both files could be read, so that the counts are final. */
  readonly readable: boolean;
}

/**
 * Adds the rows of a table to the index. What is wrong with a line goes to `failures`.
 *
 * @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_COUNT, ERR_BUNDLE_LINE where lines cannot be paired
 */
export function readTableRows(
  evidence: Evidence,
  table: ManifestTable,
  index: SourceRowIndex,
  failures: FailureLog,
): TableRows {
  const file = dataName(table.name);
  const disclosuresFile = disclosuresName(table.name);
  const data = new LineReader(entryOf(evidence, file));
  const disclosures = new LineReader(entryOf(evidence, disclosuresFile));
  const reader = new RowReader(evidence, table);
  let complete = true;
  let readable = true;
  for (;;) {
    const line = locate('ERR_BUNDLE_LINE', { file }, () => data.next());
    const opened = locate('ERR_BUNDLE_LINE', { file: disclosuresFile }, () => disclosures.next());
    if (line === null || opened === null) {
      if (line !== opened || data.number !== table.rows) {
        const what = `it does not have the ${table.rows} lines of the manifest`;
        const short = opened === null && line !== null ? disclosuresFile : file;
        throw new BundleError('ERR_BUNDLE_COUNT', what, { file: short });
      }
      return { rows: data.number, proved: reader.proved, complete, readable };
    }
    const record = `line ${data.number}`;
    let disclosure: Disclosure | null = null;
    try {
      disclosure = locate('ERR_BUNDLE_LINE', { file: disclosuresFile, record }, () =>
        reader.disclosure(opened),
      );
      const known = disclosure;
      const commitment = locate('ERR_BUNDLE_LINE', { file, record }, () =>
        reader.commit(known, line),
      );
      if (!bytesEqual(commitment, known.commitment)) {
        const what = 'the values shown are not those that the row was committed with';
        failures.add(new BundleError('ERR_BUNDLE_COMMITMENT', what, { file, record }));
      }
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      failures.add(error);
      readable = false;
    }
    if (disclosure === null) {
      complete = false;
      continue;
    }
    const row: SourceRow = {
      row: disclosure.row,
      commitment: disclosure.commitment,
      file,
      line: data.number,
    };
    const rows = index.get(disclosure.offset);
    if (rows === undefined) index.set(disclosure.offset, [row]);
    else rows.push(row);
  }
}

class RowReader {
  readonly proved: number[];
  readonly #evidence: Evidence;
  readonly #table: ManifestTable;
  readonly #codec: DataLineCodec;
  readonly #buffer = new FieldBuffer();
  readonly #schemaDigests: readonly Uint8Array[];
  /** For each digest that columns show, the indexes of those columns. */
  readonly #columnsOf: ReadonlyMap<number, readonly number[]>;

  constructor(evidence: Evidence, table: ManifestTable) {
    this.#evidence = evidence;
    this.#table = table;
    this.#codec = new DataLineCodec(table.columns);
    this.#schemaDigests = table.schemas.map(({ digest }) => hexToBytes(digest));
    this.proved = table.columns.map(() => 0);
    const columnsOf = new Map<number, number[]>();
    for (const [column, { digest }] of table.columns.entries()) {
      if (digest === null) continue;
      columnsOf.set(digest, [...(columnsOf.get(digest) ?? []), column]);
    }
    this.#columnsOf = columnsOf;
  }

  /** A line of disclosures that fits a schema of the table. */
  disclosure(line: Uint8Array): Disclosure {
    const disclosure = parseDisclosure(line, this.#buffer);
    const schema = this.#table.schemas[disclosure.schema];
    if (schema === undefined) {
      throw new BundleError('ERR_BUNDLE_LINE', 'the manifest has no such schema');
    }
    if (disclosure.fields.length !== schema.layout.length) {
      throw new BundleError('ERR_BUNDLE_LINE', 'the schema has another number of digests');
    }
    return disclosure;
  }

  /** The row's commitment from what is disclosed and what is withheld. */
  commit(disclosure: Disclosure, line: Uint8Array): Hash {
    const values = this.#codec.parse(line);
    const { layout } = this.#table.schemas[disclosure.schema] as ManifestSchema;
    const digests: Hash[] = [];
    for (const [place, field] of disclosure.fields.entries()) {
      const columns = this.#columnsOf.get(place) ?? [];
      if (field.length !== SALT_SIZE) {
        digests.push(toHash(field));
        continue;
      }
      const shown = layout[place] ?? null;
      const column = columns[0];
      if (shown === null || column === undefined) {
        throw new BundleError(
          'ERR_BUNDLE_LINE',
          `digest ${place} is opened, but no column shows it`,
        );
      }
      const value = this.#agreed(columns, values);
      const { column: name, level, type } = shown;
      // Member by member: a spread of parsed JSON costs more here than the hash.
      digests.push(
        fieldDigest(this.#evidence.crypto, { column: name, level, type, value, salt: field }),
      );
      for (const each of columns) this.proved[each] = (this.proved[each] as number) + 1;
    }
    const header: RowHeader = {
      table: this.#table.name,
      schemaDigest: this.#schemaDigests[disclosure.schema] as Uint8Array,
      offset: disclosure.offset,
      event: disclosure.event,
    };
    return rowCommitment(this.#evidence.crypto, header, digests);
  }

  /** The value of columns that show the same digest, and so must be equal. */
  #agreed(columns: readonly number[], values: readonly Value[]): Value {
    const value = values[columns[0] as number] as Value;
    for (let index = 1; index < columns.length; index += 1) {
      const other = columns[index] as number;
      const { name, type } = this.#table.columns[other] as { name: string; type: 'text' };
      if (valueToJson(type, values[other] as Value) !== valueToJson(type, value)) {
        throw new BundleError('ERR_BUNDLE_LINE', `${name} is not what its digest opens to`);
      }
    }
    return value;
  }
}
