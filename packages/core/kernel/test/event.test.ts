/** Events: what is written is read back, and what is read back is what would have been written. */

import { expectCode } from '@veritydb/testkit';
import { CanonicalWriter, type Row, TypesError, concatBytes, encodeRow } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type DecodedEvent,
  type Event,
  KernelError,
  decodeEvent,
  encodeEvent,
} from '../src/index.ts';
import { KINDS, TABLES, sealEvent, sealedEvent, show } from './arbitrary.ts';

const CATALOGUE = new Map(TABLES.map((table) => [table.id, table]));

/** Decodes foreign bytes: a coded refusal, or an event that is written back to the same bytes. */
function decodeStrictly(bytes: Uint8Array): DecodedEvent | undefined {
  const shown = new Map<number, Uint8Array>();
  let event: DecodedEvent;
  try {
    event = decodeEvent(bytes, CATALOGUE, (_, row, hidden) => {
      shown.set(row, hidden.slice());
      return null;
    });
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ERR_KERNEL_EVENT') return undefined;
    if (error instanceof TypesError && error.code === 'ERR_TYPES_CANONICAL') return undefined;
    throw error;
  }
  const rows = event.changes.map(({ table, values }, row) => ({
    keyId: event.keyIds[row] ?? null,
    bytes: shown.get(row) ?? encodeRow(table.definition, values as Row).bytes,
  }));
  expect(encodeEvent(event as Event, { ...event, rows })).toEqual(bytes);
  return event;
}

describe('events', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(sealedEvent, ({ event, parts, decoded }) => {
        expect(decodeEvent(encodeEvent(event, parts), CATALOGUE, show)).toEqual(decoded);
      }),
    );
  });

  it('without some of their keys tell all but the rows that were under them', () => {
    fc.assert(
      fc.property(sealedEvent, fc.nat(15), ({ event, parts, decoded }, destroyed) => {
        const isLost = (keyId: number): boolean => ((destroyed >> (keyId - 2)) & 1) === 1;
        const changes = decoded.changes.map((each, index) => {
          const keyId = decoded.keyIds[index] ?? null;
          return keyId !== null && isLost(keyId) ? { ...each, values: null } : each;
        });
        const read = decodeEvent(encodeEvent(event, parts), CATALOGUE, (keyId, row, hidden) =>
          isLost(keyId) ? null : show(keyId, row, hidden),
        );
        expect(read).toEqual({ ...decoded, changes });
      }),
    );
  });

  it('with any byte changed, cut off or added are refused, or are another event that is written so', () => {
    fc.assert(
      fc.property(sealedEvent, fc.integer({ min: 1, max: 255 }), ({ event, parts }, mask) => {
        const whole = encodeEvent(event, parts);
        // Of a long event bytes at equal distances, from a place of chance: each decodes all of it.
        const stride = Math.ceil(whole.length / 200);
        for (let index = mask % stride; index < whole.length; index += stride) {
          decodeStrictly(whole.with(index, (whole[index] as number) ^ mask));
          expect(decodeStrictly(whole.slice(0, index))).toBe(undefined);
        }
        expect(decodeStrictly(concatBytes(whole, new Uint8Array([0xf6])))).toBe(undefined);
      }),
      { numRuns: 25 },
    );
  });

  it('whose rows are shown as something else than a row are refused', () => {
    fc.assert(
      fc.property(sealedEvent, fc.uint8Array(), ({ event, parts, decoded }, foreign) => {
        fc.pre(decoded.keyIds.some((keyId) => keyId !== null));
        const bytes = encodeEvent(event, parts);
        expectCode(() => decodeEvent(bytes, CATALOGUE, () => foreign), 'ERR_TYPES_CANONICAL');
      }),
    );
  });

  it('of foreign bytes are refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeStrictly(bytes)).toBe(undefined);
      }),
    );
    const item = fc.oneof(
      fc.constantFrom(0, 1, 2, 999, 1000, 1001, 2 ** 53 - 1, -1, 'insert', 'delete', 'write', null),
      fc.uint8Array({ maxLength: 33 }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), fc.array(item, { maxLength: 6 }), (a, b) => {
        const writer = new CanonicalWriter();
        const write = (items: typeof a): void => {
          for (const each of items) {
            if (each === null) writer.null();
            else if (typeof each === 'number') writer.integer(each);
            else if (typeof each === 'string') writer.text(each);
            else writer.bytes(each);
          }
        };
        writer.array(4);
        write(a);
        writer.array(1).array(b.length);
        write(b);
        decodeStrictly(writer.finish());
      }),
      { numRuns: 500 },
    );
  });

  /** Well-formed but wrong, one member at a time. */
  const WRONG: Readonly<Record<string, (writer: CanonicalWriter) => void>> = {
    'an unknown version': (writer) => writer.integer(2).text('write').null().array(0),
    'an unknown kind': (writer) => writer.integer(1).text('forget').null().array(0),
    'a kind that every object has': (writer) =>
      writer.integer(1).text('constructor').null().array(0),
    'a short MAC': (writer) => writer.integer(1).text('write').bytes(new Uint8Array(31)).array(0),
    'table 0': (writer) =>
      writer.integer(1).text('write').null().array(1).array(3).integer(0).text('insert').integer(0),
    'an unknown table': (writer) =>
      writer.integer(1).text('write').null().array(1).array(3).integer(7).text('insert').integer(0),
    'an unknown row event': (writer) =>
      writer.integer(1).text('write').null().array(1).array(3).integer(1001).text('x').integer(0),
    'an update that does not say of which version': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(3)
        .integer(1000)
        .text('update')
        .integer(2),
    'an insert that takes the place of a version': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(5)
        .integer(1000)
        .text('insert')
        .integer(2)
        .integer(3)
        .integer(0),
    'a version in a table of no data subjects': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(5)
        .integer(1001)
        .text('update')
        .integer(0)
        .integer(3)
        .integer(0),
    'a key for a row about nobody': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(3)
        .integer(1001)
        .text('insert')
        .integer(1),
    'no key for a row about somebody': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(3)
        .integer(1000)
        .text('insert')
        .integer(0),
    'commitments of another number of rows': (writer) => {
      writer.integer(1).text('write').null().array(2);
      for (let row = 0; row < 2; row += 1) writer.array(3).integer(1001).text('insert').integer(0);
      for (let row = 0; row < 2; row += 1) writer.array(1).integer(row);
      writer.bytes(new Uint8Array(63));
    },
  };
  it.each(Object.entries(WRONG))('with %s are refused', (_, write) => {
    const writer = new CanonicalWriter().array(4);
    write(writer);
    expectCode(() => decodeEvent(writer.finish(), CATALOGUE, show), 'ERR_KERNEL_EVENT');
  });

  it.each(KINDS)('of kind %s have a name in the format', (kind) => {
    const { event, parts, decoded } = sealEvent({ kind, changes: [] }, [], null);
    expect(decodeEvent(encodeEvent(event, parts), CATALOGUE, show)).toEqual(decoded);
  });
});
