/**
 * data/<table>.csv: the rows of data/<table>.ndjson once more, for spreadsheets and statistics (RFC 4180),
 * with its data dictionary beside it (CSV on the Web, W3C Recommendation, 2015).
 *
 * It proves nothing by itself: a verifier writes it again from the proven lines and compares, so it says
 * neither more nor less than they do. Text is always in quotes, and NULL is an empty cell without. A text
 * that a spreadsheet would run as a formula gets an apostrophe before it, and so does one that begins with
 * an apostrophe: the first apostrophe of a text is never part of it.
 */

import { type ColumnType, canonicalJson } from '@veritydb/types';

import type { DataColumn } from './data-line.ts';
import { csvName } from './entry-name.ts';
import type { ManifestTable } from './manifest.ts';

const LINE_END = '\r\n';
/** What OWASP ("CSV Injection") lists, and the apostrophe that is put before it. */
const DANGEROUS = /^[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]/;
/** Their texts begin with digits, a minus of digits, letters of base64 or true and false. */
const BARE: ReadonlySet<ColumnType> = new Set([
  'integer',
  'bigint',
  'decimal',
  'boolean',
  'date',
  'timestamp',
  'uuid',
]);

/** A value as its line of JSON has it. */
export type Scalar = null | boolean | number | string;

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function guarded(text: string): string {
  return DANGEROUS.test(text) ? `'${text}` : text;
}

function cell(type: ColumnType, value: Scalar): string {
  if (value === null) return '';
  return BARE.has(type) ? String(value) : quoted(guarded(String(value)));
}

export function csvHead(columns: readonly DataColumn[]): string {
  return columns.map(({ name }) => quoted(guarded(name))).join(',') + LINE_END;
}

/** The line of a row, from the JSON of its values in the order of the columns. */
export function csvLine(columns: readonly DataColumn[], values: readonly Scalar[]): string {
  const cells = columns.map(({ type }, index) => cell(type, values[index] as Scalar));
  return cells.join(',') + LINE_END;
}

const DATATYPES: Readonly<Record<ColumnType, string>> = {
  integer: 'integer',
  bigint: 'long',
  decimal: 'decimal',
  text: 'string',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'dateTime',
  uuid: 'string',
  bytes: 'base64Binary',
  json: 'json',
};

/** data/<table>.csv-metadata.json: what each column is, in the words of the standard and in plain ones. */
export function formatDictionary(table: ManifestTable): string {
  const columns = table.columns.map(({ attested, name, proof, transform, type }) => ({
    datatype: DATATYPES[type],
    'dc:description':
      `${proof === 'public' ? 'committed in the log' : 'computed by the operator'}; ` +
      `transform: ${transform}; ${table.rows - attested} of ${table.rows} values proved`,
    null: '',
    titles: name,
  }));
  return `${canonicalJson({
    '@context': 'http://www.w3.org/ns/csvw',
    'dc:title': table.name,
    dialect: { header: true, lineTerminators: [LINE_END] },
    tableSchema: { columns },
    url: csvName(table.name).slice('data/'.length),
  })}\n`;
}
