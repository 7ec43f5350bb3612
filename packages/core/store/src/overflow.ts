/** Values too long for a leaf: chains of pages that are written once and never change. */

import { corruptPage } from './error.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integer.ts';
import {
  CHAIN_COUNT_AT,
  CHAIN_DATA_AT,
  CHAIN_NEXT_AT,
  OVERFLOW_CAPACITY,
  OVERFLOW_PAGE,
  POINTER_SIZE,
  type Page,
} from './page.ts';
import type { Pager } from './pager.ts';

/** Puts a value into new pages and returns the pointer to the first. */
export function createChain(pager: Pager, value: Uint8Array): Uint8Array {
  const pointer = new Uint8Array(POINTER_SIZE);
  // From the end, so that each page knows the next: `at` is the start of the last, shorter part.
  let at = Math.floor(Math.max(value.length - 1, 0) / OVERFLOW_CAPACITY) * OVERFLOW_CAPACITY;
  for (; at >= 0; at -= OVERFLOW_CAPACITY) {
    const part = value.subarray(at, at + OVERFLOW_CAPACITY);
    const page = pager.create(OVERFLOW_PAGE);
    page.bytes.fill(0, 1);
    writeUint16(page.bytes, CHAIN_COUNT_AT, part.length);
    page.bytes.set(pointer, CHAIN_NEXT_AT);
    page.bytes.set(part, CHAIN_DATA_AT);
    writeUint32(pointer, 0, page.id);
  }
  return pointer;
}

/** The pages of a chain whose value has a size, each handed over before the next is looked for. */
export function visitChain(
  pointer: Uint8Array,
  valueSize: number,
  load: (pointer: Uint8Array, at: number) => Page,
  visit: (page: Page, part: Uint8Array) => void,
): void {
  const next = pointer.slice(0, POINTER_SIZE);
  let left = valueSize;
  while (left > 0) {
    const page = load(next, 0);
    const size = readUint16(page.bytes, CHAIN_COUNT_AT);
    const expected = Math.min(left, OVERFLOW_CAPACITY);
    if (page.bytes[0] !== OVERFLOW_PAGE || size !== expected) {
      throw corruptPage(page.id, 'is not the part of a value that is due');
    }
    left -= size;
    next.set(page.bytes.subarray(CHAIN_NEXT_AT, CHAIN_NEXT_AT + POINTER_SIZE));
    if ((left === 0) !== (readUint32(next, 0) === 0)) {
      throw corruptPage(page.id, 'ends its chain too early or too late');
    }
    visit(page, page.bytes.subarray(CHAIN_DATA_AT, CHAIN_DATA_AT + size));
  }
}

export function readChain(pager: Pager, pointer: Uint8Array, valueSize: number): Uint8Array {
  const value = new Uint8Array(valueSize);
  let at = 0;
  visitChain(
    pointer,
    valueSize,
    (bytes, place) => pager.load(bytes, place),
    (_, part) => {
      value.set(part, at);
      at += part.length;
    },
  );
  return value;
}

export function discardChain(pager: Pager, pointer: Uint8Array, valueSize: number): void {
  visitChain(
    pointer,
    valueSize,
    (bytes, place) => pager.load(bytes, place),
    (page) => pager.discard(page),
  );
}
