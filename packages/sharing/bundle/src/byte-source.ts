/**
 * Bytes that need not be in memory: a bundle is read from wherever it lies, piece by piece, so that a
 * large one is verified in little room.
 */

import { BundleError } from './error.ts';

export interface ByteSource {
  readonly size: number;
  /** The bytes of [start, end), which must be within the size: all of them, or it throws. */
  read(start: number, end: number): Uint8Array;
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) };
}

/** A part of a source, as a source of its own. */
export function sliceSource(source: ByteSource, start: number, end: number): ByteSource {
  return {
    size: end - start,
    read: (from, to) => source.read(start + from, start + to),
  };
}

/** Read at once: large enough to be fast, small enough to be nothing. */
const PIECE_SIZE = 1 << 20;

/** All bytes of a source, in pieces. */
export function* piecesOf(source: ByteSource): Generator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE_SIZE) {
    yield source.read(at, Math.min(at + PIECE_SIZE, source.size));
  }
}

/** The longest item that a reader takes: a row, or a record with its proof. */
export const ITEM_SIZE_MAX: number = 1 << 26;

/**
 * Reads a source from its beginning, through a window that moves over it. What stands in the window is
 * read in place: `bytes[at, at + count)` after `has(count)`.
 */
export class WindowReader {
  readonly #source: ByteSource;
  /** Where in the source the window begins. */
  #start = 0;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Place in the window. */
  at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#start + this.at === this.#source.size;
  }

  /** Makes the window hold so many bytes from here on; false where there are not that many. */
  has(count: number): boolean {
    if (this.at + count <= this.bytes.length) return true;
    const from = this.#start + this.at;
    if (from + count > this.#source.size) return false;
    if (count > ITEM_SIZE_MAX) throw tooLarge();
    this.bytes = this.#source.read(
      from,
      Math.min(from + Math.max(count, PIECE_SIZE), this.#source.size),
    );
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.#start = from;
    this.at = 0;
    return true;
  }

  /**
   * How many bytes from here to the first of this value, without it; −1 where there is none. They stand
   * in the window then, with it.
   */
  until(byte: number): number {
    let searched = 0;
    for (;;) {
      const found = this.bytes.indexOf(byte, this.at + searched);
      if (found >= 0) return found - this.at;
      searched = this.bytes.length - this.at;
      const left = this.#source.size - this.#start - this.at;
      if (searched === left) return -1;
      this.has(Math.min(left, Math.max(2 * searched, PIECE_SIZE)));
    }
  }
}

function tooLarge(): BundleError {
  return new BundleError('ERR_BUNDLE_LIMIT', `an item is larger than ${ITEM_SIZE_MAX} bytes`, {
    kind: 'format',
    hint: 'this is no bundle as it was made: get it again',
  });
}
