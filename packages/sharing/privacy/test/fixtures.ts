import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type ColumnDefinition,
  type ColumnType,
  type LadderName,
  type Value,
  parseDate,
  parseTimestamp,
  toTenantId,
} from '@veritydb/types';
import * as fc from 'fast-check';

import {
  type MissingSurrogate,
  type TransformContext,
  type TransformedValue,
  type VisibleRule,
  compileTransform,
} from '../src/index.ts';

export function column(
  type: ColumnType,
  ladder: LadderName | null = null,
  name = 'c',
): ColumnDefinition {
  return { name, type, notNull: false, dataClass: null, ladder };
}

export const tokenKey: Uint8Array = new Uint8Array(32).fill(7);

export function context(changes: Partial<TransformContext> = {}): TransformContext {
  return {
    crypto: nativeCrypto,
    tenant: toTenantId(1),
    table: 't',
    domain: 'recipient=lab',
    asOfDate: parseDate('2026-11-22'),
    tokenKey,
    subject: null,
    seed: () => new Uint8Array(32).fill(9),
    lookupSurrogate: () => undefined,
    ...changes,
  };
}

/** Applies one rule to one value; the codes that are missing are returned beside it. */
export function transform(
  rule: VisibleRule,
  of: ColumnDefinition,
  value: Value,
  changes: Partial<TransformContext> & { readonly of?: Value } = {},
): TransformedValue & { readonly missing: readonly MissingSurrogate[] } {
  const missing: MissingSurrogate[] = [];
  const result = compileTransform(rule, of, context(changes)).apply(value, {
    missing,
    subject: changes.of,
  });
  return { ...result, missing };
}

/** Some values of each type, present ones only. */
export const valuesOf: Readonly<Record<ColumnType, fc.Arbitrary<NonNullable<Value>>>> = {
  integer: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => value | 0),
  bigint: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  decimal: fc.record({
    unscaled: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    scale: fc.integer({ min: 0, max: 6 }),
  }),
  text: fc.string({ unit: 'binary' }),
  boolean: fc.boolean(),
  date: fc.integer({ min: parseDate('1850-01-01'), max: parseDate('2026-11-22') }),
  timestamp: fc.bigInt({
    min: parseTimestamp('1850-01-01T00:00:00Z'),
    max: parseTimestamp('2026-11-22T00:00:00Z'),
  }),
  uuid: fc.uuid(),
  bytes: fc.uint8Array(),
  json: fc.constantFrom('{"a":1}', '[]', 'null', '"text"'),
};
