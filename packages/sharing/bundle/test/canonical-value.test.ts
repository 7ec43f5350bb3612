/** The reader of data lines against a slow one that goes by JSON, on good lines and on lines near to them. */

import {
  COLUMN_TYPES,
  CanonicalWriter,
  type ColumnType,
  type JsonValue,
  type Value,
  canonicalJson,
  isJsonObject,
  utf8Decode,
  utf8Encode,
  valueFromJson,
  writeValue,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CanonicalValueReader } from '../src/canonical-value.ts';
import { type DataColumn, DataLineWriter } from '../src/data-line.ts';
import { BundleError } from '../src/error.ts';
import { VALUES } from './values.ts';

/** Canonical bytes of each value, or null where the line is refused. */
type Reading = readonly Uint8Array[] | null;

function canonical(type: ColumnType, value: Value): Uint8Array {
  const writer = new CanonicalWriter();
  writeValue(writer, type, value);
  return writer.finish();
}

/** JSON, values, and back: what the reader must agree with. */
function readSlowly(columns: readonly DataColumn[], line: Uint8Array): Reading {
  try {
    const text = utf8Decode(line);
    const object = JSON.parse(text) as JsonValue;
    if (!isJsonObject(object)) return null;
    const values = columns.map(({ name, type }) => {
      if (!Object.hasOwn(object, name)) throw new Error('missing');
      return valueFromJson(type, object[name] as JsonValue);
    });
    const written = new DataLineWriter(columns).format(values);
    if (written !== `${text}\n`) return null;
    return values.map((value, index) => canonical((columns[index] as DataColumn).type, value));
  } catch {
    return null;
  }
}

function readFast(reader: CanonicalValueReader, line: Uint8Array): Reading {
  try {
    const padded = new Uint8Array(line.length + 9).fill(0x7d);
    padded.set(line, 4);
    reader.read(padded, 4, 4 + line.length);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    expect(error.code).toBe('ERR_BUNDLE_LINE');
    return null;
  }
  return Array.from(reader.starts, (start, index) => reader.bytes.slice(start, reader.ends[index]));
}

const COLUMNS: readonly DataColumn[] = COLUMN_TYPES.map((type) => ({ name: `a ${type}`, type }));

describe('a line of data', () => {
  const reader = new CanonicalValueReader(COLUMNS);
  const line = fc
    .tuple(...COLUMN_TYPES.map((type) => fc.option(VALUES[type], { freq: 5 })))
    .map((values) => utf8Encode(new DataLineWriter(COLUMNS).format(values).trimEnd()));

  it('is read as by way of JSON, as it is written and one change away from it', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.nat(4) });
    fc.assert(
      fc.property(line, change, (good, { at: place, byte, kind }) => {
        expect(readFast(reader, good)).toEqual(readSlowly(COLUMNS, good));
        expect(readFast(reader, good)).not.toBeNull();
        const at = place % good.length;
        const flip = good.with(at, (good[at] as number) ^ (1 << (byte & 7)));
        const near = [
          flip,
          good.with(at, byte),
          good.subarray(0, at),
          Uint8Array.from([...good.subarray(0, at), byte, ...good.subarray(at)]),
          Uint8Array.from([...good.subarray(0, at), ...good.subarray(at + 1)]),
        ][kind] as Uint8Array;
        expect(readFast(reader, near)).toEqual(readSlowly(COLUMNS, near));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['integer', ['0', '-1', '2147483647', '-2147483648', '24', '256', '65536']],
    ['boolean', ['true', 'false']],
    ['date', ['"0001-01-01"', '"1970-01-01"', '"2024-02-29"', '"9999-12-31"']],
    ['uuid', ['"00000000-0000-0000-0000-0000000000ff"']],
    ['text', ['""', '"a"', '"\u{7f}"', '"\\n"', '"\u{1f600}"', '"\\u0000"']],
    ['bigint', ['9007199254740991', '"9007199254740992"', '"-9223372036854775808"']],
    ['decimal', ['"0.00"', '"-12.30"']],
    ['timestamp', ['"2024-01-27T16:17:47Z"', '"2024-01-27T16:17:47.000001Z"']],
    ['json', ['"{\\"a\\":[1]}"']],
    ['bytes', ['""', '"AQI="']],
  ] as const)('takes these spellings of %s', (type, spellings) => {
    const columns = [{ name: 'c', type }];
    for (const spelling of [...spellings, 'null']) {
      const bytes = utf8Encode(`{"c":${spelling}}`);
      const found = readFast(new CanonicalValueReader(columns), bytes);
      expect(found, spelling).not.toBeNull();
      expect(found, spelling).toEqual(readSlowly(columns, bytes));
    }
  });

  it.each([
    [
      'integer',
      ['-0', '00', '01', '1.0', '1e3', '2147483648', '-2147483649', '"1"', '+1', '', '-'],
    ],
    ['boolean', ['True', '"true"', '1', 'tru']],
    ['date', ['"2023-02-29"', '"2024-04-31"', '"0000-01-01"', '"2024-13-01"', '"2024-1-01"']],
    ['uuid', ['"00000000-0000-0000-0000-0000000000FF"', '"00000000000000000000000000000000000f"']],
    ['text', ['"\\u0041"', '"\\/"', '"\\ud800"', '"a', '"\t"', 'x']],
    ['bigint', ['9007199254740992', '"9007199254740991"', '"9223372036854775808"']],
    ['decimal', ['"1."', '1.5', '"01"', '"-0"']],
    ['json', ['"{\\"a\\": 1}"', '{"a":1}']],
    ['bytes', ['"AQI"', '"AQJ="']],
  ] as const)('refuses these spellings of %s', (type, spellings) => {
    const columns = [{ name: 'c', type }];
    for (const spelling of [...spellings, 'nul', 'null ', 'undefined', '[]']) {
      const bytes = utf8Encode(`{"c":${spelling}}`);
      expect(readFast(new CanonicalValueReader(columns), bytes), spelling).toBeNull();
      expect(readSlowly(columns, bytes), spelling).toBeNull();
    }
  });

  it('is read whatever the names of columns', () => {
    const columns: readonly DataColumn[] = [
      { name: '__proto__', type: 'text' },
      { name: 'a"b', type: 'bigint' },
      { name: 'Ω', type: 'bytes' },
      { name: 'n', type: 'json' },
    ];
    const values = ['x\u{1f600}', 1n << 60n, new Uint8Array([1, 2]), '{"a":[1]}'];
    const written = new DataLineWriter(columns).format(values);
    expect(written).toBe(
      '{"__proto__":"x\u{1f600}","a\\"b":"1152921504606846976","n":"{\\"a\\":[1]}","Ω":"AQI="}\n',
    );
    expect(readFast(new CanonicalValueReader(columns), utf8Encode(written.trimEnd()))).toEqual(
      values.map((value, index) => canonical((columns[index] as DataColumn).type, value)),
    );
  });

  it('may hold long values, which make room', () => {
    const columns: readonly DataColumn[] = [
      { name: 'b', type: 'text' },
      { name: 'j', type: 'json' },
    ];
    const values = ['é'.repeat(20_000), canonicalJson({ a: '\u{1}'.repeat(9000) })];
    const bytes = utf8Encode(new DataLineWriter(columns).format(values).trimEnd());
    expect(readFast(new CanonicalValueReader(columns), bytes)).toEqual(readSlowly(columns, bytes));
  });
});
