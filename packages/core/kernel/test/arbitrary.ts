/** Random tables, rows and events. */

import { ROW_EVENTS } from '@veritydb/crypto';
import {
  COLUMN_TYPES,
  type ColumnType,
  DATE_MAX,
  DATE_MIN,
  type Hash,
  type KeyId,
  type TableSchema,
  type Value,
  bytesEqual,
  canonicalJson,
  encodeRow,
  parseDecimal,
  toHash,
  toKeyId,
  toOffset,
} from '@veritydb/types';
import fc from 'fast-check';

import type {
  CommandKind,
  DecodedEvent,
  Event,
  EventParts,
  RowChange,
  ShowRow,
} from '../src/index.ts';
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
  'record-consent',
  'change-consent',
  'record-intent',
  'record-outcome',
  'record-export',
  'close-release',
  'take-proof',
  'mint-surrogates',
  'place-hold',
  'release-hold',
  'request-erasure',
  'complete-erasure',
];

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHash);

/** Stands for what a key does to a row: the key's number is before the values, which are turned over. */
export function hide(keyId: KeyId, row: number, values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(values.length + 2);
  bytes.set([keyId & 0xff, row & 0xff]);
  for (const [index, byte] of values.entries()) bytes[index + 2] = byte ^ 0xff;
  return bytes;
}

export const show: ShowRow = (keyId, row, hidden) => {
  const values = hidden.subarray(2).map((byte) => byte ^ 0xff);
  if (!bytesEqual(hide(keyId, row, values), hidden)) throw new Error('shown at another place');
  return values;
};

/** What an event is written from, and what is read back of it. */
export interface SealedEvent {
  readonly event: Event;
  readonly parts: EventParts;
  readonly decoded: DecodedEvent;
}

export function sealEvent(
  event: Event,
  subjectKeys: readonly number[],
  commandMac: Hash | null,
): SealedEvent {
  const keyIds = event.changes.map(({ table }, index) =>
    table.subjectIndex === null ? null : toKeyId(2 + (subjectKeys[index] ?? 0)),
  );
  const rows = event.changes.map(({ table, values }, row) => {
    const { bytes } = encodeRow(table.definition, values);
    const keyId = keyIds[row] ?? null;
    return { keyId, bytes: keyId === null ? bytes : hide(keyId, row, bytes) };
  });
  const commitments = Uint8Array.from(
    { length: rows.length > 1 ? rows.length * 32 : 0 },
    (_, index) => index & 0xff,
  );
  return {
    event,
    parts: { rows, commandMac, commitments },
    decoded: { ...event, commandMac, keyIds, commitments },
  };
}

/** Events, the rows about data subjects hidden under one key of four. */
export const sealedEvent: fc.Arbitrary<SealedEvent> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    commandMac: fc.option(hash),
    changes: fc.array(fc.tuple(change, fc.nat(3)), { maxLength: 8 }),
  })
  .map(({ kind, commandMac, changes }) => {
    const event = { kind, changes: changes.map(([each]) => each) };
    const keys = changes.map(([, key]) => key);
    return sealEvent(event, keys, commandMac);
  });
