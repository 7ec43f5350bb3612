/** Events: what is written is read back, and what is read back is what would have been written. */

import { expectCode } from '@veritydb/testkit';
import { CanonicalReader, CanonicalWriter, TypesError, concatBytes } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type DecodedEvent,
  type Event,
  KernelError,
  decodeEvent,
  encodeEvent,
} from '../src/index.ts';
import { KINDS, TABLES, sectionedEvent } from './arbitrary.ts';

const CATALOGUE = new Map(TABLES.map((table) => [table.id, table]));

/** The section of each change, as the outline says. */
function outlineSections(head: Uint8Array): number[] {
  const reader = new CanonicalReader(head);
  reader.arrayOf(4);
  reader.count();
  reader.text();
  if (reader.peek() === 'null') reader.null();
  else reader.bytes();
  return Array.from({ length: reader.array() }, () => {
    const size = reader.array();
    reader.count();
    reader.text();
    const section = reader.count();
    for (let at = 3; at < size; at += 1) reader.count();
    return section;
  });
}

/** Decodes foreign bytes: a coded refusal, or an event that is written back to the same bytes. */
function decodeStrictly(sections: readonly Uint8Array[]): DecodedEvent | undefined {
  let event: DecodedEvent;
  try {
    event = decodeEvent(sections, CATALOGUE);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ERR_KERNEL_EVENT') return undefined;
    if (error instanceof TypesError && error.code === 'ERR_TYPES_CANONICAL') return undefined;
    throw error;
  }
  const [head = new Uint8Array(0)] = sections;
  expect(event.sections).toEqual(outlineSections(head));
  expect(encodeEvent(event as Event, event.sections, event.commandMac)).toEqual(sections);
  return event;
}

describe('events', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(sectionedEvent, ({ event, sections, commandMac }) => {
        const bytes = encodeEvent(event, sections, commandMac);
        expect(bytes.length).toBe(1 + Math.max(0, ...sections));
        expect(decodeEvent(bytes, CATALOGUE)).toEqual({ ...event, sections, commandMac });
      }),
    );
  });

  it('without some of their sections tell all but the rows that were in them', () => {
    fc.assert(
      fc.property(sectionedEvent, fc.nat(7), ({ event, sections, commandMac }, destroyed) => {
        const isLost = (section: number): boolean =>
          section > 0 && ((destroyed >> (section - 1)) & 1) === 1;
        const bytes = encodeEvent(event, sections, commandMac);
        const left = bytes.map((each, section) => (isLost(section) ? null : each));
        const changes = event.changes.map((each, index) =>
          isLost(sections[index] as number) ? { ...each, values: null } : each,
        );
        const expected = { kind: event.kind, changes, sections, commandMac };
        expect(decodeEvent(left, CATALOGUE)).toEqual(expected);
        expectCode(() => decodeEvent([null, ...left.slice(1)], CATALOGUE), 'ERR_KERNEL_EVENT');
      }),
    );
  });

  it('with any byte changed, cut off or added are refused, or are another event that is written so', () => {
    fc.assert(
      fc.property(sectionedEvent, fc.integer({ min: 1, max: 255 }), (each, mask) => {
        const { event, sections, commandMac } = each;
        const whole = encodeEvent(event, sections, commandMac);
        const expected = { ...event, sections, commandMac };
        for (const [at, section] of whole.entries()) {
          for (let index = 0; index < section.length; index += 1) {
            const changed = section.slice();
            changed[index] = (changed[index] as number) ^ mask;
            const other = decodeStrictly(whole.with(at, changed));
            if (other !== undefined) expect(other).not.toEqual(expected);
            expect(decodeStrictly(whole.with(at, section.slice(0, index)))).toBe(undefined);
          }
          const longer = concatBytes(section, new Uint8Array([0xf6]));
          expect(decodeStrictly(whole.with(at, longer))).toBe(undefined);
        }
        expect(decodeStrictly([...whole, new Uint8Array(0)])).toBe(undefined);
        expect(decodeStrictly(whole.slice(0, -1))).toBe(undefined);
      }),
      { numRuns: 25 },
    );
  });

  it('of foreign bytes are refused with a code', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { maxLength: 3 }), (sections) => {
        expect(decodeStrictly(sections)).toBe(undefined);
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
        decodeStrictly([writer.finish()]);
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
        .integer(0),
    'an insert that takes the place of a version': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(5)
        .integer(1000)
        .text('insert')
        .integer(0)
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
    'a section that is not there': (writer) =>
      writer
        .integer(1)
        .text('write')
        .null()
        .array(1)
        .array(3)
        .integer(1001)
        .text('insert')
        .integer(1),
  };
  it.each(Object.entries(WRONG))('with %s are refused', (_, write) => {
    const writer = new CanonicalWriter().array(4);
    write(writer);
    expectCode(() => decodeEvent([writer.finish()], CATALOGUE), 'ERR_KERNEL_EVENT');
  });

  it('have sections in the order of their first use', () => {
    const writer = new CanonicalWriter().array(4).integer(1).text('write').null().array(2);
    for (const section of [2, 1]) writer.array(3).integer(1001).text('insert').integer(section);
    const row = new CanonicalWriter().array(1).integer(5).finish();
    const sections = [writer.finish(), row, row];
    expectCode(() => decodeEvent(sections, CATALOGUE), 'ERR_KERNEL_EVENT');
  });

  it.each(KINDS)('of kind %s have a name in the format', (kind) => {
    const event: Event = { kind, changes: [] };
    const decoded = decodeEvent(encodeEvent(event, [], null), CATALOGUE);
    expect(decoded).toEqual({ ...event, sections: [], commandMac: null });
  });
});
