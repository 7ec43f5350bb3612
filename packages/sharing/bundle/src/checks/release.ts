/**
 * Whether a table that is said to be released under a model of k is: its classes are counted again, by
 * the quasi-identifiers that its release file names. The rest of what the file says, suppression and
 * risk, is the operator's word; diversity and closeness need the table that it was made of.
 */

import { type JsonObject, isJsonObject, parseCanonicalJson, utf8Decode } from '@veritydb/types';

import { WindowReader } from '../byte-source.ts';
import { ROW_HEAD_SIZE } from '../disclosure-row.ts';
import { dataName, disclosuresName, releaseName } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import { type Evidence, entryOf, sourceOf } from '../evidence.ts';
import type { ManifestTable } from '../manifest.ts';
import { count, list, object, rule } from '../shape.ts';

const LINE_FEED = 0x0a;
const COLUMNS_COUNT_MAX = 256;

interface ReleaseFile {
  readonly records: number;
  readonly model: { readonly k: number; readonly written: 'quasi-id' | 'public' };
  readonly columns: readonly { readonly name: string }[];
}

const text = rule('text', (value) => typeof value === 'string');

/** @throws {BundleError} ERR_BUNDLE_RELEASE, ERR_BUNDLE_MISSING */
export function checkRelease(evidence: Evidence, table: ManifestTable): void {
  const file = releaseName(table.name);
  if (!evidence.manifest.files.some(({ name }) => name === file)) return;
  const { records, model, columns } = parseRelease(entryOf(evidence, file), file);
  if (records !== table.rows || table.truncated) {
    throw refused(file, 'it is of another number of rows than the table has');
  }
  const shown = new Set(table.columns.map(({ name }) => name));
  const quasi = columns.map(({ name }) => name).filter((name) => shown.has(name));
  const sizes = countClasses(evidence, table, { quasi, byRecord: model.written === 'quasi-id' });
  for (const size of sizes.values()) {
    if (size < model.k)
      throw refused(file, `rows are alike to ${size - 1} others, not ${model.k - 1}`);
  }
}

function parseRelease(bytes: Uint8Array, file: string): ReleaseFile {
  // Attacker-controlled: any bytes.
  let json: ReturnType<typeof parseCanonicalJson>;
  try {
    json = parseCanonicalJson(utf8Decode(bytes));
  } catch (cause) {
    throw refused(file, 'it is not canonical JSON', cause);
  }
  const bad: string[] = [];
  const members = isJsonObject(json) ? json : {};
  const { records = null, model = null, columns = null } = members;
  count(bad, 'records', records);
  const { k = null, written = null } = isJsonObject(model) ? model : {};
  count(bad, 'model.k', k);
  rule('quasi-id or public', (value) => value === 'quasi-id' || value === 'public')(
    bad,
    'model.written',
    written,
  );
  list(COLUMNS_COUNT_MAX, object({ level: count, levels: count, name: text, transform: text }))(
    bad,
    'columns',
    columns,
  );
  if (bad.length > 0) throw refused(file, bad[0] as string);
  return members as unknown as ReleaseFile;
}

interface Counted {
  readonly quasi: readonly string[];
  /** Whether rows are alike within one record only. */
  readonly byRecord: boolean;
}

/** Rows by what is alike in them. Lines that are none are found by the check of rows. */
function countClasses(
  evidence: Evidence,
  table: ManifestTable,
  { byRecord, quasi }: Counted,
): ReadonlyMap<string, number> {
  const data = new WindowReader(sourceOf(evidence, dataName(table.name)));
  const places = new WindowReader(sourceOf(evidence, disclosuresName(table.name)));
  const sizes = new Map<string, number>();
  while (!data.isAtEnd) {
    const length = data.until(LINE_FEED);
    if (length < 0) break;
    const row = rowOf(data.bytes, data.at, data.at + length);
    const name = JSON.stringify([
      ...quasi.map((column) => row[column] ?? null),
      byRecord ? nextOffset(places) : null,
    ]);
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
    data.at += length + 1;
  }
  return sizes;
}

function rowOf(bytes: Uint8Array, start: number, end: number): JsonObject {
  try {
    const json = JSON.parse(utf8Decode(bytes, start, end)) as JsonObject;
    return isJsonObject(json) ? json : {};
  } catch {
    return {};
  }
}

/** Offset of the record of the row that stands next. */
function nextOffset(places: WindowReader): string {
  if (!places.has(ROW_HEAD_SIZE)) return '';
  const offset = places.view.getBigUint64(places.at, true);
  const size = places.view.getUint16(places.at + 12, true);
  if (size < ROW_HEAD_SIZE || !places.has(size)) return '';
  places.at += size;
  return String(offset);
}

function refused(file: string, what: string, cause?: unknown): BundleError {
  return new BundleError('ERR_BUNDLE_RELEASE', `the release is not as it says: ${what}`, {
    file,
    cause,
  });
}
