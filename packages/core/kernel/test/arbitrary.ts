/** Random tables, rows and events. */

import { ROW_EVENTS } from '@veritydb/crypto';
import {
  COLUMN_TYPES,
  type ColumnType,
  DATE_MAX,
  DATE_MIN,
  type TableSchema,
  type Value,
  canonicalJson,
  type Hash,
  parseDecimal,
  toHash,
  toOffset,
} from '@veritydb/types';
import fc from 'fast-check';

import type { CommandKind, Event, RowChange } from '../src/index.ts';
import { PEOPLE, schemaOf } from './kernel-house.ts';

const PRESENT: Readonly<Record<ColumnType, fc.Arbitrary<Value>>> = {
  integer: fc.integer(),
  bigint: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  decimal: fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(999))
    .map(([whole, fraction]) => parseDecimal(`${whole}.${fraction}`)),
  text: fc.string({ unit: 'binary' }),
  boolean: fc.boolean(),
  date: fc.integer({ min: DATE_MIN, max: DATE_MAX }),
  timestamp: fc.bigInt({ min: -(1n << 55n), max: 1n << 55n }),
  uuid: fc.uuid(),
  bytes: fc.uint8Array(),
  json: fc.array(fc.nat()).map((list) => canonicalJson(list)),
};

export function valueOf(type: ColumnType): fc.Arbitrary<Value> {
  return fc.oneof(fc.constant(null), PRESENT[type]);
}

/** One table with a column of each type, one of a single column. */
export const TABLES: readonly TableSchema[] = [
  schemaOf(1000, {
    name: 'wide',
    columns: [
      ...PEOPLE.columns,
      ...COLUMN_TYPES.map((type) => ({
        name: `a_${type}`,
        type,
        notNull: false,
        dataClass: null,
        ladder: null,
      })),
    ],
    primaryKey: ['id'],
    subject: 'name',
  }),
  schemaOf(1001, { ...PEOPLE, name: 'narrow', columns: PEOPLE.columns.slice(0, 1), subject: null }),
];

const change: fc.Arbitrary<RowChange> = fc.constantFrom(...TABLES).chain((table) =>
  fc
    .record({
      event: fc.constantFrom(...ROW_EVENTS),
      values: fc.tuple(...table.definition.columns.map(({ type }) => valueOf(type))),
      place: fc.record({ offset: fc.nat().map(toOffset), row: fc.nat(9999) }),
    })
    .map(({ event, values, place }) => {
      const previous = table.subjectIndex === null || event === 'insert' ? null : place;
      return { table, event, values, previous };
    }),
);

export const KINDS: readonly CommandKind[] = [
  'create-table',
  'drop-table',
  'write',
  'issue-token',
  'revoke-token',
  'activate-policy',
  'grant-consent',
  'withdraw-consent',
  'record-intent',
  'record-outcome',
  'record-export',
  'mint-surrogates',
  'place-hold',
  'release-hold',
  'request-erasure',
  'complete-erasure',
];

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHash);

/** An event with, for each change, its section: numbered in order of first use, 0 always there. */
export const sectionedEvent: fc.Arbitrary<{
  readonly event: Event;
  readonly sections: readonly number[];
  readonly commandMac: Hash | null;
}> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    commandMac: fc.option(hash),
    changes: fc.array(fc.tuple(change, fc.nat(3)), { maxLength: 8 }),
  })
  .map(({ kind, commandMac, changes }) => {
    let count = 1;
    const sections = changes.map(([, wish]) => {
      const section = Math.min(wish, count);
      count = Math.max(count, section + 1);
      return section;
    });
    return {
      event: { kind, changes: changes.map(([each]) => each) },
      sections,
      commandMac,
    };
  });
