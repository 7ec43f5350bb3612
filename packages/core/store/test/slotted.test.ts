import { compareBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeLeafValue, encodeLeafCell } from '../src/cell.ts';
import { LEAF_PAGE, PAGE_BODY_SIZE } from '../src/page.ts';
import {
  SLOTTED_CAPACITY,
  cellAt,
  cellCount,
  cellFootprint,
  compareKeys,
  formatSlotted,
  insertCell,
  keyOf,
  removeCell,
  searchLeaf,
  usedSize,
} from '../src/slotted.ts';

function pageOf(): Uint8Array {
  const bytes = new Uint8Array(PAGE_BODY_SIZE);
  formatSlotted(bytes, LEAF_PAGE);
  return bytes;
}

function cellOf(key: Uint8Array, size: number, byte = 0xee): Uint8Array {
  const payload = new Uint8Array(size).fill(byte);
  return encodeLeafCell(key, { position: 2 ** 45 + 1, overflow: false, valueSize: size, payload });
}

const key = fc.uint8Array({ maxLength: 3, max: 3 });

describe('slotted page', () => {
  it('holds what was put and not removed, in order, until it is full', () => {
    const step = fc.record({ key, size: fc.nat(900), isPut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const bytes = pageOf();
        const model = new Map<string, { key: Uint8Array; size: number }>();
        for (const { key: sought, size, isPut } of steps) {
          const slot = searchLeaf(bytes, sought, 0);
          expect(slot >= 0).toBe(model.has(String(sought)));
          if (slot >= 0) removeCell(bytes, slot);
          model.delete(String(sought));
          if (!isPut) continue;
          const cell = cellOf(sought, size);
          const isRoom = usedSize(bytes) + cellFootprint(cell.length) <= SLOTTED_CAPACITY;
          expect(insertCell(bytes, slot >= 0 ? slot : -1 - slot, cell)).toBe(isRoom);
          if (isRoom) model.set(String(sought), { key: sought, size });
        }
        const due = [...model.values()].toSorted((a, b) => compareBytes(a.key, b.key));
        const found = Array.from({ length: cellCount(bytes) }, (_, slot) => ({
          key: keyOf(bytes, slot).slice(),
          size: decodeLeafValue(bytes, cellAt(bytes, slot)).payload.length,
        }));
        expect(found).toEqual(due);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nothing of what is removed', () => {
    const bytes = pageOf();
    for (let lead = 0; lead < 5; lead += 1)
      insertCell(bytes, lead, cellOf(Uint8Array.of(lead), 300));
    for (const slot of [1, 3, 0, 1, 0]) removeCell(bytes, slot);
    expect(bytes.includes(0xee)).toBe(false);
    expect(usedSize(bytes)).toBe(0);
    // All of the room is there again, though in another place.
    for (let lead = 0; lead < 4; lead += 1) {
      expect(insertCell(bytes, lead, cellOf(Uint8Array.of(lead), 1000))).toBe(true);
    }
  });

  it('compares what stands before the suffix first', () => {
    const suffixed = fc.tuple(key, fc.uint8Array({ minLength: 2, maxLength: 2, max: 2 }));
    fc.assert(
      fc.property(suffixed, suffixed, ([a, aSuffix], [b, bSuffix]) => {
        const due = compareBytes(a, b) || compareBytes(aSuffix, bSuffix);
        const [left, right] = [Uint8Array.of(...a, ...aSuffix), Uint8Array.of(...b, ...bSuffix)];
        expect(Math.sign(compareKeys(left, right, 2))).toBe(Math.sign(due));
        const bytes = pageOf();
        insertCell(bytes, 0, cellOf(left, 0));
        expect(searchLeaf(bytes, right, 2)).toBe(due === 0 ? 0 : due < 0 ? -2 : -1);
      }),
    );
  });
});
