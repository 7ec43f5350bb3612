/**
 * Commitments to rows and their fields: what is proved about a row without showing it.
 *
 * - field digest = SHA-256("vdb.fld1" ‖ canonical([salt, column, level, type, value]))
 * - row commitment = SHA-256("vdb.row1" ‖ canonical([table, schema digest, offset, event, count]) ‖
 *   field digests in schema order, each column's ladder levels after it)
 * - schema digest = SHA-256("vdb.sch1" ‖ RFC 8785 text of the definition)
 * - salt: record-cipher.ts
 *
 * Every hash of our own begins with a tag of its own, so that no input of one passes for another's.
 * Salts are derived, never stored: destroying the key makes each commitment under it unguessable for
 * ever, and disclosing one salt says nothing about another.
 */

import {
  CanonicalWriter,
  type ColumnType,
  type EncodedRow,
  HASH_SIZE,
  type Hash,
  type Offset,
  type Row,
  SizedViews,
  type TableDefinition,
  type Value,
  assert,
  bytesEqual,
  climbLadder,
  concatBytes,
  formatTableDefinition,
  ladderLevels,
  toHash,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

import type { Crypto } from './crypto.ts';
import { SALT_SIZE } from './record-cipher.ts';

export const FIELD_TAG: Uint8Array = utf8Encode('vdb.fld1');
export const ROW_TAG: Uint8Array = utf8Encode('vdb.row1');
const SCHEMA_TAG = utf8Encode('vdb.sch1');

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

const SALT_AT = FIELD_TAG.length + 2;
const VALUE_ROOM = 64;
/** A longer preimage is let go of at once. */
const PREIMAGE_SIZE_KEPT = 1024;

/** Preimage of one digest of a table's rows, of which salt and value are written anew for each row. */
class FieldPreimage {
  /** Tag ‖ head of the array ‖ salt ‖ canonical(column, level, type) ‖ value. */
  #views: SizedViews;
  readonly #valueAt: number;

  constructor(column: string, level: number, type: ColumnType) {
    writer.reset().raw(FIELD_TAG).array(5).bytes(new Uint8Array(SALT_SIZE)).text(column);
    writer.integer(level).text(type);
    this.#valueAt = writer.size;
    this.#views = new SizedViews(writer.size + VALUE_ROOM);
    this.#views.bytes.set(writer.view());
  }

  /** The preimage of a value, `source[start, end)`, under a salt that begins at a place: until the next. */
  write(
    salts: Uint8Array,
    saltAt: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array {
    const size = this.#valueAt + end - start;
    const views = this.#roomFor(size);
    const { bytes } = views;
    for (let index = 0; index < SALT_SIZE; index += 1) {
      bytes[SALT_AT + index] = salts[saltAt + index] as number;
    }
    const shift = this.#valueAt - start;
    for (let at = start; at < end; at += 1) bytes[at + shift] = source[at] as number;
    return views.of(size);
  }

  /** Bytes that begin as the preimage does: its own where there is room, of which little is kept. */
  #roomFor(size: number): SizedViews {
    if (size <= this.#views.bytes.length) return this.#views;
    const grown = new SizedViews(size);
    grown.bytes.set(this.#views.bytes.subarray(0, this.#valueAt));
    if (size <= PREIMAGE_SIZE_KEPT) this.#views = grown;
    return grown;
  }
}

/** What is the same for all rows of a table. */
interface Preimages {
  readonly digests: readonly FieldPreimage[];
  readonly schemaDigest: Uint8Array;
  /** Tag ‖ head of the array ‖ canonical(table, schema digest). */
  readonly row: Uint8Array;
  /** Where the digests of a row are put. */
  readonly found: Uint8Array;
}

const preimagesOf = new WeakMap<TableDefinition, Preimages>();

function preimages(definition: TableDefinition, digestOfSchema: Uint8Array): Preimages {
  const known = preimagesOf.get(definition);
  if (known !== undefined && bytesEqual(known.schemaDigest, digestOfSchema)) return known;
  const digests = digestLayout(definition).map(
    ({ column, level, type }) => new FieldPreimage(column, level, type),
  );
  writer.reset().raw(ROW_TAG).array(5).text(definition.name).bytes(digestOfSchema);
  const made = {
    digests,
    schemaDigest: digestOfSchema,
    row: writer.finish(),
    found: new Uint8Array(digests.length * HASH_SIZE),
  };
  preimagesOf.set(definition, made);
  return made;
}

/** The commitment of a row: the write path, one pass, its values encoded already. */
export function commitRow(crypto: Crypto, row: RowToCommit, encoded: EncodedRow): Hash {
  const { columns } = row.definition;
  const { digests, row: prefix, found } = preimages(row.definition, row.schemaDigest);
  const { salts, values } = row;
  assert(values.length === columns.length, 'row has another number of values than columns');
  assert(encoded.starts.length === columns.length + 1, 'row was encoded as another');
  assert(salts.length === digests.length * SALT_SIZE, 'row has another number of salts');
  let index = 0;
  for (let at = 0; at < columns.length; at += 1) {
    const start = encoded.starts[at] as number;
    const end = encoded.starts[at + 1] as number;
    const digest = digests[index] as FieldPreimage;
    const preimage = digest.write(salts, index * SALT_SIZE, encoded.bytes, start, end);
    crypto.sha256Into(preimage, 0, preimage.length, found, index * HASH_SIZE);
    index += 1;
    const { ladder } = columns[at] as TableDefinition['columns'][number];
    if (ladder === null) continue;
    for (const coarser of climbLadder(ladder, values[at] as Value)) {
      writeValue(writer.reset(), 'text', coarser);
      const level = digests[index] as FieldPreimage;
      const above = level.write(salts, index * SALT_SIZE, writer.view(), 0, writer.size);
      crypto.sha256Into(above, 0, above.length, found, index * HASH_SIZE);
      index += 1;
    }
  }
  assert(index === digests.length, 'row has another number of digests than its schema says');
  writer.reset().raw(prefix).integer(row.offset).text(row.event).integer(index).raw(found);
  return crypto.sha256(writer.view());
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
