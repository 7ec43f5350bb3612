/**
 * Reads data and disclosures of a table side by side, row by row, and checks that each row opens the
 * commitment that its source record must hold.
 */

import { type CanonicalSlice, RowCommitter, SALT_SIZE } from '@veritydb/crypto';
import { HASH_SIZE, hexToBytes, toOffset } from '@veritydb/types';

import { WindowReader } from '../byte-source.ts';
import { CanonicalValueReader } from '../canonical-value.ts';
import { EVENT_CODES, ROW_HEAD_SIZE, type ShownEvent, maskSize } from '../disclosure-row.ts';
import { dataName, disclosuresName } from '../entry-name.ts';
import { BundleError, located } from '../error.ts';
import { type Evidence, sourceOf } from '../evidence.ts';
import { type ManifestTable, shownDigests } from '../manifest.ts';
import type { FailureLog } from '../report.ts';
import { type SourceRows, isSameHash } from './source-rows.ts';

const LINE_FEED = 0x0a;
/** How many bits of a byte are set. */
const BIT_COUNTS: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

export interface TableRows {
  readonly rows: number;
  /** For each column how many values the commitments prove. */
  readonly proved: readonly number[];
  /** Whether each row of disclosures could be read, so that all source rows are known. */
  readonly complete: boolean;
  /** Whether each row of both files could be read, so that the counts are final. */
  readonly readable: boolean;
}

/**
 * Adds the rows of a table to those of the bundle. What is wrong with a row goes to `failures`.
 *
 * @throws {BundleError} ERR_BUNDLE_MISSING, ERR_BUNDLE_COUNT, ERR_BUNDLE_LINE where rows cannot be paired
 */
export function readTableRows(
  evidence: Evidence,
  table: ManifestTable,
  rows: SourceRows,
  failures: FailureLog,
): TableRows {
  const file = dataName(table.name);
  const disclosuresFile = disclosuresName(table.name);
  const data = new WindowReader(sourceOf(evidence, file));
  const disclosures = new WindowReader(sourceOf(evidence, disclosuresFile));
  const reader = new RowReader(evidence, table);
  let complete = true;
  let readable = true;
  let count = 0;
  rows.beginTable(file);
  for (;;) {
    const length = lineLength(data, file, count);
    const size = rowSize(disclosures, disclosuresFile, count);
    if (length < 0 || size === 0) {
      if (length >= 0 || size !== 0 || count !== table.rows) {
        const what = `it does not have the ${table.rows} rows of the manifest`;
        const short = size === 0 && length >= 0 ? disclosuresFile : file;
        throw new BundleError('ERR_BUNDLE_COUNT', what, { file: short });
      }
      return { rows: count, proved: reader.proved, complete, readable };
    }
    count += 1;
    const { at, view } = disclosures;
    let read = disclosuresFile;
    try {
      reader.begin(disclosures, size);
      read = file;
      reader.commit(data.bytes, data.at, data.at + length);
      if (!reader.isCommitted) {
        const what = 'the values shown are not those that the row was committed with';
        const record = lineOf(count);
        failures.add(new BundleError('ERR_BUNDLE_COMMITMENT', what, { file, record }));
      }
    } catch (cause) {
      const error = located(cause, 'ERR_BUNDLE_LINE', { file: read, record: lineOf(count) });
      if (!(error instanceof BundleError)) throw error;
      failures.add(error);
      readable = false;
    }
    if (read === file) {
      rows.add(reader.offset, reader.row, view, at + 16);
    } else {
      complete = false;
      rows.skip();
    }
    data.at += length + 1;
    disclosures.at = at + size;
  }
}

function lineOf(number: number): string {
  return `line ${number}`;
}

/** Bytes of the line that stands next, without its line feed; −1 at the end. */
function lineLength(reader: WindowReader, file: string, before: number): number {
  if (reader.isAtEnd) return -1;
  const length = reader.until(LINE_FEED);
  if (length >= 0) return length;
  const place = { file, record: lineOf(before + 1) };
  throw new BundleError('ERR_BUNDLE_LINE', 'the last line is not ended', place);
}

/** Size of the row that stands next, which is in the window then; 0 at the end. */
function rowSize(reader: WindowReader, file: string, before: number): number {
  if (reader.isAtEnd) return 0;
  const size = reader.has(ROW_HEAD_SIZE) ? reader.view.getUint16(reader.at + 12, true) : 0;
  if (size > ROW_HEAD_SIZE && reader.has(size)) return size;
  const place = { file, record: lineOf(before + 1) };
  throw new BundleError('ERR_BUNDLE_LINE', 'the row is cut short', place);
}

interface Schema {
  readonly committer: RowCommitter;
  readonly digestCount: number;
  /** For each digest the columns that show it, where rows may open it. */
  readonly columnsOf: readonly (readonly number[] | null)[];
}

class RowReader {
  readonly proved: number[];
  offset = 0;
  row = 0;
  /** Whether the row led to the commitment that it states. */
  isCommitted = false;
  readonly #schemas: readonly Schema[];
  readonly #values: CanonicalValueReader;
  readonly #columns: ManifestTable['columns'];
  readonly #found = new Uint8Array(HASH_SIZE);
  readonly #foundView: DataView = new DataView(this.#found.buffer);
  readonly #slice: { -readonly [Key in keyof CanonicalSlice]: CanonicalSlice[Key] };
  #schema: Schema | null = null;
  #event: ShownEvent = 'insert';
  #bytes: Uint8Array = this.#found;
  #view: DataView = this.#foundView;
  #at = 0;
  #fieldsAt = 0;

