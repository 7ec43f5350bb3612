import {
  CanonicalReader,
  CanonicalWriter,
  type ColumnType,
  type TableDefinition,
  type Value,
  encodeRow,
  readRow,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';
import { TYPED_VALUE } from './values.ts';

const rows = fc.array(TYPED_VALUE, { minLength: 1, maxLength: 9 });

function definitionOf(columns: readonly (readonly [ColumnType, Value])[]): TableDefinition {
  return {
    name: 'rows',
    columns: columns.map(([type], index) => ({
      name: `c${index}`,
      type,
      notNull: false,
      dataClass: null,
      ladder: null,
    })),
    primaryKey: ['c0'],
    subject: null,
  };
}

describe('encoded row', () => {
  test('is read back as it was, or the columns that are wanted of it', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(8)), (columns, picks) => {
        const definition = definitionOf(columns);
        const values = columns.map(([, value]) => value);
        const { bytes, starts } = encodeRow(definition, values);
        expect([starts.length, starts.at(-1)]).toEqual([values.length + 1, bytes.length]);
        const reader = new CanonicalReader(bytes);
        const whole = readRow(reader, definition);
        reader.end();
        expect(encodeRow(definition, whole).bytes).toEqual(bytes);

        const wanted = new Set(picks.filter((index) => index < columns.length));
        const some = new CanonicalReader(bytes);
        expect(readRow(some, definition, wanted)).toEqual(
          whole.map((value, index) => (wanted.has(index) ? value : null)),
        );
        some.end();
      }),
      { numRuns: 300 },
    );
  });

  test('is refused cut short, however few columns are wanted', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (columns, cut) => {
        const definition = definitionOf(columns);
        const { bytes } = encodeRow(
          definition,
          columns.map(([, value]) => value),
        );
        const short = new CanonicalReader(bytes, 0, cut % bytes.length);
        const code = codeOf(() => readRow(short, definition, new Set()));
        expect(code).toBe('ERR_TYPES_CANONICAL');
      }),
    );
  });

  test('is refused with another number of columns', () => {
    const { bytes } = encodeRow(definitionOf([['text', 'a']]), ['a']);
    const wider = definitionOf([
      ['text', 'a'],
      ['text', 'b'],
    ]);
    for (const wanted of [undefined, new Set<number>()]) {
      const code = codeOf(() => readRow(new CanonicalReader(bytes), wider, wanted));
      expect(code).toBe('ERR_TYPES_CANONICAL');
    }
  });
});

test('what is passed over is one item, whatever is in it', () => {
  const nested = new CanonicalWriter()
    .array(3)
    .text('€')
    .array(2)
    .array(0)
    .bytes(new Uint8Array(300))
    .integer(-(2n ** 63n))
    .boolean(false)
    .null()
    .finish();
  const reader = new CanonicalReader(nested);
  reader.skip();
  expect(reader.boolean()).toBe(false);
  reader.skip();
  reader.end();
  for (const refused of [[0xf7], [0xa0], [0x82, 1], [0x18, 1], [0x61], [0x5f], []]) {
    const bad = new CanonicalReader(Uint8Array.from(refused));
    expect(codeOf(() => bad.skip())).toBe('ERR_TYPES_CANONICAL');
  }
});
