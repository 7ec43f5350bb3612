/**
 * Bytes in pieces, one behind another: what is large is written once, and never copied into one block,
 * which would take its room twice.
 */

import { utf8Encode } from '@veritydb/types';

import type { ByteSource } from './byte-source.ts';

export class BytePieces implements ByteSource {
  readonly size: number;
  readonly #pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
    this.size = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** A copy, unless it stands in one piece. */
  read(start: number, end: number): Uint8Array {
    const parts = [...this.between(start, end)];
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const bytes = new Uint8Array(end - start);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** The bytes of [start, end) as views. */
  *between(start = 0, end: number = this.size): Generator<Uint8Array> {
    let at = 0;
    for (const piece of this.#pieces) {
      if (at >= end) return;
      const from = Math.max(start - at, 0);
      if (from < piece.length) yield piece.subarray(from, Math.min(piece.length, end - at));
      at += piece.length;
    }
  }
}

const PIECE_SIZE_FIRST = 1 << 12;
const PIECE_SIZE_MOST = 1 << 20;

/** A file that grows by many small parts, in pieces that stay where they are. */
export class PieceBuilder {
  readonly #done: Uint8Array[] = [];
  #piece: Uint8Array = new Uint8Array(PIECE_SIZE_FIRST);
  #size = 0;

  add(part: Uint8Array): void {
    let at = 0;
    while (part.length - at > this.#piece.length - this.#size) {
      const room = this.#piece.length - this.#size;
      this.#piece.set(part.subarray(at, at + room), this.#size);
      at += room;
      this.#done.push(this.#piece);
      this.#piece = new Uint8Array(Math.min(2 * this.#piece.length, PIECE_SIZE_MOST));
      this.#size = 0;
    }
    this.#piece.set(at === 0 ? part : part.subarray(at), this.#size);
    this.#size += part.length - at;
  }

  addText(text: string): void {
    this.add(utf8Encode(text));
  }

  /** All that was added: nothing is added any more. */
  finish(): readonly Uint8Array[] {
    return [...this.#done, this.#piece.subarray(0, this.#size)];
  }
}