  constructor({ crypto }: Evidence, table: ManifestTable) {
    const { columns, name, schemas } = table;
    this.proved = columns.map(() => 0);
    this.#columns = columns;
    this.#values = new CanonicalValueReader(columns);
    this.#slice = { bytes: this.#found, start: 0, end: 0 };
    this.#schemas = schemas.map((schema) => {
      const { digest, layout } = schema;
      const places = shownDigests(table, schema);
      return {
        committer: new RowCommitter(crypto, { name, schemaDigest: hexToBytes(digest) }, layout),
        digestCount: layout.length,
        columnsOf: layout.map((item, index) => {
          const shown = places.flatMap((place, at) => (place === index ? [at] : []));
          return item === null || shown.length === 0 ? null : shown;
        }),
      };
    });
  }

  /** Reads where the row stands, and whether what follows fits a schema of the table. */
  begin(reader: WindowReader, size: number): void {
    // Attacker-controlled: every number.
    const { at, bytes, view } = reader;
    const offset = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    if (!Number.isSafeInteger(offset)) throw refused('its offset is too large');
    const event = bytes[at + 15];
    if (event !== EVENT_CODES.insert && event !== EVENT_CODES.update) {
      throw refused('its event is neither insert nor update');
    }
    const schema = this.#schemas[bytes[at + 14] as number];
    if (schema === undefined) throw refused('the manifest has no such schema');
    const { digestCount } = schema;
    const fieldsAt = at + ROW_HEAD_SIZE + maskSize(digestCount);
    if (fieldsAt > at + size) throw refused('its schema has another number of digests');
    let openedCount = 0;
    for (let mask = at + ROW_HEAD_SIZE; mask < fieldsAt; mask += 1) {
      openedCount += BIT_COUNTS[bytes[mask] as number] as number;
    }
    const last = bytes[fieldsAt - 1] as number;
    if ((digestCount & 7) !== 0 && last >> (digestCount & 7) !== 0) {
      throw refused('it opens a digest that its schema does not have');
    }
    const hidden = (digestCount - openedCount) * HASH_SIZE;
    if (fieldsAt - at + openedCount * SALT_SIZE + hidden !== size) {
      throw refused('its schema has another number of digests');
    }
    this.offset = offset;
    this.row = view.getUint32(at + 8, true);
    this.#event = event === EVENT_CODES.insert ? 'insert' : 'update';
    this.#schema = schema;
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
    this.#fieldsAt = fieldsAt;
  }

  /** Reads the line of data, and computes the commitment from both. */
  commit(line: Uint8Array, start: number, end: number): void {
    const { committer, columnsOf, digestCount } = this.#schema as Schema;
    const bytes = this.#bytes;
    const view = this.#view;
    const maskAt = this.#at + ROW_HEAD_SIZE;
    this.#values.read(line, start, end);
    this.#slice.bytes = this.#values.bytes;
    committer.begin(toOffset(this.offset), this.#event);
    let at = this.#fieldsAt;
    let runAt = at;
    for (let index = 0; index < digestCount; index += 1) {
      const mask = (bytes[maskAt + (index >> 3)] as number) >> (index & 7);
      if (mask === 0) {
        // None of those that this byte is left for.
        const next = Math.min((index | 7) + 1, digestCount);
        at += (next - index) * HASH_SIZE;
        index = next - 1;
        continue;
      }
      if ((mask & 1) === 0) {
        at += HASH_SIZE;
        continue;
      }
      if (at > runAt) committer.withheld(view, runAt, at);
      const columns = columnsOf[index] ?? null;
      if (columns === null) throw refused(`digest ${index} is opened, but no column shows it`);
      this.#agree(columns);
      committer.opened(index, view, at, this.#slice);
      for (const column of columns) this.proved[column] = (this.proved[column] as number) + 1;
      at += SALT_SIZE;
      runAt = at;
    }
    if (at > runAt) committer.withheld(view, runAt, at);
    committer.commitInto(this.#found, 0);
    this.isCommitted = isSameHash(this.#foundView, 0, view, this.#at + 16);
  }

  /** Takes the value of columns that show the same digest, and so must be equal. */
  #agree(columns: readonly number[]): void {
    const { bytes, ends, starts } = this.#values;
    const first = columns[0] as number;
    const start = starts[first] as number;
    const end = ends[first] as number;
    this.#slice.start = start;
    this.#slice.end = end;
    for (let each = 1; each < columns.length; each += 1) {
      const column = columns[each] as number;
      const other = starts[column] as number;
      let isSame = (ends[column] as number) - other === end - start;
      for (let at = start; isSame && at < end; at += 1) {
        isSame = bytes[at] === bytes[other + at - start];
      }
      const name = this.#columns[column]?.name;
      if (!isSame) throw refused(`${name} is not what its digest opens to`);
    }
  }
}

function refused(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_LINE', what);
}
