/**
 * Slotted bodies: cells of different sizes in key order.
 *
 * Body: kind u8 ‖ zero u8 ‖ count u16 ‖ heap start u16 ‖ garbage u16 ‖ slots (u16 each, offsets of cells
 * in key order) ‖ room ‖ cells up to the end of the body.
 *
 * - leaf cell: key size u16 ‖ flags u8 ‖ value size u32 ‖ position u64 ‖ key ‖ value, or a pointer to it
 * - inner cell: key size u16 ‖ pointer to the child ‖ key. The key is the least that the child may hold;
 *   that of slot 0 is never read: whatever is less than slot 1's key is in child 0.
 *
 * Keys are ordered as bytes. In a tree whose keys end in a suffix of fixed size, what stands before the
 * suffix is compared first, as a whole, so that entries of one key stand together whatever bytes follow.
 *
 * Bytes of a removed cell are cleared at once: a page holds nothing that was taken out of it.
 */

import { assert, compareBytes } from '@veritydb/types';

import { readUint16, readUint32, writeUint16 } from './integer.ts';
import { INNER_PAGE, LEAF_PAGE, PAGE_BODY_SIZE, type PageKind, POINTER_SIZE } from './page.ts';

const COUNT_AT = 2;
const HEAP_AT = 4;
const GARBAGE_AT = 6;
const SLOTS_AT = 8;
const SLOT_SIZE = 2;

/** Bytes for slots and cells. */
export const SLOTTED_CAPACITY: number = PAGE_BODY_SIZE - SLOTS_AT;

export const LEAF_FLAGS_AT = 2;
export const LEAF_VALUE_SIZE_AT = 3;
export const LEAF_POSITION_AT = 7;
export const LEAF_KEY_AT = 15;
/** The value is in a chain of overflow pages, and the cell ends in the pointer to it. */
export const FLAG_OVERFLOW = 1;

export const INNER_POINTER_AT = 2;
export const INNER_KEY_AT: number = INNER_POINTER_AT + POINTER_SIZE;

export function formatSlotted(bytes: Uint8Array, kind: PageKind): void {
  bytes.fill(0);
  bytes[0] = kind;
  writeUint16(bytes, HEAP_AT, PAGE_BODY_SIZE);
}

export function cellCount(bytes: Uint8Array): number {
  return readUint16(bytes, COUNT_AT);
}

/** Where the cell of a slot starts. */
export function cellAt(bytes: Uint8Array, slot: number): number {
  return readUint16(bytes, SLOTS_AT + SLOT_SIZE * slot);
}

export function keySizeAt(bytes: Uint8Array, cell: number): number {
  return readUint16(bytes, cell);
}

/** Where the key of a cell starts. */
export function keyAt(bytes: Uint8Array, cell: number): number {
  return cell + (bytes[0] === LEAF_PAGE ? LEAF_KEY_AT : INNER_KEY_AT);
}

/** The key of a slot, as a view. */
export function keyOf(bytes: Uint8Array, slot: number): Uint8Array {
  const cell = cellAt(bytes, slot);
  const start = keyAt(bytes, cell);
  return bytes.subarray(start, start + keySizeAt(bytes, cell));
}

export function isOverflow(bytes: Uint8Array, cell: number): boolean {
  return ((bytes[cell + LEAF_FLAGS_AT] as number) & FLAG_OVERFLOW) !== 0;
}

export function valueSizeAt(bytes: Uint8Array, cell: number): number {
  return readUint32(bytes, cell + LEAF_VALUE_SIZE_AT);
}

/** Where the value of a leaf cell starts, or the pointer to it. */
export function payloadAt(bytes: Uint8Array, cell: number): number {
  return cell + LEAF_KEY_AT + keySizeAt(bytes, cell);
}

function payloadSizeAt(bytes: Uint8Array, cell: number): number {
  return isOverflow(bytes, cell) ? POINTER_SIZE : valueSizeAt(bytes, cell);
}

export function cellSizeAt(bytes: Uint8Array, cell: number): number {
  if (bytes[0] === INNER_PAGE) return INNER_KEY_AT + keySizeAt(bytes, cell);
  return LEAF_KEY_AT + keySizeAt(bytes, cell) + payloadSizeAt(bytes, cell);
}

/** Bytes that a cell takes in a page, its slot with it. */
export function cellFootprint(cellSize: number): number {
  return cellSize + SLOT_SIZE;
}

/** Bytes taken by cells and their slots. */
export function usedSize(bytes: Uint8Array): number {
  const cells = PAGE_BODY_SIZE - readUint16(bytes, HEAP_AT) - readUint16(bytes, GARBAGE_AT);
  return cells + SLOT_SIZE * cellCount(bytes);
}

/** Puts a cell at a slot, and says whether there was room for it. */
export function insertCell(bytes: Uint8Array, slot: number, cell: Uint8Array): boolean {
  const start = reserveCell(bytes, slot, cell.length);
  if (start > 0) bytes.set(cell, start);
  return start > 0;
}

/** Makes room for a cell of a size at a slot, and returns where it starts; 0 where there is no room. */
export function reserveCell(bytes: Uint8Array, slot: number, size: number): number {
  if (usedSize(bytes) + cellFootprint(size) > SLOTTED_CAPACITY) return 0;
  const count = cellCount(bytes);
  assert(slot <= count, 'slot is past the end of its page');
  const slotsEnd = SLOTS_AT + SLOT_SIZE * count;
  if (readUint16(bytes, HEAP_AT) - slotsEnd < cellFootprint(size)) compactCells(bytes);
  const start = readUint16(bytes, HEAP_AT) - size;
  assert(start >= slotsEnd + SLOT_SIZE, 'cell runs into the slots of its page');
  const slotAt = SLOTS_AT + SLOT_SIZE * slot;
  bytes.copyWithin(slotAt + SLOT_SIZE, slotAt, slotsEnd);
  writeUint16(bytes, slotAt, start);
  writeUint16(bytes, COUNT_AT, count + 1);
  writeUint16(bytes, HEAP_AT, start);
  return start;
}

