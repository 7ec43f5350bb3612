/**
 * data/<table>.parquet: the rows of data/<table>.ndjson once more, for programs that compute with columns
 * (Apache Parquet format 2, parquet.thrift). One form of it, so that the same rows have one sequence of
 * bytes: no compression, no dictionary, no statistics; every column OPTIONAL, PLAIN, in one data page
 * (version 1) a row group.
 *
 * As with CSV, it proves nothing by itself: a verifier writes it again from the proven lines and compares.
 */

import { type ColumnType, type Value, hexToBytes, utf8Encode, valueToJson } from '@veritydb/types';

import { ByteBuilder } from './byte-builder.ts';
import type { DataColumn } from './data-line.ts';
import {
  type ThriftStruct,
  type ThriftValue,
  binary,
  encodeThrift,
  flag,
  i32,
  i64,
  struct,
  writeVarint,
} from './thrift-writer.ts';

/** Rows of a row group; the last one has what is left. */
export const ROW_GROUP_COUNT = 10_000;
const MAGIC = 'PAR1';

/** Physical types, encodings and repetition of parquet.thrift. */
const BOOLEAN = 0;
const INT32 = 1;
const INT64 = 2;
const BYTE_ARRAY = 6;
const FIXED_LEN_BYTE_ARRAY = 7;
const PLAIN = 0;
const RLE = 3;
const OPTIONAL = 1;

interface Mapping {
  readonly physical: number;
  /** Fields of the schema element from `converted_type` (6) on. */
  readonly meaning: ThriftStruct;
}

const TEXT: Mapping = {
  physical: BYTE_ARRAY,
  meaning: [
    [6, i32(0)],
    [10, struct([1, struct()])],
  ],
};
/** Decimals are text: the digits after the point are each value's own, and Parquet's are the column's. */
const MAPPINGS: Readonly<Record<ColumnType, Mapping>> = {
  integer: { physical: INT32, meaning: [] },
  bigint: { physical: INT64, meaning: [] },
  decimal: TEXT,
  text: TEXT,
  boolean: { physical: BOOLEAN, meaning: [] },
  date: {
    physical: INT32,
    meaning: [
      [6, i32(6)],
      [10, struct([6, struct()])],
    ],
  },
  timestamp: {
    physical: INT64,
    meaning: [
      [6, i32(10)],
      [10, struct([8, struct([1, flag], [2, struct([2, struct()])])])],
    ],
  },
  uuid: { physical: FIXED_LEN_BYTE_ARRAY, meaning: [[10, struct([14, struct()])]] },
  bytes: { physical: BYTE_ARRAY, meaning: [] },
  json: {
    physical: BYTE_ARRAY,
    meaning: [
      [6, i32(19)],
      [10, struct([12, struct()])],
    ],
  },
};

/** Takes the rows one by one, and hands on the bytes of the file piece by piece. */
export class ParquetWriter {
  readonly #columns: readonly DataColumn[];
  readonly #emit: (piece: Uint8Array) => void;
  readonly #rowGroups: ThriftValue[] = [];
  #chunks: readonly ColumnChunk[];
  #size = 0;
  #rowCount = 0;
  #groupRowCount = 0;

  constructor(columns: readonly DataColumn[], emit: (piece: Uint8Array) => void) {
    this.#columns = columns;
    this.#emit = emit;
    this.#chunks = columns.map(({ type }) => new ColumnChunk(type));
    this.#put(utf8Encode(MAGIC));
  }

