/** Reads a manifest strictly, and names every member that is wrong. */

import { type JsonValue, parseCanonicalJson, utf8Decode } from '@veritydb/types';

import { CONSENT, MANIFEST, compareNames, listedNames } from './entry-name.ts';
import { BundleError } from './error.ts';
import {
  BUNDLE_FORMAT,
  DIGESTS_COUNT_MAX,
  type Manifest,
  type ManifestDigest,
  type ManifestSchema,
  type ManifestTable,
  shownDigests,
} from './manifest.ts';
import { columnType, count, digest, list, nullable, object, rule } from './shape.ts';

const TABLE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const TEXT_LENGTH_MAX = 1000;
/** C0, DEL and C1: nothing that a terminal or a log would obey. */
// oxlint-disable-next-line no-control-regex -- refusing control characters is the point
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const TABLES_COUNT_MAX = 12;
const COLUMNS_COUNT_MAX = 256;

/**
 * The manifest of its bytes: canonical JSON, exactly the members of {@link Manifest}, free of
 * contradictions.
 *
 * @throws {BundleError} ERR_BUNDLE_MANIFEST
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  // Attacker-controlled: any bytes.
  let json: JsonValue;
  try {
    json = parseCanonicalJson(utf8Decode(bytes));
  } catch (cause) {
    throw refused(['it is not canonical JSON (RFC 8785) in UTF-8'], cause);
  }
  const bad: string[] = [];
  checkDocument(bad, '', json);
  if (bad.length > 0) throw refused(bad);
  const manifest = json as unknown as Manifest;
  for (const [index, table] of manifest.tables.entries()) {
    checkColumns(bad, `tables[${index}]`, table);
  }
  checkFiles(bad, manifest);
  if (bad.length > 0) throw refused(bad);
  return manifest;
}

const BAD_COUNT_MAX = 20;

function refused(bad: readonly string[], cause?: unknown): BundleError {
  const named = bad.slice(0, BAD_COUNT_MAX).join('; ');
  const more = bad.length > BAD_COUNT_MAX ? `; and ${bad.length - BAD_COUNT_MAX} more` : '';
  return new BundleError('ERR_BUNDLE_MANIFEST', `manifest.json is refused: ${named}${more}`, {
    kind: 'format',
    file: MANIFEST,
    cause,
  });
}

const plainText = rule(
  `text of 1 to ${TEXT_LENGTH_MAX} characters without control characters`,
  (value) =>
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= TEXT_LENGTH_MAX &&
    !CONTROL.test(value),
);
const positive = rule(
  'a whole number from 1',
  (value) => Number.isSafeInteger(value) && Number(value) >= 1,
);
const flag = rule('true or false', (value) => typeof value === 'boolean');
const tableName = rule(
  'a table name',
  (value) => typeof value === 'string' && TABLE_NAME.test(value),
);

const checkSchema = object(
  {
    digest,
    layout: list(
      DIGESTS_COUNT_MAX,
      nullable(object({ column: plainText, level: count, type: columnType })),
    ),
  },
  { digests: list(COLUMNS_COUNT_MAX, nullable(count)) },
);

const checkTable = object({
  name: tableName,
  rows: count,
  truncated: flag,
  csv: flag,
  completeness: rule('null', (value) => value === null),
  columns: list(
    COLUMNS_COUNT_MAX,
    object({
      name: plainText,
      type: columnType,
      transform: plainText,
      proof: rule('public or auditor', (value) => value === 'public' || value === 'auditor'),
      attested: count,
      digest: nullable(count),
    }),
  ),
  schemas: list(COLUMNS_COUNT_MAX, checkSchema),
});

const checkDocument = object({
  format: rule(BUNDLE_FORMAT, (value) => value === BUNDLE_FORMAT),
  origin: plainText,
  tenant: positive,
  exportId: plainText,
  recipient: plainText,
  purpose: plainText,
  legalBasis: nullable(plainText),
  tokenId: plainText,
  statement: digest,
  policy: object({ name: plainText, version: count, sha256: digest }),
  position: count,
  heldTreeSize: nullable(positive),
  files: list(6 * TABLES_COUNT_MAX + 3, object({ name: plainText, sha256: digest, size: count })),
  tables: list(TABLES_COUNT_MAX, checkTable),
  notProved: list(100, plainText),
  consent: nullable(object({ permits: count, root: digest })),
});

/** What a table's columns and schemas say of each other. */
function checkColumns(bad: string[], path: string, table: ManifestTable): void {
  if (table.columns.length === 0) bad.push(`${path}.columns is empty`);
  const names = new Set(table.columns.map(({ name }) => name));
  if (names.size !== table.columns.length) bad.push(`${path}.columns names a column twice`);
  for (const [index, column] of table.columns.entries()) {
    const at = `${path}.columns[${index}]`;
    const isPublic = column.proof === 'public';
    if (isPublic !== (column.digest !== null)) bad.push(`${at}.digest does not fit its proof`);
    if (column.attested > table.rows) bad.push(`${at}.attested is more than there are rows`);
    if (!isPublic && column.attested !== table.rows)
      bad.push(`${at}.attested is less than all rows`);
  }
  const digests = new Set(table.schemas.map((schema) => schema.digest));
  if (digests.size !== table.schemas.length) bad.push(`${path}.schemas names a schema twice`);
  if ((table.schemas.length === 0) !== (table.rows === 0)) {
    bad.push(`${path}.schemas does not fit the number of rows`);
  }
  for (const [index, schema] of table.schemas.entries()) {
    checkSchemaShown(bad, `${path}.schemas[${index}]`, table, schema);
  }
  checkSources(bad, path, table);
}

