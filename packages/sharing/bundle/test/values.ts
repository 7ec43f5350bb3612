/** Random values of each column type. */

import { type ColumnType, type JsonValue, type Value, canonicalJson } from '@veritydb/types';
import * as fc from 'fast-check';

export const VALUES: Readonly<Record<ColumnType, fc.Arbitrary<Value>>> = {
  integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  bigint: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  decimal: fc.record({
    unscaled: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    scale: fc.nat(6),
  }),
  text: fc.string({ unit: 'grapheme', maxLength: 12 }),
  boolean: fc.boolean(),
  date: fc.integer({ min: -700_000, max: 2_900_000 }),
  timestamp: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 16n }),
  uuid: fc.uuid(),
  bytes: fc.uint8Array({ maxLength: 8 }),
  json: fc
    .jsonValue({ maxDepth: 2 })
    .map((value) => canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue)),
};
