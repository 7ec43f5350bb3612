/** One table of a bundle: its data, its disclosures, and what the manifest says of both. */

import { type FieldOpening, type RowOpening, digestLayout } from '@veritydb/crypto';
import {
  type Offset,
  type Value,
  assert,
  bytesToHex,
  isValueOf,
  utf8Encode,
  valueToJson,
} from '@veritydb/types';

import { PieceBuilder } from './byte-pieces.ts';
import type { ColumnContent, RowContent, TableContent } from './content.ts';
import { type Scalar, csvHead, csvLine, formatDictionary } from './csv.ts';
import { DataLineWriter } from './data-line.ts';
import { encodeDisclosure } from './disclosure-row.ts';
import {
  csvName,
  dataName,
  dictionaryName,
  disclosuresName,
  parquetName,
  releaseName,
} from './entry-name.ts';
import { contentRefused } from './error.ts';
import type { ManifestDigest, ManifestSchema, ManifestTable } from './manifest.ts';
import { ParquetWriter } from './parquet.ts';
import type { ZipFile } from './zip.ts';

export interface BuiltTable {
  readonly table: ManifestTable;
  /** Its files under `data/` and `disclosures/`. */
  readonly files: readonly ZipFile[];
  readonly sources: readonly { readonly offset: Offset; readonly row: number }[];
}

/** @throws {BundleError} ERR_BUNDLE_CONTENT */
export function buildTable(content: TableContent): BuiltTable {
  const { columns, schema } = content;
  const layout = digestLayout(schema.definition);
  const writer: TableWriter = {
    content,
    shown: columns.map((column) => digestOf(column, layout)),
    attested: columns.map(() => 0),
    schemas: new Map(),
  };
  const lines = new DataLineWriter(columns);
  const data = new PieceBuilder();
  const csv = new PieceBuilder();
  const disclosures = new PieceBuilder();
  const parquet = new PieceBuilder();
  const parquetWriter =
    content.parquet === true ? new ParquetWriter(columns, (piece) => parquet.add(piece)) : null;
  const sources: BuiltTable['sources'][number][] = [];
  csv.addText(csvHead(columns));
  for (const row of content.rows) {
    checkValues(columns, row.values);
    data.addText(lines.format(row.values));
    if (content.csv) csv.addText(csvLine(columns, jsonOf(columns, row.values)));
    parquetWriter?.add(row.values);
    disclosures.add(discloseRow(writer, row));
    sources.push({ offset: row.opening.header.offset, row: row.row });
  }
  const table: ManifestTable = {
    name: schema.definition.name,
    rows: sources.length,
    truncated: content.truncated,
    csv: content.csv,
    completeness: null,
    columns: columns.map(({ name, type, transform }, index) => ({
      name,
      type,
      transform,
      proof: writer.shown[index] === null ? 'auditor' : 'public',
      attested: writer.attested[index] as number,
      digest: writer.shown[index] as number | null,
    })),
    schemas: [...writer.schemas].map(([digest, inUse]) => toManifest(writer, digest, inUse)),
  };
  const files: ZipFile[] = [
    { name: dataName(table.name), pieces: data.finish() },
    { name: disclosuresName(table.name), pieces: disclosures.finish() },
  ];
  const { release = null } = content;
  if (release !== null) files.push({ name: releaseName(table.name), pieces: [release] });
  if (content.csv) {
    files.push(
      { name: csvName(table.name), pieces: csv.finish() },
      { name: dictionaryName(table.name), pieces: [utf8Encode(formatDictionary(table))] },
    );
  }
  if (parquetWriter !== null) {
    parquetWriter.end();
    files.push({ name: parquetName(table.name), pieces: parquet.finish() });
  }
  return { table, files, sources };
}

function jsonOf(columns: readonly ColumnContent[], values: readonly Value[]): readonly Scalar[] {
  return columns.map(({ type }, index) => valueToJson(type, values[index] as Value) as Scalar);
}