  /** Requires a value of its type for each column. */
  add(values: readonly Value[]): void {
    for (const [index, chunk] of this.#chunks.entries()) chunk.add(values[index] as Value);
    this.#rowCount += 1;
    this.#groupRowCount += 1;
    if (this.#groupRowCount === ROW_GROUP_COUNT) this.#endGroup();
  }

  /** Ends the file: nothing is added any more. */
  end(): void {
    if (this.#groupRowCount > 0) this.#endGroup();
    const metadata = encodeThrift([
      [1, i32(2)],
      [2, { kind: 'list', of: 'struct', items: this.#schema() }],
      [3, i64(this.#rowCount)],
      [4, { kind: 'list', of: 'struct', items: this.#rowGroups }],
      [6, binary('veritydb.dev/bundle/v1')],
    ]);
    this.#put(metadata);
    const tail = new Uint8Array(4);
    new DataView(tail.buffer).setUint32(0, metadata.length, true);
    this.#put(tail);
    this.#put(utf8Encode(MAGIC));
  }

  #schema(): readonly ThriftValue[] {
    const columns = this.#columns.map(({ name, type }) => {
      const { meaning, physical } = MAPPINGS[type];
      const length: ThriftStruct = physical === FIXED_LEN_BYTE_ARRAY ? [[2, i32(16)]] : [];
      return struct(
        [1, i32(physical)],
        ...length,
        [3, i32(OPTIONAL)],
        [4, binary(name)],
        ...meaning,
      );
    });
    return [struct([4, binary('schema')], [5, i32(columns.length)]), ...columns];
  }

  #endGroup(): void {
    const groupStart = this.#size;
    const columns = this.#chunks.map((chunk, index) => {
      const { name, type } = this.#columns[index] as DataColumn;
      const start = this.#size;
      for (const piece of chunk.page(this.#groupRowCount)) this.#put(piece);
      const size = this.#size - start;
      const metadata = struct(
        [1, i32(MAPPINGS[type].physical)],
        [2, { kind: 'list', of: 'i32', items: [i32(PLAIN), i32(RLE)] }],
        [3, { kind: 'list', of: 'binary', items: [binary(name)] }],
        [4, i32(0)],
        [5, i64(this.#groupRowCount)],
        [6, i64(size)],
        [7, i64(size)],
        [9, i64(start)],
      );
      return struct([2, i64(start)], [3, metadata]);
    });
    this.#rowGroups.push(
      struct(
        [1, { kind: 'list', of: 'struct', items: columns }],
        [2, i64(this.#size - groupStart)],
        [3, i64(this.#groupRowCount)],
      ),
    );
    this.#chunks = this.#columns.map(({ type }) => new ColumnChunk(type));
    this.#groupRowCount = 0;
  }

  #put(piece: Uint8Array): void {
    this.#size += piece.length;
    this.#emit(piece);
  }
}

/** The values of one column in one row group. */
class ColumnChunk {
  readonly #type: ColumnType;
  readonly #values = new ByteBuilder();
  readonly #levels = new ByteBuilder();
  readonly #word = new Uint8Array(8);
  readonly #view = new DataView(this.#word.buffer);
  /** The run of present or absent values that is not written yet. */
  #isPresent = true;
  #runCount = 0;
  /** Booleans of the byte that is not full yet, the first in the lowest bit. */
  #bits = 0;
  #bitCount = 0;

  constructor(type: ColumnType) {
    this.#type = type;
  }

  add(value: Value): void {
    const isPresent = value !== null;
    if (isPresent !== this.#isPresent) this.#endRun(isPresent);
    this.#runCount += 1;
    if (isPresent) this.#put(value);
  }

  /** Header and data of the page; nothing is added any more. */
  page(valueCount: number): readonly Uint8Array[] {
    this.#endRun(true);
    if (this.#bitCount > 0) this.#values.addByte(this.#bits);
    const levels = this.#levels.finish();
    const values = this.#values.finish();
    const size = i32(4 + levels.length + values.length);
    const header = encodeThrift([
      [1, i32(0)],
      [2, size],
      [3, size],
      [5, struct([1, i32(valueCount)], [2, i32(PLAIN)], [3, i32(RLE)], [4, i32(RLE)])],
    ]);
    this.#view.setUint32(0, levels.length, true);
    return [header, this.#word.subarray(0, 4), levels, values];
  }

  /** Writes the run as RLE of one bit: its count twice, and its level, 1 where values are present. */
  #endRun(isPresent: boolean): void {
    if (this.#runCount > 0) {
      writeVarint(this.#levels, this.#runCount * 2);
      this.#levels.addByte(this.#isPresent ? 1 : 0);
    }
    this.#isPresent = isPresent;
    this.#runCount = 0;
  }

  #put(value: Exclude<Value, null>): void {
    switch (this.#type) {
      case 'boolean':
        this.#putBit(value as boolean);
        return;
      case 'integer':
      case 'date':
        this.#view.setInt32(0, value as number, true);
        this.#values.add(this.#word.subarray(0, 4));
        return;
      case 'bigint':
      case 'timestamp':
        this.#view.setBigInt64(0, value as bigint, true);
        this.#values.add(this.#word);
        return;
      case 'uuid':
        this.#values.add(hexToBytes((value as string).replaceAll('-', '')));
        return;
      case 'bytes':
        this.#putBytes(value as Uint8Array);
        return;
      case 'decimal':
      case 'json':
      case 'text':
        this.#putBytes(utf8Encode(valueToJson(this.#type, value) as string));
    }
  }

  #putBit(isSet: boolean): void {
    if (isSet) this.#bits |= 1 << this.#bitCount;
    this.#bitCount += 1;
    if (this.#bitCount < 8) return;
    this.#values.addByte(this.#bits);
    this.#bits = 0;
    this.#bitCount = 0;
  }

  #putBytes(bytes: Uint8Array): void {
    this.#view.setUint32(0, bytes.length, true);
    this.#values.add(this.#word.subarray(0, 4));
    this.#values.add(bytes);
  }
}
