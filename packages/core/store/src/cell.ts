/** Cells as they are built: what a leaf says of a key, and where an inner page leads. */

import { writeUint16, writeUint32, writeUint64, readUint64 } from './integer.ts';
import { POINTER_SIZE } from './page.ts';
import {
  FLAG_OVERFLOW,
  INNER_KEY_AT,
  INNER_POINTER_AT,
  LEAF_FLAGS_AT,
  LEAF_KEY_AT,
  LEAF_POSITION_AT,
  LEAF_VALUE_SIZE_AT,
  cellFootprint,
  cellSizeAt,
  isOverflow,
  payloadAt,
  valueSizeAt,
} from './slotted.ts';

/** A leaf cell up to this footprint keeps its value inline: at least four of them fit into a page. */
const INLINE_FOOTPRINT_MAX = 1016;

/** What a leaf says of a key. */
export interface LeafValue {
  /** In the current tree, of the write that made this version; in the history tree, of the one that ended it. */
  readonly position: number;
  readonly overflow: boolean;
  readonly valueSize: number;
  /** The value, or the pointer to the chain that holds it. */
  readonly payload: Uint8Array;
}

/** Whether a value is kept in the leaf, beside a key of a size. A pointer's length always is. */
export function isInline(keySize: number, valueSize: number): boolean {
  const footprint = cellFootprint(LEAF_KEY_AT + keySize + valueSize);
  return footprint <= INLINE_FOOTPRINT_MAX || valueSize <= POINTER_SIZE;
}

export function leafCellSize(key: Uint8Array, value: LeafValue): number {
  return LEAF_KEY_AT + key.length + value.payload.length;
}

/** Writes all bytes of a cell at a place. */
export function writeLeafCell(
  bytes: Uint8Array,
  cell: number,
  key: Uint8Array,
  value: LeafValue,
): void {
  writeUint16(bytes, cell, key.length);
  bytes[cell + LEAF_FLAGS_AT] = value.overflow ? FLAG_OVERFLOW : 0;
  writeUint32(bytes, cell + LEAF_VALUE_SIZE_AT, value.valueSize);
  writeUint64(bytes, cell + LEAF_POSITION_AT, value.position);
  bytes.set(key, cell + LEAF_KEY_AT);
  bytes.set(value.payload, cell + LEAF_KEY_AT + key.length);
}

export function encodeLeafCell(key: Uint8Array, value: LeafValue): Uint8Array {
  const cell = new Uint8Array(leafCellSize(key, value));
  writeLeafCell(cell, 0, key, value);
  return cell;
}

export function positionAt(bytes: Uint8Array, cell: number): number {
  return readUint64(bytes, cell + LEAF_POSITION_AT);
}

/** What a leaf cell says; its payload is a view of the page. */
export function decodeLeafValue(bytes: Uint8Array, cell: number): LeafValue {
  return {
    position: positionAt(bytes, cell),
    overflow: isOverflow(bytes, cell),
    valueSize: valueSizeAt(bytes, cell),
    payload: bytes.subarray(payloadAt(bytes, cell), cell + cellSizeAt(bytes, cell)),
  };
}

export function encodeInnerCell(key: Uint8Array, pointer: Uint8Array): Uint8Array {
  const cell = new Uint8Array(INNER_KEY_AT + key.length);
  writeUint16(cell, 0, key.length);
  cell.set(pointer, INNER_POINTER_AT);
  cell.set(key, INNER_KEY_AT);
  return cell;
}