export function removeCell(bytes: Uint8Array, slot: number): void {
  const count = cellCount(bytes);
  assert(slot < count, 'slot is not in its page');
  const cell = cellAt(bytes, slot);
  const size = cellSizeAt(bytes, cell);
  bytes.fill(0, cell, cell + size);
  const slotAt = SLOTS_AT + SLOT_SIZE * slot;
  const slotsEnd = SLOTS_AT + SLOT_SIZE * count;
  bytes.copyWithin(slotAt, slotAt + SLOT_SIZE, slotsEnd);
  writeUint16(bytes, slotsEnd - SLOT_SIZE, 0);
  writeUint16(bytes, COUNT_AT, count - 1);
  if (cell === readUint16(bytes, HEAP_AT)) writeUint16(bytes, HEAP_AT, cell + size);
  else writeUint16(bytes, GARBAGE_AT, readUint16(bytes, GARBAGE_AT) + size);
}

/** The cells of a page in key order, as views of a copy: the page may be written over meanwhile. */
export function copyCells(bytes: Uint8Array): Uint8Array[] {
  const copy = bytes.slice();
  const cells: Uint8Array[] = [];
  for (let slot = 0; slot < cellCount(copy); slot += 1) {
    const cell = cellAt(copy, slot);
    cells.push(copy.subarray(cell, cell + cellSizeAt(copy, cell)));
  }
  return cells;
}

/** Makes a page hold these cells and nothing else. */
export function fillCells(bytes: Uint8Array, cells: readonly Uint8Array[]): void {
  formatSlotted(bytes, bytes[0] as PageKind);
  for (const [slot, cell] of cells.entries()) {
    assert(insertCell(bytes, slot, cell), 'cells do not fit into a page');
  }
}

const compacted = new Uint8Array(PAGE_BODY_SIZE);

/** Moves the cells to the end of the body, one beside the other: all garbage becomes room. */
function compactCells(bytes: Uint8Array): void {
  compacted.set(bytes);
  const count = cellCount(bytes);
  let heap = PAGE_BODY_SIZE;
  for (let slot = 0; slot < count; slot += 1) {
    const cell = cellAt(compacted, slot);
    const size = cellSizeAt(compacted, cell);
    heap -= size;
    bytes.set(compacted.subarray(cell, cell + size), heap);
    writeUint16(bytes, SLOTS_AT + SLOT_SIZE * slot, heap);
  }
  const slotsEnd = SLOTS_AT + SLOT_SIZE * count;
  assert(heap >= slotsEnd, 'cells do not fit into a page');
  bytes.fill(0, slotsEnd, heap);
  writeUint16(bytes, HEAP_AT, heap);
  writeUint16(bytes, GARBAGE_AT, 0);
}

/** Bytes before the suffix that the last comparison found equal, from the start of the keys on. */
let equalSize = 0;

/**
 * memcmp of the key in a cell with another, what stands before the suffix first.
 *
 * @param from bytes before the suffix that are known to be equal
 */
export function compareKeyAt(
  bytes: Uint8Array,
  cell: number,
  key: Uint8Array,
  suffix: number,
  from = 0,
): number {
  const start = keyAt(bytes, cell);
  const size = keySizeAt(bytes, cell) - suffix;
  const otherSize = key.length - suffix;
  const common = size < otherSize ? size : otherSize;
  let index = from;
  while (index < common && bytes[start + index] === key[index]) index += 1;
  equalSize = index;
  if (index < common) return (bytes[start + index] as number) - (key[index] as number);
  if (size !== otherSize) return size - otherSize;
  for (; index < key.length; index += 1) {
    const difference = (bytes[start + index] as number) - (key[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The slot of a key in a leaf, or −1 − the slot where it would stand. */
export function searchLeaf(bytes: Uint8Array, key: Uint8Array, suffix: number): number {
  let low = 0;
  let high = cellCount(bytes) - 1;
  // What the key has in common with the nearest below and above, all between have too.
  let equalLow = 0;
  let equalHigh = 0;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const from = equalLow < equalHigh ? equalLow : equalHigh;
    const order = compareKeyAt(bytes, cellAt(bytes, middle), key, suffix, from);
    if (order === 0) return middle;
    if (order < 0) {
      low = middle + 1;
      equalLow = equalSize;
    } else {
      high = middle - 1;
      equalHigh = equalSize;
    }
  }
  return -1 - low;
}

/** The slot of the child of an inner page that holds a key, if any does. */
export function searchInner(bytes: Uint8Array, key: Uint8Array, suffix: number): number {
  let low = 1;
  let high = cellCount(bytes) - 1;
  let equalLow = 0;
  let equalHigh = 0;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const from = equalLow < equalHigh ? equalLow : equalHigh;
    if (compareKeyAt(bytes, cellAt(bytes, middle), key, suffix, from) <= 0) {
      low = middle + 1;
      equalLow = equalSize;
    } else {
      high = middle - 1;
      equalHigh = equalSize;
    }
  }
  return low - 1;
}

/** Orders two keys as the searches do. */
export function compareKeys(a: Uint8Array, b: Uint8Array, suffix: number): number {
  const order = compareBytes(a.subarray(0, a.length - suffix), b.subarray(0, b.length - suffix));
  if (order !== 0 || suffix === 0) return order;
  return compareBytes(a.subarray(a.length - suffix), b.subarray(b.length - suffix));
}