/** What the columns show of the rows of one schema. */
function checkSchemaShown(
  bad: string[],
  at: string,
  table: ManifestTable,
  schema: ManifestSchema,
): void {
  const { digests, layout } = schema;
  const { columns } = table;
  if (layout.length === 0) bad.push(`${at}.layout is empty`);
  const shown = shownDigests(table, schema);
  if (layout.some((item, place) => item !== null && !shown.includes(place))) {
    bad.push(`${at}.layout discloses a digest that no column shows`);
  }
  if (digests === undefined) return;
  const isFitting = digests.every(
    (place, index) =>
      place === null || (place < layout.length && (columns[index]?.digest ?? null) !== null),
  );
  if (digests.length !== columns.length || !isFitting) bad.push(`${at}.digests do not fit`);
  if (digests.every((place, index) => place === columns[index]?.digest)) {
    bad.push(`${at}.digests say nothing`);
  }
}

/**
 * A column shows the same level of the same column in every schema, or nothing; and columns that show the
 * same find it at the same digest.
 */
function checkSources(bad: string[], path: string, table: ManifestTable): void {
  const sourceOf = table.columns.map((): ManifestDigest | null => null);
  const places = new Map<string, readonly (number | null)[]>();
  const shownBy = table.schemas.map((schema) => shownDigests(table, schema));
  for (const [index, column] of table.columns.entries()) {
    const own = shownBy.map((shown) => shown[index] ?? null);
    for (const [schema, { layout }] of table.schemas.entries()) {
      const place = own[schema] ?? null;
      const item = place === null ? null : (layout[place] ?? null);
      if (item === null) continue;
      const known = sourceOf[index] ?? item;
      sourceOf[index] = known;
      if (known.column !== item.column || known.level !== item.level || known.type !== item.type) {
        bad.push(`${path}.schemas disagree on columns[${index}]`);
      }
      if (column.type !== item.type) {
        bad.push(`${path}.columns[${index}].type is not that of its digest`);
      }
    }
    const source = sourceOf[index];
    if (source === null || source === undefined) continue;
    const name = `${source.level} ${source.column}`;
    const first = places.get(name) ?? own;
    places.set(name, first);
    if (first.some((place, schema) => place !== own[schema])) {
      bad.push(`${path}.schemas name a level twice`);
    }
  }
}

/** The list of files and of tables, which follow from each other. */
function checkFiles(bad: string[], { consent, files, tables }: Manifest): void {
  const names = tables.map(({ name }) => name);
  if (
    names.some((name, index) => index > 0 && compareNames(names[index - 1] as string, name) >= 0)
  ) {
    bad.push('tables are not in the order of their names, each once');
  }
  const found = files.map(({ name }) => name);
  if (found.includes(CONSENT) !== (consent !== null)) bad.push('consent does not fit the files');
  const expected = listedNames(tables, found);
  if (expected.length !== found.length || expected.some((name, index) => name !== found[index])) {
    bad.push('files are not README.txt, policy.yaml and those of each table, in order');
  }
  if (tables.length === 0) bad.push('tables is empty');
}
