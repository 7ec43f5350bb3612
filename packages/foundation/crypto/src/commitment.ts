/**
 * Commitments to rows and their fields: what is proved about a row without showing it.
 *
 * - field digest = SHA-256("vdb.fld1" ‖ canonical([salt, column, level, type, value]))
 * - row commitment = SHA-256("vdb.row1" ‖ canonical([table, schema digest, offset, event, count]) ‖
 *   field digests in schema order, each column's ladder levels after it)
 * - schema digest = SHA-256("vdb.sch1" ‖ RFC 8785 text of the definition)
 * - salt = AES-256 under the salt key of one block, big-endian: generation u32 ‖ offset u48 ‖ row u24 ‖
 *   digest index u24
 * - salt key = HKDF-SHA-256(data key of the row's subject or segment, info "veritydb salt v1")
 *
 * Every hash of our own begins with a tag of its own, so that no input of one passes for another's.
 * Salts are derived, never stored: destroying the key makes each commitment under it unguessable for
 * ever, and disclosing one salt says nothing about another.
 */

import {
  CanonicalWriter,
  type ColumnType,
  type Generation,
  type Hash,
  type Offset,
  type Row,
  type TableDefinition,
  type Value,
  assert,
  climbLadder,
  concatBytes,
  formatTableDefinition,
  ladderLevels,
  toHash,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

import type { Crypto } from './crypto.ts';

export const SALT_SIZE = 16;

const FIELD_TAG = utf8Encode('vdb.fld1');
const ROW_TAG = utf8Encode('vdb.row1');
const SCHEMA_TAG = utf8Encode('vdb.sch1');
const SALT_INFO = utf8Encode('veritydb salt v1');

export const ROW_EVENTS = ['insert', 'update', 'delete'] as const;
export type RowEvent = (typeof ROW_EVENTS)[number];

/** Where a row stands and what it belongs to: the part of a row commitment that is never hidden. */
export interface RowHeader {
  readonly table: string;
  readonly schemaDigest: Uint8Array;
  readonly offset: Offset;
  readonly event: RowEvent;
}

/** One level of one field, as it is committed. */
export interface FieldOpening {
  readonly column: string;
  /** 0 for the value itself, 1 and up for the levels of its ladder. */
  readonly level: number;
  /** Type of the value: the column's at level 0, text above. */
  readonly type: ColumnType;
  readonly value: Value;
  /** 16 bytes. */
  readonly salt: Uint8Array;
}

/** A row's commitment with all that opens it. */
export interface RowOpening {
  readonly header: RowHeader;
  /** All fields and levels, in digest order. */
  readonly fields: readonly FieldOpening[];
  readonly digests: readonly Hash[];
  readonly commitment: Hash;
}

export function schemaDigest(crypto: Crypto, definition: TableDefinition): Hash {
  return crypto.sha256(concatBytes(SCHEMA_TAG, utf8Encode(formatTableDefinition(definition))));
}

/** The key from which a data key's salts are derived. */
export function deriveSaltKey(crypto: Crypto, dataKey: Uint8Array): Uint8Array {
  return crypto.hkdfSha256(dataKey, new Uint8Array(0), SALT_INFO, 32);
}

/** Salts of all digests of one row, in digest order: one cipher call. */
export function deriveSalts(
  crypto: Crypto,
  saltKey: Uint8Array,
  at: { readonly generation: Generation; readonly offset: Offset; readonly row: number },
  count: number,
): Uint8Array {
  assert(at.offset < 2 ** 48, 'offset does not fit a salt');
  assert(at.row < 2 ** 24 && count < 2 ** 24, 'row or digest does not fit a salt');
  const blocks = new Uint8Array(count * SALT_SIZE);
  const view = new DataView(blocks.buffer);
  for (let index = 0; index < count; index += 1) {
    const start = index * SALT_SIZE;
    view.setUint32(start, at.generation);
    view.setUint16(start + 4, Math.floor(at.offset / 0x1_0000_0000));
    view.setUint32(start + 6, at.offset % 0x1_0000_0000);
    view.setUint16(start + 10, at.row >>> 8);
    view.setUint8(start + 12, at.row & 0xff);
    view.setUint8(start + 13, index >>> 16);
    view.setUint16(start + 14, index & 0xffff);
  }
  return crypto.aes256Blocks(saltKey, blocks);
}

const writer = new CanonicalWriter(1024);

/** Digest of one field at one level. */
export function fieldDigest(crypto: Crypto, field: FieldOpening): Hash {
  assert(field.salt.length === SALT_SIZE, 'salt is not 16 bytes');
  writer.reset().raw(FIELD_TAG).array(5).bytes(field.salt).text(field.column);
  writer.integer(field.level).text(field.type);
  writeValue(writer, field.type, field.value);
  return crypto.sha256(writer.view());
}

/** Commitment of a row from its header and all its digests, in digest order. */
export function rowCommitment(crypto: Crypto, header: RowHeader, digests: readonly Hash[]): Hash {
  writer.reset().raw(ROW_TAG).array(5).text(header.table).bytes(header.schemaDigest);
  writer.integer(header.offset).text(header.event).integer(digests.length);
  for (const digest of digests) writer.raw(digest);
  return crypto.sha256(writer.view());
}

export interface RowToCommit {
  readonly definition: TableDefinition;
  readonly schemaDigest: Uint8Array;
  readonly offset: Offset;
  readonly event: RowEvent;
  /** Values in schema order. */
  readonly values: Row;
  /** {@link SALT_SIZE} bytes for each digest, in digest order. */
  readonly salts: Uint8Array;
}

/** Of each digest of a table's rows: canonical(column, level, type), as it stands in every preimage. */
const namesOf = new WeakMap<TableDefinition, readonly Uint8Array[]>();

function digestNames(definition: TableDefinition): readonly Uint8Array[] {
  const known = namesOf.get(definition);
  if (known !== undefined) return known;
  const names = digestLayout(definition).map(({ column, level, type }) =>
    new CanonicalWriter(64).text(column).integer(level).text(type).finish(),
  );
  namesOf.set(definition, names);
  return names;
}

/** The commitment of a row: the write path, one pass, nothing kept but the names of its digests. */
export function commitRow(crypto: Crypto, row: RowToCommit): Hash {
  const { columns } = row.definition;
  const names = digestNames(row.definition);
  const count = names.length;
  assert(row.values.length === columns.length, 'row has another number of values than columns');
  assert(row.salts.length === count * SALT_SIZE, 'row has another number of salts than digests');
  const digests = new Uint8Array(count * 32);
  let index = 0;
  for (const [at, column] of columns.entries()) {
    const value = row.values[at] as Value;
    beginField(row.salts, index, names);
    writeValue(writer, column.type, value);
    endField(crypto, digests, index);
    index += 1;
    if (column.ladder === null) continue;
    for (const coarser of climbLadder(column.ladder, value)) {
      beginField(row.salts, index, names);
      writeValue(writer, 'text', coarser);
      endField(crypto, digests, index);
      index += 1;
    }
  }
  assert(index === count, 'row has another number of digests than its schema says');
  writer.reset().raw(ROW_TAG).array(5).text(row.definition.name).bytes(row.schemaDigest);
  writer.integer(row.offset).text(row.event).integer(count).raw(digests);
  return crypto.sha256(writer.view());
}

/** Writes a field's preimage up to its value. */
function beginField(salts: Uint8Array, index: number, names: readonly Uint8Array[]): void {
  writer.reset().raw(FIELD_TAG).array(5);
  writer.bytes(salts.subarray(index * SALT_SIZE, (index + 1) * SALT_SIZE));
  writer.raw(names[index] as Uint8Array);
}

function endField(crypto: Crypto, digests: Uint8Array, index: number): void {
  const preimage = writer.view();
  crypto.sha256Into(preimage, 0, preimage.length, digests, index * 32);
}

/** The commitment of a row together with all that opens it: for exports and proofs. */
export function openRow(crypto: Crypto, row: RowToCommit): RowOpening {
  const fields: FieldOpening[] = [];
  const push = (column: string, level: number, type: ColumnType, value: Value): void => {
    const salt = row.salts.slice(fields.length * SALT_SIZE, (fields.length + 1) * SALT_SIZE);
    fields.push({ column, level, type, value, salt });
  };
  for (const [at, column] of row.definition.columns.entries()) {
    const value = row.values[at] as Value;
    push(column.name, 0, column.type, value);
    if (column.ladder === null) continue;
    for (const [level, coarser] of climbLadder(column.ladder, value).entries()) {
      push(column.name, level + 1, 'text', coarser);
    }
  }
  const header: RowHeader = {
    table: row.definition.name,
    schemaDigest: row.schemaDigest,
    offset: row.offset,
    event: row.event,
  };
  const digests = fields.map((field) => fieldDigest(crypto, field));
  return { header, fields, digests, commitment: rowCommitment(crypto, header, digests) };
}

/** What a reader of a row commitment expects at each digest: column, level and type. */
export function digestLayout(
  definition: TableDefinition,
): readonly { readonly column: string; readonly level: number; readonly type: ColumnType }[] {
  return definition.columns.flatMap((column) => [
    { column: column.name, level: 0, type: column.type },
    ...ladderLevels(column.ladder).map((_, index) => ({
      column: column.name,
      level: index + 1,
      type: 'text' as const,
    })),
  ]);
}

/** 32 zero bytes: the previous hash of a log's first record. */
export const ZERO_HASH: Hash = toHash(new Uint8Array(32));
