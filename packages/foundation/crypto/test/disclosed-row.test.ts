/** The verifier's commitment of a row against the one that opens rows, whatever is withheld. */

import { CanonicalWriter, type TableDefinition, toOffset, writeValue } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ROW_EVENTS, digestLayout, openRow } from '../src/commitment.ts';
import { RowCommitter } from '../src/disclosed-row.ts';
import { nativeCrypto } from '../src/native.ts';

const DEFINITION: TableDefinition = {
  name: 'patients',
  columns: [
    { name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null },
    { name: 'born', type: 'date', notNull: false, dataClass: null, ladder: 'date' },
    { name: 'note', type: 'text', notNull: false, dataClass: null, ladder: null },
  ],
  primaryKey: ['id'],
  subject: null,
};
const LAYOUT = digestLayout(DEFINITION);
const DIGEST = new Uint8Array(32).fill(5);
const SALTS = Uint8Array.from({ length: LAYOUT.length * 16 }, (_, index) => index * 7);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

it('is the commitment of the row, whatever is opened and whatever is withheld', () => {
  const table = { name: DEFINITION.name, schemaDigest: DIGEST };
  const committer = new RowCommitter(nativeCrypto, table, LAYOUT);
  fc.assert(
    fc.property(
      fc.record({
        id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        born: fc.option(fc.integer({ min: -700_000, max: 2_900_000 })),
        note: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 })),
        offset: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 53 - 1 })),
        event: fc.constantFrom(...ROW_EVENTS),
        opened: fc.array(fc.boolean(), { minLength: LAYOUT.length, maxLength: LAYOUT.length }),
      }),
      ({ id, born, note, event, offset: place, opened }) => {
        const offset = toOffset(place);
        const row = { definition: DEFINITION, schemaDigest: DIGEST, offset, event };
        const opening = openRow(nativeCrypto, { ...row, values: [id, born, note], salts: SALTS });
        committer.begin(offset, event);
        for (const [index, { salt, type, value }] of opening.fields.entries()) {
          if (opened[index] === true) {
            const bytes = new CanonicalWriter();
            writeValue(bytes, type, value);
            const slice = { bytes: bytes.view(), start: 0, end: bytes.size };
            committer.opened(index, viewOf(salt), 0, slice);
          } else {
            committer.withheld(viewOf(opening.digests[index] as Uint8Array), 0, 32);
          }
        }
        const found = new Uint8Array(34);
        committer.commitInto(found, 1);
        expect(found.slice(1, 33)).toEqual(new Uint8Array(opening.commitment));
      },
    ),
    { numRuns: 200 },
  );
});

it('stops on a row of too few or too many digests', () => {
  const committer = new RowCommitter(nativeCrypto, { name: 't', schemaDigest: DIGEST }, [null]);
  const target = new Uint8Array(32);
  committer.begin(toOffset(0), 'insert');
  expect(() => committer.commitInto(target, 0)).toThrow(/fewer/);
  committer.withheld(viewOf(DIGEST), 0, 32);
  expect(() => committer.withheld(viewOf(DIGEST), 0, 32)).toThrow(/more/);
  committer.begin(toOffset(0), 'insert');
  const value = { bytes: DIGEST, start: 0, end: 1 };
  expect(() => committer.opened(0, viewOf(DIGEST), 0, value)).toThrow(/not one to be opened/);
});
