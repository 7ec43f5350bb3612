/**
 * Writes what Parquet's headers are made of: the compact protocol of Apache Thrift
 * (thrift-compact-protocol.md), as far as they need it.
 */

import { utf8Encode } from '@veritydb/types';

import { ByteBuilder } from './byte-builder.ts';

const TYPES = { true: 1, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** What a field holds. Fields of a struct are given in the order of their ids, those that it has. */
export type ThriftValue =
  | { readonly kind: 'true' }
  | { readonly kind: 'i32' | 'i64'; readonly number: number }
  | { readonly kind: 'binary'; readonly text: string }
  | { readonly kind: 'list'; readonly of: 'i32' | 'binary' | 'struct'; readonly items: ThriftList }
  | { readonly kind: 'struct'; readonly fields: ThriftStruct };
export type ThriftStruct = readonly (readonly [id: number, value: ThriftValue])[];
type ThriftList = readonly ThriftValue[];

export const i32 = (number: number): ThriftValue => ({ kind: 'i32', number });
export const i64 = (number: number): ThriftValue => ({ kind: 'i64', number });
export const binary = (text: string): ThriftValue => ({ kind: 'binary', text });
export const struct = (...fields: ThriftStruct): ThriftValue => ({ kind: 'struct', fields });
export const flag: ThriftValue = { kind: 'true' };

/** Bytes of a struct that stands by itself. */
export function encodeThrift(fields: ThriftStruct): Uint8Array {
  const bytes = new ByteBuilder();
  writeStruct(bytes, fields);
  return bytes.finish();
}

function writeStruct(bytes: ByteBuilder, fields: ThriftStruct): void {
  let last = 0;
  for (const [id, value] of fields) {
    // Short form: the distance from the field before, from 1 to 15.
    bytes.addByte(((id - last) << 4) | TYPES[value.kind]);
    last = id;
    writeValue(bytes, value);
  }
  bytes.addByte(0);
}

function writeValue(bytes: ByteBuilder, value: ThriftValue): void {
  switch (value.kind) {
    case 'true':
      return;
    case 'i32':
    case 'i64':
      // Zigzag: none of ours is negative.
      writeVarint(bytes, value.number * 2);
      return;
    case 'binary': {
      const text = utf8Encode(value.text);
      writeVarint(bytes, text.length);
      bytes.add(text);
      return;
    }
    case 'list': {
      const { items, of } = value;
      if (items.length < 15) bytes.addByte((items.length << 4) | TYPES[of]);
      else {
        bytes.addByte(0xf0 | TYPES[of]);
        writeVarint(bytes, items.length);
      }
      for (const item of items) writeValue(bytes, item);
      return;
    }
    case 'struct':
      writeStruct(bytes, value.fields);
  }
}

/** Unsigned LEB128. */
export function writeVarint(bytes: ByteBuilder, number: number): void {
  let rest = number;
  while (rest >= 0x80) {
    bytes.addByte((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.addByte(rest);
}
