/** Values of every column type, at random, with the ends of each range among them. */

import { COLUMN_TYPES, type ColumnType, DATE_MAX, DATE_MIN, type Value } from '@veritydb/types';
import * as fc from 'fast-check';

const DAY = 86_400_000_000n;
const TEXT = fc
  .string({ unit: 'binary', maxLength: 80 })
  .filter((text) => !/\p{Surrogate}/u.test(text));

export const VALUES: Readonly<Record<ColumnType, fc.Arbitrary<Value>>> = {
  integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  bigint: fc.oneof(
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc.constantFrom(-(1n << 63n), (1n << 63n) - 1n, 1n << 53n, -(1n << 53n), 2n ** 53n - 1n),
  ),
  decimal: fc.record({
    unscaled: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    scale: fc.nat(38),
  }),
  text: TEXT,
  boolean: fc.boolean(),
  date: fc.integer({ min: DATE_MIN, max: DATE_MAX }),
  timestamp: fc.bigInt({ min: BigInt(DATE_MIN) * DAY, max: BigInt(DATE_MAX + 1) * DAY - 1n }),
  uuid: fc.uuid(),
  bytes: fc.uint8Array({ maxLength: 300 }),
  json: fc.constantFrom(
    'null',
    '{}',
    '[]',
    '{"a":[1,2.5,"x"],"b":{"c":null}}',
    '"\u20ac"',
    '1e+30',
  ),
};

/** A type and a value of it, NULL at times. */
export const TYPED_VALUE: fc.Arbitrary<readonly [ColumnType, Value]> = fc
  .constantFrom(...COLUMN_TYPES)
  .chain((type) =>
    fc.tuple(
      fc.constant(type),
      fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 9, arbitrary: VALUES[type] }),
    ),
  );