/** Index of the digest that a column shows, or null. */
function digestOf(column: ColumnContent, layout: readonly ManifestDigest[]): number | null {
  if (column.source === null) return null;
  const { column: name, level } = column.source;
  const index = layout.findIndex((digest) => digest.column === name && digest.level === level);
  if (layout[index]?.type !== column.type) {
    throw contentRefused(`column ${column.name} shows no level of ${name} of its type`);
  }
  return index;
}

function checkValues(columns: readonly ColumnContent[], values: readonly Value[]): void {
  if (values.length !== columns.length) throw contentRefused('a row has another number of values');
  for (const [index, { name, type }] of columns.entries()) {
    if (!isValueOf(type, values[index] as Value)) throw contentRefused(`${name} holds no ${type}`);
  }
}

interface TableWriter {
  readonly content: TableContent;
  /** For each column the index of its digest. */
  readonly shown: readonly (number | null)[];
  /** For each column how many values are not proved. */
  readonly attested: number[];
  /** By schema digest, in the order of their first rows. */
  readonly schemas: Map<string, SchemaInUse>;
}

interface SchemaInUse {
  readonly index: number;
  /** For each column the index of its digest in rows of this schema. */
  readonly shown: readonly (number | null)[];
  readonly layout: readonly (ManifestDigest | null)[];
}

/**
 * The row's line of disclosures. A field is opened only where the row shows that very value: a salt for
 * anything else would tell what a transform hides to whoever can guess it.
 */
function discloseRow(writer: TableWriter, { opening, row, values }: RowContent): Uint8Array {
  const { header } = opening;
  const name = writer.content.schema.definition.name;
  assert(header.table === name, 'opening is of another table');
  assert(header.event !== 'delete', 'a deleted row is in an answer');
  const schema = schemaInUse(writer, opening);
  const { shown } = schema;
  const open = new Set<number>();
  const hidden = new Set<number>();
  for (const [index, digest] of shown.entries()) {
    const field = digest === null ? undefined : opening.fields[digest];
    if (digest === null || field === undefined) continue;
    const committed = sameValue(field, values[index] as Value);
    (committed ? open : hidden).add(digest);
  }
  for (const [index, digest] of shown.entries()) {
    const proved = digest !== null && open.has(digest) && !hidden.has(digest);
    if (!proved) writer.attested[index] = (writer.attested[index] as number) + 1;
  }
  const fields = opening.fields.map((field, index) =>
    open.has(index) && !hidden.has(index) ? field.salt : (opening.digests[index] as Uint8Array),
  );
  const { event, offset } = header;
  const { commitment } = opening;
  return encodeDisclosure({ commitment, event, offset, row, schema: schema.index, fields });
}

function sameValue(field: FieldOpening, value: Value): boolean {
  return valueToJson(field.type, field.value) === valueToJson(field.type, value);
}

/** The schema of a row: another than the table's own where the table was altered after the row. */
function schemaInUse(writer: TableWriter, opening: RowOpening): SchemaInUse {
  const digest = bytesToHex(opening.header.schemaDigest);
  const known = writer.schemas.get(digest);
  if (known !== undefined) return known;
  const { columns } = writer.content;
  const shown = columns.map((column) => {
    const { source } = column;
    const index = opening.fields.findIndex(
      (field) =>
        field.column === source?.column &&
        field.level === source.level &&
        field.type === column.type,
    );
    return index < 0 ? null : index;
  });
  const layout = opening.fields.map(({ column, level, type }, index): ManifestDigest | null =>
    shown.includes(index) ? { column, level, type } : null,
  );
  const schema: SchemaInUse = { index: writer.schemas.size, shown, layout };
  writer.schemas.set(digest, schema);
  return schema;
}

/** Says where the columns' digests are only where that is not where the columns say. */
function toManifest(
  writer: TableWriter,
  digest: string,
  { layout, shown }: SchemaInUse,
): ManifestSchema {
  const isSaid = writer.shown.every((place, index) => {
    const isThere = place !== null && place < layout.length;
    return (isThere ? place : null) === shown[index];
  });
  return isSaid ? { digest, layout } : { digest, layout, digests: shown };
}
