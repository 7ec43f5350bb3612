/** Whether the files that say the rows once more say the same: CSV, and its dictionary. */

import { type JsonObject, isJsonObject, bytesEqual, utf8Decode, utf8Encode } from '@veritydb/types';

import { WindowReader } from '../byte-source.ts';
import { type Scalar, csvHead, csvLine, formatDictionary } from '../csv.ts';
import { csvName, dataName, dictionaryName } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import { type Evidence, entryOf, sourceOf } from '../evidence.ts';
import type { ManifestTable } from '../manifest.ts';

const LINE_FEED = 0x0a;

/** @throws {BundleError} ERR_BUNDLE_COPY, ERR_BUNDLE_MISSING, ERR_BUNDLE_LINE */
export function checkCopies(evidence: Evidence, table: ManifestTable): void {
  if (!table.csv) return;
  const dictionary = dictionaryName(table.name);
  if (!bytesEqual(entryOf(evidence, dictionary), utf8Encode(formatDictionary(table)))) {
    throw new BundleError('ERR_BUNDLE_COPY', 'it is not the dictionary of the manifest', {
      file: dictionary,
    });
  }
  checkCsv(evidence, table);
}

function checkCsv(evidence: Evidence, table: ManifestTable): void {
  const { columns, name } = table;
  const file = csvName(name);
  const copy = new WindowReader(sourceOf(evidence, file));
  takeSame(copy, csvHead(columns), file, 1);
  let line = 1;
  for (const values of dataLines(evidence, table)) {
    line += 1;
    takeSame(copy, csvLine(columns, values), file, line);
  }
  if (!copy.isAtEnd) {
    throw new BundleError('ERR_BUNDLE_COPY', 'it has more rows than the data', { file });
  }
}

/**
 * The values of each line of data, in the order of the columns.
 *
 * @throws {BundleError} ERR_BUNDLE_LINE, ERR_BUNDLE_MISSING
 */
export function* dataLines(
  evidence: Evidence,
  { columns, name }: ManifestTable,
): Generator<readonly Scalar[]> {
  const file = dataName(name);
  const data = new WindowReader(sourceOf(evidence, file));
  for (let line = 1; !data.isAtEnd; line += 1) {
    const length = data.until(LINE_FEED);
    // A line that is not as it must be is found by the check of rows.
    const values = length < 0 ? null : valuesOf(columns, data.bytes, data.at, data.at + length);
    if (values === null) {
      const place = { file, record: `line ${line}` };
      throw new BundleError('ERR_BUNDLE_LINE', 'the line is not one of data', place);
    }
    data.at += length + 1;
    yield values;
  }
}

function valuesOf(
  columns: ManifestTable['columns'],
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly Scalar[] | null {
  // Attacker-controlled: any bytes.
  let object: JsonObject;
  try {
    object = JSON.parse(utf8Decode(bytes, start, end)) as JsonObject;
  } catch {
    return null;
  }
  if (!isJsonObject(object)) return null;
  const values: Scalar[] = [];
  for (const { name } of columns) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (value === undefined || (typeof value === 'object' && value !== null)) return null;
    values.push(value);
  }
  return values;
}

/** Takes exactly this text. */
function takeSame(reader: WindowReader, text: string, file: string, line: number): void {
  const expected = utf8Encode(text);
  const { length } = expected;
  const found = reader.has(length) ? reader.bytes.subarray(reader.at, reader.at + length) : null;
  if (found === null || !bytesEqual(found, expected)) {
    throw new BundleError('ERR_BUNDLE_COPY', 'it does not say what the line of data says', {
      file,
      record: `line ${line}`,
    });
  }
  reader.at += length;
}
